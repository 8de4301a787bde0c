"""A run that could not be made for want of something of the daemon's own is not judged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
import errno
from itertools import pairwise
import os

import pytest

from opsmonitor.models.check import Outcome, RunResult, Status, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, bad, check, configure, good
from tests.daemon.engine.test_direct_runs import Bell
from tests.daemon.engine.virtual_time import run_in_virtual_time

_WANT = Outcome(
    verdict=Verdict.FAIL, error="this machine has no file left", error_code="no_resources"
)


async def want() -> Outcome:
    """Be refused a file."""
    return _WANT


def no_file() -> OSError:
    """Return what the system says then."""
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("known", [good, bad])
def test_the_status_stays_and_the_run_is_made_again_at_its_time(
    known: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is recorded, nothing is run at once, and the log tells it once a minute."""

    async def scenario(clock: FakeClock) -> tuple[Stage, list[float], list[str | None]]:
        stage = Stage(clock)
        begun_s: list[float] = []
        reasons: list[str | None] = []

        async def script() -> Outcome:
            begun_s.append(clock.monotonic())
            is_short = 1 < len(begun_s) < 15
            reasons.append(stage.monitor.stats().shortage)
            return await (want() if is_short else known())  # type: ignore[operator]  # a probe

        stage.start(check("nas", script, down_threshold=1))
        await asyncio.sleep(155)
        return stage, begun_s, reasons

    stage, begun_s, reasons = run_in_virtual_time(scenario)

    gaps = [later - earlier for earlier, later in pairwise(begun_s[1:])]
    assert gaps == pytest.approx([10.0] * len(gaps), abs=0.1)
    assert stage.monitor.stats().voided == 13
    assert reasons == [None, None, *[_WANT.error] * 13, *[None] * (len(reasons) - 15)]
    assert len({run.state.status for run in stage.recorder.results}) == 1
    assert not any(run.outcome is _WANT for run in stage.recorder.results)
    warnings = [record for record in caplog.records if "LimitNOFILE" in record.message]
    assert len(warnings) == 3
    assert "nas" in warnings[0].message


@pytest.mark.parametrize(
    ("attempts", "statuses"),
    [
        ([BAD, _WANT], []),
        ([_WANT, BAD], [Status.DOWN]),
        ([_WANT, GOOD], [Status.UP]),
    ],
)
@pytest.mark.parametrize("is_direct", [True, False])
def test_the_last_attempt_decides(
    attempts: list[Outcome], statuses: list[Status], *, is_direct: bool
) -> None:
    """A run whose last attempt could not be made is void, whatever came before."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)
        outcomes = iter(attempts)

        async def script() -> Outcome:
            return next(outcomes)

        probe = Bell(clock, outcomes) if is_direct else script
        stage.start(check("nas", probe, retries=1, down_threshold=1, interval_s=60.0))
        await asyncio.sleep(20)
        return stage

    stage = run_in_virtual_time(scenario)

    assert [run.state.status for run in stage.recorder.results] == statuses
    assert stage.monitor.stats().starved == stage.monitor.stats().voided == 1 - len(statuses)


def test_who_asks_for_a_run_is_answered_at_once() -> None:
    """The answer has the reason, and the state as it was."""

    async def scenario(clock: FakeClock) -> tuple[RunResult, float]:
        stage = Stage(clock)
        outcomes: Iterator[Outcome] = iter([GOOD, _WANT])

        async def script() -> Outcome:
            return next(outcomes)

        stage.start(check("nas", script, interval_s=600.0))
        await asyncio.sleep(1)
        asked_s = clock.monotonic()
        result = await stage.monitor.run_now("nas")
        return result, clock.monotonic() - asked_s

    result, took_s = run_in_virtual_time(scenario)

    assert result.outcome is _WANT
    assert result.state.status is Status.UP
    assert result.transition is None
    assert took_s < 1.0


def test_a_check_that_is_gone_wants_for_nothing() -> None:
    """One removed and one paused leave no shortage behind."""

    async def scenario(clock: FakeClock) -> list[int]:
        stage = Stage(clock)
        stage.start(check("gone", want), check("paused", want))
        await asyncio.sleep(1)
        seen = [stage.monitor.stats().starved]
        stage.monitor.apply(configure(check("paused", want)))
        seen.append(stage.monitor.stats().starved)
        stage.monitor.interventions.pause("paused", duration_s=None, reason=None)
        return [*seen, stage.monitor.stats().starved]

    assert run_in_virtual_time(scenario) == [2, 1, 0]


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), MemoryError(), no_file()]
)
def test_what_a_probe_did_not_expect_may_be_want(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a thread, memory or a file left the check has no defect."""

    async def scenario(clock: FakeClock) -> Stage:
        stage = Stage(clock)

        async def script() -> Outcome:
            raise error

        stage.start(check("nas", script))
        await asyncio.sleep(1)
        return stage

    stage = run_in_virtual_time(scenario)

    assert stage.recorder.results == []
    assert stage.monitor.stats().voided == 1
    assert "could not do its work" not in caplog.text
