"""The engine as a whole, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.exceptions import UnknownCheckError
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, bad, check, configure, good
from tests.daemon.engine.virtual_time import run_in_virtual_time


def test_each_check_runs_at_its_own_interval() -> None:
    """In ten minutes a 10 s check runs six times as often as a 60 s check."""

    async def scenario(clock: FakeClock) -> tuple[int, int]:
        stage = Stage(clock)
        stage.start(check("fast", good), check("slow", good, interval_s=60.0))
        await asyncio.sleep(600)
        return len(stage.recorder.of("fast")), len(stage.recorder.of("slow"))

    fast, slow = run_in_virtual_time(scenario)

    assert fast == pytest.approx(60, abs=1)
    assert slow == pytest.approx(10, abs=1)


def test_down_after_exactly_the_threshold() -> None:
    """A target that stops is DOWN with the second failing run, and UP with the first good one."""
    answers = iter([GOOD, BAD, BAD, BAD, GOOD])

    async def script() -> Outcome:
        return next(answers, GOOD)

    async def scenario(clock: FakeClock) -> list[str | None]:
        stage = Stage(clock)
        stage.start(check("nas", script, down_threshold=2))
        await asyncio.sleep(49)
        transitions = [result.transition for result in stage.recorder.results]
        return [None if transition is None else transition.event for transition in transitions]

    assert run_in_virtual_time(scenario) == ["INIT", None, "DOWN", None, "UP"]


def test_retries_happen_within_one_run() -> None:
    """A run makes 1 + retries attempts, the backoff apart, and counts as one failing run."""
    attempts: list[float] = []

    async def scenario(clock: FakeClock) -> tuple[list[float], Outcome]:
        async def script() -> Outcome:
            attempts.append(clock.monotonic())
            return BAD

        stage = Stage(clock)
        stage.start(check("nas", script, retries=2, retry_backoff_s=1.5, interval_s=60.0))
        await asyncio.sleep(20)
        assert len(stage.recorder.results) == 1
        return [after - attempts[0] for after in attempts], stage.recorder.results[0].outcome

    times, outcome = run_in_virtual_time(scenario)

    assert times == pytest.approx([0.0, 1.5, 3.0])
    assert outcome.attempts == 3


def test_a_good_retry_ends_the_run() -> None:
    """The first good attempt decides, and the run remembers that it took two."""
    answers = iter([BAD, GOOD])

    async def script() -> Outcome:
        return next(answers)

    async def scenario(clock: FakeClock) -> Outcome:
        stage = Stage(clock)
        stage.start(check("nas", script, retries=3, interval_s=60.0))
        await asyncio.sleep(10)
        return stage.recorder.results[0].outcome

    outcome = run_in_virtual_time(scenario)

    assert (outcome.is_good, outcome.attempts) == (True, 2)


def test_a_check_never_overlaps_itself() -> None:
    """A run longer than the interval makes later ones be left out and counted."""
    under_way = 0

    async def script() -> Outcome:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(25)
        under_way -= 1
        return GOOD

    async def scenario(clock: FakeClock) -> tuple[int, int]:
        stage = Stage(clock)
        stage.start(check("nas", script, timeout_s=30.0))
        await asyncio.sleep(100)
        return len(stage.recorder.results), stage.monitor.stats().overruns

    runs, overruns = run_in_virtual_time(scenario)

    assert runs == 3
    assert overruns == pytest.approx(6, abs=1)


def test_hanging_targets_do_not_delay_others() -> None:
    """With a third of the targets hanging, every other check still starts within 50 ms."""

    async def hang() -> Outcome:
        await asyncio.sleep(3)
        return BAD

    async def scenario(clock: FakeClock) -> tuple[float | None, int]:
        stage = Stage(clock)
        checks = [
            check(f"check-{n}", hang if n % 3 == 0 else good, interval_s=1.0, host=f"host-{n % 64}")
            for n in range(300)
        ]
        stage.start(*checks)
        await asyncio.sleep(30)
        return stage.monitor.stats().lateness_p99_ms, stage.monitor.stats().late_starts

    p99_ms, late_starts = run_in_virtual_time(scenario)

    assert p99_ms is not None
    assert p99_ms <= 50
    assert late_starts == 0


def test_waiting_for_room_is_counted_as_late() -> None:
    """When the limit holds a run back, its start is late and says so."""

    async def slow() -> Outcome:
        await asyncio.sleep(2)
        return GOOD

    async def scenario(clock: FakeClock) -> int:
        stage = Stage(clock)
        stage.start(check("a", slow), check("b", slow), max_concurrent=1)
        await asyncio.sleep(5)
        return stage.monitor.stats().late_starts

    assert run_in_virtual_time(scenario) == 1


def test_a_probe_that_overstays_is_cancelled() -> None:
    """A check type that ignores its time-out fails with `timeout` and stops nothing else."""

    async def forever() -> Outcome:
        await asyncio.Event().wait()
        return GOOD

    async def scenario(clock: FakeClock) -> tuple[str | None, int]:
        stage = Stage(clock)
        stage.start(check("stuck", forever, timeout_s=3.0), check("nas", good))
        await asyncio.sleep(9)
        return stage.recorder.of("stuck")[0].outcome.error_code, len(stage.recorder.of("nas"))

    error_code, others = run_in_virtual_time(scenario)

    assert error_code == "timeout"
    assert others >= 1


def test_a_run_that_is_stopped_is_not_overdue_because_one_before_it_was() -> None:
    """A probe that answers although it was cancelled has answered; its next run may be stopped."""
    runs: list[str] = []

    async def stubborn() -> Outcome:
        runs.append("run")
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            if len(runs) > 1:
                raise
        return GOOD

    async def scenario(clock: FakeClock) -> list[bool]:
        stage = Stage(clock)
        stage.start(check("stuck", stubborn, timeout_s=3.0, interval_s=10.0))
        while len(runs) < 2:  # noqa: ASYNC110 - time passes only by waiting
            await asyncio.sleep(1)
        await stage.monitor.stop()
        return [run.outcome.is_good for run in stage.recorder.of("stuck")]

    assert run_in_virtual_time(scenario) == [True]


def test_a_defect_in_a_check_is_only_its_own_failure(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a check type is logged and told as `internal`; others run on."""

    async def broken() -> Outcome:
        raise ZeroDivisionError

    async def scenario(clock: FakeClock) -> tuple[str | None, int]:
        stage = Stage(clock)
        stage.start(check("broken", broken), check("nas", good))
        await asyncio.sleep(15)
        return stage.recorder.of("broken")[0].outcome.error_code, len(stage.recorder.of("nas"))

    assert run_in_virtual_time(scenario) == ("internal", 2)
    assert "ZeroDivisionError" in caplog.text


