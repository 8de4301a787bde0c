"""What the daemon polls, as devices with values: host, drives, routers, clusters, containers."""

from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ops_monitor import logbook
from custom_components.ops_monitor.client import Reading
from custom_components.ops_monitor.const import CONF_EXCLUDED_READINGS, DOMAIN, EVENT
from custom_components.ops_monitor.parts import kind_of_value, parts_of, values_of
from custom_components.ops_monitor.value_names import name_of, spoken
from tests.ha.fake_daemon import FakeDaemon, make_reading
from tests.ha.waiting import state_of, wait_for_state, wait_until

HOST = {
    "cpu_percent": 12.5,
    "memory_percent": 40.0,
    "uptime_s": 3600,
    "reboot_required": False,
    "disk.root.used_percent": 27.1,
    "disk.root.free_bytes": 79420981248,
    "network.eth0.receive_bytes_per_s": 3123,
    "updates": None,
}
READINGS = [
    make_reading("host", HOST),
    make_reading("nvme", {"drive_count": 1, "nvme0.temperature_c": 41, "nvme0.passing": True}),
    make_reading(
        "fritz.home",
        {"wan_up": True, "uptime_s": 60, "os_version": "8.02", "received_bytes": 5_000_000},
    ),
    make_reading(
        "proxmox",
        {
            "nodes_online": 1,
            "pve1.cpu_percent": 3.0,
            "pve1.online": True,
            "guests.100.running": True,
            "storages.pve1.local.used_percent": 5,
        },
    ),
    make_reading("docker", {"running": 3, "local.running": 3, "local.web.running": True}),
]


@pytest.fixture
async def polling(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry whose daemon polls everything."""
    for reading in READINGS:
        daemon.read(reading)
    await wait_until(hass, lambda: hass.states.get("sensor.containers_running"))
    return loaded


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str | None, dr.DeviceEntry]:
    """Return the devices by name."""
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {device.name: device for device in found}


def parents(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str | None, str | None]:
    """Return by way of what each device is there, by name."""
    found = devices(hass, entry)
    names = {device.id: name for name, device in found.items()}
    return {name: names.get(device.via_device_id or "") for name, device in found.items()}


async def test_devices(hass: HomeAssistant, polling: MockConfigEntry) -> None:
    """Each thing is a device, by way of what it belongs to; guests and containers are none."""
    assert parents(hass, polling) == {
        "Home lab": None,
        "Web": "Home lab",
        "Nas": "Home lab",
        "Host": "Home lab",
        "Drives": "Host",
        "nvme0": "Host",
        "FRITZ!Box home": "Home lab",
        "Proxmox": "Home lab",
        "pve1": "Proxmox",
        "Containers": "Home lab",
    }
    assert devices(hass, polling)["FRITZ!Box home"].manufacturer == "AVM"


async def test_drives_of_a_host_that_comes_and_goes(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """Drives belong to their host as long as there is one to see."""
    daemon.read(make_reading("nvme", {"nvme0.wear_percent": 3}))
    await wait_until(hass, lambda: "nvme0" in devices(hass, loaded))
    assert parents(hass, loaded)["nvme0"] == "Drives"

    daemon.read(make_reading("host", {"cpu_percent": 5.0}))
    await wait_until(hass, lambda: parents(hass, loaded)["nvme0"] == "Host")

    streams = len(daemon.seen_last_event_ids)
    hass.config_entries.async_update_entry(loaded, options={CONF_EXCLUDED_READINGS: ["host"]})
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_streams(streams + 1)
    assert (parents(hass, loaded)["nvme0"], parents(hass, loaded)["Drives"]) == (
        "Drives",
        "Home lab",
    )


async def test_who_they_are(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A device has the model, the serial number and the version that the thing tells."""
    drive = {"model": "Example 1TB", "serial": "NV-1", "version": "1.0"}
    box = {"model": "FRITZ!Box 7590", "serial": None, "version": "8.02"}
    daemon.read({**READINGS[1], "about": {"nvme0": drive}})
    daemon.read({**READINGS[2], "about": {"": box}})
    await wait_until(hass, lambda: devices(hass, polling)["FRITZ!Box home"].sw_version == "8.02")
    found = devices(hass, polling)
    nvme0, router = found["nvme0"], found["FRITZ!Box home"]

    assert (nvme0.model, nvme0.model_id) == ("Example 1TB", "Drive")
    assert (nvme0.serial_number, nvme0.sw_version) == ("NV-1", "1.0")
    assert (router.model, router.manufacturer) == ("FRITZ!Box 7590", "AVM")

    odd = {"attic": 3, "cellar": {"model": 3}}
    daemon.read({**READINGS[2], "about": {"": {**box, "version": "8.25"}, **odd}})
    await wait_until(hass, lambda: devices(hass, polling)["FRITZ!Box home"].sw_version == "8.25")


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes"),
    [
        ("sensor.host_cpu", "12.5", {"unit_of_measurement": "%", "state_class": "measurement"}),
        ("sensor.host_disk_root_used", "27.1", {"unit_of_measurement": "%"}),
        ("sensor.host_uptime", "2026-11-20T09:00:00+00:00", {"device_class": "uptime"}),
        ("binary_sensor.host_reboot_required", STATE_OFF, {"device_class": "problem"}),
        ("sensor.host_status", "ok", {"issues": []}),
        ("sensor.nvme0_temperature", "41", {"device_class": "temperature"}),
        ("binary_sensor.nvme0_passing", STATE_ON, {}),
        ("binary_sensor.fritz_box_home_wan_up", STATE_ON, {"device_class": "connectivity"}),
        ("sensor.pve1_cpu", "3.0", {}),
        ("binary_sensor.pve1", STATE_ON, {"device_class": "connectivity"}),
        ("sensor.containers_running", "3", {"state_class": "measurement"}),
    ],
)
async def test_values(
    hass: HomeAssistant,
    polling: MockConfigEntry,
    entity_id: str,
    state: str,
    attributes: dict[str, Any],
) -> None:
    """Values are shown as what their names say they are."""
    found = state_of(hass, entity_id)

    assert found.state == state
    assert {key: found.attributes[key] for key in attributes} == attributes


