"""Checks that people pause, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.exceptions import CheckConflictError, UnknownCheckError
from opsmonitor.models.check import Change, CheckState, Outcome, Pause, Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, bad, check, configure, good
from tests.daemon.engine.virtual_time import run_in_virtual_time


def story(stage: Stage, check_id: str) -> list[str]:
    """Return the events of a check in the order in which they were recorded."""
    told = [item.transition for item in stage.recorder.items if item.check_id == check_id]
    return [item.event.value for item in told if item is not None]


def test_a_paused_check_does_not_run() -> None:
    """From the pause on there is no run, and the pause is told and begins an interval."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good), check("other", good))
        await asyncio.sleep(25)
        runs = len(stage.recorder.of("nas"))

        state = stage.monitor.interventions.pause("nas", duration_s=None, reason="moving house")
        await asyncio.sleep(3600)

        assert len(stage.recorder.of("nas")) == runs
        assert len(stage.recorder.of("other")) > 300
        assert (state.status, state.judged) == (Status.PAUSED, Status.UP)
        assert story(stage, "nas") == ["INIT", "PAUSED"]
        [change] = [batch.changes[0] for batch in stage.batches if batch.changes]
        assert (change.interval, change.state) == (Status.PAUSED, state)
        assert change.transition is not None
        assert change.transition.error == "moving house"

    run_in_virtual_time(scenario)


def test_a_pause_ends_exactly_when_it_should() -> None:
    """After its duration a check is resumed to the millisecond, and runs at once."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good, interval_s=600.0))
        await asyncio.sleep(1)
        until_ms = clock.now_ms() + 90_000

        stage.monitor.interventions.pause("nas", duration_s=90, reason=None)
        await asyncio.sleep(91)

        changes = [item for item in stage.recorder.items if isinstance(item, Change)]
        assert [item.interval for item in changes] == [Status.PAUSED, Status.UP]
        assert changes[-1].at_ms == pytest.approx(until_ms, abs=1)
        assert stage.recorder.of("nas")[-1].started_ms - until_ms < 100
        assert story(stage, "nas") == ["INIT", "PAUSED", "RESUMED"]

    run_in_virtual_time(scenario)


def test_what_happened_meanwhile_is_told_after_the_pause() -> None:
    """A target that fails when its pause ends goes from UP to DOWN, not unnoticed."""
    answers = iter([GOOD])

    async def script() -> Outcome:
        return next(answers, BAD)

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", script))
        await asyncio.sleep(1)
        stage.monitor.interventions.pause("nas", duration_s=None, reason=None)
        await asyncio.sleep(60)

        assert stage.monitor.interventions.resume("nas").status is Status.UP
        await asyncio.sleep(1)

        assert story(stage, "nas") == ["INIT", "PAUSED", "RESUMED", "DOWN"]

    run_in_virtual_time(scenario)


def test_a_run_under_way_is_not_judged() -> None:
    """Pausing ends the run under way; whoever waits for it is told why."""

    async def hang() -> Outcome:
        await asyncio.sleep(5)
        return BAD

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", hang, timeout_s=10.0))
        await asyncio.sleep(1)
        waiting = asyncio.create_task(stage.monitor.run_now("nas"))
        await asyncio.sleep(1)

        stage.monitor.interventions.pause("nas", duration_s=None, reason=None)

        with pytest.raises(CheckConflictError, match="paused"):
            await waiting
        await asyncio.sleep(60)
        assert stage.recorder.of("nas") == []
        assert stage.monitor.stats().first_pass_done

    run_in_virtual_time(scenario)


def test_what_a_pause_refuses() -> None:
    """A paused check is not run on demand; one that runs cannot be resumed."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good))
        people = stage.monitor.interventions
        with pytest.raises(CheckConflictError, match="not paused"):
            people.resume("nas")
        with pytest.raises(UnknownCheckError):
            people.pause("nobody", duration_s=None, reason=None)
        people.pause("nas", duration_s=None, reason=None)
        with pytest.raises(CheckConflictError, match="resume it first"):
            await stage.monitor.run_now("nas")

    run_in_virtual_time(scenario)


def test_a_later_wish_replaces_an_earlier_one() -> None:
    """Pausing a paused check sets another end, in the same interval."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good))
        await asyncio.sleep(1)
        people = stage.monitor.interventions
        people.pause("nas", duration_s=10, reason=None)
        people.pause("nas", duration_s=100, reason=None)

        await asyncio.sleep(50)
        assert story(stage, "nas")[-1] == "PAUSED"
        await asyncio.sleep(51)
        assert story(stage, "nas")[-1] == "RESUMED"
        changes = [item for item in stage.recorder.items if isinstance(item, Change)]
        assert [item.interval for item in changes] == [Status.PAUSED, None, Status.UP]

    run_in_virtual_time(scenario)


def test_a_pause_goes_on_after_a_restart() -> None:
    """A hydrated pause is an interval again, is told to nobody, and ends when it was to end."""

    async def scenario(clock: FakeClock) -> None:
        until_ms = clock.now_ms() + 60_000
        pause = Pause(since_ms=clock.now_ms() - 1000, until_ms=until_ms)
        known = CheckState(
            id="nas", type="scripted", status=Status.PAUSED, covered=Status.UP, ok=True, pause=pause
        )
        stage = Stage(clock, {"nas": known})
        stage.start(check("nas", good))
        await asyncio.sleep(59)

        assert [item.transition for item in stage.recorder.items] == [None]
        assert [item.interval for item in stage.recorder.items] == [Status.PAUSED]
        await asyncio.sleep(2)
        assert story(stage, "nas") == ["RESUMED"]
        assert stage.monitor.states["nas"].status is Status.UP

    run_in_virtual_time(scenario)


def test_a_pause_that_ended_while_the_daemon_was_off() -> None:
    """A pause that is over when the daemon starts is ended at once."""

    async def scenario(clock: FakeClock) -> None:
        pause = Pause(since_ms=clock.now_ms() - 9000, until_ms=clock.now_ms() - 1000)
        known = CheckState(
            id="nas", type="scripted", status=Status.PAUSED, covered=Status.UP, ok=True, pause=pause
        )
        stage = Stage(clock, {"nas": known})
        stage.start(check("nas", bad))
        await asyncio.sleep(1)

        assert story(stage, "nas") == ["RESUMED", "DOWN"]

    run_in_virtual_time(scenario)


def test_a_pause_outlasts_a_changed_configuration() -> None:
    """A paused check whose settings change stays paused."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good))
        await asyncio.sleep(1)
        stage.monitor.interventions.pause("nas", duration_s=600, reason=None)
        runs = len(stage.recorder.of("nas"))

        stage.monitor.apply(configure(check("nas", good, interval_s=3.0)))
        await asyncio.sleep(500)
        assert len(stage.recorder.of("nas")) == runs
        await asyncio.sleep(130)
        assert len(stage.recorder.of("nas")) == pytest.approx(runs + 10, abs=2)

    run_in_virtual_time(scenario)


def test_a_pause_ends_after_the_clock_was_set_forward() -> None:
    """When the wall clock jumps past the end of a pause, the check is resumed within seconds."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good))
        await asyncio.sleep(1)
        stage.monitor.interventions.pause("nas", duration_s=3600, reason=None)

        clock.wall_ms += 3_600_000
        await asyncio.sleep(3)

        assert stage.monitor.states["nas"].status is Status.UP

    run_in_virtual_time(scenario)
