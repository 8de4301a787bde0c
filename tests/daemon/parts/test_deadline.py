"""Deadlines of jobs, across midnight and on the days when clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from opsmonitor.parts.deadline import (
    Progress,
    due_on,
    last_due,
    missed_after_start,
    missed_daily,
    nearest_due,
)

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(1_767_225_600, 1_830_297_600).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
CHANGES = st.sampled_from([date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)])
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(
    [BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe"), UTC]
)
RUNNING = Progress(has_succeeded=False)


def berlin(text: str) -> datetime:
    """Return a moment that is written in Berlin's time."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 28), time(2, 30), "2026-03-28T01:30"),
        (date(2026, 3, 29), time(1, 59), "2026-03-29T00:59"),
        (date(2026, 3, 29), time(2, 30), "2026-03-29T01:30"),
        (date(2026, 3, 29), time(3, 0), "2026-03-29T01:00"),
        (date(2026, 3, 30), time(2, 30), "2026-03-30T00:30"),
        (date(2026, 10, 25), time(1, 59), "2026-10-24T23:59"),
        (date(2026, 10, 25), time(2, 30), "2026-10-25T01:30"),
        (date(2026, 10, 25), time(3, 0), "2026-10-25T02:00"),
    ],
)
def test_a_time_of_day_when_clocks_change(day: date, at: time, expected: str) -> None:
    """A time that is skipped comes as late as usual, one that comes twice is the second one."""
    assert due_on(day, at, BERLIN) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(day=st.dates(date(2026, 1, 1), date(2027, 12, 30)) | CHANGES, at=TIMES, zone=ZONES)
def test_every_day_has_one_deadline(day: date, at: time, zone: ZoneInfo | timezone) -> None:
    """Whatever the clocks do, the deadlines of two days are about a day apart, and in order."""
    apart = due_on(day + timedelta(days=1), at, zone) - due_on(day, at, zone)

    assert timedelta(hours=22) <= apart <= timedelta(hours=26)


@given(now=MOMENTS, at=TIMES, zone=ZONES)
def test_the_nearest_and_the_last_deadline(now: datetime, at: time, zone: ZoneInfo) -> None:
    """The nearest is at most half a day away, the last one is past and about a day old at most."""
    nearest, last = nearest_due(now, at, zone), last_due(now, at, zone)

    assert abs(now - nearest.at) <= timedelta(hours=13)
    assert nearest.previous < nearest.at
    assert last.previous < last.at <= now < last.at + timedelta(hours=26)


@pytest.mark.parametrize(
    ("now", "at", "is_missed"),
    [
        ("2026-05-04T07:29", time(7, 30), False),
        ("2026-05-04T07:30", time(7, 30), True),
        ("2026-05-04T10:00", time(7, 30), True),
        ("2026-05-04T22:00", time(2, 0), False),
        ("2026-05-04T23:59", time(0, 10), False),
        ("2026-05-05T00:11", time(0, 10), True),
        ("2026-05-05T00:05", time(23, 55), True),
        ("2026-05-04T23:50", time(23, 55), False),
        ("2026-03-29T01:59", time(2, 30), False),
        ("2026-03-29T03:29", time(2, 30), False),
        ("2026-03-29T03:30", time(2, 30), True),
        ("2026-10-25T02:45", time(3, 0), False),
        ("2026-10-25T03:00", time(3, 0), True),
    ],
)
def test_a_job_that_is_still_running(now: str, at: time, *, is_missed: bool) -> None:
    """A running job is late after the deadline, and early before the next one, midnight or not."""
    assert (missed_daily(RUNNING, berlin(now), at, BERLIN) is not None) is is_missed


def test_a_job_that_never_ends_stays_late() -> None:
    """Half a day after the deadline, a job that began before it is not taken for an early one."""
    job = Progress(has_succeeded=False, started=berlin("2026-05-04T02:00"))

    assert missed_daily(job, berlin("2026-05-04T07:29"), time(7, 30), BERLIN) is None
    assert missed_daily(job, berlin("2026-05-04T22:00"), time(7, 30), BERLIN) is not None
    assert missed_daily(job, berlin("2026-05-09T06:00"), time(7, 30), BERLIN) is not None


@pytest.mark.parametrize(
    ("finished", "now", "is_missed"),
    [
        ("2026-05-04T03:00", "2026-05-04T08:00", False),
        ("2026-05-04T10:00", "2026-05-04T10:01", False),
        ("2026-05-04T03:00", "2026-05-05T07:29", False),
        ("2026-05-04T03:00", "2026-05-05T07:30", True),
        ("2026-05-04T03:00", "2026-05-05T23:00", True),
        ("2026-05-03T19:00", "2026-05-04T08:00", False),
    ],
)
def test_a_success_counts_for_one_deadline(finished: str, now: str, *, is_missed: bool) -> None:
    """Yesterday's success is no success of today: a job that was never started is noticed."""
    job = Progress(has_succeeded=True, finished=berlin(finished))

    assert (missed_daily(job, berlin(now), time(7, 30), BERLIN) is not None) is is_missed


def test_a_success_without_times_counts() -> None:
    """Where a job tells no times, its success is believed to be recent."""
    job = Progress(has_succeeded=True)

    assert missed_daily(job, berlin("2026-05-04T08:00"), time(7, 30), BERLIN) is None


@given(started=MOMENTS, at=TIMES, zone=ZONES, hours=st.floats(0, 72), more=st.floats(0, 72))
def test_late_stays_late(
    started: datetime, at: time, zone: ZoneInfo, hours: float, more: float
) -> None:
    """A job that runs past a deadline stays late until it succeeds, and then it is fine."""
    began_before = started - timedelta(hours=13)
    now = started + timedelta(hours=hours)
    job = Progress(has_succeeded=False, started=began_before)
    done = Progress(has_succeeded=True, started=began_before, finished=now)

    due = missed_daily(job, now, at, zone)
    later = missed_daily(job, now + timedelta(hours=more), at, zone)

    assert due is None or later is not None
    assert due is None or began_before < due <= now
    assert missed_daily(done, now, at, zone) is None


def test_minutes_after_the_start() -> None:
    """The limit counts from the start; a success, or a start that nobody knows, is in time."""
    started, limit = berlin("2026-03-29T01:50"), timedelta(minutes=20)
    job = Progress(has_succeeded=False, started=started)

    assert missed_after_start(job, berlin("2026-03-29T03:09"), limit) is None
    assert missed_after_start(job, berlin("2026-03-29T03:10"), limit) == berlin("2026-03-29T03:10")
    assert missed_after_start(RUNNING, berlin("2026-03-29T03:10"), limit) is None
    done = Progress(has_succeeded=True, started=started)
    assert missed_after_start(done, berlin("2026-03-29T09:00"), limit) is None
