"""Which checks have the entities that are off at first."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ops_monitor import details
from custom_components.ops_monitor.const import CONF_DETAILS, CONF_EXCLUDED, Details
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon, make_check, make_down
from tests.ha.waiting import wait_for_state, wait_until

DETAIL_KEYS = {
    *("last_error", "consecutive_failures", "status_code", "uptime_24h", "uptime_7d"),
    *("occurrence", "run"),
}
"""Of a check of type `http`."""

# Home Assistant's own HTTP server, which diagnostics are fetched from, warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.*Key")


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """Have checks got details up to two of them, which is quicker than hundreds."""
    monkeypatch.setattr(details, "DETAILED_CHECKS", 2)
    return 2


def details_of(registry: er.EntityRegistry, check_id: str) -> set[str]:
    """Return the keys of the registered entities of a check that are off at first."""
    start = f"{INSTANCE_ID}_check_{check_id}_"
    keys = {
        entity.unique_id.removeprefix(start)
        for entity in registry.entities.values()
        if entity.unique_id.startswith(start)
    }
    return keys & DETAIL_KEYS


async def load(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Set the entry up, or anew, with these preferences."""
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_few_checks_have_them(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """A home's checks have all of their entities, off as they are."""
    assert details_of(entity_registry, "web") == DETAIL_KEYS
    assert details_of(entity_registry, "nas") == DETAIL_KEYS


@pytest.mark.usefixtures("limit")
async def test_growing_beyond_the_limit_takes_nothing_away(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """The check that is one too many has none; those that were there keep theirs, also anew."""
    daemon.add(make_check("printer"))
    await wait_for_state(hass, "sensor.printer_status", "up")
    await hass.async_block_till_done()
    assert details_of(entity_registry, "printer") == set()

    await load(hass, loaded)

    assert details_of(entity_registry, "printer") == set()
    assert details_of(entity_registry, "web") == DETAIL_KEYS
    assert details_of(entity_registry, "nas") == DETAIL_KEYS


@pytest.mark.usefixtures("limit")
async def test_shrinking_to_the_limit_brings_them(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """Once the checks are few enough, those that had none get them at once."""
    daemon.add(make_check("printer"))
    await wait_for_state(hass, "sensor.printer_status", "up")

    daemon.remove("nas")

    await wait_until(hass, lambda: details_of(entity_registry, "printer") == DETAIL_KEYS)
    assert details_of(entity_registry, "web") == DETAIL_KEYS


@pytest.mark.usefixtures("limit")
async def test_only_what_is_shown_counts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """Checks that are left out make nobody else lose details."""
    daemon.checks["printer"] = make_check("printer")

    await load(hass, entry, **{CONF_EXCLUDED: ["nas"]})

    assert details_of(entity_registry, "printer") == DETAIL_KEYS


@pytest.mark.usefixtures("limit")
async def test_the_preference_takes_nothing_away(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """Details that were made on demand stay, and work, whatever is preferred later."""
    daemon.checks["printer"] = make_check("printer")
    await load(hass, entry)
    assert details_of(entity_registry, "web") == set()

    await load(hass, entry, **{CONF_DETAILS: Details.ALWAYS.value})
    assert details_of(entity_registry, "web") == DETAIL_KEYS
    entity_registry.async_update_entity("sensor.web_consecutive_failures", disabled_by=None)

    await load(hass, entry, **{CONF_DETAILS: Details.EXISTING.value})
    assert details_of(entity_registry, "web") == DETAIL_KEYS
    daemon.put(make_down("web"))
    await wait_for_state(hass, "sensor.web_consecutive_failures", "2")

    await load(hass, entry)
    assert details_of(entity_registry, "web") == DETAIL_KEYS
    await wait_for_state(hass, "sensor.web_consecutive_failures", "2")


async def test_no_new_ones(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """Whoever does not want them has none, however few the checks are."""
    await load(hass, entry, **{CONF_DETAILS: Details.EXISTING.value})

    assert details_of(entity_registry, "web") == set()
    assert hass.states.get("sensor.web_status") is not None


@pytest.mark.usefixtures("limit")
async def test_a_check_returns(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """A check that was gone has again what somebody had turned on, and nothing else."""
    entity_registry.async_update_entity("sensor.nas_last_error", disabled_by=None)
    daemon.add(make_check("printer"))
    await wait_for_state(hass, "sensor.printer_status", "up")
    daemon.add(make_check("scanner"))
    await wait_for_state(hass, "sensor.scanner_status", "up")

    daemon.remove("nas")
    await wait_for_state(hass, "sensor.nas_status", None)
    assert details_of(entity_registry, "nas") == set()
    daemon.add(make_check("nas"))

    await wait_for_state(hass, "sensor.nas_status", "up")
    await hass.async_block_till_done()
    assert details_of(entity_registry, "nas") == {"last_error"}


@pytest.mark.usefixtures("limit")
async def test_the_entry_is_made_anew(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """Removing the entry and adding it again is the way to be rid of them, but for those in use."""
    daemon.checks["printer"] = make_check("printer")
    await load(hass, entry, **{CONF_DETAILS: Details.ALWAYS.value})
    entity_registry.async_update_entity("sensor.web_last_error", disabled_by=None)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()

    again = MockConfigEntry(domain=entry.domain, unique_id=entry.unique_id, data=dict(entry.data))
    again.add_to_hass(hass)
    await load(hass, again)

    assert details_of(entity_registry, "web") == {"last_error"}
    assert details_of(entity_registry, "printer") == set()
    assert hass.states.get("sensor.web_last_error") is not None
    await hass.config_entries.async_unload(again.entry_id)


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize(
    ("options", "checks", "told"),
    [
        ({}, 2, {"preference": "automatic", "for_new_checks": True, "checks": 2}),
        ({}, 3, {"preference": "automatic", "for_new_checks": False, "checks": 3}),
        (
            {CONF_DETAILS: "always"},
            3,
            {"preference": "always", "for_new_checks": True, "checks": 3},
        ),
    ],
)
async def test_diagnostics_tell(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
    options: dict[str, Any],
    checks: int,
    told: dict[str, Any],
) -> None:
    """Which way it went can be read."""
    daemon.checks = {f"check-{number}": make_check(f"check-{number}") for number in range(checks)}
    await load(hass, entry, **options)

    downloaded = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert downloaded["details"] == told
    await hass.config_entries.async_unload(entry.entry_id)
