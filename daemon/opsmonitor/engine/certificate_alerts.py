"""Tell that a certificate is about to expire, and that it was renewed: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine import notices
from opsmonitor.engine.drafting import Draft, alert_id_of
from opsmonitor.models.alert import Alert, AlertKind, NoticeKind

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState


_SURE_MS: Final = 3_600_000
"""So long another one must be shown: where several servers answer, each may have its own."""


def judge_certificate(
    draft: Draft, state: CheckState, check: CheckSettings, alert: Alert | None
) -> None:
    """Tell at each threshold that a certificate is about to expire, and when it was renewed."""
    tls = None if state.outcome is None else state.outcome.tls
    if tls is None or tls.days_left is None or tls.not_after_ms is None:
        return
    left = tls.days_left
    alert_id = alert_id_of(check, AlertKind.CERT_EXPIRING, tls.not_after_ms)
    if alert is not None and alert.id != alert_id:
        if not _is_replaced(draft, alert):
            return
        after = replace(alert, resolved_ms=draft.now_ms)
        draft.alerts.append(after)
        news = notices.renewed(after, check, left, draft.now_ms)
        draft.notices.append((news, alert.channels))
        alert = None
    elif alert is not None and alert.replaced_ms is not None:
        alert = replace(alert, replaced_ms=None)
        draft.alerts.append(alert)
    crossed = [days for days in draft.settings.cert_days if left <= days]
    if not crossed:
        return
    step = f"{NoticeKind.CERT_EXPIRING}:{crossed[-1]}"
    if alert is None:
        # The id tells the certificate, not the moment: it is the same whenever it is decided.
        message = f"the certificate of {check.name} expires soon"
        alert = replace(
            draft.new(AlertKind.CERT_EXPIRING, check, draft.now_ms, message), id=alert_id
        )
    if step in alert.steps:
        return
    alert = replace(alert, steps=(*alert.steps, step), told_ms=draft.now_ms)
    draft.alerts.append(alert)
    news = notices.expiring(alert, check, left, step, draft.now_ms)
    draft.notices.append((news, alert.channels))


def _is_replaced(draft: Draft, alert: Alert) -> bool:
    """Tell whether a certificate was not seen for a while, and another one in its place."""
    if alert.replaced_ms is None:
        draft.alerts.append(replace(alert, replaced_ms=draft.now_ms))
        return False
    return draft.now_ms - alert.replaced_ms >= _SURE_MS
