"""What becomes of hosts, drives and routers: entities, events, triggers, conditions, updates."""

from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ops_monitor import logbook
from custom_components.ops_monitor.const import EVENT
from tests.ha.fake_daemon import FakeDaemon, make_reading
from tests.ha.test_automations import automate, holds
from tests.ha.waiting import state_of, wait_for_state, wait_until

ROUTER = "binary_sensor.fritz_box_home"
HEALTH = "binary_sensor.nvme0_health"
FIRMWARE = "update.fritz_box_home_firmware"
BOX = {"wan_up": True, "os_version": "8.02", "update_available": False, "reachable": True}
CLUSTER = {"nodes_online": 1, "pve1.online": True, "pve1.cpu_percent": 3.0}
DRIVES = {"drive_count": 1, "nvme0.verdict": "ok", "nvme0.temperature_c": 41}
WORN = {"kind": "wear_high", "status": "warn", "message": "nvme0: worn", "data": {}}
SILENT: dict[str, Any] = {"stale": True, "last_error": "no answer", "status": "unknown"}


HAPPENINGS = {
    "router silent": [make_reading("fritz.home", BOX, **SILENT)],
    "line down": [make_reading("fritz.home", {**BOX, "wan_up": False})],
    "node off": [make_reading("proxmox", {**CLUSTER, "pve1.online": False})],
    "drive worn": [make_reading("nvme", {**DRIVES, "nvme0.verdict": "warn"}, issues=[WORN])],
    "all well": [
        make_reading("fritz.home", BOX),
        make_reading("proxmox", CLUSTER),
        make_reading("nvme", DRIVES),
    ],
}


