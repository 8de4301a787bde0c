"""How the page puts states, durations and numbers into words; static/js/words.js says the same."""

from __future__ import annotations

from datetime import datetime
import math
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import EventKind, Status
from opsmonitor.models.reading import ReadingStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opsmonitor.models.check import CheckState, Transition

DASH: Final = "\N{EN DASH}"
"""Stands where nothing is known."""
MAX_NAMES: Final = 3
"""So many names are told in the verdict; the rest is counted."""

LABELS: Final = {
    Status.DOWN: "Down",
    Status.DEGRADED: "Degraded",
    Status.UNREACHABLE: "Unreachable",
    Status.NO_NETWORK: "No network",
    Status.UP: "Up",
    Status.PENDING: "Not judged yet",
    Status.PAUSED: "Paused",
    Status.MAINTENANCE: "In maintenance",
    Status.UNMONITORED: "Not monitored",
}
PROBLEMS: Final = (Status.DOWN, Status.DEGRADED, Status.UNREACHABLE, Status.NO_NETWORK)
"""The statuses that come first, worst first."""
_ACTIONS: Final = {
    EventKind.ACTION_STARTED: "Action begins",
    EventKind.ACTION_DONE: "Action done",
    EventKind.ACTION_FAILED: "Action failed",
    EventKind.ACTION_GIVEN_UP: "No further action",
}
_REMARKS: Final = {
    EventKind.INIT: "first result",
    EventKind.FLAPPING: "flapping",
    EventKind.STEADY: "steady again",
    EventKind.ACKNOWLEDGED: "acknowledged",
    EventKind.UNACKNOWLEDGED: "no longer acknowledged",
}
_POLLED: Final = {ReadingStatus.CRIT: "critical", ReadingStatus.WARN: "worrying"}
_QUIET: Final = (
    (Status.PENDING, "waiting for a first result"),
    (Status.PAUSED, "paused"),
    (Status.MAINTENANCE, "in maintenance"),
)


def verdict(named: Sequence[tuple[str, Status]]) -> str:
    """Say in one sentence how everything is."""
    total = len(named)
    if not named:
        return "No checks are configured"
    problems = [_problem(named, status) for status in PROBLEMS]
    told = [problem for problem in problems if problem]
    if total == 1:
        name, status = named[0]
        verb = "has" if status is Status.NO_NETWORK else "is"
        return f"{name} {verb} {LABELS[status].lower()}"
    if told:
        count, rest = told[0]
        parts = [f"{count} of {total} {rest}", *(f"{count} {rest}" for count, rest in told[1:])]
        return "; ".join(parts)
    return _calm(named)


def _problem(named: Sequence[tuple[str, Status]], status: Status) -> tuple[int, str] | None:
    """Count and name the checks in one bad status."""
    names = [name for name, own in named if own is status]
    if not names:
        return None
    listed = ", ".join(names[:MAX_NAMES])
    if len(names) > MAX_NAMES:
        listed += f" and {len(names) - MAX_NAMES} more"
    verb = "is" if len(names) == 1 else "are"
    if status is Status.NO_NETWORK:
        verb = "has" if len(names) == 1 else "have"
    return len(names), f"{verb} {LABELS[status].lower()}: {listed}"


def _calm(named: Sequence[tuple[str, Status]]) -> str:
    """Say how everything is when nothing is wrong."""
    statuses = [status for _, status in named]
    total = len(statuses)
    up = statuses.count(Status.UP)
    if up == total:
        return f"All {total} checks are up"
    if statuses.count(Status.PENDING) == total:
        return f"Waiting for the first results of {total} checks"
    parts = [f"{up} of {total} checks are up"]
    for status, words in _QUIET:
        count = statuses.count(status)
        if count:
            parts.append(f"{count} {words}")
    return ", ".join(parts)


