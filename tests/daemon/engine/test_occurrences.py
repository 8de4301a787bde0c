"""When maintenance windows are open, on days on which clocks are changed, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from opsmonitor.engine.occurrences import moment_ms, occurrence
from opsmonitor.models.maintenance import Window

_ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")
_MINUTE_MS = 60_000

moments = st.integers(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()),
).map(lambda seconds: seconds * 1000)
zones = st.sampled_from(_ZONES).map(ZoneInfo)
# Near the nights on which clocks are changed somewhere.
changes = st.sampled_from(
    [
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 4, 4, tzinfo=UTC),
        datetime(2026, 10, 3, tzinfo=UTC),
        datetime(2018, 11, 4, tzinfo=UTC),
    ]
)
nearby = st.builds(
    lambda day, minutes: round((day + timedelta(minutes=minutes)).timestamp() * 1000),
    changes,
    st.integers(-1440, 2880),
)
times = st.integers(0, 1439)


def window(**keys: Any) -> Window:
    """Return a window."""
    return Window(id="w", **keys)


def local(text: str, zone: str = "Europe/Berlin") -> int:
    """Return a local time in epoch milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def is_open(item: Window, now_ms: int, zone: ZoneInfo) -> bool:
    """Tell whether a window is open."""
    found = occurrence(item, now_ms, zone)
    return found is not None and found.start_ms <= now_ms


@given(now_ms=moments | nearby, zone=zones, start=times, end=times)
def test_whenever_the_clock_on_the_wall_says_so_it_is_open(
    now_ms: int, zone: ZoneInfo, start: int, end: int
) -> None:
    """A daily window covers every moment whose time of day lies within, in every zone."""
    wall = datetime.fromtimestamp(now_ms / 1000, zone)
    minute = wall.hour * 60 + wall.minute
    lies_within = start <= minute < end if start < end else minute >= start or minute < end

    if lies_within:
        assert is_open(window(start=start, end=end), now_ms, zone)


@given(now_ms=moments | nearby, zone=zones, start=times, end=times)
def test_it_begins_and_ends_when_the_clock_on_the_wall_says_so(
    now_ms: int, zone: ZoneInfo, start: int, end: int
) -> None:
    """The clock never shows less than the start when it opens, nor less than the end after."""
    found = occurrence(window(start=start, end=end), now_ms, zone)

    assert found is not None
    assert found.start_ms < found.end_ms
    assert found.end_ms > now_ms
    before = datetime.fromtimestamp((found.start_ms - 1) / 1000, zone)
    opened = datetime.fromtimestamp(found.start_ms / 1000, zone)
    assert before.replace(tzinfo=None, fold=0) < opened.replace(tzinfo=None, fold=0)
    assert opened.hour * 60 + opened.minute >= start or opened.date() > before.date()
    assert found.end_ms - found.start_ms <= 26 * 60 * _MINUTE_MS


@given(now_ms=moments | nearby, zone=zones, start=times, end=times)
def test_the_next_one_follows(now_ms: int, zone: ZoneInfo, start: int, end: int) -> None:
    """From any moment on, occurrences come in order and do not overlap by more than they touch."""
    item = window(start=start, end=end)
    first = occurrence(item, now_ms, zone)
    assert first is not None
    second = occurrence(item, first.end_ms, zone)

    assert second is not None
    assert second.start_ms > first.start_ms
    assert second.end_ms > first.end_ms


@given(now_ms=moments | nearby, zone=zones, days=st.sets(st.integers(0, 6), min_size=1))
def test_weekdays_are_those_on_which_it_begins(now_ms: int, zone: ZoneInfo, days: set[int]) -> None:
    """A window past midnight belongs to the evening before."""
    found = occurrence(window(start=22 * 60, end=4 * 60, weekdays=tuple(days)), now_ms, zone)

    assert found is not None
    assert datetime.fromtimestamp(found.start_ms / 1000, zone).weekday() in days


