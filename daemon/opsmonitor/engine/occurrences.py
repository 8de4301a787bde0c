"""Find when a maintenance window opens and closes, true to the wall clock: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from cronsim import CronSim

if TYPE_CHECKING:
    from datetime import tzinfo

    from opsmonitor.models.maintenance import Window

_DAYS_AHEAD: Final = 800
"""The 29th of February may be this far away, twice a century further."""
_DAY_MINUTES: Final = 1440


class Occurrence(NamedTuple):
    """One time that a window is open, in epoch milliseconds, UTC; the end is no part of it."""

    start_ms: int
    end_ms: int


def occurrence(window: Window, now_ms: int, zone: tzinfo) -> Occurrence | None:
    """Return the time in which a window is open now, or else its next one; None: never again."""
    if window.cron is not None:
        return _by_cron(window.cron, window.duration_s or 0, now_ms, zone)
    if window.start is not None and window.end is not None:
        return _by_day(window, window.start, window.end, now_ms, zone)
    if window.from_ms is None or window.to_ms is None or window.to_ms <= now_ms:
        return None
    return Occurrence(window.from_ms, window.to_ms)


def moment_ms(wall: datetime, zone: tzinfo, *, is_last: bool) -> int:
    """Return when the wall clock shows a time: first, or for the last time.

    When clocks are set back a time comes twice; when they are set forward some never come, and the
    moment of the change stands for them.
    """
    earlier = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    later = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if later >= earlier:
        return _ms(later if is_last else earlier)
    # In a gap the two swap places, and the clocks change between them.
    low, high = int(later.timestamp()), int(earlier.timestamp())
    before = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high * 1000


def _by_day(window: Window, start: int, end: int, now_ms: int, zone: tzinfo) -> Occurrence | None:
    """Return the occurrence of a window that opens at a time of day."""
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    for ahead in range(-1, _DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        if not _begins_on(window, day):
            continue
        last_day = day if end > start else day + timedelta(days=1)
        found = Occurrence(
            moment_ms(_wall(day, start), zone, is_last=False),
            moment_ms(_wall(last_day, end), zone, is_last=True),
        )
        if found.end_ms > now_ms and found.end_ms > found.start_ms:
            return found
    return None


def _begins_on(window: Window, day: date) -> bool:
    """Tell whether a window opens on a day."""
    if window.weekdays and day.weekday() not in window.weekdays:
        return False
    is_last = (day + timedelta(days=1)).day == 1
    return not window.days or day.day in window.days or (is_last and -1 in window.days)


def _wall(day: date, minutes: int) -> datetime:
    """Return a time of day; 24:00 is midnight of the next day."""
    extra, rest = divmod(minutes, _DAY_MINUTES)
    return datetime.combine(day + timedelta(days=extra), time(rest // 60, rest % 60))


def _by_cron(cron: str, duration_s: int, now_ms: int, zone: tzinfo) -> Occurrence | None:
    """Return the occurrence of a window that opens when cron says; overlapping ones are one."""
    lasting_ms = duration_s * 1000
    earliest = datetime.fromtimestamp((now_ms - lasting_ms) / 1000, zone) - timedelta(minutes=1)
    for begun in CronSim(cron, earliest):
        start_ms = _ms(begun)
        if start_ms + lasting_ms > now_ms:
            return Occurrence(start_ms, start_ms + lasting_ms)
    return None


def _ms(moment: datetime) -> int:
    """Return a moment in epoch milliseconds."""
    return round(moment.timestamp() * 1000)