def worst(statuses: Sequence[Status]) -> Status:
    """Return the status that the whole page wears."""
    for status in (*PROBLEMS, Status.UP):
        if status in statuses:
            return status
    return Status.PENDING


def with_proxmox(sentence: str, status: ReadingStatus | None) -> str:
    """Add how Proxmox is, if it is not well: it has a say in how the whole is."""
    word = _POLLED.get(status) if status is not None else None
    return sentence if word is None else f"{sentence}; Proxmox is {word}"


def worn(own: Status, proxmox: ReadingStatus | None, *, is_critical: bool) -> Status:
    """Return the status that the whole page wears, with Proxmox taken into account."""
    if proxmox not in _POLLED or own in PROBLEMS:
        return own
    return Status.DOWN if is_critical else Status.DEGRADED


def latency(value_ms: float | None) -> str:
    """Return a latency with as many digits as mean something."""
    if value_ms is None:
        return DASH
    if value_ms < 9.95:  # noqa: PLR2004 - from here on it would be shown as "10.0"
        return f"{value_ms:.1f} ms"
    if value_ms < 999.5:  # noqa: PLR2004 - from here on it would be shown as "1000"
        return f"{math.floor(value_ms + 0.5)} ms"
    return f"{value_ms / 1000:.2f} s"


def percent(value: float | None) -> str:
    """Return an uptime, rounded down: 100 % is said only when nothing at all was missed."""
    if value is None:
        return DASH
    if value >= 100:  # noqa: PLR2004 - per cent
        return "100 %"
    return f"{math.floor(value * 100) / 100:.2f} %"


def duration(seconds: float) -> str:
    """Return a duration in its two biggest units."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    if not hours:
        return f"{minutes} min"
    if not days:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def ago(seconds: float) -> str:
    """Return how long ago something was."""
    return "just now" if seconds < 1 else f"{duration(seconds)} ago"


def hint(state: CheckState, down_threshold: int) -> str:
    """Say that a check is failing while its status does not show it yet."""
    if not state.fail_streak or state.judged is Status.DOWN:
        return ""
    return f"failing {state.fail_streak} of {down_threshold}"


def note(state: CheckState, names: Mapping[str, str], stamp: Callable[[int], str]) -> str:
    """Say what is known besides the result of the runs: the root cause, and what people said."""
    parts = []
    last_ping = state.outcome.data.get("last_ping") if state.outcome else None
    if isinstance(last_ping, str):
        at_s = datetime.fromisoformat(last_ping).timestamp()
        parts.append(f"Last ping {stamp(round(at_s * 1000))}")
    if state.because is not None:
        parts.append(f"Depends on {names.get(state.because, state.because)}, which is down")
    if state.maintenance is not None:
        until = f"Maintenance until {stamp(state.maintenance.until_ms)}"
        parts.append(_with_reason(until, state.maintenance.reason))
    if state.flapping_since_ms is not None:
        parts.append(f"Flapping since {stamp(state.flapping_since_ms)}")
    if state.pause is not None:
        until = "" if state.pause.until_ms is None else f" until {stamp(state.pause.until_ms)}"
        parts.append(_with_reason(f"Paused{until}", state.pause.reason))
    if state.acknowledged is not None:
        by = f" by {state.acknowledged.by}" if state.acknowledged.by else ""
        parts.append(_with_reason(f"Acknowledged{by}", state.acknowledged.note))
    return ". ".join(parts)


def _with_reason(text: str, reason: str | None) -> str:
    """Append a reason if there is one."""
    return f"{text}: {reason}" if reason else text


def change(event: Transition) -> str:
    """Say what happened to a check."""
    label = LABELS[event.status]
    if event.event in _REMARKS:
        return f"{label}, {_REMARKS[event.event]}"
    if event.event in _ACTIONS:
        return _ACTIONS[event.event]
    if event.status is event.previous:
        return f"{label}, again"
    return f"{label}, was {LABELS[event.previous].lower()}"
