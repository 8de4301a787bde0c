"""What the preferences change."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import CONF_EXCLUDED, CONF_TAGS
from tests.ha.fake_daemon import FakeDaemon, make_check
from tests.ha.waiting import wait_until


def shown(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of the devices of checks."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {device.name for device in devices if device.model != "Daemon"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"Web", "Nas"}),
        ({CONF_EXCLUDED: ["web"]}, {"Nas"}),
        ({CONF_TAGS: ["lab"]}, {"Nas"}),
        ({CONF_TAGS: ["lab"], CONF_EXCLUDED: ["nas"]}, set()),
    ],
)
async def test_only_what_is_wanted_is_shown(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    options: dict[str, list[str]],
    expected: set[str],
) -> None:
    """Checks are chosen by tags and left out by name; their devices go."""
    daemon.checks["nas"]["tags"] = ["lab"]
    hass.config_entries.async_update_entry(loaded, options=options)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()

    assert shown(hass, loaded) == expected


async def test_check_gets_a_tag(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A check whose tags change comes and goes while all is running."""
    hass.config_entries.async_update_entry(loaded, options={CONF_TAGS: ["lab"]})
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_client()
    assert shown(hass, loaded) == set()

    daemon.put(make_check("web", tags=["lab"]))
    await wait_until(hass, lambda: shown(hass, loaded) == {"Web"})
    await wait_until(hass, lambda: hass.states.get("binary_sensor.web"))

    daemon.put(make_check("web"))
    await wait_until(hass, lambda: shown(hass, loaded) == set())
    assert hass.states.get("binary_sensor.web") is None

    daemon.put(make_check("web", tags=["lab"]))
    await wait_until(hass, lambda: hass.states.get("binary_sensor.web"))
