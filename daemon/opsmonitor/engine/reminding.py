"""Say again what nobody has taken note of: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine import notices
from opsmonitor.engine.drafting import Decision
from opsmonitor.models.alert import AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opsmonitor.config.settings import AlertSettings, CheckSettings, ReminderSettings
    from opsmonitor.engine.drafting import Told
    from opsmonitor.models.alert import Alert, Notice
    from opsmonitor.models.check import CheckState

_SHOWN_AS: Final = {AlertKind.DOWN: Status.DOWN, AlertKind.DEGRADED: Status.DEGRADED}
"""The alerts that are told again, and the status that a check has while each holds."""
_JUDGED: Final = frozenset({Status.UP, Status.DEGRADED, Status.DOWN})
_MARGIN_MS: Final = 60_000
_MINUTE_MS: Final = 60_000


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
    is_silent: Callable[[Alert], bool] = lambda _alert: False,
) -> Agenda:
    """Return the reminders and escalations that are due.

    Time in which a check was paused or unreachable does not count, and what is not confirmed by a
    recent run is not told: the daemon or the machine may have been off. Trouble that somebody
    acknowledged is left alone. While an alert `is_silent` as nobody may be told of it, it waits for
    its reminder, which then tells what is.
    """
    rounds = _Round(alerts, now_ms, is_silent)
    for subject, kinds in told.items():
        check, state = checks.get(subject), states.get(subject)
        if check is None or state is None:
            continue
        for alert in kinds.values():
            if _is_open_question(alert, state):
                rounds.visit(alert, check, state)
    return rounds.agenda()


class _Round:
    """Collects what is due, one alert after the other."""

    def __init__(
        self, settings: AlertSettings, now_ms: int, is_silent: Callable[[Alert], bool]
    ) -> None:
        """Begin with nothing."""
        self._is_silent = is_silent
        self._settings = settings
        self._now_ms = now_ms
        self._alerts: list[Alert] = []
        self._notices: list[tuple[Notice, tuple[str, ...]]] = []
        self._next_ms: list[int] = []

    def agenda(self) -> Agenda:
        """Return what is due, and when to look the next time."""
        decision = Decision(alerts=tuple(self._alerts), notices=tuple(self._notices))
        return Agenda(decision=decision, next_ms=min(self._next_ms, default=None))

    def visit(self, alert: Alert, check: CheckSettings, state: CheckState) -> None:
        """Look what is due of one alert."""
        message = (state.outcome.error if state.outcome else None) or alert.message
        is_confirmed = _is_confirmed(state, check, self._now_ms)
        after = alert
        if alert.kind is AlertKind.DOWN and alert.channels and _is_told(check):
            after = self._escalate(after, check, state, message, is_confirmed=is_confirmed)
        if NoticeKind.REMINDER in check.notify_on:
            whom = alert.channels
            after = self._remind(after, check, state, message, whom, is_confirmed=is_confirmed)
        if after is not alert:
            self._alerts.append(after)

    def _remind(
        self,
        alert: Alert,
        check: CheckSettings,
        state: CheckState,
        message: str,
        whom: tuple[str, ...],
        *,
        is_confirmed: bool,
    ) -> Alert:
        """Tell an alert again if it is time, to those who know of it for a while."""
        due_ms = _reminder_ms(alert, state, self._settings.reminders)
        if self._now_ms >= due_ms and is_confirmed and self._is_silent(alert):
            # Quiet hours end at full minutes; whoever unmutes alerts has all looked at anew.
            due_ms = self._now_ms - self._now_ms % _MINUTE_MS + _MINUTE_MS
        elif self._now_ms >= due_ms and is_confirmed:
            alert = replace(alert, reminders=alert.reminders + 1, told_ms=self._now_ms)
            news = notices.reminder(alert, check, message, self._now_ms)
            self._notices.append((news, whom))
            due_ms = _reminder_ms(alert, state, self._settings.reminders)
        self._next_ms.append(due_ms)
        return alert

    def _escalate(
        self,
        alert: Alert,
        check: CheckSettings,
        state: CheckState,
        message: str,
        *,
        is_confirmed: bool,
    ) -> Alert:
        """Tell further channels of an alert that nobody has acknowledged in time."""
        since_ms = max(alert.opened_ms, state.last_change_ms or 0)
        for stage in self._settings.escalation:
            step = f"{NoticeKind.ESCALATED}:{stage.after_s}:{','.join(stage.channels)}"
            if alert.severity not in stage.severity or step in alert.steps:
                continue
            due_ms = since_ms + stage.after_s * 1000
            if self._now_ms < due_ms or not is_confirmed:
                self._next_ms.append(due_ms)
                continue
            everybody = tuple(dict.fromkeys((*alert.channels, *stage.channels)))
            alert = replace(alert, steps=(*alert.steps, step), channels=everybody)
            news = notices.escalated(alert, check, message, step, self._now_ms)
            self._notices.append((news, stage.channels))
        return alert


def _is_told(check: CheckSettings) -> bool:
    """Tell whether anybody is told when a check fails."""
    return NoticeKind.FIRST_FAIL in check.notify_on or NoticeKind.DEADLINE_MISS in check.notify_on


def _is_open_question(alert: Alert, state: CheckState) -> bool:
    """Tell whether an alert holds now, and nobody has said to know of it."""
    if state.acknowledged is not None:
        return False
    if state.flapping_since_ms is not None:
        return alert.kind is AlertKind.FLAPPING and state.status in _JUDGED
    return state.status is _SHOWN_AS.get(alert.kind)


def _reminder_ms(alert: Alert, state: CheckState, reminders: ReminderSettings) -> int:
    """Return when an alert is to be told again."""
    since_ms = alert.told_ms or alert.opened_ms
    if alert.kind is not AlertKind.FLAPPING:
        since_ms = max(since_ms, state.last_change_ms or 0)
    grown_s = reminders.first_s * reminders.factor ** min(alert.reminders, 64)
    return since_ms + round(min(grown_s, reminders.longest_s) * 1000)


def _is_confirmed(state: CheckState, check: CheckSettings, now_ms: int) -> bool:
    """Tell whether a run has said lately what is shown of a check."""
    run_s = (check.retries + 1) * (check.timeout_s + check.retry_backoff_s)
    recent_ms = round((check.interval_s + run_s) * 1000) + _MARGIN_MS
    return state.last_run_ms is not None and now_ms - state.last_run_ms <= recent_ms
