"""NVMe probe: how well are this machine's drives, and how long will they last?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import voluptuous as vol

from opsmonitor.clients.sysfs_drives import drive_name, find_drives
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.drive import Drive, DriveState
from opsmonitor.models.reading import Issue, Reading, ReadingEvent, ReadingStatus, Scalar
from opsmonitor.parts.drive_events import drive_events
from opsmonitor.parts.drive_judge import ISSUES, DriveLimits, judge_drive
from opsmonitor.parts.drive_reader import DriveAddress, DriveReader, Ways
from opsmonitor.parts.drive_shape import drive_json, drive_values
from opsmonitor.parts.fields import optional
from opsmonitor.parts.limits import Limits, lower_limits, percent, upper_limits
from opsmonitor.parts.wear import (
    WearPoint,
    add_point,
    forecast,
    points_from_json,
    points_to_json,
)
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.lenient import mappings, text

_NONE_FOUND: Final = (
    "no NVMe, SATA or SAS drive was found: a virtual machine or a container does not show them"
)
_LIST_S: Final = 10.0
_DRIVE_S: Final = 12.0
"""The limit for one drive."""
_AT_ONCE: Final = 8
"""So many drives are read at the same time."""
_MAX_COUNT: Final = 1_000_000
_MAX_PAST: Final = 64
"""Of so many drives that are not shown now the wear is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NvmeOptions:
    """Which drives, by which ways, and from when on they are not well."""

    devices: tuple[DriveAddress, ...] = ()
    """None: all that are found."""
    ignore: tuple[str, ...] = ()
    """Drives such as sdb, kinds of issues, or a kind of one drive such as media_errors:nvme0."""
    sudo: bool = False
    temperature_c: Limits | None = None
    wear_percent: Limits = field(default_factory=lambda: DriveLimits().wear_percent)
    spare_percent: Limits = field(default_factory=Limits)
    media_errors: Limits = field(default_factory=lambda: DriveLimits().media_errors)
    bad_sectors: Limits = field(default_factory=lambda: DriveLimits().bad_sectors)


class DriveWatch:
    """Polls the drives of this machine."""

    def __init__(
        self, options: NvmeOptions, context: ProbeContext, ways: Ways | None = None
    ) -> None:
        """Begin without knowledge of any drive."""
        self._context = context
        limit_s = min(_DRIVE_S, context.timeout_s / 3)
        self._ways = ways or Ways(sudo=options.sudo, timeout_s=limit_s)
        self._listed = {str(each.name): each for each in options.devices}
        self._ignored = {drive_name(each) for each in options.ignore if not _is_issue(each)}
        self._limits = DriveLimits(
            temperature_c=options.temperature_c,
            wear_percent=options.wear_percent,
            spare_percent=options.spare_percent,
            media_errors=options.media_errors,
            bad_sectors=options.bad_sectors,
            ignored=frozenset(each for each in options.ignore if _is_issue(each)),
        )
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._readers: dict[str, DriveReader] = {}
        self._before: dict[str, Drive] = {}
        self._wear = _remembered(context.known.get(""))

    async def poll(self) -> Reading:
        """Read all drives at the same time, so that one that hangs does not hold up the others.

        Raises:
            ProbeError: Not even the list of drives could be had.

        """
        names = await self._names()
        if not names:
            data = {"drives": [], "drive_count": 0, "past_wear": self._past(())}
            return Reading(data=data, status=ReadingStatus.UNSUPPORTED, note=_NONE_FOUND)
        drives = await asyncio.gather(*(self._read(name) for name in names))
        return self._reading(drives)

    async def _names(self) -> list[str]:
        """Return the names of the drives to read: those configured, or those there are and were."""
        if self._listed:
            return list(self._listed)
        try:
            async with asyncio.timeout(_LIST_S):
                listed = partial(find_drives, self._ways.places)
                found = await self._context.lanes.call("drives", listed)
        except TimeoutError:
            raise ProbeError(f"the list of drives could not be read within {_LIST_S:g} s") from None
        except OSError as err:
            raise ProbeError(f"the list of drives could not be read: {err}") from err
        gone = [each for each in self._before if each not in found]
        return [each for each in [*found, *gone] if each not in self._ignored]

    async def _read(self, name: str) -> Drive:
        """Read a drive when there is a place; waiting for one does not count as its own time."""
        async with self._places:
            return await self._reader(name).read()

    def _reader(self, name: str) -> DriveReader:
        """Return the reader of a drive."""
        if name not in self._readers:
            self._readers[name] = DriveReader(
                name,
                self._listed.get(name),
                ways=self._ways,
                lanes=self._context.lanes,
                clock=self._context.clock,
            )
        return self._readers[name]

    def _reading(self, drives: list[Drive]) -> Reading:
        """Judge the drives and put them together."""
        today = datetime.fromtimestamp(self._context.clock.now_ms() / 1000, UTC).date()
        shown: list[dict[str, object]] = []
        values: dict[str, Scalar] = {}
        issues: list[Issue] = []
        events: list[ReadingEvent] = []
        statuses: list[ReadingStatus] = []
        for drive in drives:
            status, found = judge_drive(drive, self._limits)
            points = self._worn(drive, today)
            foreseen = forecast(points, drive.with_last, today)
            history = {"wear_history": points_to_json(points)}
            shown.append({**drive_json(drive, status, found, foreseen), **history})
            values.update(drive_values(drive, status, foreseen))
            issues.extend(found)
            events.extend(drive_events(self._before.get(drive.name), drive))
            statuses.append(status)
            if drive.state is DriveState.GONE and drive.is_external and not self._listed:
                del self._before[drive.name]
            elif drive.state is not DriveState.HUNG:
                self._before[drive.name] = drive
        return Reading(
            data={"drives": shown, "drive_count": len(shown), "past_wear": self._past(drives)},
            values={"drive_count": len(shown), **values},
            status=_worst(statuses),
            issues=tuple(sorted(issues, key=lambda each: each.status is not ReadingStatus.CRIT)),
            note=_note(drives),
            events=tuple(events),
        )

    def _worn(self, drive: Drive, today: date) -> tuple[WearPoint, ...]:
        """Note how worn a drive is, and return how it became so."""
        key = _wear_key(drive)
        points = self._wear.pop(key, ())
        if drive.wear_percent is not None:
            points = add_point(points, today, drive.wear_percent)
        if points:
            self._wear[key] = points
        return points

    def _past(self, drives: Sequence[Drive]) -> list[dict[str, object]]:
        """Return how the drives wore that cannot be told now, those seen last at the end.

        The reading is what survives a restart: a drive that is away then, or whose serial may not
        be read, goes on with its history when it is back.
        """
        shown = {_wear_key(drive) for drive in drives}
        past = [key for key in self._wear if key not in shown]
        for key in past[:-_MAX_PAST]:
            del self._wear[key]
        return [
            {"drive": key, "wear_history": points_to_json(self._wear[key])}
            for key in past[-_MAX_PAST:]
        ]


