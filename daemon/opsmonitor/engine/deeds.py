"""Tell what was done about checks that fail: pure, without clock or I/O."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.drafting import Decision
from opsmonitor.engine.routing import channels_for
from opsmonitor.models.alert import AlertKind, Notice, NoticeKind
from opsmonitor.models.check import EventKind
from opsmonitor.util.printable import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsmonitor.config.settings import AlertSettings, CheckSettings
    from opsmonitor.engine.drafting import Told
    from opsmonitor.models.check import Transition

_TITLES: Final = {
    EventKind.ACTION_DONE: "ACTION DONE",
    EventKind.ACTION_FAILED: "ACTION FAILED",
    EventKind.ACTION_GIVEN_UP: "NO FURTHER ACTION",
}
"""What comes of an action; that one begins is no news."""


def tell_deeds(
    transitions: Iterable[Transition],
    told: Told,
    checks: Mapping[str, CheckSettings],
    *,
    alerts: AlertSettings,
    zone: tzinfo = UTC,
) -> Decision:
    """Return what is to be told of actions: to those who know of the trouble, if anybody does."""
    news: list[tuple[Notice, tuple[str, ...]]] = []
    for deed in transitions:
        title, check = _TITLES.get(deed.event), checks.get(deed.check_id)
        if title is None or check is None or NoticeKind.REMEDIATION not in check.notify_on:
            continue
        alert = told.get(check.id, {}).get(AlertKind.DOWN)
        if alert is not None:
            alert_id, whom = alert.id, alert.channels
        else:
            moment = datetime.fromtimestamp(deed.at_ms / 1000, zone)
            whom = channels_for(check, AlertKind.DOWN, alerts, moment)
            alert_id = f"{check.id}:{NoticeKind.REMEDIATION}:{deed.at_ms}"
        notice = Notice(
            id=f"{check.id}:{NoticeKind.REMEDIATION}:{deed.at_ms}:{deed.event.lower()}",
            alert_id=alert_id,
            kind=NoticeKind.REMEDIATION,
            subject=check.id,
            name=check.name,
            severity=check.severity,
            tags=check.tags,
            at_ms=deed.at_ms,
            title=shown(f"{title}: {check.name}"),
            text=shown(f"{deed.error or 'see the page'}\n{check.target} ({check.severity})"),
        )
        news.append((notice, whom))
    return Decision(notices=tuple(news))
