"""What is known of one drive, whichever way it was read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final


class DriveKind(StrEnum):
    """How a drive is attached."""

    NVME = "nvme"
    SATA = "sata"
    SAS = "sas"
    UNKNOWN = "unknown"


class DriveState(StrEnum):
    """Whether a drive could be read."""

    READ = "read"
    PARTLY = "partly"
    """Only what needs no privilege, such as its temperature."""
    NO_PERMISSION = "no_permission"
    ASLEEP = "asleep"
    """It was left asleep."""
    UNSUPPORTED = "unsupported"
    """It keeps no account of its health, as virtual drives do."""
    HUNG = "hung"
    """It did not answer in time."""
    GONE = "gone"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartAttribute:
    """An attribute of an ATA drive that is at or was below its threshold."""

    name: str
    is_prefail: bool
    """It tells of failure, not of age."""
    is_now: bool
    """At or below the threshold now, not only once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One drive; None is unknown. Temperatures in degrees Celsius, amounts in bytes."""

    name: str
    """Such as nvme0 or sda."""
    device: str
    """Such as /dev/nvme0."""
    state: DriveState = DriveState.READ
    kind: DriveKind = DriveKind.UNKNOWN
    source: str | None = None
    """Which way the most was learnt: sysfs, ioctl, smartctl or nvme."""
    note: str | None = None
    """Why something is unknown, and what helps."""

    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    capacity_bytes: int | None = None
    is_rotating: bool | None = None
    is_external: bool = False
    """Attached by USB: it may be taken away."""
    namespaces: tuple[str, ...] = ()
    """Block devices of an NVMe drive, such as /dev/nvme0n1."""

    temperature_c: float | None = None
    temperature_warn_c: float | None = None
    """The drive's own limits."""
    temperature_crit_c: float | None = None
    sensors_c: tuple[float, ...] = ()

    is_passing: bool | None = None
    """The drive's own verdict."""
    critical_warning: int | None = None
    """NVMe: bits; 0 is good."""
    wear_percent: float | None = None
    """Used of the life that it was made for; above 100 is possible."""
    spare_percent: float | None = None
    spare_threshold_percent: float | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    power_on_h: int | None = None
    power_cycles: int | None = None
    unsafe_shutdowns: int | None = None
    media_errors: int | None = None
    """NVMe: data that could not be read; SATA and SAS: uncorrectable errors."""
    error_log_entries: int | None = None
    reallocated_sectors: int | None = None
    pending_sectors: int | None = None
    crc_errors: int | None = None
    """Of the cable."""
    self_test_failed: bool | None = None
    failing: tuple[SmartAttribute, ...] = ()

    last: Drive | None = None
    """What it told last, while it cannot be read."""
    last_ms: int | None = None
    """When that was: epoch milliseconds."""

    @property
    def with_last(self) -> Drive:
        """Return the drive with what it told last, where it says nothing now."""
        return self if self.last is None else joined(self, self.last)

    @property
    def with_lasting(self) -> Drive:
        """Return the same without its heat, which passes while nobody looks."""
        if self.last is None:
            return self
        return joined(self, replace(self.last, temperature_c=None))


_IDENTITY: Final = frozenset({"name", "device", "state", "source", "note", "last", "last_ms"})


def joined(first: Drive, second: Drive) -> Drive:
    """Return what the first reading says, and where it says nothing, what the second does."""
    missing = {
        each.name: getattr(second, each.name)
        for each in fields(Drive)
        if each.name not in _IDENTITY and not _says(first, each.name)
    }
    return replace(first, **missing)


def _says(drive: Drive, name: str) -> bool:
    """Tell whether a reading knows something."""
    value = getattr(drive, name)
    return value is not None and value not in ((), DriveKind.UNKNOWN)
