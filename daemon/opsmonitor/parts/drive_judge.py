"""Decide how well a drive is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.issues import wanted
from opsmonitor.parts.limits import Limits

_OK, _WARN, _CRIT = ReadingStatus.OK, ReadingStatus.WARN, ReadingStatus.CRIT
_TOO_HOT: Final = 2
"""The bit of the warning that is about temperature."""
# Source: NVM Express Base Specification 2.0, SMART log, byte 0. Heat passes; the rest does not.
_WARNINGS: Final = {
    1: ("spare blocks are running out", _CRIT),
    _TOO_HOT: ("the temperature is beyond the drive's own limit", _WARN),
    4: ("the drive is no longer reliable", _CRIT),
    8: ("the drive can only be read", _CRIT),
    16: ("the backup of its volatile memory has failed", _CRIT),
    32: ("its persistent memory can only be read", _CRIT),
}
_UNKNOWN_WARNING: Final = ("a warning that is not known", _WARN)
_USUAL_C: Final = {
    (DriveKind.NVME, False): (70.0, 80.0),
    (DriveKind.SATA, True): (50.0, 60.0),
    (DriveKind.SAS, True): (55.0, 65.0),
}
_OTHERWISE_C: Final = (60.0, 70.0)
_STATES: Final = {
    DriveState.HUNG: ("drive_hung", _CRIT),
    DriveState.GONE: ("drive_gone", _CRIT),
    DriveState.ERROR: ("drive_unreadable", _WARN),
}
_BITS: Final = 8
ISSUES: Final = frozenset(
    {
        *("drive_failing", "critical_warning", "attribute_failing", "self_test_failed"),
        *("temperature_high", "wear_high", "spare_low", "media_errors", "reallocated_sectors"),
        *("pending_sectors", "drive_hung", "drive_gone", "drive_unreadable"),
    }
)
"""The kinds that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveLimits:
    """From when on a drive is not well."""

    temperature_c: Limits | None = None
    """None: the drive's own limits, or what is usual for its kind."""
    wear_percent: Limits = field(default_factory=lambda: Limits(warn=80, crit=95))
    spare_percent: Limits = field(default_factory=Limits)
    """Beside the drive's own limit."""
    media_errors: Limits = field(default_factory=lambda: Limits(warn=1))
    bad_sectors: Limits = field(default_factory=lambda: Limits(warn=1))
    ignored: frozenset[str] = frozenset()
    """Kinds of issues that are none: of all drives, or with `:nvme0` of one."""


def warning_words(bits: int | None) -> list[str]:
    """Return what the bits of an NVMe drive's critical warning mean."""
    return [] if bits is None else [words for words, _ in _warnings(bits)]


def judge_drive(drive: Drive, limits: DriveLimits) -> tuple[ReadingStatus, tuple[Issue, ...]]:
    """Return how well a drive is, and every reason why it is not.

    What does not pass by itself, such as errors, still counts while the drive cannot be read.
    """
    drive = drive.with_lasting
    issues = wanted(_issues(drive, limits), limits.ignored, ("drive",))
    if any(each.status is _CRIT for each in issues):
        return _CRIT, issues
    if issues:
        return _WARN, issues
    if drive.state is DriveState.UNSUPPORTED:
        return ReadingStatus.UNSUPPORTED, ()
    knows_nothing = drive.temperature_c is None and drive.state is not DriveState.READ
    return (ReadingStatus.UNKNOWN if knows_nothing else _OK), ()


def _issues(drive: Drive, limits: DriveLimits) -> Iterator[Issue]:
    """Yield whatever is not as it should be, the gravest first."""
    may_be_gone = drive.state is DriveState.GONE and drive.is_external
    if drive.state in _STATES and not may_be_gone:
        kind, status = _STATES[drive.state]
        yield _issue(drive, kind, status, drive.note or "the drive cannot be read")
    yield from _own_verdict(drive)
    yield from _measured(drive, limits)


