"""When each check is due."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from opsmonitor.engine.schedule import TICK_S, Schedule, next_tick_s


def walk(schedule: Schedule, until_s: float) -> list[tuple[str, float]]:
    """Wake up exactly when asked to and return who was due when."""
    starts: list[tuple[str, float]] = []
    while (now_s := schedule.next_due_s()) is not None and now_s < until_s:
        starts += [(due.check_id, due.due_s) for due in schedule.pop_due(now_s)]
    return starts


def times_of(starts: list[tuple[str, float]], check_id: str) -> list[float]:
    """Return when one check was due."""
    return [time_s for name, time_s in starts if name == check_id]


def test_runs_are_an_interval_apart_without_drift() -> None:
    """A thousand runs take a thousand intervals: nothing is lost to rounding."""
    schedule = Schedule()
    schedule.add_all([("nas", 30.0)], 100.0)

    times = times_of(walk(schedule, 30_100.0), "nas")

    assert times[-1] - times[1] == pytest.approx(30.0 * (len(times) - 2), abs=TICK_S)
    assert len(times) == pytest.approx(1001, abs=1)


def test_first_run_is_at_once() -> None:
    """A single new check does not wait for its interval."""
    schedule = Schedule()
    schedule.add_all([("nas", 3600.0)], 100.0)

    assert schedule.next_due_s() == pytest.approx(100.0, abs=TICK_S)


def test_a_thousand_first_runs_within_two_seconds() -> None:
    """All checks are judged soon after the start, but not in one burst."""
    schedule = Schedule()
    schedule.add_all([(f"check-{n}", 60.0) for n in range(1000)], 0.0)

    starts = walk(schedule, 2.05)

    assert len({check_id for check_id, _ in starts}) == 1000
    assert max(Counter(time_s for _, time_s in starts).values()) <= 12


def test_later_runs_are_spread_over_the_interval() -> None:
    """In the long run no tick holds more than a few of 1,000 checks."""
    schedule = Schedule()
    schedule.add_all([(f"check-{n}", 10.0) for n in range(1000)], 0.0)

    starts = [start for start in walk(schedule, 100.0) if start[1] > 20]

    assert max(Counter(time_s for _, time_s in starts).values()) <= 4


def test_a_standstill_is_counted_and_not_caught_up() -> None:
    """After a minute of standstill each check runs once, and its missed runs are counted."""
    schedule = Schedule()
    schedule.add_all([("nas", 10.0)], 0.0)
    walk(schedule, 30.0)

    due = schedule.pop_due(90.0)

    assert [item.check_id for item in due] == ["nas"]
    assert schedule.missed == pytest.approx(6, abs=1)
    assert 90.0 < (schedule.next_due_s() or 0) <= 100.0 + TICK_S


def test_removed_check_is_never_due() -> None:
    """A removed check does not come up again."""
    schedule = Schedule()
    schedule.add_all([("nas", 10.0), ("web", 10.0)], 0.0)

    schedule.remove("nas")

    assert {check_id for check_id, _ in walk(schedule, 60.0)} == {"web"}
    assert len(schedule) == 1


def test_adding_again_replaces() -> None:
    """A changed check follows its new interval only."""
    schedule = Schedule()
    schedule.add_all([("nas", 1.0)], 0.0)
    schedule.add_all([("nas", 20.0)], 0.0)

    assert len(walk(schedule, 100.0)) <= 6


def test_nothing_scheduled_needs_no_wake_up() -> None:
    """An empty schedule has no next time."""
    schedule = Schedule()

    assert schedule.next_due_s() is None
    assert schedule.pop_due(1e9) == []


@settings(deadline=None)
@given(
    intervals=st.lists(
        st.floats(0.05, 300.0, allow_nan=False, allow_infinity=False), min_size=1, max_size=20
    ),
    start_s=st.floats(0, 1e6),
)
def test_any_set_of_checks_keeps_its_intervals(intervals: list[float], start_s: float) -> None:
    """Whatever the intervals and the start: gaps between runs are the interval, to the tick."""
    schedule = Schedule()
    schedule.add_all([(str(n), interval) for n, interval in enumerate(intervals)], start_s)

    starts = walk(schedule, start_s + 3.0)

    for number, interval_s in enumerate(intervals):
        times = times_of(starts, str(number))
        assert times, "every check runs soon"
        gaps = [after - before for before, after in pairwise(times[1:])]
        assert all(abs(gap - interval_s) <= TICK_S + 1e-6 for gap in gaps)
        assert all(gap > 0 for gap in gaps)


@given(now_s=st.floats(min_value=0.0, max_value=1e7))
def test_the_next_tick_comes_soon(now_s: float) -> None:
    """The next tick lies ahead by one tick at most, on the grid that due times lie on."""
    tick_s = next_tick_s(now_s)

    assert 0 < tick_s - now_s <= TICK_S + 1e-6
    assert tick_s / TICK_S == pytest.approx(round(tick_s / TICK_S), abs=1e-6)


@pytest.mark.parametrize("interval_s", [0.1, 0.3, 1.0, 1.01, 7.0, 30.0, 3600.0])
def test_ten_thousand_runs_do_not_drift(interval_s: float) -> None:
    """Going on from tick to tick leads to the same ticks as the grid of the interval."""
    schedule = Schedule()
    now_s = 1_000_000.0
    schedule.add_all([("nas", interval_s)], now_s)
    first_s = due_s = 0.0
    for run in range(10_000):
        now_s = schedule.next_due_s() or 0.0
        [due] = schedule.pop_due(now_s)
        due_s = due.due_s
        if run == 1:
            first_s = due_s

    assert due_s - first_s == pytest.approx(9_998 * interval_s, abs=2 * TICK_S)
    assert schedule.missed == 0
