"""The devices: a hub for the daemon, and one for each of its checks."""

from typing import Final

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType, DeviceInfo
from yarl import URL

from .client import About, Check, Snapshot
from .const import MANUFACTURER
from .coordinator import OpsMonitorConfigEntry
from .identifiers import (
    check_identifier,
    expected_identifiers,
    find_orphans,
    hub_identifier,
    part_identifier,
)
from .parts import Part
from .topics import Topic

_MANUFACTURERS: Final = {"fritz": "AVM", "proxmox": "Proxmox"}
_NOBODY: Final = About()
_HOST: Final = "host"
_DRIVES: Final = "nvme"
"""What reads the drives of the very machine that `host` is about."""
_ABBREVIATIONS: Final = {"dns", "http", "tcp", "tls"}


@callback
def keep_devices(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Register the hub, and keep the registry in step with what the daemon has.

    Must be called before there are entities: the devices of the checks refer to the hub.
    """
    coordinator = entry.runtime_data

    @callback
    def update() -> None:
        """Describe the hub, rename what was renamed, remove what is gone."""
        _register_hub(hass, entry)
        _register_readings(hass, entry)
        _update_checks(hass, entry)

    update()
    entry.async_on_unload(coordinator.async_add_listener(update, Topic.DEVICES))


@callback
def check_device(entry: OpsMonitorConfigEntry, check: Check) -> DeviceEntry:
    """Return the device of a check, registered if it is new."""
    coordinator = entry.runtime_data
    registry = dr.async_get(coordinator.hass)
    identifier = check_identifier(coordinator.data, check.id)
    # Each of a check's entities asks, and finding is much cheaper than describing it anew.
    return registry.async_get_device_by_identifier(
        identifier, entry.entry_id
    ) or registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={identifier},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model=_model(check),
        name=check.name,
        configuration_url=_page_of(entry, check),
        suggested_area=check.area,
        via_device_id=_whose(entry, check),
    )


def _whose(entry: OpsMonitorConfigEntry, check: Check) -> str | None:
    """Return the device that a check belongs to, as far as there is one; else the hub."""
    data, registry = entry.runtime_data.data, dr.async_get(entry.runtime_data.hass)
    place = check.belongs_to
    while place:
        identifier = part_identifier(data, place)
        if device := registry.async_get_device_by_identifier(identifier, entry.entry_id):
            return device.id
        place = place.rpartition(".")[0]
    hub = registry.async_get_device_by_identifier(hub_identifier(data), entry.entry_id)
    return hub.id if hub else None


def part_device_info(entry: OpsMonitorConfigEntry, part: Part) -> DeviceInfo:
    """Describe the device of a part of a reading."""
    data = entry.runtime_data.data
    about = _about(data, part)
    return DeviceInfo(
        identifiers={part_identifier(data, part.id)},
        manufacturer=_MANUFACTURERS.get(part.probe, MANUFACTURER),
        model=about.model or part.model,
        model_id=part.model if about.model else None,
        name=part.name,
        serial_number=about.serial,
        sw_version=about.version,
        via_device_id=_parent_of(entry, part),
    )


def _parent_of(entry: OpsMonitorConfigEntry, part: Part) -> str:
    """Return the device by way of which a part is there."""
    data = entry.runtime_data.data
    if part.probe == _DRIVES and _HOST in data.readings and entry.runtime_data.shows_reading(_HOST):
        parent = part_identifier(data, _HOST)
    elif part.id == part.reading:
        parent = hub_identifier(data)
    else:
        parent = part_identifier(data, part.via or part.reading)
    return dr.async_get_device_id_by_identifier(
        entry.runtime_data.hass, parent, config_entry_id=entry.entry_id
    )


def _about(data: Snapshot, part: Part) -> About:
    """Return who a thing is."""
    reading = data.readings.get(part.reading)
    return (reading.about.get(part.prefix.removesuffix(".")) if reading else None) or _NOBODY


def _register_hub(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Create or update the device of the daemon itself."""
    coordinator = entry.runtime_data
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={hub_identifier(coordinator.data)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model="Daemon",
        name=coordinator.info.name,
        sw_version=coordinator.data.version,
        configuration_url=entry.data[CONF_URL],
    )


def _register_readings(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Create or update the devices of readings: first what others refer to, host and wholes."""
    data = entry.runtime_data.data
    registry = dr.async_get(hass)
    shown = sorted(entry.runtime_data.shown_readings, key=lambda reading: reading.name != _HOST)
    for reading in shown:
        for part in entry.runtime_data.parts_of(reading).values():
            about = _about(data, part)
            registry.async_get_or_create(
                config_entry_id=entry.entry_id,
                identifiers={part_identifier(data, part.id)},
                manufacturer=_MANUFACTURERS.get(part.probe, MANUFACTURER),
                model=about.model or part.model,
                model_id=part.model if about.model else None,
                name=part.name,
                serial_number=about.serial,
                sw_version=about.version,
                via_device_id=_parent_of(entry, part),
            )


def _update_checks(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Bring the devices of the checks in line: removing one removes its entities too."""
    registry = dr.async_get(hass)
    data = entry.runtime_data.data
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    entry.runtime_data.orphans = orphans = find_orphans(entry.runtime_data, devices)
    expected = expected_identifiers(entry.runtime_data, devices) | orphans
    checks = {check_identifier(data, check_id): check for check_id, check in data.checks.items()}
    stale = [device for device in devices if expected.isdisjoint(device.identifiers)]
    for device in stale:
        registry.async_remove_device(device.id)
    # Only then: what belonged to a device that is gone belongs to another one.
    for device in devices:
        for identifier in device.identifiers & expected & checks.keys():
            check = checks[identifier]
            registry.async_update_device(
                device.id,
                name=check.name,
                model=_model(check),
                configuration_url=_page_of(entry, check),
                via_device_id=_whose(entry, check),
            )


def remove_orphans(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Remove what a person says is gone for good."""
    registry = dr.async_get(hass)
    orphans, entry.runtime_data.orphans = entry.runtime_data.orphans, frozenset()
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if not orphans.isdisjoint(device.identifiers):
            registry.async_remove_device(device.id)
    _update_checks(hass, entry)


def _page_of(entry: OpsMonitorConfigEntry, check: Check) -> str:
    """Return where the daemon's page tells what happened to a check."""
    page = URL(f"{entry.data[CONF_URL]}/")
    return str(page.with_query(check=check.id).with_fragment("log"))


def _model(check: Check) -> str:
    """Name the kind of a check for people."""
    kind = check.type.upper() if check.type in _ABBREVIATIONS else check.type.capitalize()
    return f"{kind} check"