def _own_verdict(drive: Drive) -> Iterator[Issue]:
    """Yield what the drive itself complains of."""
    bits = drive.critical_warning or 0
    # A drive that is only hot calls itself failed.
    if drive.is_passing is False and bits != _TOO_HOT:
        yield _issue(drive, "drive_failing", _CRIT, "the drive says that it is failing")
    for words, status in _warnings(bits):
        yield _issue(drive, "critical_warning", status, words)
    for each in drive.failing:
        when = "is" if each.is_now else "was once"
        status = _CRIT if each.is_now and each.is_prefail else _WARN
        yield _issue(drive, "attribute_failing", status, f"{each.name} {when} beyond its limit")
    if drive.self_test_failed:
        yield _issue(drive, "self_test_failed", _WARN, "its latest self-test found a fault")


def _measured(drive: Drive, limits: DriveLimits) -> Iterator[Issue]:
    """Yield the figures that are beyond their limits."""
    heat = _heat_limits(drive, limits)
    sectors = limits.bad_sectors
    for kind, value, bound, words in (
        ("temperature_high", drive.temperature_c, heat, "temperature of {:.0f} °C"),
        ("wear_high", drive.wear_percent, limits.wear_percent, "{:.0f} % of its life is used"),
        ("media_errors", drive.media_errors, limits.media_errors, "unreadable blocks: {:.0f}"),
        ("reallocated_sectors", drive.reallocated_sectors, sectors, "replaced sectors: {:.0f}"),
        (
            "pending_sectors",
            drive.pending_sectors,
            sectors,
            "sectors that wait for replacement: {:.0f}",
        ),
    ):
        if value is None:
            continue
        status, limit = _beyond(value, bound)
        if limit is not None:
            message = f"{words.format(value)} (limit {limit:g})"
            yield _issue(drive, kind, status, message, value=value, limit=limit)
    yield from _spare(drive, limits.spare_percent)


def _spare(drive: Drive, limits: Limits) -> Iterator[Issue]:
    """Yield that too few spare blocks are left."""
    left, own = drive.spare_percent, drive.spare_threshold_percent
    if left is None:
        return
    is_crit = (own is not None and left < own) or (limits.crit is not None and left <= limits.crit)
    if is_crit or (limits.warn is not None and left <= limits.warn):
        message = f"{left:.0f} % of the spare blocks are left"
        yield _issue(drive, "spare_low", _CRIT if is_crit else _WARN, message, value=left)


def _heat_limits(drive: Drive, limits: DriveLimits) -> Limits:
    """Return from when on a drive is too hot."""
    if limits.temperature_c is not None:
        return limits.temperature_c
    usual = _USUAL_C.get((drive.kind, bool(drive.is_rotating)), _OTHERWISE_C)
    warn, crit = drive.temperature_warn_c, drive.temperature_crit_c
    if warn is None:
        warn = usual[0] if crit is None else min(usual[0], crit - 1)
    return Limits(warn=warn, crit=max(usual[1], warn + 5) if crit is None else crit)


def _beyond(value: float, limits: Limits) -> tuple[ReadingStatus, float | None]:
    """Return how bad a value is, and the limit that it has reached, if any."""
    for status, limit in ((_CRIT, limits.crit), (_WARN, limits.warn)):
        if limit is not None and value >= limit:
            return status, limit
    return _OK, None


def _warnings(bits: int) -> list[tuple[str, ReadingStatus]]:
    """Return the meaning of each bit that is set."""
    return [_WARNINGS.get(1 << n, _UNKNOWN_WARNING) for n in range(_BITS) if bits >> n & 1]


def _issue(drive: Drive, kind: str, status: ReadingStatus, words: str, **data: object) -> Issue:
    """Return an issue of a drive."""
    about = {"drive": drive.name, "model": drive.model, **data}
    return Issue(kind=kind, status=status, message=f"{drive.name}: {words}", data=about)