@pytest.fixture
async def things(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry whose daemon polls a router, a cluster, drives and its host."""
    host = make_reading("host", {"cpu_percent": 1})
    daemon.readings = {item["name"]: item for item in (*HAPPENINGS["all well"], host)}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await daemon.wait_for_client()
    return entry


def device_of(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the id of the device of a name."""
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(device.id for device in found if device.name == name)


def let(daemon: FakeDaemon, what: str) -> None:
    """Let something happen."""
    for reading in HAPPENINGS[what]:
        daemon.read(reading)


@pytest.mark.parametrize(
    ("what", "entity_id", "ill", "device_class"),
    [
        ("router silent", ROUTER, STATE_OFF, "connectivity"),
        ("node off", "binary_sensor.pve1", STATE_OFF, "connectivity"),
        ("drive worn", HEALTH, STATE_ON, "problem"),
    ],
)
async def test_main_entities(
    hass: HomeAssistant,
    things: MockConfigEntry,
    daemon: FakeDaemon,
    what: str,
    entity_id: str,
    ill: str,
    device_class: str,
) -> None:
    """What cannot be reached is off, not unavailable; a drive that is not well has a problem."""
    state = state_of(hass, entity_id)
    assert {state.state, ill} == {STATE_ON, STATE_OFF}
    assert state.attributes["device_class"] == device_class

    let(daemon, what)
    await wait_for_state(hass, entity_id, ill)
    let(daemon, "all well")
    await wait_for_state(hass, entity_id, state.state)

    assert hass.states.get("binary_sensor.fritz_box_home_reachable") is None
    assert hass.states.get("binary_sensor.host") is None


async def test_what_nobody_knows(
    hass: HomeAssistant, things: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What was not polled yet, or says nothing, is unknown; that is no news."""
    events = async_capture_events(hass, EVENT)
    daemon.read(make_reading("fritz.attic", {}, last_fetch_ts=None, stale=True, status="unknown"))
    daemon.read(make_reading("nvme", {**DRIVES, "nvme0.verdict": "unknown"}))

    await wait_for_state(hass, HEALTH, STATE_UNKNOWN)
    await wait_for_state(hass, "binary_sensor.fritz_box_attic", STATE_UNKNOWN)
    daemon.read(make_reading("nvme", DRIVES))
    await wait_for_state(hass, HEALTH, STATE_OFF)

    assert events == []


async def test_verdict_of_a_drive(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a drive's verdict may be is known in advance; one of a newer daemon is unknown."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    daemon.readings["nvme"] = make_reading("nvme", {**DRIVES, "nvme0.verdict": "warn"})
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await wait_for_state(hass, "sensor.nvme0_verdict", "warn")

    daemon.read(make_reading("nvme", {**DRIVES, "nvme0.verdict": "splendid"}))

    await wait_for_state(hass, "sensor.nvme0_verdict", STATE_UNKNOWN)
    verdict = hass.states.get("sensor.nvme0_verdict")
    assert verdict is not None
    assert set(verdict.attributes["options"]) == {"ok", "warn", "crit", "unsupported"}
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("trigger", "what", "told"),
    [
        ("host_went_offline", "router silent", ("FRITZ!Box home", "no answer")),
        ("host_went_offline", "node off", ("pve1", None)),
        ("drive_became_unhealthy", "drive worn", ("nvme0", "nvme0: worn")),
        ("internet_disconnected", "line down", ("FRITZ!Box home", None)),
    ],
)
@pytest.mark.parametrize("is_meant", [True, False])
async def test_triggers(
    hass: HomeAssistant,
    things: MockConfigEntry,
    daemon: FakeDaemon,
    trigger: str,
    what: str,
    told: tuple[str, str | None],
    *,
    is_meant: bool,
) -> None:
    """Each trigger triggers once on what it says, for the devices that are meant."""
    name, error = told
    device_id = device_of(hass, things, name if is_meant else "Host")
    config = {"trigger": f"ops_monitor.{trigger}", "options": {"device_id": [device_id]}}
    calls = await automate(hass, triggers=config)
    events = async_capture_events(hass, EVENT)

    let(daemon, what)
    await wait_until(hass, lambda: events)
    let(daemon, what)
    let(daemon, "all well")
    await wait_until(hass, lambda: len(events) == 2)
    await hass.async_block_till_done()

    assert [call.data["name"] for call in calls] == ([name] if is_meant else [])
    assert (events[0].data["error"], events[1].data["error"]) == (error, None)
    assert state_of(hass, "event.home_lab_incident").attributes["name"] == name


@pytest.mark.parametrize(
    ("trigger", "what"),
    [
        ("host_came_online", "router silent"),
        ("drive_recovered", "drive worn"),
        ("internet_connected", "line down"),
    ],
)
async def test_triggers_of_the_end(
    hass: HomeAssistant, things: MockConfigEntry, daemon: FakeDaemon, trigger: str, what: str
) -> None:
    """The end of it triggers, too."""
    calls = await automate(hass, triggers={"trigger": f"ops_monitor.{trigger}"})
    events = async_capture_events(hass, EVENT)

    let(daemon, what)
    await wait_until(hass, lambda: events)
    assert calls == []
    let(daemon, "all well")

    await wait_until(hass, lambda: calls)


@pytest.mark.parametrize(
    ("condition", "what", "name"),
    [
        ("is_host_online", "node off", "pve1"),
        ("is_drive_healthy", "drive worn", "nvme0"),
        ("is_internet_connected", "line down", "FRITZ!Box home"),
    ],
)
async def test_conditions(
    hass: HomeAssistant,
    things: MockConfigEntry,
    daemon: FakeDaemon,
    condition: str,
    what: str,
    name: str,
) -> None:
    """Each condition holds while all is well, and not for a device that it says nothing of."""
    events = async_capture_events(hass, EVENT)
    options = {"device_id": [device_of(hass, things, name)]}
    assert await holds(hass, condition, options)
    assert not await holds(hass, condition, {"device_id": [device_of(hass, things, "Host")]})

    let(daemon, what)
    await wait_until(hass, lambda: events)

    assert not await holds(hass, condition, options)


async def test_event_of_another_daemon(hass: HomeAssistant, things: MockConfigEntry) -> None:
    """The event entity shows what its own daemon tells."""
    hass.bus.async_fire(EVENT, {"entry_id": "another", "type": "host_offline", "name": "x"})
    await hass.async_block_till_done()

    assert state_of(hass, "event.home_lab_incident").state == STATE_UNKNOWN


def test_logbook() -> None:
    """The logbook says why."""
    told = {"type": "drive_warning", "name": "nvme0", "error": "nvme0: worn"}

    sentence = logbook._sentence(Event(EVENT, told))  # noqa: SLF001 - what the logbook is given

    assert sentence["message"] == "is not well: nvme0: worn"


@pytest.mark.parametrize(
    ("values", "state", "latest"),
    [
        ({}, STATE_OFF, "8.02"),
        ({"update_available": True, "update_version": "8.25"}, STATE_ON, "8.25"),
        ({"update_available": True}, STATE_ON, "newer"),
        ({"update_available": None}, STATE_UNKNOWN, None),
        ({"os_version": None}, STATE_UNKNOWN, None),
    ],
)
async def test_firmware(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    values: dict[str, Any],
    state: str,
    latest: str | None,
) -> None:
    """A box that looks for a newer FRITZ!OS tells which one there is."""
    daemon.readings = {"fritz.home": make_reading("fritz.home", {**BOX, **values})}
    await hass.config_entries.async_setup(entry.entry_id)

    await daemon.wait_for_client()

    found = state_of(hass, FIRMWARE)
    assert (found.state, found.attributes["latest_version"]) == (state, latest)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_firmware_of_a_silent_box(
    hass: HomeAssistant, things: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A box that does not answer says nothing of its updates."""
    let(daemon, "router silent")

    await wait_for_state(hass, FIRMWARE, STATE_UNKNOWN)
    assert state_of(hass, FIRMWARE).attributes["latest_version"] is None