@given(now_ms=moments, zone=zones, day=st.sampled_from([1, 15, 29, 30, 31, -1]))
def test_days_of_the_month(now_ms: int, zone: ZoneInfo, day: int) -> None:
    """The 31st comes in long months only, the last day in every month."""
    found = occurrence(window(start=600, end=660, days=(day,)), now_ms, zone)

    assert found is not None
    opened = datetime.fromtimestamp(found.start_ms / 1000, zone)
    assert opened.day == day or (day == -1 and (opened + timedelta(days=1)).day == 1)
    assert found.end_ms - now_ms < 63 * 86_400_000


@pytest.mark.parametrize(
    ("now", "start", "end", "opened", "closed"),
    [
        ("2026-03-29 00:30", "01:00", "05:00", "2026-03-29T00:00Z", "2026-03-29T03:00Z"),
        ("2026-10-25 00:30", "01:00", "05:00", "2026-10-24T23:00Z", "2026-10-25T04:00Z"),
        # 02:30 never comes: the clocks go from 02:00 to 03:00 at 01:00 UTC.
        ("2026-03-29 00:30", "02:30", "05:00", "2026-03-29T01:00Z", "2026-03-29T03:00Z"),
        ("2026-03-29 00:30", "01:00", "02:30", "2026-03-29T00:00Z", "2026-03-29T01:00Z"),
        # 02:30 comes twice.
        ("2026-10-25 00:30", "02:30", "02:45", "2026-10-25T00:30Z", "2026-10-25T01:45Z"),
        ("2026-10-24 23:30", "22:00", "07:30", "2026-10-24T20:00Z", "2026-10-25T06:30Z"),
    ],
)
def test_nights_on_which_clocks_are_changed(
    now: str, start: str, end: str, opened: str, closed: str
) -> None:
    """In Berlin a window lasts three or five hours then, but begins and ends by the clock."""
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (start, end)]

    found = occurrence(
        window(start=minutes[0], end=minutes[1]), local(now), ZoneInfo("Europe/Berlin")
    )

    assert found is not None
    expected = [datetime.fromisoformat(text).timestamp() * 1000 for text in (opened, closed)]
    assert [found.start_ms, found.end_ms] == expected


def test_a_window_that_lies_in_the_missing_hour_is_left_out() -> None:
    """From 02:10 to 02:50 there is nothing on that night: the next one is a day later."""
    found = occurrence(
        window(start=130, end=170), local("2026-03-29 00:30"), ZoneInfo("Europe/Berlin")
    )

    assert found is not None
    assert found.start_ms == local("2026-03-30 02:10")


@given(now_ms=moments | nearby, zone=zones, hours=st.integers(1, 30))
def test_cron_lasts_as_long_as_it_says(now_ms: int, zone: ZoneInfo, hours: int) -> None:
    """Whatever clocks do, the duration is that of real time; the one that is open comes first."""
    found = occurrence(window(cron="30 2 * * *", duration_s=hours * 3600), now_ms, zone)

    assert found is not None
    assert found.end_ms - found.start_ms == hours * 3_600_000
    assert found.end_ms > now_ms


def test_once_is_once() -> None:
    """Open from its beginning up to its end, and never again."""
    item = window(from_ms=1000, to_ms=2000)

    assert [is_open(item, now_ms, ZoneInfo("UTC")) for now_ms in (999, 1000, 1999)] == [
        False,
        True,
        True,
    ]
    assert occurrence(item, 2000, ZoneInfo("UTC")) is None


@given(seconds=moments, zone=zones)
def test_a_time_comes_first_and_last(seconds: int, zone: ZoneInfo) -> None:
    """The last time is never before the first, and both show what is asked, if that ever comes."""
    wall = datetime.fromtimestamp(seconds / 1000, UTC).replace(tzinfo=None)
    first = moment_ms(wall, zone, is_last=False)
    last = moment_ms(wall, zone, is_last=True)

    shown = [datetime.fromtimestamp(at / 1000, zone).replace(tzinfo=None) for at in (first, last)]
    assert first <= last
    assert shown in ([wall, wall], [shown[0], shown[0]])
    assert shown[0] >= wall
