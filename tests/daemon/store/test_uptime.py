"""State intervals, and the uptime that is weighed by them."""

from __future__ import annotations

import asyncio
from dataclasses import astuple
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings, strategies as st
import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import (
    Change,
    CheckState,
    EventKind,
    Status,
    Transition,
)
from opsmonitor.models.history import History, Resolution, Uptime
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from tests.daemon.store.conftest import OpenStore

MINUTE_MS = 60_000


async def whole(store: Store, from_ms: int, to_ms: int) -> History:
    """Return the history of the test's check."""
    return await store.history("nas", from_ms, to_ms, Resolution.RAW)


def spans(history: History, from_ms: int) -> list[tuple[Status, int, int | None]]:
    """Return status, start and end of each interval, in seconds since a moment."""
    return [
        (
            interval.status,
            (interval.start_ms - from_ms) // 1000,
            None if interval.end_ms is None else (interval.end_ms - from_ms) // 1000,
        )
        for interval in history.intervals
    ]


async def test_time_counts_and_not_runs(store: Store, clock: FakeClock) -> None:
    """A minute down is a minute, however often it was looked at."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms)])
    store.record(
        [check.run(start_ms + MINUTE_MS + step, Status.DOWN) for step in range(0, 60_000, 1000)]
    )
    store.record([check.run(start_ms + 2 * MINUTE_MS, Status.DEGRADED)])
    clock.advance(240)

    uptime = (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"]

    assert (uptime.up_s, uptime.down_s, uptime.degraded_s) == (60, 60, 120)
    assert uptime.percent == 75


async def test_range_is_clipped_exactly(store: Store, clock: FakeClock) -> None:
    """Only what lies within the range counts, to the millisecond, and nothing of the future."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms), check.run(start_ms + 10_000, Status.DOWN)])
    store.record([check.run(start_ms + 20_000)])
    clock.advance(30)

    around = await store.uptime(["nas"], start_ms + 9_999, start_ms + 10_001)
    before = await store.uptime(["nas"], start_ms - MINUTE_MS, start_ms)
    beyond = await store.uptime(["nas"], start_ms + 20_000, start_ms + 86_400_000)
    backwards = await store.uptime(["nas"], start_ms + 20_000, start_ms)

    assert (around["nas"].up_s, around["nas"].down_s) == (0.001, 0.001)
    assert before["nas"] == Uptime()
    assert beyond["nas"] == Uptime(up_s=10)
    assert backwards["nas"].percent is None


async def test_nothing_judged_is_no_percentage(store: Store, clock: FakeClock) -> None:
    """Without any judged time there is no uptime, neither 0 % nor 100 %."""
    found = await store.uptime(["unknown"], 0, clock.now_ms())

    assert found == {"unknown": Uptime()}
    assert found["unknown"].percent is None


async def test_all_checks_at_once_are_as_one_by_one(store: Store, clock: FakeClock) -> None:
    """Asking for many checks gives the same as asking for each."""
    start_ms = clock.now_ms()
    checks = [ScriptedCheck(f"check-{number}") for number in range(40)]
    store.record([check.run(start_ms + n) for n, check in enumerate(checks)])
    store.record([check.run(start_ms + 9 * n + 50, Status.DOWN) for n, check in enumerate(checks)])
    clock.advance(10)
    scope = start_ms + 20, start_ms + 300

    together = await store.uptime([check.id for check in checks], *scope)

    each = [(await store.uptime([check.id], *scope))[check.id] for check in checks]
    assert list(together.values()) == each
    assert any(uptime.down_s for uptime in each)