def test_first_result_opens_an_interval_without_a_transition() -> None:
    """After a restart an unchanged state is told to the store once, and to nobody else."""
    known = CheckState(id="nas", type="scripted", status=Status.UP, ok=True, ok_streak=5)

    async def scenario(clock: FakeClock) -> list[tuple[Status | None, bool]]:
        stage = Stage(clock, {"nas": known})
        stage.start(check("nas", good))
        await asyncio.sleep(25)
        return [(item.interval, item.transition is None) for item in stage.recorder.results]

    assert run_in_virtual_time(scenario) == [(Status.UP, True), (None, True), (None, True)]


def test_failing_streak_survives_a_restart() -> None:
    """Two failures before a restart and one after it make three."""
    known = CheckState(id="nas", type="scripted", status=Status.UP, ok=True, fail_streak=2)

    async def scenario(clock: FakeClock) -> list[str]:
        stage = Stage(clock, {"nas": known})
        stage.start(check("nas", bad, down_threshold=3))
        await asyncio.sleep(5)
        return [item.transition.event for item in stage.recorder.results if item.transition]

    assert run_in_virtual_time(scenario) == ["DOWN"]


def test_reload_keeps_unchanged_checks() -> None:
    """A reload leaves state and schedule of unchanged checks alone, adds and removes the others."""

    async def scenario(clock: FakeClock) -> tuple[Stage, list[int]]:
        stage = Stage(clock)
        kept, gone = check("kept", good, interval_s=100.0), check("gone", good)
        stage.start(kept, gone)
        await asyncio.sleep(15)
        stage.monitor.apply(configure(kept, check("new", good)))
        await asyncio.sleep(15)
        return stage, [item.started_ms for item in stage.recorder.of("kept")]

    stage, kept_runs = run_in_virtual_time(scenario)

    assert len(kept_runs) == 1
    assert stage.monitor.states["kept"].ok is True
    assert list(stage.monitor.states) == ["kept", "new"]
    assert stage.recorder.removed == ["gone"]
    assert stage.recorder.of("gone")[-1].finished_ms < stage.recorder.of("new")[0].finished_ms
    change = next(batch for batch in stage.batches[1:] if batch.config_changed)
    assert (change.added, change.removed) == (("new",), ("gone",))


