"""Guests of Proxmox: devices of their own where a person wants them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import Reading
from custom_components.ops_monitor.const import CONF_GUESTS, DOMAIN
from custom_components.ops_monitor.parts import MOST_GUESTS, parts_of
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon, make_reading
from tests.ha.waiting import state_of, wait_for_state, wait_until

WEB = {
    "guests.101.running": True,
    "guests.101.cpu_percent": 12.5,
    "guests.101.memory_percent": 40.0,
    "guests.101.disk_percent": 55.0,
    "guests.101.uptime_s": 3600,
    "guests.101.backup_ok": True,
    "guests.101.backup_ended": "2026-11-20T02:10:00.000Z",
}
OFF = {
    "guests.102.running": False,
    "guests.102.cpu_percent": None,
    "guests.102.memory_percent": None,
    "guests.102.uptime_s": None,
}
NODES = {"nodes": 2, "pve1.online": True, "pve2.online": True}


def about(*, node: str = "pve1") -> dict[str, Any]:
    """Return who the guests are."""
    nobody = {"model": None, "serial": None, "version": None}
    return {
        "guests.101": {**nobody, "model": "Container", "name": "shop", "via": node},
        "guests.102": {**nobody, "model": "Virtual machine", "name": "attic", "via": "pve2"},
    }


def cluster(values: dict[str, Any], *, node: str = "pve1", **changes: Any) -> dict[str, Any]:
    """Return what is read of the cluster."""
    return make_reading("proxmox", {**NODES, **values}, about=about(node=node), **changes)


@pytest.fixture
async def guests(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry for which guests are wanted, set up with two of them."""
    daemon.readings = {"proxmox": cluster(WEB | OFF)}
    hass.config_entries.async_update_entry(entry, options={CONF_GUESTS: True})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await daemon.wait_for_client()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()


def device_of(hass: HomeAssistant, entry: MockConfigEntry, part_id: str) -> DeviceEntry | None:
    """Return the device of a part."""
    identifier = (DOMAIN, f"{INSTANCE_ID}_reading_{part_id}")
    return dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)


async def test_a_guest_has_a_device(hass: HomeAssistant, guests: MockConfigEntry) -> None:
    """It is named as in Proxmox, by way of its node, and says whether it runs."""
    device = device_of(hass, guests, "proxmox.guests.101")
    node = device_of(hass, guests, "proxmox.pve1")

    assert device is not None
    assert node is not None
    assert (device.name, device.model, device.manufacturer) == ("shop", "Container", "Proxmox")
    assert device.via_device_id == node.id
    assert state_of(hass, "binary_sensor.shop").state == STATE_ON
    assert state_of(hass, "binary_sensor.attic").state == STATE_OFF
    assert state_of(hass, "sensor.shop_cpu").state == "12.5"
    assert state_of(hass, "sensor.shop_memory").state == "40.0"
    assert state_of(hass, "sensor.shop_last_backup").state == "2026-11-20T02:10:00+00:00"
    assert hass.states.get("sensor.attic_cpu") is None


async def test_nobody_gets_them_by_default(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Without the preference there is no device of a guest, and no entity."""
    daemon.readings = {"proxmox": cluster(WEB | OFF)}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert device_of(hass, entry, "proxmox.guests.101") is None
    assert device_of(hass, entry, "proxmox.pve1") is not None
    assert hass.states.get("binary_sensor.shop") is None
    await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()


async def test_a_guest_that_moves_stays_the_same(
    hass: HomeAssistant, daemon: FakeDaemon, guests: MockConfigEntry
) -> None:
    """On another node it has the same device and entities, by way of that one."""
    before = device_of(hass, guests, "proxmox.guests.101")
    entities = er.async_get(hass)
    unique_id = f"{INSTANCE_ID}_reading_proxmox.guests.101_running"
    entity_id = entities.async_get_entity_id("binary_sensor", DOMAIN, unique_id)
    node = device_of(hass, guests, "proxmox.pve2")
    assert before is not None
    assert node is not None

    daemon.read(cluster(WEB | OFF, node="pve2"))

    def has_moved() -> bool:
        """Tell whether it is by way of the other node."""
        now = device_of(hass, guests, "proxmox.guests.101")
        return now is not None and (now.id, now.via_device_id) == (before.id, node.id)

    await wait_until(hass, has_moved)
    assert entity_id == "binary_sensor.shop"
    assert entities.async_get_entity_id("binary_sensor", DOMAIN, unique_id) == entity_id


async def test_a_guest_that_is_gone(
    hass: HomeAssistant, daemon: FakeDaemon, guests: MockConfigEntry
) -> None:
    """It goes with its device, but not while the cluster does not answer; another one comes."""
    new = {name.replace("102", "103"): value for name, value in OFF.items()}
    daemon.read(cluster({}, stale=True, last_error="no answer"))
    await wait_for_state(hass, "binary_sensor.shop", STATE_UNKNOWN)
    assert device_of(hass, guests, "proxmox.guests.101") is not None

    reading = cluster(OFF | new)
    del reading["about"]["guests.101"]
    daemon.read(reading)
    await wait_until(hass, lambda: device_of(hass, guests, "proxmox.guests.101") is None)
    await wait_for_state(hass, "binary_sensor.guest_103", STATE_OFF)

    assert hass.states.get("binary_sensor.shop") is None
    assert state_of(hass, "binary_sensor.attic").state == STATE_OFF


async def test_a_guest_on_a_silent_node(
    hass: HomeAssistant, daemon: FakeDaemon, guests: MockConfigEntry
) -> None:
    """The cluster knows of it, but not whether it runs: so does its sensor."""
    daemon.read(cluster(dict.fromkeys(WEB) | OFF))

    await wait_for_state(hass, "binary_sensor.shop", STATE_UNKNOWN)
    assert device_of(hass, guests, "proxmox.guests.101") is not None


async def test_turned_off_they_go(
    hass: HomeAssistant, daemon: FakeDaemon, guests: MockConfigEntry
) -> None:
    """The preference taken back, their devices are removed, and nobody is asked about that."""
    hass.config_entries.async_update_entry(guests, options={CONF_GUESTS: False})
    assert await hass.config_entries.async_reload(guests.entry_id)
    await hass.async_block_till_done()

    assert device_of(hass, guests, "proxmox.guests.101") is None
    assert not guests.runtime_data.orphans


def test_there_are_not_too_many() -> None:
    """Of a thousand guests those with the lowest numbers have devices, the whole ones before."""
    values = {f"guests.{number}.running": True for number in range(1000, 0, -1)}
    reading = Reading.from_api(make_reading("proxmox", {**values, "pve1.online": True}))

    parts = list(parts_of(reading, with_guests=True).values())

    assert [part.id for part in parts[:3]] == ["proxmox", "proxmox.pve1", "proxmox.guests.1"]
    assert sum(part.is_guest for part in parts) == MOST_GUESTS
    assert parts[-1].id == f"proxmox.guests.{MOST_GUESTS}"
