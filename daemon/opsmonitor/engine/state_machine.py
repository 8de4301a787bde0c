"""Decide what a run means for a check's state: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    EventKind,
    Outcome,
    Status,
    Transition,
    Verdict,
)

_EVENTS: Final = {
    Status.PENDING: EventKind.PENDING,
    Status.UP: EventKind.UP,
    Status.DEGRADED: EventKind.DEGRADED,
    Status.DOWN: EventKind.DOWN,
    Status.UNREACHABLE: EventKind.UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many runs in a row it takes to change a check's state."""

    down: int = 1
    up: int = 1


def advance(
    state: CheckState,
    outcome: Outcome,
    thresholds: Thresholds,
    now_ms: int,
    root: str | None = None,
) -> tuple[CheckState, Transition | None]:
    """Return the state after a run, and the transition when the status changed.

    `down` failing runs in a row turn a check DOWN and `up` good runs in a row turn it UP; until
    then its state stays as it was. A degraded run is a good run. The first judgement is an INIT.
    A run that says nothing makes a check PENDING, neither good nor bad.
    What is judged DOWN while `root`, which it depends on, is down is shown as UNREACHABLE.
    """
    is_good = outcome.is_good
    ok_streak = state.ok_streak + 1 if is_good else 0
    fail_streak = state.fail_streak + 1 if outcome.verdict is Verdict.FAIL else 0
    ok, judged = _judge(state, outcome, ok_streak, fail_streak, thresholds)
    is_hidden = root is not None and judged is Status.DOWN
    status = Status.UNREACHABLE if is_hidden else judged
    has_changed = status is not state.status
    # Made anew and not by `replace`, which costs more than all the rest.
    after = CheckState(
        id=state.id,
        type=state.type,
        status=status,
        ok=ok,
        ok_streak=ok_streak,
        fail_streak=fail_streak,
        last_run_ms=now_ms,
        last_ok_ms=now_ms if is_good else state.last_ok_ms,
        last_change_ms=now_ms if has_changed else state.last_change_ms,
        outcome=outcome,
        covered=judged if is_hidden else None,
        because=root if is_hidden else None,
        is_held=state.is_held and status is Status.DOWN,
        pause=state.pause,
        acknowledged=state.acknowledged and _kept(state, judged),
    )
    if not has_changed:
        return after, None
    return after, _transition(state, after, outcome, now_ms)


def _judge(
    state: CheckState,
    outcome: Outcome,
    ok_streak: int,
    fail_streak: int,
    thresholds: Thresholds,
) -> tuple[bool | None, Status]:
    """Return whether the target is judged good, and the status that shows it."""
    if outcome.verdict is Verdict.UNKNOWN:
        return None, Status.PENDING
    if outcome.is_good and (state.ok or ok_streak >= thresholds.up):
        is_degraded = outcome.verdict is Verdict.DEGRADED
        return True, Status.DEGRADED if is_degraded else Status.UP
    if not outcome.is_good and (state.ok is False or fail_streak >= thresholds.down):
        return False, Status.DOWN
    return state.ok, state.judged


def _kept(state: CheckState, judged: Status) -> Acknowledgement | None:
    """Return the acknowledgement unless the target recovered, or got worse."""
    has_worsened = state.judged is not Status.DOWN and judged is Status.DOWN
    return None if judged is Status.UP or has_worsened else state.acknowledged


def _transition(before: CheckState, after: CheckState, outcome: Outcome, now_ms: int) -> Transition:
    """Describe the change from one status to another."""
    error, error_code = outcome.error, outcome.error_code
    if after.because is not None:
        error, error_code = parent_down(after.because)
    return Transition(
        check_id=after.id,
        at_ms=now_ms,
        event=EventKind.INIT if before.ok is None else _EVENTS[after.status],
        status=after.status,
        previous=before.status,
        ok=after.ok,
        latency_ms=outcome.latency_ms,
        status_code=outcome.status_code,
        error=error,
        error_code=error_code,
    )


def parent_down(root: str) -> tuple[str, str]:
    """Say why a check is unreachable, for people and for programs."""
    return f"it depends on {root}, which is down", "parent_down"
