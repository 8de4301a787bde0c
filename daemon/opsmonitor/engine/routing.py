"""Choose who is told, and when: pure."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

    from opsmonitor.config.settings import AlertSettings, CheckSettings, RouteSettings
    from opsmonitor.models.alert import Alert, AlertKind


def channels_for(
    check: CheckSettings, kind: AlertKind, alerts: AlertSettings, now: datetime
) -> tuple[str, ...]:
    """Return the channels that are told of an alert that opens `now`, in the configured zone.

    What a check says itself comes first, then the routes. What fits no route goes to every channel:
    a gap in the routes must not swallow an alert.
    """
    whom = check.notify
    if isinstance(whom, tuple):
        return tuple(name for name in alerts.channels if name in whom)
    if not whom:
        return ()
    chosen: dict[str, None] = {}
    has_fit = False
    for route in alerts.routes:
        if _fits(route, check, kind, now):
            has_fit = True
            chosen.update(dict.fromkeys(route.channels))
            if not route.goes_on:
                break
    return tuple(chosen) if has_fit else tuple(alerts.channels)


def channels_at_opening(
    alert: Alert, check: CheckSettings, alerts: AlertSettings, zone: tzinfo
) -> tuple[str, ...]:
    """Return the channels that are told of an open alert by the settings in force now."""
    opened = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    return channels_for(check, alert.kind, alerts, opened)


def is_quiet(severity: str, channel: str, alerts: AlertSettings, now: datetime) -> bool:
    """Tell whether a notice is to wait, `now` being in the configured zone."""
    return any(
        severity in quiet.severity
        and (not quiet.channels or channel in quiet.channels)
        and quiet.window.holds(now)
        for quiet in alerts.quiet_hours
    )


def _fits(route: RouteSettings, check: CheckSettings, kind: AlertKind, now: datetime) -> bool:
    """Tell whether a route is meant for an alert."""
    return (
        (not route.severity or check.severity in route.severity)
        and (not route.tag or not route.tag.isdisjoint(check.tags))
        and (not route.site or check.site in route.site)
        and (not route.kind or kind in route.kind)
        and (not route.check or any(fnmatchcase(check.id, pattern) for pattern in route.check))
        and (route.window is None or route.window.holds(now))
    )