async def test_interval_tells_why(store: Store, clock: FakeClock) -> None:
    """An interval in which something is wrong says what."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms, Status.DOWN), check.run(start_ms + 1000)])
    clock.advance(10)

    history = await whole(store, start_ms, clock.now_ms())

    assert [one.cause for one in history.intervals] == ["the server answered 500", None]


async def test_sleep_of_the_machine_is_unmonitored(store: Store, clock: FakeClock) -> None:
    """While the machine slept nobody looked; afterwards the status is what it was."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms)])
    store.mark_unmonitored(start_ms + 10_000, start_ms + 50_000)
    store.record([check.run(start_ms + 60_000, Status.DOWN)])
    clock.advance(70)

    history = await whole(store, start_ms, clock.now_ms())

    assert spans(history, start_ms) == [
        (Status.UP, 0, 10),
        (Status.UNMONITORED, 10, 50),
        (Status.UP, 50, 60),
        (Status.DOWN, 60, None),
    ]
    assert history.uptime == Uptime(up_s=20, unmonitored_s=40, down_s=10)


async def test_sleep_before_a_check_began_does_not_touch_it(store: Store, clock: FakeClock) -> None:
    """A gap that ended before an interval began, or began before it, cuts only what it covers."""
    start_ms = clock.now_ms()
    store.record([ScriptedCheck().run(start_ms)])
    store.mark_unmonitored(start_ms - 20_000, start_ms - 10_000)
    store.mark_unmonitored(start_ms - 10_000, start_ms + 5_000)
    clock.advance(10)

    history = await whole(store, start_ms - 60_000, clock.now_ms())

    assert spans(history, start_ms) == [(Status.UNMONITORED, 0, 5), (Status.UP, 5, None)]


async def test_what_changed_before_a_gap_was_noticed(store: Store, clock: FakeClock) -> None:
    """The first look after a gap is as true as any: what was known before it ends with its start.

    A machine without a battery for its clock has a network and the time of day at once.
    """
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms, Status.DOWN)])
    store.record([check.run(start_ms + 3_609_000), check.run(start_ms + 3_609_500, Status.DOWN)])
    store.mark_unmonitored(start_ms + 10_000, start_ms + 3_610_000)
    clock.advance(3620)

    history = await whole(store, start_ms, clock.now_ms())

    assert [(one.status, one.end_ms and one.end_ms - start_ms) for one in history.intervals] == [
        (Status.DOWN, 10_000),
        (Status.UNMONITORED, 3_609_000),
        (Status.UP, 3_609_500),
        (Status.DOWN, None),
    ]


