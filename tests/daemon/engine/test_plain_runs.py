"""Runs that are marked as going on well are left out of deciding, and nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import given, settings, strategies as st

from opsmonitor.engine.batch import Batch
from opsmonitor.engine.flapping import FlappingLimits
from opsmonitor.engine.state_machine import Thresholds, advance, flapping_change, goes_on
from opsmonitor.models.check import Change, Outcome, RunResult, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time

_CHECKS: Final = ("nas", "tv")
_OUTCOMES: Final = {
    "o": Outcome(verdict=Verdict.OK),
    "d": Outcome(verdict=Verdict.DEGRADED, error="slow", error_code="slow"),
    "f": Outcome(verdict=Verdict.FAIL, error="refused", error_code="connection_refused"),
}
_STEP: Final = st.tuples(st.sampled_from(_CHECKS), st.sampled_from("ooodff"))
_TICKS: Final = st.lists(st.lists(_STEP, max_size=5), max_size=25)
_NOTICES: Final = ("first_fail", "recovered", "reminder", "degraded", "cert_expiring", "flapping")


def told_of(
    ticks: list[list[tuple[str, str]]], restarts: frozenset[int], *, is_marked: bool
) -> list[tuple[str, str]]:
    """Let checks run tick after tick, the daemon start anew at some; return what was told."""
    thresholds = Thresholds(down=2, flapping=FlappingLimits())

    async def scenario(clock: FakeClock) -> list[tuple[str, str]]:
        house = Bench(clock)
        house.name("a")
        for check_id in _CHECKS:
            house.add(check_id, notify_on=_NOTICES)
        await house.start()
        seen: set[str] = set()
        for number, tick in enumerate(ticks):
            if number in restarts:
                await house.restart()
                seen.clear()
            results: list[RunResult] = []
            changes: list[Change] = []
            for check_id, run in tick:
                before, outcome, now_ms = house.states[check_id], _OUTCOMES[run], clock.now_ms()
                after, transition = advance(before, outcome, thresholds, now_ms)
                is_plain = check_id in seen and goes_on(before, outcome)
                seen.add(check_id)
                house.states[check_id] = after
                results.append(
                    RunResult(
                        check_id=check_id,
                        started_ms=now_ms,
                        finished_ms=now_ms,
                        outcome=outcome,
                        state=after,
                        transition=transition,
                        is_plain=is_plain,
                    )
                )
                if (after.flapping_since_ms is None) is not (before.flapping_since_ms is None):
                    changes.append(flapping_change(after, now_ms))
            if not is_marked:
                results = [replace(result, is_plain=False) for result in results]
            house.telling.take(Batch(results=tuple(results), changes=tuple(changes)))
            await house.wait(10.0)
        await house.telling.close()
        return house.told

    return run_in_virtual_time(scenario)


@settings(max_examples=60)
@given(ticks=_TICKS, restarts=st.frozensets(st.integers(0, 25), max_size=2))
def test_people_are_told_the_same(
    ticks: list[list[tuple[str, str]]], restarts: frozenset[int]
) -> None:
    """Whatever checks do, it makes no difference to leave out what goes on well."""
    assert told_of(ticks, restarts, is_marked=True) == told_of(ticks, restarts, is_marked=False)


def test_people_are_told_at_all() -> None:
    """A check that fails twice between good runs is told to be down, and up again."""
    ticks = [[("nas", run)] for run in "ooffooo"]

    told = told_of(ticks, frozenset({1}), is_marked=True)

    assert [title for _, title in told] == ["DOWN: nas", "UP again: nas"]
