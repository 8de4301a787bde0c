"""Say what is not as it should be with a machine: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.limits import Limits

if TYPE_CHECKING:
    from opsmonitor.parts.host_disks import DiskSpace
    from opsmonitor.parts.host_sensors import Temperature
    from opsmonitor.parts.host_shape import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """From when on something is worrying."""

    cpu_percent: Limits = field(default_factory=Limits)
    memory_percent: Limits = field(default_factory=lambda: Limits(warn=90, crit=97))
    swap_percent: Limits = field(default_factory=Limits)
    disk_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    inodes_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    temperature_c: Limits | None = None
    """None: the sensors' own limits."""


def judge(machine: Machine, limits: HostLimits) -> list[Issue]:
    """Return the issues, the worst first."""
    found = [*_figures(machine, limits), *_disks(machine, limits), *_heat(machine, limits)]
    return sorted(found, key=lambda issue: issue.status is not ReadingStatus.CRIT)


def _figures(machine: Machine, limits: HostLimits) -> Iterator[Issue]:
    """Judge the processors and the memory."""
    cpu = machine.cpu.percent if machine.limit_percent is None else machine.limit_percent
    figures = (
        ("cpu_high", "the processors are busy", cpu, limits.cpu_percent),
        ("memory_high", "the memory is used", machine.memory.percent, limits.memory_percent),
        ("swap_high", "the swap space is used", machine.memory.swap_percent, limits.swap_percent),
    )
    for kind, words, value, limit in figures:
        status = exceeded(value, limit)
        if status is not None and value is not None:
            yield Issue(
                kind=kind,
                status=status,
                message=f"{words} to {value:.0f} %",
                data={"usage_percent": round(value, 1)},
            )


def _disks(machine: Machine, limits: HostLimits) -> Iterator[Issue]:
    """Judge the file systems."""
    for disk in machine.disks:
        point = disk.mount.point
        if disk.is_unresponsive:
            yield Issue(
                kind="disk_unresponsive",
                status=ReadingStatus.WARN,
                message=f"{point} does not answer: is {disk.mount.source} reachable?",
                data={"mount": point},
            )
            continue
        yield from _fullness(disk, limits)


def _fullness(disk: DiskSpace, limits: HostLimits) -> Iterator[Issue]:
    """Judge how full a file system is; one that can only be read is as full as it is meant to."""
    if disk.mount.is_read_only:
        return
    point = disk.mount.point
    for kind, what, value, limit in (
        ("disk_full", "", disk.used_percent, limits.disk_percent),
        ("inodes_full", " of files", disk.inodes_percent, limits.inodes_percent),
    ):
        status = exceeded(value, limit)
        if status is not None and value is not None:
            yield Issue(
                kind=kind,
                status=status,
                message=f"{point} is {value:.0f} % full{what}",
                data={"mount": point, "usage_percent": round(value, 1)},
            )


def _heat(machine: Machine, limits: HostLimits) -> Iterator[Issue]:
    """Judge the temperatures."""
    for sensor in machine.temperatures:
        own = limits.temperature_c or Limits(warn=sensor.high, crit=sensor.critical)
        status = exceeded(sensor.celsius, own)
        if status is not None:
            yield Issue(
                kind="temperature_high",
                status=status,
                message=f"{_name(sensor)} has {sensor.celsius:.0f} °C",
                data={
                    "chip": sensor.chip,
                    "label": sensor.label,
                    "temperature_c": sensor.celsius,
                },
            )


def _name(sensor: Temperature) -> str:
    """Return how people call a sensor."""
    return f"{sensor.chip} {sensor.label}"


def exceeded(value: float | None, limits: Limits) -> ReadingStatus | None:
    """Return how bad a value is; None where it is fine, or not known."""
    if value is None:
        return None
    if limits.crit is not None and value >= limits.crit:
        return ReadingStatus.CRIT
    if limits.warn is not None and value >= limits.warn:
        return ReadingStatus.WARN
    return None
