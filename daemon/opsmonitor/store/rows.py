"""Turn models into rows of the database, and rows into models."""

from __future__ import annotations

from dataclasses import asdict
import json
import math
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    EventKind,
    Outcome,
    Pause,
    RunResult,
    Status,
    TlsInfo,
    Transition,
    Verdict,
)
from opsmonitor.models.history import RawRun

if TYPE_CHECKING:
    from collections.abc import Sequence

VERDICTS: Final = (Verdict.OK, Verdict.DEGRADED, Verdict.FAIL, Verdict.UNKNOWN)
"""By the number that stands for each."""
FAILED: Final = VERDICTS.index(Verdict.FAIL)
_NUMBERS: Final = {verdict: number for number, verdict in enumerate(VERDICTS)}
_EXPLAINED: Final = frozenset(
    {
        Status.DOWN,
        Status.DEGRADED,
        Status.UNREACHABLE,
        Status.NO_NETWORK,
        Status.PAUSED,
        Status.MAINTENANCE,
    }
)
"""The statuses that have a cause."""
_LONGEST_TEXT: Final = 500
_LARGEST: Final = 2**63 - 1

Row = tuple[Any, ...]
"""Values as SQLite takes and gives them."""


def to_us(latency_ms: float | None) -> int | None:
    """Return milliseconds as whole microseconds; what is no time at all is unknown."""
    if latency_ms is None or not 0 <= latency_ms < math.inf:
        return None
    return min(_LARGEST, round(latency_ms * 1000))


def to_ms(latency_us: float | None) -> float | None:
    """Return microseconds as milliseconds."""
    return None if latency_us is None else latency_us / 1000


def _number(value: int | None) -> int | None:
    """Return a number that SQLite can hold; others are unknown."""
    return value if value is not None and abs(value) <= _LARGEST else None


def text(value: str | None) -> str | None:
    """Return a text that SQLite can hold: encodable, and not without end."""
    if value is None or (value.isascii() and len(value) <= _LONGEST_TEXT):
        return value
    return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode()


def result_row(key: int, result: RunResult) -> Row:
    """Return the row of a run."""
    outcome = result.outcome
    return (
        key,
        result.started_ms,
        _NUMBERS[outcome.verdict],
        to_us(outcome.latency_ms),
        None if outcome.status_code is None else _number(outcome.status_code),
        None if outcome.error_code is None else text(outcome.error_code),
        None if outcome.error is None else text(outcome.error),
        outcome.attempts,
    )


def raw_run(row: Row) -> RawRun:
    """Return a run from the id of its check and the columns of its row."""
    check_id, ts, verdict, latency_us, status_code, error_code, error, attempts = row
    return RawRun(
        check_id=check_id,
        at_ms=ts,
        verdict=VERDICTS[verdict],
        latency_ms=to_ms(latency_us),
        status_code=status_code,
        error_code=error_code,
        error=error,
        attempts=attempts,
    )


def state_row(key: int, state: CheckState) -> Row:
    """Return the row of a state."""
    outcome = state.outcome
    judged: Row = (None,) * 7
    if outcome is not None:
        judged = (
            _NUMBERS[outcome.verdict],
            to_us(outcome.latency_ms),
            _number(outcome.status_code),
            text(outcome.error_code),
            text(outcome.error),
            outcome.attempts,
            _extra(outcome),
        )
    return (
        key,
        state.type,
        state.status.value,
        state.ok,
        state.fail_streak,
        state.ok_streak,
        state.last_run_ms,
        state.last_ok_ms,
        state.last_change_ms,
        *judged,
        None if state.covered is None else state.covered.value,
        state.because,
        None if state.pause is None else json.dumps(asdict(state.pause)),
        None if state.acknowledged is None else json.dumps(asdict(state.acknowledged)),
        state.flips,
        state.flapping_since_ms,
    )


def _extra(outcome: Outcome) -> str | None:
    """Return the certificate and further values of a run as JSON; None when it has none."""
    extra: dict[str, object] = {}
    if outcome.tls is not None:
        extra["tls"] = asdict(outcome.tls)
    if outcome.data:
        extra["data"] = dict(outcome.data)
    return json.dumps(extra, default=str) if extra else None


def check_state(row: Row) -> CheckState:
    """Return a state from the id of its check and the columns of its row."""
    (check_id, kind, status, ok, fail_streak, ok_streak, last_run, last_ok, last_change) = row[:9]
    covered, because, pause, known, flips, flapping_since_ms = row[16:]
    return CheckState(
        id=check_id,
        type=kind,
        status=Status(status),
        ok=None if ok is None else bool(ok),
        fail_streak=fail_streak,
        ok_streak=ok_streak,
        last_run_ms=last_run,
        last_ok_ms=last_ok,
        last_change_ms=last_change,
        outcome=_outcome(row[9:16]),
        covered=None if covered is None else Status(covered),
        because=because,
        flips=flips,
        flapping_since_ms=flapping_since_ms,
        pause=None if pause is None else Pause(**json.loads(pause)),
        acknowledged=None if known is None else Acknowledgement(**json.loads(known)),
    )


def _outcome(row: Sequence[Any]) -> Outcome | None:
    """Return the latest run of a state, without timings and assertions."""
    verdict, latency_us, status_code, error_code, error, attempts, extra = row
    if verdict is None:
        return None
    more = json.loads(extra) if extra else {}
    return Outcome(
        verdict=VERDICTS[verdict],
        latency_ms=to_ms(latency_us),
        status_code=status_code,
        error_code=error_code,
        error=error,
        attempts=attempts,
        tls=TlsInfo(**more["tls"]) if "tls" in more else None,
        data=more.get("data", {}),
    )


def event_row(key: int, event: Transition) -> Row:
    """Return the row of a transition."""
    return (
        event.at_ms,
        key,
        event.event.value,
        event.status.value,
        event.previous.value,
        event.ok,
        to_us(event.latency_ms),
        _number(event.status_code),
        text(event.error_code),
        text(event.error),
    )


def transition(row: Row) -> Transition:
    """Return a transition from the id of its check and the columns of its row."""
    check_id, ts, event, status, previous, ok, latency_us, status_code, error_code, error = row
    return Transition(
        check_id=check_id,
        at_ms=ts,
        event=EventKind(event),
        status=Status(status),
        previous=Status(previous),
        ok=None if ok is None else bool(ok),
        latency_ms=to_ms(latency_us),
        status_code=status_code,
        error_code=error_code,
        error=error,
    )


def cause(status: Status, error: str | None) -> str | None:
    """Return why an interval has its status; None when there is nothing to explain."""
    return text(error) if status in _EXPLAINED else None
