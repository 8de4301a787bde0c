"""Runs and states as an engine would make them, for the tests of the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsmonitor.models.check import (
    CheckState,
    EventKind,
    Outcome,
    RunResult,
    Status,
    Transition,
    Verdict,
)

_EVENTS = {
    Status.UP: EventKind.UP,
    Status.DOWN: EventKind.DOWN,
    Status.DEGRADED: EventKind.DEGRADED,
}
_VERDICTS = {
    Status.UP: Verdict.OK,
    Status.DOWN: Verdict.FAIL,
    Status.DEGRADED: Verdict.DEGRADED,
}


@dataclass
class ScriptedCheck:
    """A check whose runs are dictated; it knows its status as the engine does."""

    id: str = "nas"
    status: Status = Status.PENDING
    has_interval: bool = field(default=False)

    def run(
        self,
        at_ms: int,
        status: Status = Status.UP,
        *,
        latency_ms: float | None = 12.0,
        took_ms: int = 0,
    ) -> RunResult:
        """Return a run started at a moment that leaves the check in a status."""
        finished_ms = at_ms + took_ms
        is_down = status is Status.DOWN
        outcome = Outcome(
            verdict=_VERDICTS[status],
            latency_ms=latency_ms,
            status_code=500 if is_down else 200,
            error="the server answered 500" if is_down else None,
            error_code="status_unexpected" if is_down else None,
        )
        state = CheckState(
            id=self.id,
            type="http",
            status=status,
            ok=not is_down,
            last_run_ms=finished_ms,
            outcome=outcome,
        )
        transition = self._transition(finished_ms, status, outcome)
        is_new = transition is not None or not self.has_interval
        self.status, self.has_interval = status, True
        return RunResult(
            check_id=self.id,
            started_ms=at_ms,
            finished_ms=finished_ms,
            outcome=outcome,
            state=state,
            transition=transition,
            interval=status if is_new else None,
            is_plain=not is_new and status is Status.UP,
        )

    def _transition(self, at_ms: int, status: Status, outcome: Outcome) -> Transition | None:
        """Return the change to a status, if it is one."""
        if status is self.status:
            return None
        is_first = self.status is Status.PENDING
        return Transition(
            check_id=self.id,
            at_ms=at_ms,
            event=EventKind.INIT if is_first else _EVENTS[status],
            status=status,
            previous=self.status,
            ok=status is not Status.DOWN,
            latency_ms=outcome.latency_ms,
            status_code=outcome.status_code,
            error=outcome.error,
            error_code=outcome.error_code,
        )