def test_a_changed_check_keeps_its_state() -> None:
    """A new time-out does not make a check forget that it is down."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)
        stage.start(check("nas", bad))
        await asyncio.sleep(5)
        stage.monitor.apply(configure(check("nas", bad, timeout_s=4.0)))
        await asyncio.sleep(5)
        return stage

    stage = run_in_virtual_time(scenario)

    assert stage.monitor.states["nas"].fail_streak == 2
    assert len([item for item in stage.recorder.results if item.transition]) == 1


def test_removing_a_check_discards_its_run() -> None:
    """A run under way when its check is removed is recorded nowhere."""

    async def slow() -> Outcome:
        await asyncio.sleep(2)
        return GOOD

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)
        stage.start(check("gone", slow))
        await asyncio.sleep(1)
        stage.monitor.apply(configure())
        await asyncio.sleep(5)
        return stage

    stage = run_in_virtual_time(scenario)

    assert stage.recorder.results == []
    assert stage.monitor.stats().running == 0


def test_nothing_is_recorded_of_a_check_after_its_removal() -> None:
    """A run that ended in the tick of the removal is recorded before it."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)
        stage.start(check("gone", good), check("kept", good))
        await asyncio.sleep(5)
        await stage.monitor.run_now("gone")
        stage.monitor.apply(configure(check("kept", good)))
        await asyncio.sleep(5)
        return stage

    recorder = run_in_virtual_time(scenario).recorder

    assert (len(recorder.of("gone")), recorder.removed, recorder.late) == (2, ["gone"], [])


def test_a_gap_is_recorded_after_what_was_seen_before_it() -> None:
    """A run that ended in the tick in which a gap is noticed does not hide it."""

    async def scenario(clock: FakeClock) -> tuple[int, int]:
        stage = Stage(clock)
        stage.start(check("nas", good))
        await asyncio.sleep(5)
        await stage.monitor.run_now("nas")
        stage.monitor.note_standstill(clock.now_ms(), clock.now_ms() + 60_000)
        return len(stage.recorder.unmonitored), len(stage.recorder.results)

    assert run_in_virtual_time(scenario) == (1, 2)


def test_run_now_returns_the_result() -> None:
    """A run asked for happens at once and counts like any other."""

    async def scenario(clock: FakeClock) -> tuple[bool, int]:
        stage = Stage(clock)
        stage.start(check("nas", good, interval_s=3600.0))
        await asyncio.sleep(5)
        result = await stage.monitor.run_now("nas")
        await asyncio.sleep(1)
        return result.outcome.is_good, len(stage.recorder.results)

    assert run_in_virtual_time(scenario) == (True, 2)


def test_run_now_joins_the_run_under_way() -> None:
    """Two people asking during a run get the result of that run."""

    async def slow() -> Outcome:
        await asyncio.sleep(2)
        return GOOD

    async def scenario(clock: FakeClock) -> tuple[bool, int]:
        stage = Stage(clock)
        stage.start(check("nas", slow, interval_s=60.0))
        await asyncio.sleep(1)
        first, second = await asyncio.gather(
            stage.monitor.run_now("nas"), stage.monitor.run_now("nas")
        )
        await asyncio.sleep(1)
        return first is second, len(stage.recorder.results)

    assert run_in_virtual_time(scenario) == (True, 1)


def test_run_now_of_an_unknown_check() -> None:
    """Asking for a check that is not configured, or removed meanwhile, is an error with its id."""

    async def hang() -> Outcome:
        await asyncio.sleep(2)
        return GOOD

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("gone", hang))
        with pytest.raises(UnknownCheckError, match="nosuch"):
            await stage.monitor.run_now("nosuch")
        waiting = asyncio.create_task(stage.monitor.run_now("gone"))
        await asyncio.sleep(1)
        stage.monitor.apply(configure())
        with pytest.raises(UnknownCheckError, match="gone"):
            await waiting

    run_in_virtual_time(scenario)


