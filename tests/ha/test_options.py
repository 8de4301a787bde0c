"""What the preferences change."""

from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir, llm
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import (
    CONF_ASSIST,
    CONF_EXCLUDED,
    CONF_EXCLUDED_READINGS,
    CONF_HEARTBEAT_CHECK,
    CONF_RESTART_CHECKS,
    CONF_TAGS,
    DOMAIN,
)
from custom_components.ops_monitor.llm import async_get_tools
from tests.ha.fake_daemon import FakeDaemon, error_response, make_check, make_reading
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


async def reload_with(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, options: dict[str, Any]
) -> None:
    """Change preferences as the form does; they are in force without a restart."""
    streams = len(daemon.seen_last_event_ids)
    hass.config_entries.async_update_entry(loaded, options=options)
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_streams(streams + 1)


async def test_readings_are_left_out(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A reading that is left out has neither device nor entities; taken back in, it has."""
    daemon.read(make_reading("host", {"cpu_percent": 5.0}))
    daemon.read(make_reading("nvme", {"nvme0.wear_percent": 3}))
    await wait_until(hass, lambda: {"Host", "nvme0"} <= shown(hass, loaded))

    await reload_with(hass, loaded, daemon, {CONF_EXCLUDED_READINGS: ["nvme"]})
    assert shown(hass, loaded) == {"Web", "Nas", "Host"}
    daemon.read(make_reading("nvme", {"nvme0.wear_percent": 4, "nvme1.wear_percent": 4}))
    daemon.read(make_reading("fritz.home", {"wan_up": True}))
    await wait_until(hass, lambda: "FRITZ!Box home" in shown(hass, loaded))
    assert shown(hass, loaded) == {"Web", "Nas", "Host", "FRITZ!Box home"}

    await reload_with(hass, loaded, daemon, {})
    assert {"nvme0", "nvme1"} <= shown(hass, loaded)


async def test_what_there_is_to_choose_from(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """The forms offer the checks and readings that there are, by their names."""
    daemon.read(make_reading("fritz.home", {"wan_up": True}))
    daemon.add(make_check("ha", type="heartbeat", name="Home Assistant"))
    await wait_until(hass, lambda: {"FRITZ!Box home", "Home Assistant"} <= shown(hass, loaded))

    readings = await offered(hass, loaded, "import", CONF_EXCLUDED_READINGS)
    heartbeats = await offered(hass, loaded, "behaviour", CONF_HEARTBEAT_CHECK)
    checks = await offered(hass, loaded, "behaviour", CONF_RESTART_CHECKS)

    assert readings == [{"value": "fritz.home", "label": "FRITZ!Box home"}]
    assert heartbeats == [{"value": "ha", "label": "Home Assistant"}]
    assert [option["value"] for option in checks] == ["web", "nas", "ha"]


async def offered(hass: HomeAssistant, entry: MockConfigEntry, step: str, field: str) -> Any:
    """Return what a field of a form offers."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": step}
    )
    hass.config_entries.options.async_abort(form["flow_id"])
    schema = form["data_schema"]
    assert schema is not None
    return schema.schema[field].config["options"]


async def test_a_field_that_is_cleared(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """What was chosen once can be taken back; what is on other pages stays."""
    hass.config_entries.async_update_entry(
        loaded, options={CONF_HEARTBEAT_CHECK: "ha", CONF_TAGS: ["lab"]}
    )
    menu = await hass.config_entries.options.async_init(loaded.entry_id)
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "behaviour"}
    )

    await hass.config_entries.options.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()

    assert CONF_HEARTBEAT_CHECK not in loaded.options
    assert loaded.options[CONF_TAGS] == ["lab"]


async def test_assistants_are_not_told(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Assistants get no tools where a person does not want that."""
    context = llm.LLMContext(
        platform="test", context=Context(), language="en", assistant="conversation", device_id=None
    )
    assert async_get_tools(hass, context, llm.LLM_API_ASSIST)

    await reload_with(hass, loaded, daemon, {CONF_ASSIST: False})

    assert async_get_tools(hass, context, llm.LLM_API_ASSIST) is None


def windows(daemon: FakeDaemon) -> list[str]:
    """Return what the daemon was told of maintenance."""
    return [method for method, path, _ in daemon.asked if path.startswith("/api/maintenance")]


async def test_a_restart_is_announced(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Chosen checks are in maintenance from the stop until Home Assistant is back."""
    path = f"/api/maintenance/restart-{loaded.entry_id}".lower()
    daemon.replies |= {"/api/maintenance": {}, path: {}}
    hass.set_state(CoreState.starting)
    await reload_with(hass, loaded, daemon, {CONF_RESTART_CHECKS: ["web", "gone"]})
    assert windows(daemon) == []

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await daemon.wait_for(lambda: windows(daemon) == ["DELETE"])
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await daemon.wait_for(lambda: windows(daemon) == ["DELETE", "DELETE", "POST"])

    [body] = [body for method, where, body in daemon.asked if where == "/api/maintenance"]
    assert (body["id"], body["checks"], body["duration"]) == (path[17:], ["web"], "15m")
    assert body["from"].endswith("+00:00")


async def test_a_restart_without_checks_to_announce(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Checks that are gone from the daemon are not announced; nobody is told of a 404."""
    await reload_with(hass, loaded, daemon, {CONF_RESTART_CHECKS: ["gone"]})
    await daemon.wait_for(lambda: windows(daemon) == ["DELETE"])

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await daemon.wait_for(lambda: windows(daemon) == ["DELETE", "DELETE"])
    await hass.async_block_till_done()

    assert windows(daemon) == ["DELETE", "DELETE"]


async def test_a_restart_cannot_be_announced_with_a_read_token(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A token that may only read is told of as an issue."""
    path = f"/api/maintenance/restart-{loaded.entry_id}".lower()
    daemon.replies[path] = lambda _body: error_response(403, "forbidden")

    await reload_with(hass, loaded, daemon, {CONF_RESTART_CHECKS: ["web"]})

    issue = (DOMAIN, f"read_only_token_{loaded.entry_id}")
    await wait_until(hass, lambda: issue in ir.async_get(hass).issues)
    assert ir.async_get(hass).issues[issue].is_fixable
