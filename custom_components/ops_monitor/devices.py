"""The devices: a hub for the daemon, and one for each of its checks."""

from collections.abc import Iterable
from typing import Final

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType, DeviceInfo
from yarl import URL

from .client import About, Check, Snapshot
from .const import DOMAIN, MANUFACTURER
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .parts import Part, parts_of
from .topics import Topic
from .unsure import may_be_there, unsure_readings

_MANUFACTURERS: Final = {"fritz": "AVM", "proxmox": "Proxmox"}
_NOBODY: Final = About()
_HOST: Final = "host"
_DRIVES: Final = "nvme"
"""What reads the drives of the very machine that `host` is about."""
LEAST_ORPHANS: Final = 10
"""Fewer devices that vanish at once are removed without a question."""
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


def hub_identifier(data: Snapshot) -> tuple[str, str]:
    """Return what the hub is known by."""
    return (DOMAIN, data.instance_id)


def check_identifier(data: Snapshot, check_id: str) -> tuple[str, str]:
    """Return what the device of a check is known by."""
    return (DOMAIN, f"{data.instance_id}_check_{check_id}")


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
        via_device_id=dr.async_get_device_id_by_identifier(
            coordinator.hass, hub_identifier(coordinator.data), config_entry_id=entry.entry_id
        ),
    )


def part_identifier(data: Snapshot, part_id: str) -> tuple[str, str]:
    """Return what the device of a part of a reading is known by."""
    return (DOMAIN, f"{data.instance_id}_reading_{part_id}")


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
        parent = part_identifier(data, part.reading)
    return dr.async_get_device_id_by_identifier(
        entry.runtime_data.hass, parent, config_entry_id=entry.entry_id
    )


def _about(data: Snapshot, part: Part) -> About:
    """Return who a thing is."""
    reading = data.readings.get(part.reading)
    return (reading.about.get(part.prefix.removesuffix(".")) if reading else None) or _NOBODY


def is_present(entry: OpsMonitorConfigEntry, device: DeviceEntry) -> bool:
    """Tell whether the daemon still has what a device stands for."""
    expected = _expected_identifiers(entry.runtime_data, [device])
    return not expected.isdisjoint(device.identifiers)


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
        for part in parts_of(reading).values():
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
    entry.runtime_data.orphans = orphans = _orphans(entry.runtime_data, devices)
    expected = _expected_identifiers(entry.runtime_data, devices) | orphans
    checks = {check_identifier(data, check_id): check for check_id, check in data.checks.items()}
    for device in devices:
        if expected.isdisjoint(device.identifiers):
            registry.async_remove_device(device.id)
            continue
        for identifier in device.identifiers & checks.keys():
            check = checks[identifier]
            registry.async_update_device(
                device.id,
                name=check.name,
                model=_model(check),
                configuration_url=_page_of(entry, check),
            )


def remove_orphans(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Remove what a person says is gone for good."""
    registry = dr.async_get(hass)
    orphans, entry.runtime_data.orphans = entry.runtime_data.orphans, frozenset()
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if not orphans.isdisjoint(device.identifiers):
            registry.async_remove_device(device.id)


def orphaned_checks(coordinator: OpsMonitorCoordinator, check_ids: Iterable[str]) -> set[str]:
    """Return which of these checks are gone, while their devices and entities stay."""
    data, orphans = coordinator.data, coordinator.orphans
    if not orphans:
        return set()
    return {check_id for check_id in check_ids if check_identifier(data, check_id) in orphans}


def remaining_parts(coordinator: OpsMonitorCoordinator, part_ids: Iterable[str]) -> set[str]:
    """Return which of these parts nobody tells of, while their devices and entities stay."""
    data, orphans = coordinator.data, coordinator.orphans
    unsure = {name for name in unsure_readings(data) if coordinator.shows_reading(name)}
    return {
        part_id
        for part_id in part_ids
        if may_be_there(part_id, unsure) or part_identifier(data, part_id) in orphans
    }


def _orphans(
    coordinator: OpsMonitorCoordinator, devices: list[DeviceEntry]
) -> frozenset[tuple[str, str]]:
    """Return the identifiers of what vanished all at once, so that it may be by mistake.

    An empty checks.yml must not cost the names, areas and automations of a hundred devices.
    """
    known = _all_identifiers(coordinator, devices)
    lost = [device for device in devices if known.isdisjoint(device.identifiers)]
    if len(lost) < LEAST_ORPHANS or 2 * len(lost) <= len(devices):
        return frozenset()
    return frozenset(identifier for device in lost for identifier in device.identifiers)


def _all_identifiers(
    coordinator: OpsMonitorCoordinator, devices: Iterable[DeviceEntry]
) -> set[tuple[str, str]]:
    """Return the identifiers of all devices that the daemon has, wanted or not."""
    data = coordinator.data
    part_ids = {part_id for reading in data.readings.values() for part_id in parts_of(reading)}
    return (
        {hub_identifier(data)}
        | {check_identifier(data, check_id) for check_id in data.checks.keys() | data.unreadable}
        | {part_identifier(data, part_id) for part_id in part_ids}
        | _unsure_identifiers(data, devices, unsure_readings(data))
    )


def _expected_identifiers(
    coordinator: OpsMonitorCoordinator, devices: Iterable[DeviceEntry]
) -> set[tuple[str, str]]:
    """Return the identifiers of all devices that should be there, of these and others."""
    data = coordinator.data
    # A check that cannot be read is still there: its history must survive.
    check_ids = {check.id for check in coordinator.shown} | data.unreadable.keys()
    part_ids = {part_id for reading in coordinator.shown_readings for part_id in parts_of(reading)}
    return (
        {hub_identifier(data)}
        | {check_identifier(data, check_id) for check_id in check_ids}
        | {part_identifier(data, part_id) for part_id in part_ids}
        | _unsure_identifiers(
            data, devices, set(filter(coordinator.shows_reading, unsure_readings(data)))
        )
    )


def _unsure_identifiers(
    data: Snapshot, devices: Iterable[DeviceEntry], unsure: set[str]
) -> set[tuple[str, str]]:
    """Return the identifiers of those devices that may be there, as parts of these readings."""
    if not unsure:
        return set()
    _, start = part_identifier(data, "")
    return {
        (domain, identifier)
        for device in devices
        for domain, identifier in device.identifiers
        if identifier.startswith(start) and may_be_there(identifier.removeprefix(start), unsure)
    }


def _page_of(entry: OpsMonitorConfigEntry, check: Check) -> str:
    """Return where the daemon's page tells what happened to a check."""
    page = URL(f"{entry.data[CONF_URL]}/")
    return str(page.with_query(check=check.id).with_fragment("log"))


def _model(check: Check) -> str:
    """Name the kind of a check for people."""
    kind = check.type.upper() if check.type in _ABBREVIATIONS else check.type.capitalize()
    return f"{kind} check"
