"""A past for checks, written by the daemon's own store: a fresh daemon has nothing to show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import math
from pathlib import Path
import time
from typing import Final

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import (
    CheckState,
    EventKind,
    Outcome,
    RunResult,
    Status,
    Transition,
    Verdict,
)
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock

INTERVAL_S: Final = 30
_AGES_S: Final = (*range(86_400, 1200, -600), *range(1200, 0, -INTERVAL_S))
"""How long ago runs were: sparse at first, then as often as the daemon goes on with."""
_STATUS: Final = {
    Verdict.OK: Status.UP,
    Verdict.DEGRADED: Status.DEGRADED,
    Verdict.FAIL: Status.DOWN,
}
_EVENT: Final = {
    Status.UP: EventKind.UP,
    Status.DEGRADED: EventKind.DEGRADED,
    Status.DOWN: EventKind.DOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What became of one check."""

    check_id: str
    latency_ms: float
    since_s: int = 40 * 86_400
    """How long ago the first run was."""
    down: Sequence[tuple[int, int]] = ()
    """From and to when it was down, in seconds ago."""
    slow: Sequence[tuple[int, int]] = ()
    error: str = ""
    retried: frozenset[int] = frozenset()
    """Which runs needed a second attempt, counted from the latest."""

    def outcome(self, place: int, age_s: int) -> Outcome:
        """Return how a run ended."""
        if _is_in(age_s, self.down):
            return Outcome(verdict=Verdict.FAIL, error=self.error, error_code="made_up")
        # Two waves of no common period look enough like life, and each check has its own.
        waves = math.sin(place * 1.7 + self.since_s) / 6 + math.sin(place * self.latency_ms) / 5
        latency_ms = self.latency_ms * (1 + waves)
        if _is_in(age_s, self.slow):
            return Outcome(verdict=Verdict.DEGRADED, latency_ms=latency_ms * 3, error=self.error)
        attempts = 2 if place in self.retried else 1
        return Outcome(verdict=Verdict.OK, latency_ms=latency_ms, attempts=attempts)

    def results(self, now_ms: int) -> Iterator[RunResult]:
        """Yield all runs, oldest first."""
        state = CheckState(id=self.check_id, type="http")
        ages_s = (self.since_s, *_AGES_S)
        for place, age_s in zip(range(len(ages_s), 0, -1), ages_s, strict=True):
            at_ms = now_ms - age_s * 1000
            outcome = self.outcome(place, age_s)
            before, state = state, _after(state, outcome, at_ms)
            is_change = state.status is not before.status
            yield RunResult(
                check_id=self.check_id,
                started_ms=at_ms,
                finished_ms=at_ms,
                outcome=outcome,
                state=state,
                transition=_transition(before, state, at_ms) if is_change else None,
                interval=state.status if is_change else None,
            )


def write_past(database: Path, pasts: Sequence[Past]) -> None:
    """Write the past into a database that no daemon uses yet."""
    # In a thread of its own: the browser's driver keeps a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _write(database, pasts)).result()


async def _write(database: Path, pasts: Sequence[Past]) -> None:
    """Record all runs as the engine would."""
    now_ms = round(time.time() * 1000)
    clock = FakeClock(wall_ms=now_ms)
    store = await Store.open(database, clock=clock, retention=RetentionSettings())
    for past in pasts:
        store.record(list(past.results(now_ms)))
    # Stopping at once is not what is tested here.
    await store.flush()
    await store.close()


def _after(state: CheckState, outcome: Outcome, at_ms: int) -> CheckState:
    """Return the state after a run."""
    status = _STATUS[outcome.verdict]
    return CheckState(
        id=state.id,
        type=state.type,
        status=status,
        ok=outcome.is_good,
        fail_streak=0 if outcome.is_good else state.fail_streak + 1,
        ok_streak=state.ok_streak + 1 if outcome.is_good else 0,
        last_run_ms=at_ms,
        last_ok_ms=at_ms if outcome.is_good else state.last_ok_ms,
        last_change_ms=at_ms if status is not state.status else state.last_change_ms,
        outcome=outcome,
    )


def _transition(before: CheckState, after: CheckState, at_ms: int) -> Transition:
    """Return the change between two states."""
    assert after.outcome is not None
    return Transition(
        check_id=after.id,
        at_ms=at_ms,
        event=EventKind.INIT if before.ok is None else _EVENT[after.status],
        status=after.status,
        previous=before.status,
        ok=after.ok,
        latency_ms=after.outcome.latency_ms,
        error=after.outcome.error,
    )


def _is_in(age_s: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Tell whether an age lies in one of the ranges."""
    return any(start >= age_s > end for start, end in ranges)
