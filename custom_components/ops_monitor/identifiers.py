"""By what devices are known, and which of them should be there."""

from collections.abc import Iterable
from typing import Final

from homeassistant.helpers.device_registry import DeviceEntry

from .client import Snapshot
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .parts import parts_of
from .unsure import may_be_there, unsure_readings

LEAST_ORPHANS: Final = 10
"""Fewer devices that vanish at once are removed without a question."""


def hub_identifier(data: Snapshot) -> tuple[str, str]:
    """Return what the hub is known by."""
    return (DOMAIN, data.instance_id)


def check_identifier(data: Snapshot, check_id: str) -> tuple[str, str]:
    """Return what the device of a check is known by."""
    return (DOMAIN, f"{data.instance_id}_check_{check_id}")


def part_identifier(data: Snapshot, part_id: str) -> tuple[str, str]:
    """Return what the device of a part of a reading is known by."""
    return (DOMAIN, f"{data.instance_id}_reading_{part_id}")


def is_present(entry: OpsMonitorConfigEntry, device: DeviceEntry) -> bool:
    """Tell whether the daemon still has what a device stands for."""
    expected = expected_identifiers(entry.runtime_data, [device])
    return not expected.isdisjoint(device.identifiers)


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


def find_orphans(
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
    part_ids = {
        part_id
        for reading in data.readings.values()
        for part_id in parts_of(reading, with_guests=True)
    }
    return (
        {hub_identifier(data)}
        | {check_identifier(data, check_id) for check_id in data.checks.keys() | data.unreadable}
        | {part_identifier(data, part_id) for part_id in part_ids}
        | _unsure_identifiers(data, devices, unsure_readings(data))
    )


def expected_identifiers(
    coordinator: OpsMonitorCoordinator, devices: Iterable[DeviceEntry]
) -> set[tuple[str, str]]:
    """Return the identifiers of all devices that should be there, of these and others."""
    data = coordinator.data
    # A check that cannot be read is still there: its history must survive.
    check_ids = {check.id for check in coordinator.shown} | data.unreadable.keys()
    part_ids = {
        part_id
        for reading in coordinator.shown_readings
        for part_id in coordinator.parts_of(reading)
    }
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
