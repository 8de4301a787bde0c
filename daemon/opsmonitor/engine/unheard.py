"""Tell again what is open, and no channel that there is has heard of: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.down_alerts import open_kind
from opsmonitor.engine.routing import channels_at_opening
from opsmonitor.models.alert import Alert, AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from opsmonitor.config.settings import AlertSettings, CheckSettings
    from opsmonitor.engine.drafting import Draft, Told
    from opsmonitor.models.check import CheckState

_SHOWN_AS: Final = {AlertKind.DOWN: Status.DOWN, AlertKind.DEGRADED: Status.DEGRADED}


def find_unheard(
    told: Told, checks: Mapping[str, CheckSettings], alerts: AlertSettings, zone: tzinfo
) -> set[str]:
    """Return the ids of the open alerts that no channel has heard of, though one is to."""
    return {
        alert.id
        for subject, kinds in told.items()
        for alert in kinds.values()
        if not any(name in alerts.channels for name in alert.channels)
        and channels_at_opening(alert, checks[subject], alerts, zone)
    }


def tell_unheard(
    draft: Draft, told: Mapping[AlertKind, Alert], state: CheckState, check: CheckSettings
) -> Mapping[AlertKind, Alert]:
    """Tell those of a check's alerts that hold, and nobody has heard of; return them all.

    The channels were given other names, say, or refused what came before they were set right. Who
    acknowledged the trouble knows of it, and is told of the end only.
    """
    after = dict(told)
    for alert in told.values():
        if alert.id in draft.unheard and _holds(alert, state):
            after[alert.kind] = _tell(draft, alert, state, check)
    return after


def _tell(draft: Draft, alert: Alert, state: CheckState, check: CheckSettings) -> Alert:
    """Tell an alert to those who are to be told of it."""
    channels = channels_at_opening(alert, check, draft.settings, draft.zone)
    alert = replace(alert, channels=channels, told_ms=draft.now_ms, reminders=0)
    if alert.kind is AlertKind.CERT_EXPIRING:
        # What its certificate has left is told in a moment.
        return replace(alert, steps=())
    kind = open_kind(alert, check)
    if alert.kind is not AlertKind.DOWN:
        kind = NoticeKind(alert.kind.value)
    draft.tell_opened(alert, None if state.acknowledged else kind, check)
    return alert


def _holds(alert: Alert, state: CheckState) -> bool:
    """Tell whether a state is what an alert says."""
    if alert.kind is AlertKind.CERT_EXPIRING:
        return True
    if state.flapping_since_ms is not None:
        return alert.kind is AlertKind.FLAPPING
    return state.status is _SHOWN_AS.get(alert.kind) and not state.is_held
