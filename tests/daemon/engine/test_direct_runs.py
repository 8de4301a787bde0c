"""Runs that need no task are the same as all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from opsmonitor.checks.base import Attempt, DirectProbe
from opsmonitor.models.check import Outcome
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, check, configure
from tests.daemon.engine.virtual_time import run_in_virtual_time

_SILENCE = None
"""In a script: nothing is ever heard."""


@dataclass(eq=False)
class Bell(DirectProbe):
    """Follows a script, and notes when it was begun and what was cancelled."""

    clock: FakeClock
    script: Iterator[Outcome | None]
    takes_s: float = 0.01

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.begun_s: list[float] = []
        self.handles: list[asyncio.TimerHandle] = []

    def prepare(self, done: Callable[[Outcome], None]) -> Callable[[], Attempt]:
        """Return what begins an attempt."""

        def begin() -> Attempt:
            """Follow the script."""
            self.begun_s.append(self.clock.monotonic())
            outcome = next(self.script)
            loop = asyncio.get_running_loop()
            if outcome is None:
                handle = loop.call_later(1_000_000.0, done, GOOD)
            else:
                handle = loop.call_later(self.takes_s, done, outcome)
            self.handles.append(handle)
            return handle

        return begin


def test_a_good_run_takes_one_attempt_and_no_task() -> None:
    """Nothing but the scenario itself is a task while it runs."""

    async def scenario(clock: FakeClock) -> tuple[list[bool], int, int]:
        stage = Stage(clock)
        stage.start(check("port", Bell(clock, iter([GOOD, GOOD, GOOD]))))
        tasks = len(asyncio.all_tasks())
        await asyncio.sleep(25)
        stats = stage.monitor.stats()
        return [run.outcome.is_good for run in stage.recorder.results], tasks, stats.running

    assert run_in_virtual_time(scenario) == ([True, True, True], 1, 0)


def test_failures_are_tried_again_as_often_as_with_a_task() -> None:
    """Attempts are the backoff apart, the last of them decides, and they are counted."""

    async def scenario(clock: FakeClock) -> tuple[list[float], Outcome]:
        stage = Stage(clock)
        bell = Bell(clock, iter([BAD, BAD, BAD]), takes_s=0.0)
        stage.start(check("port", bell, retries=2, retry_backoff_s=1.5, interval_s=60.0))
        await asyncio.sleep(20)
        [run] = stage.recorder.results
        return [begun_s - bell.begun_s[0] for begun_s in bell.begun_s], run.outcome

    times, outcome = run_in_virtual_time(scenario)

    assert times == pytest.approx([0.0, 1.5, 3.0])
    assert (outcome.is_good, outcome.attempts) == (False, 3)


def test_a_good_second_attempt_ends_the_run() -> None:
    """The run remembers that it took two."""

    async def scenario(clock: FakeClock) -> Outcome:
        stage = Stage(clock)
        bell = Bell(clock, iter([BAD, GOOD]))
        stage.start(check("port", bell, retries=3, interval_s=60.0))
        await asyncio.sleep(20)
        return stage.recorder.results[0].outcome

    outcome = run_in_virtual_time(scenario)

    assert (outcome.is_good, outcome.attempts) == (True, 2)


def test_what_is_never_heard_of_ends_all_the_same() -> None:
    """A probe that does not keep its time-out fails, gives its place back, and is run again."""

    async def scenario(clock: FakeClock) -> tuple[list[str | None], bool, int]:
        stage = Stage(clock)
        bell = Bell(clock, iter([_SILENCE, GOOD]))
        stage.start(check("port", bell, timeout_s=3.0, interval_s=10.0), max_concurrent=1)
        await asyncio.sleep(15)
        codes = [run.outcome.error_code for run in stage.recorder.results]
        return codes, bell.handles[0].cancelled(), stage.monitor.stats().running

    assert run_in_virtual_time(scenario) == (["timeout", None], True, 0)


def test_a_removed_check_ends_its_attempt_and_gives_its_place_back() -> None:
    """Nothing is recorded of it, and whoever waited for room has it."""

    async def scenario(clock: FakeClock) -> tuple[bool, list[str], int]:
        stage = Stage(clock)
        silent, next_one = Bell(clock, iter([_SILENCE])), Bell(clock, iter([GOOD]))
        stage.start(check("gone", silent, timeout_s=60.0), max_concurrent=1)
        await asyncio.sleep(1)
        other = check("kept", next_one, interval_s=60.0)
        stage.monitor.apply(configure(other, max_concurrent=1))
        await asyncio.sleep(5)
        ran = [run.check_id for run in stage.recorder.results]
        return silent.handles[0].cancelled(), ran, stage.monitor.stats().running

    assert run_in_virtual_time(scenario) == (True, ["kept"], 0)


def test_stopping_ends_attempts() -> None:
    """Nothing is heard of a run that was under way, nor is it recorded."""

    async def scenario(clock: FakeClock) -> tuple[bool, int]:
        stage = Stage(clock)
        bell = Bell(clock, iter([GOOD]), takes_s=2.0)
        stage.start(check("port", bell, timeout_s=60.0))
        await asyncio.sleep(1)
        await stage.monitor.stop()
        await asyncio.sleep(5)
        return bell.handles[0].cancelled(), len(stage.recorder.results)

    assert run_in_virtual_time(scenario) == (True, 0)


def test_a_run_that_somebody_waits_for() -> None:
    """Who asks while one is under way gets that one's result."""

    async def scenario(clock: FakeClock) -> tuple[bool, int]:
        stage = Stage(clock)
        bell = Bell(clock, iter([GOOD]), takes_s=2.0)
        stage.start(check("port", bell, interval_s=60.0))
        await asyncio.sleep(1)
        result = await stage.monitor.run_now("port")
        return result.outcome.is_good, len(bell.begun_s)

    assert run_in_virtual_time(scenario) == (True, 1)


