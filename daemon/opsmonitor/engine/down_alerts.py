"""Tell that a check is down, that it missed its deadline, and that it is up again: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine import notices
from opsmonitor.engine.drafting import Draft, error_of, joined, without
from opsmonitor.models.alert import Alert, AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState

_DEADLINES: Final = frozenset({"deadline_missed", "heartbeat_missed"})
"""The codes of failures that are something not having come in time."""


def open_down(
    draft: Draft, state: CheckState, check: CheckSettings, *, know: tuple[str, ...] = ()
) -> Alert:
    """Tell that a check is down; those who know it already are told of the end only."""
    opened_ms = state.last_change_ms or draft.now_ms
    alert = draft.new(AlertKind.DOWN, check, opened_ms, error_of(state, "the check fails"))
    if misses_deadline(state):
        alert = replace(alert, steps=(NoticeKind.DEADLINE_MISS.value,))
    alert = replace(alert, channels=joined(alert.channels, know))
    draft.tell_opened(alert, open_kind(alert, check), check, but=know)
    return alert


def open_kind(alert: Alert, check: CheckSettings) -> NoticeKind | None:
    """Return as what it is told that a check is down; None: that is not asked for."""
    is_late = NoticeKind.DEADLINE_MISS.value in alert.steps
    if is_late and NoticeKind.DEADLINE_MISS in check.notify_on:
        return NoticeKind.DEADLINE_MISS
    return NoticeKind.FIRST_FAIL if NoticeKind.FIRST_FAIL in check.notify_on else None


def miss_deadline(draft: Draft, alert: Alert, state: CheckState, check: CheckSettings) -> None:
    """Tell once that what is down for another reason has missed its deadline, too."""
    step = NoticeKind.DEADLINE_MISS.value
    if step in alert.steps or step not in check.notify_on:
        return
    message = error_of(state, alert.message)
    after = replace(alert, steps=(*alert.steps, step), told_ms=draft.now_ms)
    draft.alerts.append(after)
    news = notices.deadline_missed(after, check, message, draft.now_ms)
    draft.notices.append((news, after.channels))


def recover(
    draft: Draft,
    alert: Alert,
    state: CheckState,
    check: CheckSettings,
    *,
    but: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Tell that a check is up again; return who is told."""
    after = replace(alert, resolved_ms=state.last_change_ms or draft.now_ms)
    draft.alerts.append(after)
    if NoticeKind.RECOVERED not in check.notify_on:
        return ()
    is_degraded = state.status is Status.DEGRADED
    why = error_of(state, "see the page") if is_degraded else None
    news = notices.recovered(after, check, draft.now_ms, now_degraded=why)
    whom = without(alert.channels, but)
    draft.notices.append((news, whom))
    return whom


def misses_deadline(state: CheckState) -> bool:
    """Tell whether a check fails because something did not come in time."""
    return state.outcome is not None and state.outcome.error_code in _DEADLINES