async def test_what_few_people_want_is_off(hass: HomeAssistant, polling: MockConfigEntry) -> None:
    """Most values are there, but off."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), polling.entry_id)
    is_off = {item.entity_id for item in entities if item.disabled_by}

    assert "sensor.host_network_eth0_receive" in is_off
    assert "sensor.host_last_read" in is_off
    assert "sensor.fritz_box_home_received" in is_off
    assert not [item.entity_id for item in entities if "guests" in item.unique_id]


async def test_value_changes(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A new reading is shown at once, and what is wrong with it is told."""
    issue = {"kind": "memory", "status": "warn", "message": "Memory is short.", "data": {}}
    daemon.read(make_reading("host", {**HOST, "cpu_percent": 99.0}, status="warn", issues=[issue]))
    await wait_for_state(hass, "sensor.host_cpu", "99.0")

    assert state_of(hass, "sensor.host_status").state == "warn"
    assert state_of(hass, "sensor.host_status").attributes["issues"] == ["Memory is short."]


async def test_value_becomes_known(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A value that was not known before gets its entity when it is."""
    assert hass.states.get("sensor.host_updates") is None

    daemon.read(make_reading("host", {**HOST, "updates": 5}))

    await wait_for_state(hass, "sensor.host_updates", "5")


async def test_reading_is_too_old(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Values that nobody can go by any more are unknown: the daemon itself is there."""
    daemon.read(make_reading("host", HOST, stale=True, last_error="no answer"))

    await wait_for_state(hass, "sensor.host_cpu", STATE_UNKNOWN)
    shown = ("sensor.host_uptime", "binary_sensor.host_reboot_required", "sensor.host_status")
    assert {state_of(hass, entity_id).state for entity_id in shown} == {STATE_UNKNOWN}


async def test_last_read(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """When something was last read stays known while it cannot be read."""
    er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        f"{entry.unique_id}_reading_host_last_read",
        config_entry=entry,
        disabled_by=None,
        object_id_base="host_last_read",
    )
    daemon.readings = {"host": make_reading("host", HOST, stale=True, last_error="no answer")}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    assert state_of(hass, "sensor.host_last_read").state == "2026-11-20T10:00:00+00:00"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_line_is_down(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A line that is down is off, not unavailable; what is unknown then is unknown."""
    daemon.read(make_reading("fritz.home", {"wan_up": False, "uptime_s": None}))

    await wait_for_state(hass, "binary_sensor.fritz_box_home_wan_up", STATE_OFF)
    assert state_of(hass, "sensor.fritz_box_home_uptime").state == STATE_UNKNOWN


async def test_drive_is_gone(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What is no longer read loses its device, and gets it back when it is there again."""
    daemon.read(make_reading("nvme", {"drive_count": 0}))
    await wait_until(hass, lambda: "nvme0" not in devices(hass, polling))
    assert "Drives" in devices(hass, polling)

    daemon.read(READINGS[1])
    await wait_for_state(hass, "sensor.nvme0_temperature", "41")


async def test_silence_takes_no_part_away(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What may be there still has its device until a fresh reading says that it is gone."""
    daemon.read(make_reading("proxmox", {}, last_fetch_ts=None, stale=True, last_error="no answer"))
    await wait_for_state(hass, "binary_sensor.proxmox", STATE_OFF)
    assert state_of(hass, "binary_sensor.pve1").state == STATE_UNKNOWN
    assert "pve1" in devices(hass, polling)

    daemon.read(READINGS[3])
    await wait_for_state(hass, "binary_sensor.pve1", STATE_ON)
    daemon.read(make_reading("proxmox", {}))
    await wait_until(hass, lambda: "pve1" not in devices(hass, polling))


async def test_unreadable_reading(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A reading that cannot be read is unavailable alone, keeps its devices, and comes back."""
    daemon.read({**READINGS[1], "stale": "yes"})
    await wait_for_state(hass, "sensor.nvme0_temperature", STATE_UNAVAILABLE)
    assert {"Drives", "nvme0"} <= devices(hass, polling).keys()
    assert state_of(hass, "sensor.host_cpu").state == "12.5"
    assert polling.runtime_data.data.unreadable_readings == {
        "nvme": "reading nvme: stale: expected bool, got str"
    }

    daemon.read(READINGS[1])
    await wait_for_state(hass, "sensor.nvme0_temperature", "41")
    assert polling.runtime_data.data.unreadable_readings == {}


async def test_unreadable_reading_of_a_snapshot(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Whatever was missed: the devices of what cannot be read stay."""
    daemon.readings["nvme"] = {**READINGS[1], "stale": "yes"}
    daemon.forget()
    daemon.drop_clients()

    await wait_until(hass, lambda: "nvme" in polling.runtime_data.data.unreadable_readings)
    assert {"Drives", "nvme0"} <= devices(hass, polling).keys()


async def test_everything_is_configured_anew(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What is not polled any more goes; one that cannot be read takes no other along."""
    daemon.readings = {"host": READINGS[0]}
    daemon.send(("readings", [READINGS[0], {"no": "name"}, "nonsense"]))

    await wait_until(
        hass, lambda: set(devices(hass, polling)) == {"Home lab", "Web", "Nas", "Host"}
    )
    assert state_of(hass, "sensor.host_cpu").state == "12.5"


async def test_garbage(hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon) -> None:
    """A reading that is none is passed over."""
    daemon.send(("reading", None), ("readings", {}))
    daemon.read(make_reading("host", {**HOST, "cpu_percent": 1.0}))

    await wait_for_state(hass, "sensor.host_cpu", "1.0")
    assert polling.runtime_data.subscription.statistics.unreadable_frames == 1


async def test_what_happens_between_readings(
    hass: HomeAssistant, polling: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What happened to something that is polled is on the event bus, with its device."""
    events = async_capture_events(hass, EVENT)
    news = {
        "ts": "2026-11-20T10:00:00Z",
        "name": "fritz.home",
        "kind": "fritz_reconnected",
        "message": "The line was connected anew.",
        "data": {},
    }
    daemon.send(("reading_event", news))
    await wait_until(hass, lambda: events)

    [event] = events
    assert event.data["type"] == "fritz_reconnected"
    assert event.data["device_id"] == devices(hass, polling)["FRITZ!Box home"].id
    described = logbook._sentence(event)  # noqa: SLF001 - what the logbook is given
    assert described["message"] == "The line was connected anew."


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disk.root.used_percent", "Disk root used"),
        ("network.eth0.receive_bytes_per_s", "Network eth0 receive"),
        ("wan_up", "Wan up"),
        ("load_1m", "Load 1m"),
    ],
)
def test_names(name: str, expected: str) -> None:
    """Names are made of words; the unit is shown with the value."""
    assert spoken(name) == expected


@pytest.mark.parametrize(
    ("name", "is_flag", "key", "placeholder"),
    [
        ("cpu_percent", False, "read_cpu_percent", None),
        ("running", True, "read_running", None),
        ("pressure.io_percent", False, "read_pressure_io_percent", None),
        ("disk.mnt_data.used_percent", False, "read_disk_used_percent", "mnt data"),
        ("disk.a.b.used_percent", False, "read_disk_used_percent", "a b"),
        ("disk.used_percent", False, "value", "Disk used"),
        ("disk.root.used_percent", True, "value", "Disk root used"),
        ("shoe_size", False, "value", "Shoe size"),
    ],
)
def test_translated_names(name: str, *, is_flag: bool, key: str, placeholder: str | None) -> None:
    """What is known has a name in every language; whatever else there is is spelt out."""
    called = name_of(name, is_flag=is_flag)

    assert (called.translation_key, called.placeholder) == (key, placeholder)


async def test_german(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """Whoever speaks German reads German names."""
    hass.config.language = "de"
    daemon.readings = {"host": READINGS[0]}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    names = {state.name for state in hass.states.async_all("sensor")}
    assert {"Host Prozessor", "Host Arbeitsspeicher", "Host Datenträger root belegt"} <= names
    await hass.config_entries.async_unload(entry.entry_id)


NAMES = st.text(st.sampled_from("ab_.0"), min_size=1, max_size=12)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    probe=st.sampled_from(["host", "nvme", "proxmox", "docker", "fritz", "weather"]),
    values=st.dictionaries(NAMES, VALUES, max_size=8),
)
def test_any_values(probe: str, values: dict[str, Any]) -> None:
    """Whatever is read, each value belongs to one device at most, and has a kind."""
    reading = Reading.from_api(make_reading(probe, values))
    parts = parts_of(reading)

    shown = [f"{part.prefix}{name}" for part in parts.values() for name in values_of(reading, part)]

    assert len(shown) == len(set(shown))
    assert set(shown) <= set(values)
    for name in shown:
        assert kind_of_value(name, reading.values[name])