def compile_nvme(options: NvmeOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the one poll of all drives."""
    return {"": DriveWatch(options, context).poll}


def _remembered(reading: Reading | None) -> dict[str, tuple[WearPoint, ...]]:
    """Return how worn the drives of an earlier reading were, and since when, by their serial."""
    found = {} if reading is None else reading.data
    past = [(text(each.get("drive")), each) for each in mappings(found.get("past_wear"))]
    shown = [
        (text(each.get("serial")) or text(each.get("name")), each)
        for each in mappings(found.get("drives"))
    ]
    return {
        key: points
        for key, each in (*past[-_MAX_PAST:], *shown)
        if key and (points := points_from_json(each.get("wear_history")))
    }


def _wear_key(drive: Drive) -> str:
    """Return by what the wear of a drive is remembered: another in its place has its own."""
    return drive.serial or drive.name


def _worst(statuses: list[ReadingStatus]) -> ReadingStatus:
    """Return the worst of some verdicts; drives that say nothing count only if none says more."""
    order = (
        *(ReadingStatus.CRIT, ReadingStatus.WARN, ReadingStatus.OK),
        *(ReadingStatus.UNKNOWN, ReadingStatus.UNSUPPORTED),
    )
    return next(each for each in order if each in statuses)


def _note(drives: list[Drive]) -> str | None:
    """Return what most of all would help to know more."""
    notes = [each.note for each in drives if each.note and each.state in _SAYING_LITTLE]
    return notes[0] if notes else None


_SAYING_LITTLE: Final = frozenset(
    {DriveState.PARTLY, DriveState.NO_PERMISSION, DriveState.UNSUPPORTED}
)


def _devices(value: Any) -> tuple[DriveAddress, ...]:
    """Accept a list of devices, or one in a text with commas as in the variable."""
    if isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    return cv.list_of(_device)(value)


def _device(value: Any) -> DriveAddress:
    """Accept a device, or a device with its type."""
    keys = value if isinstance(value, dict) else {"device": value}
    address = DriveAddress(**_DEVICE(keys))
    if address.name is None:
        raise vol.Invalid("expected a drive, such as /dev/nvme0 or /dev/sda")
    return address


_DEVICE: Final = vol.Schema({vol.Required("device"): cv.text, vol.Optional("type"): cv.text})


def _is_issue(word: str) -> bool:
    """Tell whether a word to be ignored is a kind of issue, of all drives or of one."""
    return word.partition(":")[0] in ISSUES


def _ignored(value: Any) -> str:
    """Accept a drive, a kind of issue, or a kind of issue of a drive."""
    word = cv.text(value).strip()
    _, colon, of_drive = word.partition(":")
    if not _is_issue(word):
        is_good = drive_name(word) is not None
    else:
        is_good = not colon or _is_drive(of_drive)
    if not is_good:
        raise vol.Invalid("expected a drive such as sdb, or an issue such as media_errors:nvme0")
    return word


def _is_drive(name: str) -> bool:
    """Tell whether this can be the name of a drive, be it one behind an adapter."""
    return drive_name(name.partition("_")[0]) is not None or name.startswith("bus_")


def _degrees(value: Any) -> float:
    """Accept degrees Celsius."""
    return cv.number(at_least=1, at_most=150)(value)


def _count(value: Any) -> float:
    """Accept a number of errors."""
    return cv.whole_number(at_least=1, at_most=_MAX_COUNT)(value)


def _wear(value: Any) -> float:
    """Accept a wear, which can be above 100 %."""
    return cv.number(at_least=1, at_most=255)(value)


PROBE: Final = ProbeType(
    name="nvme",
    options=NvmeOptions,
    schema={
        vol.Optional("devices"): _devices,
        vol.Optional("ignore"): cv.list_of(_ignored),
        vol.Optional("sudo"): cv.boolean,
        vol.Optional("temperature_c"): optional(upper_limits(_degrees)),
        vol.Optional("wear_percent"): upper_limits(_wear),
        vol.Optional("spare_percent"): lower_limits(percent),
        vol.Optional("media_errors"): upper_limits(_count),
        vol.Optional("bad_sectors"): upper_limits(_count),
    },
    compile=compile_nvme,
    interval_s=300.0,
    timeout_s=40.0,
    example={"wear_percent": {"warn": 80, "crit": 95}, "ignore": ["sdb"]},
    is_default=True,
    environment={"devices": ("NVME_DEVICES",)},
)