def test_results_of_a_tick_come_in_one_batch() -> None:
    """Two hundred checks that change together are told together."""

    async def scenario(clock: FakeClock) -> list[int]:
        stage = Stage(clock)
        release = asyncio.Event()

        async def wait() -> Outcome:
            await release.wait()
            return GOOD

        stage.start(
            *(check(f"check-{n}", wait, timeout_s=60.0) for n in range(200)),
            max_concurrent_per_host=500,
        )
        await asyncio.sleep(5)
        release.set()
        await asyncio.sleep(0.05)
        return [len(batch.results) for batch in stage.batches if batch.results]

    assert run_in_virtual_time(scenario) == [200]


SLOW = Outcome(verdict=Verdict.DEGRADED, error="it took 3600 s")


@pytest.mark.parametrize("outcome", [BAD, SLOW])
def test_a_sleeping_machine_raises_nothing(outcome: Outcome) -> None:
    """A run that the machine slept through says nothing of its target; the gap is noted."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)

        async def script() -> Outcome:
            if clock.monotonic() > 1020 and not clock.slept_s:
                clock.sleep_machine(3600)
                return outcome
            return GOOD

        stage.start(check("nas", script))
        await asyncio.sleep(60)
        return stage

    stage = run_in_virtual_time(scenario)

    assert stage.monitor.stats().voided == 1
    assert all(result.outcome is GOOD for result in stage.recorder.results)
    ((from_ms, to_ms),) = stage.recorder.unmonitored
    assert to_ms - from_ms == pytest.approx(3_600_000, abs=2000)


def test_a_failure_before_a_sleep_is_not_judged_after_it() -> None:
    """The network goes first when a machine goes to sleep: who waits for the witness asks again."""

    async def scenario(clock: FakeClock) -> list[Status]:
        stage = Stage(clock)

        async def web() -> Outcome:
            return BAD if clock.monotonic() > 1020 and not clock.slept_s else GOOD

        async def network() -> Outcome:
            if clock.monotonic() > 1020 and not clock.slept_s:
                clock.sleep_machine(3600)
                await asyncio.sleep(1.5)
            return GOOD

        witness = check("network", network, type="connectivity", interval_s=600.0)
        stage.start(witness, check("web", web, is_outside=True))
        await asyncio.sleep(60)
        return list(dict.fromkeys(run.state.status for run in stage.recorder.of("web")))

    assert run_in_virtual_time(scenario) == [Status.UP]


def test_a_set_clock_raises_nothing() -> None:
    """When the clock is set back under a run, its failure is not believed."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)
        jumps = iter([0, 0, -7_200_000])

        async def script() -> Outcome:
            jump_ms = next(jumps, 0)
            clock.wall_ms += jump_ms
            return BAD if jump_ms else GOOD

        stage.start(check("nas", script))
        await asyncio.sleep(60)
        return stage

    stage = run_in_virtual_time(scenario)

    assert stage.monitor.stats().voided == 1
    assert all(result.outcome.is_good for result in stage.recorder.results)
    assert stage.recorder.unmonitored == []


def test_stop_loses_no_finished_result() -> None:
    """Results of the last tick reach the recorder, and runs under way end."""

    async def hang() -> Outcome:
        await asyncio.sleep(1000)
        return GOOD

    async def scenario(clock: FakeClock) -> tuple[int, int, float]:
        stage = Stage(clock)
        stage.start(check("nas", good), check("stuck", hang, timeout_s=2000.0))
        await asyncio.sleep(0.015)
        stopped_s = clock.monotonic()
        await stage.monitor.stop()
        count = len(stage.recorder.results)
        await asyncio.sleep(100)
        return count, len(stage.recorder.results) - count, clock.monotonic() - stopped_s - 100

    finished, later, took_s = run_in_virtual_time(scenario)

    assert (finished, later) == (1, 0)
    assert took_s < 2


def test_a_bad_listener_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in one listener is logged; the others and the recorder get their batches."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)

        def fail(_batch: object) -> None:
            raise RuntimeError("listener is broken")

        stage.monitor.subscribe(fail)
        heard: list[object] = []
        unsubscribe = stage.monitor.subscribe(heard.append)
        unsubscribe()
        unsubscribe()
        stage.start(check("nas", good))
        await asyncio.sleep(5)
        assert heard == []
        return stage

    stage = run_in_virtual_time(scenario)

    assert len(stage.recorder.results) == 1
    assert any(batch.results for batch in stage.batches)
    assert "listener is broken" in caplog.text
