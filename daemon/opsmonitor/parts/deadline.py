"""By when a job must have succeeded: pure functions of what is known of it and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of a job; times are aware."""

    has_succeeded: bool
    """If not, it is still running."""
    started: datetime | None = None
    finished: datetime | None = None


class Due(NamedTuple):
    """A time by which something must have happened, and the same time of the day before."""

    previous: datetime
    at: datetime


def due_on(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the moment of a time of day on a day, in UTC.

    A time that comes twice, when clocks are set back, means the second one; one that is skipped,
    when they are set forward, means as long after midnight as on other days.
    """
    readings = (datetime.combine(day, at.replace(fold=fold), zone) for fold in (0, 1))
    return max(reading.astimezone(UTC) for reading in readings)


def nearest_due(now: datetime, at: time, zone: tzinfo) -> Due:
    """Return the due time that is nearest: the last one for half a day, then the next one."""
    today = now.astimezone(zone).date()
    dues = [due_on(today + days * _DAY, at, zone) for days in (-2, -1, 0, 1)]
    index = min((1, 2, 3), key=lambda position: abs(now - dues[position]))
    return Due(previous=dues[index - 1], at=dues[index])


def last_due(now: datetime, at: time, zone: tzinfo) -> Due:
    """Return the latest due time that is not in the future."""
    today = now.astimezone(zone).date()
    dues = [due_on(today + days * _DAY, at, zone) for days in (-2, -1, 0)]
    return Due(dues[1], dues[2]) if dues[2] <= now else Due(dues[0], dues[1])


def missed_daily(job: Progress, now: datetime, at: time, zone: tzinfo) -> datetime | None:
    """Return the daily deadline that a job has missed; None if it has not, or not yet.

    A success counts for a day when it came after the deadline of the day before. Where the job
    does not tell its times, a success is taken for a recent one.
    """
    if job.has_succeeded:
        success = job.finished or job.started
        last = last_due(now, at, zone)
        return last.at if success is not None and success <= last.previous else None
    last = last_due(now, at, zone)
    if job.started is not None and job.started < last.at:
        return last.at
    # Begun after the last deadline, or nobody knows when: late for that one or early for the next.
    nearest = nearest_due(now, at, zone)
    return nearest.at if nearest.at <= now else None


def missed_after_start(job: Progress, now: datetime, limit: timedelta) -> datetime | None:
    """Return when a job that is still running should have succeeded; None if it is in time."""
    if job.has_succeeded or job.started is None:
        return None
    # In UTC: adding to a local time would take no notice of clocks that are changed meanwhile.
    due = job.started.astimezone(UTC) + limit
    return due if due <= now else None