async def test_what_changed_just_before_a_gap(store: Store, clock: FakeClock) -> None:
    """What was seen last ends with the gap; nobody knows what was in between."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms), check.run(start_ms + 10_500, Status.DOWN)])
    store.record([check.run(start_ms + 3_609_000)])
    store.mark_unmonitored(start_ms + 10_000, start_ms + 3_610_000)
    clock.advance(3620)

    history = await whole(store, start_ms, clock.now_ms())

    assert [(one.status, one.end_ms and one.end_ms - start_ms) for one in history.intervals] == [
        (Status.UP, 10_500),
        (Status.UNMONITORED, 3_609_000),
        (Status.UP, None),
    ]


async def test_changes_without_a_run_make_intervals(store: Store, clock: FakeClock) -> None:
    """Pausing a check is an interval too, which counts neither way."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    first = check.run(start_ms)
    pause = Transition(
        check_id="nas",
        at_ms=start_ms + 10_000,
        event=EventKind.PAUSED,
        status=Status.PAUSED,
        previous=Status.UP,
        ok=True,
    )
    store.record([first])
    state = CheckState(id="nas", type="http", status=Status.PAUSED)
    store.record([Change(state=state, at_ms=pause.at_ms, transition=pause, interval=Status.PAUSED)])
    clock.advance(30)

    uptime = (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"]

    assert uptime == Uptime(up_s=10, paused_s=20)
    assert uptime.percent == 100


async def test_clock_set_back_leaves_no_overlap(store: Store, clock: FakeClock) -> None:
    """When the clock is set back, what was recorded for later than now gives way."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms)])
    clock.advance(3600)
    store.record([check.run(clock.now_ms(), Status.DOWN), check.run(clock.now_ms() + 1)])
    await store.flush()
    clock.wall_ms = start_ms + 60_000
    store.record([check.run(clock.now_ms(), Status.DOWN)])
    clock.advance(60)

    history = await whole(store, start_ms, start_ms + 7_200_000)

    assert spans(history, start_ms) == [(Status.UP, 0, 60), (Status.DOWN, 60, None)]
    assert history.uptime == Uptime(up_s=60, down_s=60)
    runs = (await store.recent_runs())["nas"]
    assert [(run.at_ms - start_ms) // 1000 for run in runs] == [0, 60]


@pytest.mark.parametrize(
    ("is_clean", "why"), [(True, "the daemon was stopped"), (False, "the daemon was ended")]
)
async def test_time_without_a_daemon_is_unmonitored(
    store: Store, open_store: OpenStore, clock: FakeClock, path: Path, *, is_clean: bool, why: str
) -> None:
    """From when the daemon last lived until a check's first run, nobody looked."""
    start_ms = clock.now_ms()
    store.record([ScriptedCheck().run(start_ms)])
    clock.advance(10)
    await store.maintain()
    copy = path.with_name("as killed.db")
    await store.backup(copy)
    await store.close()
    clock.advance(100)

    again = await open_store(path if is_clean else copy)
    clock.advance(5)
    again.record([ScriptedCheck().run(clock.now_ms())])
    clock.advance(5)

    history = await whole(again, start_ms, clock.now_ms())
    assert (again.was_clean_shutdown, again.alive_ms) == (is_clean, start_ms + 10_000)
    assert spans(history, start_ms) == [
        (Status.UP, 0, 10),
        (Status.UNMONITORED, 10, 115),
        (Status.UP, 115, None),
    ]
    assert history.intervals[1].cause == why


async def test_restarts_without_a_run_are_one_gap(
    store: Store, open_store: OpenStore, clock: FakeClock
) -> None:
    """A daemon that restarts before it looked at anything adds nothing."""
    start_ms = clock.now_ms()
    store.record([ScriptedCheck().run(start_ms)])
    await store.close()
    for _ in range(3):
        clock.advance(10)
        await (await open_store()).close()
    again = await open_store()

    history = await whole(again, start_ms, clock.now_ms())

    assert spans(history, start_ms) == [(Status.UNMONITORED, 0, None)]


STATUSES = st.sampled_from([Status.UP, Status.DOWN, Status.DEGRADED])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 400_000), STATUSES),
        st.tuples(st.just("sleep"), st.integers(1, 400_000), STATUSES),
        st.tuples(st.just("restart"), st.integers(1, 400_000), STATUSES),
        st.tuples(st.just("set back"), st.integers(1, 400_000), STATUSES),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(steps=STEPS, lower=st.floats(0, 1), upper=st.floats(0, 1))
def test_every_moment_counts_once(
    steps: list[tuple[str, int, Status]], lower: float, upper: float
) -> None:
    """The seconds of all statuses add up to the range, from the first run on, whatever happens."""
    asyncio.run(_check_partition(steps, *sorted((lower, upper))))


async def _check_partition(
    steps: list[tuple[str, int, Status]], lower: float, upper: float
) -> None:
    """Play the steps, and compare the sum of all statuses with the range."""
    clock = FakeClock()
    start_ms = clock.now_ms()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ops.db"
        store = await Store.open(path, clock=clock, retention=RetentionSettings())
        check = ScriptedCheck()
        store.record([check.run(start_ms)])
        for kind, span_ms, status in steps:
            before_ms = clock.now_ms()
            if kind == "set back":
                clock.wall_ms = max(start_ms + 1, before_ms - span_ms)
            else:
                clock.wall_ms += span_ms
            if kind == "sleep":
                store.mark_unmonitored(before_ms, clock.now_ms())
            elif kind == "restart":
                clock.wall_ms -= span_ms
                await store.close()
                clock.wall_ms += span_ms
                store = await Store.open(path, clock=clock, retention=RetentionSettings())
                check.has_interval = False
            store.record([check.run(clock.now_ms(), status)])
        length_ms = clock.now_ms() - start_ms
        from_ms, to_ms = (start_ms + round(share * length_ms) for share in (lower, upper))
        uptime = (await store.uptime(["nas"], from_ms, to_ms))["nas"]
        await store.close()
    assert sum(astuple(uptime)) == pytest.approx((to_ms - from_ms) / 1000, abs=1e-6)