def test_secrets_are_hidden() -> None:
    """They do not get out by an error."""
    failure = replace(BAD, error="no host c4n4ry.lan")

    async def scenario(clock: FakeClock) -> str | None:
        stage = Stage(clock)
        stage.start(check("port", Bell(clock, iter([failure])), secrets=frozenset({"c4n4ry"})))
        await asyncio.sleep(5)
        return stage.recorder.results[0].outcome.error

    assert run_in_virtual_time(scenario) == "no host **********.lan"


def test_a_probe_that_cannot_begin_is_its_own_failure(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, told as `internal`, and hinders nobody else."""

    class Broken(DirectProbe):
        """Has a defect."""

        def prepare(self, done: Callable[[Outcome], None]) -> Callable[[], Attempt]:
            """Return what fails."""

            def begin() -> Attempt:
                """Fail."""
                raise ZeroDivisionError(done)

            return begin

    async def scenario(clock: FakeClock) -> tuple[str | None, int]:
        stage = Stage(clock)
        stage.start(
            check("broken", Broken()),
            check("port", Bell(clock, iter([GOOD])), interval_s=60.0),
            max_concurrent=1,
        )
        await asyncio.sleep(5)
        [broken] = stage.recorder.of("broken")
        return broken.outcome.error_code, len(stage.recorder.of("port"))

    assert run_in_virtual_time(scenario) == ("internal", 1)
    assert "Check broken could not do its work" in caplog.text


def test_what_happened_meanwhile_is_taken_in_between_starts() -> None:
    """Probes that wait together are asked once for each few starts, and not one by one."""
    looks: list[int] = []

    async def scenario(clock: FakeClock) -> tuple[list[int], int]:
        stage = Stage(clock)
        begun: list[str] = []

        def look() -> None:
            """Note how many were begun by now."""
            looks.append(len(begun))

        class Shared(Bell):
            """One of several that wait together."""

            def prepare(self, done: Callable[[Outcome], None]) -> Callable[[], Attempt]:
                """Count, and follow the script."""
                begin = super().prepare(done)

                def counted() -> Attempt:
                    """Count."""
                    begun.append("begun")
                    return begin()

                return counted

        checks = []
        for number in range(8):
            bell = Shared(clock, iter([GOOD, GOOD]))
            bell.look = look
            checks.append(check(f"port-{number}", bell, interval_s=3600.0, host=f"host-{number}"))
        stage.start(*checks)
        await asyncio.sleep(5)
        return looks, len(stage.recorder.results)

    seen, runs = run_in_virtual_time(scenario)

    assert runs == 8
    assert seen[-1] == 8
    assert len(seen) == len(set(seen))


def test_nobody_waits_longer_for_a_turn_because_of_them() -> None:
    """While a run with a task is under way, the event loop has its turn as ever."""
    looks: list[float] = []

    async def slow() -> Outcome:
        """Take a while, which a turn too late would lengthen."""
        await asyncio.sleep(30)
        return GOOD

    async def scenario(clock: FakeClock) -> tuple[list[float], bool]:
        stage = Stage(clock)
        bell = Bell(clock, iter([GOOD] * 20))
        bell.look = lambda: looks.append(clock.monotonic())
        stage.start(check("slow", slow, interval_s=3600.0, timeout_s=60.0), check("port", bell))
        await asyncio.sleep(25)
        meanwhile = list(looks)
        await asyncio.sleep(25)
        return meanwhile, len(looks) > 0

    assert run_in_virtual_time(scenario) == ([], True)
