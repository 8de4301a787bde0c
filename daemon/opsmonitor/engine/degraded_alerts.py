"""Tell that a check works badly, and that it works well again: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsmonitor.engine import notices
from opsmonitor.engine.drafting import Draft, error_of, without
from opsmonitor.models.alert import Alert, AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState


def judge_degraded(
    draft: Draft,
    state: CheckState,
    check: CheckSettings,
    alert: Alert | None,
    has_recovered: tuple[str, ...],
    down: Alert | None,
) -> None:
    """Tell what works badly for some time, and when it works well again.

    Being down takes the place of it only if all who were told hear of that end instead.
    """
    if state.status is Status.DEGRADED and alert is None:
        since_ms = state.last_change_ms or draft.now_ms
        settled_ms = since_ms + round(draft.settings.settle_s * 1000)
        if draft.now_ms < settled_ms and not has_recovered:
            draft.again.append((state.id, settled_ms))
            return
        opened = new_degraded(draft, state, check)
        # Who was told a moment ago that it is up again was told of this, too.
        draft.tell_opened(opened, NoticeKind.DEGRADED, check, but=has_recovered)
    elif state.status is Status.UP and alert is not None:
        after = replace(alert, resolved_ms=state.last_change_ms or draft.now_ms)
        draft.alerts.append(after)
        news = notices.recovered(after, check, draft.now_ms)
        draft.notices.append((news, without(alert.channels, has_recovered)))
    elif state.status is Status.DOWN and alert is not None and down is not None:
        is_told_of_end = NoticeKind.RECOVERED in check.notify_on
        if is_told_of_end and not without(alert.channels, down.channels):
            resolved_ms = state.last_change_ms or draft.now_ms
            draft.alerts.append(replace(alert, resolved_ms=resolved_ms))


def new_degraded(draft: Draft, state: CheckState, check: CheckSettings) -> Alert:
    """Return an alert that a check works badly."""
    since_ms = state.last_change_ms or draft.now_ms
    return draft.new(AlertKind.DEGRADED, check, since_ms, error_of(state, "it works badly"))
