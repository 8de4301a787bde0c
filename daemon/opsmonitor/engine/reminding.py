"""Say again what nobody has taken note of: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine import notices
from opsmonitor.engine.alerting import Decision
from opsmonitor.models.alert import AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.config.settings import AlertSettings, CheckSettings, ReminderSettings
    from opsmonitor.engine.alerting import Told
    from opsmonitor.models.alert import Alert
    from opsmonitor.models.check import CheckState

_SHOWN_AS: Final = {AlertKind.DOWN: Status.DOWN, AlertKind.DEGRADED: Status.DEGRADED}
"""The alerts that are told again, and the status that a check has while each holds."""
_MARGIN_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is to be told again now, and when to look the next time."""

    decision: Decision
    next_ms: int | None = None


def look_around(
    told: Told,
    states: Mapping[str, CheckState],
    checks: Mapping[str, CheckSettings],
    *,
    alerts: AlertSettings,
    now_ms: int,
) -> Agenda:
    """Return the reminders that are due.

    Time in which a check was paused or unreachable does not count, and what is not confirmed by a
    recent run is not told: the daemon or the machine may have been off. Trouble that somebody
    acknowledged is left alone.
    """
    changed: list[Alert] = []
    news = []
    next_ms: list[int] = []
    for subject, kinds in told.items():
        check, state = checks.get(subject), states.get(subject)
        if check is None or state is None or NoticeKind.REMINDER not in check.notify_on:
            continue
        for alert in kinds.values():
            if not _is_open_question(alert, state):
                continue
            due_ms = _due_ms(alert, state, alerts.reminders)
            if now_ms >= due_ms and _is_confirmed(state, check, now_ms):
                after = replace(alert, reminders=alert.reminders + 1, told_ms=now_ms)
                changed.append(after)
                message = (state.outcome.error if state.outcome else None) or alert.message
                news.append((notices.reminder(after, check, message, now_ms), alert.channels))
                due_ms = _due_ms(after, state, alerts.reminders)
            next_ms.append(due_ms)
    decision = Decision(alerts=tuple(changed), notices=tuple(news))
    return Agenda(decision=decision, next_ms=min(next_ms, default=None))


def _is_open_question(alert: Alert, state: CheckState) -> bool:
    """Tell whether an alert holds now, and nobody has said to know of it."""
    return state.status is _SHOWN_AS.get(alert.kind) and state.acknowledged is None


def _due_ms(alert: Alert, state: CheckState, reminders: ReminderSettings) -> int:
    """Return when an alert is to be told again."""
    since_ms = max(alert.told_ms or alert.opened_ms, state.last_change_ms or 0)
    grown_s = reminders.first_s * reminders.factor ** min(alert.reminders, 64)
    return since_ms + round(min(grown_s, reminders.longest_s) * 1000)


def _is_confirmed(state: CheckState, check: CheckSettings, now_ms: int) -> bool:
    """Tell whether a run has said lately what is shown of a check."""
    run_s = (check.retries + 1) * (check.timeout_s + check.retry_backoff_s)
    recent_ms = round((check.interval_s + run_s) * 1000) + _MARGIN_MS
    return state.last_run_ms is not None and now_ms - state.last_run_ms <= recent_ms
