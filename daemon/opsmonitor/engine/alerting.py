"""Compare what people were told with what is: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from opsmonitor.models.alert import Alert, AlertKind, Notice, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState

_GOOD = frozenset({Status.UP, Status.DEGRADED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The difference between what people were told and what is."""

    alerts: tuple[Alert, ...] = ()
    """Those that opened or were resolved."""
    notices: tuple[tuple[Notice, tuple[str, ...]], ...] = ()
    """What is to be told, and to which channels."""


def reconcile(
    told: Mapping[str, Alert],
    states: Iterable[CheckState],
    checks: Mapping[str, CheckSettings],
    *,
    channels: Collection[str],
    now_ms: int,
    zone: tzinfo = UTC,
) -> Decision:
    """Return what must be told so that people know what is; `told` has the open alerts by check.

    Only being down opens an alert, and only being up resolves it: whatever else a state is says
    nothing about the target.
    """
    alerts: list[Alert] = []
    notices: list[tuple[Notice, tuple[str, ...]]] = []
    for state in states:
        check, alert = checks.get(state.id), told.get(state.id)
        if check is None:
            continue
        if state.status is Status.DOWN and alert is None:
            opened = _open(check, state, channels, now_ms)
            alerts.append(opened)
            if NoticeKind.FIRST_FAIL in check.notify_on:
                notices.append((_first_fail(opened, check, zone), opened.channels))
        elif state.status in _GOOD and alert is not None:
            resolved = replace(alert, resolved_ms=state.last_change_ms or now_ms)
            alerts.append(resolved)
            if NoticeKind.RECOVERED in check.notify_on:
                notices.append((_recovered(resolved, check, now_ms), alert.channels))
    return Decision(alerts=tuple(alerts), notices=tuple(notices))


def close_orphans(
    told: Mapping[str, Alert], checks: Mapping[str, CheckSettings], now_ms: int
) -> Decision:
    """Return the alerts of checks that nobody runs any more, resolved; there is nothing to tell."""
    gone = [alert for subject, alert in told.items() if subject not in checks]
    return Decision(alerts=tuple(replace(alert, resolved_ms=now_ms) for alert in gone))


def duration_text(seconds: float) -> str:
    """Return a duration as people say it: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute, and so on
        return f"{whole} s"
    for unit_s, unit, part_s, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {part}" if rest else "")
    rest = whole % 60
    return f"{whole // 60} min" + (f" {rest} s" if rest else "")


def _open(check: CheckSettings, state: CheckState, channels: Collection[str], now_ms: int) -> Alert:
    """Return the alert that a check is down."""
    opened_ms = state.last_change_ms or now_ms
    whom = check.notify
    return Alert(
        id=f"{check.id}:{AlertKind.DOWN}:{opened_ms}",
        subject=check.id,
        name=check.name,
        kind=AlertKind.DOWN,
        severity=check.severity,
        message=(state.outcome.error if state.outcome else None) or "the check fails",
        opened_ms=opened_ms,
        channels=tuple(
            name for name in channels if whom is True or (whom is not False and name in whom)
        ),
    )


def _first_fail(alert: Alert, check: CheckSettings, zone: tzinfo) -> Notice:
    """Tell that a check is down."""
    since = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    lines = [alert.message, f"{check.target} ({alert.severity})", f"Since {since:%d %b %H:%M:%S}"]
    return _notice(
        alert,
        check,
        NoticeKind.FIRST_FAIL,
        alert.opened_ms,
        title=f"DOWN: {check.name}",
        text="\n".join(lines),
    )


def _recovered(alert: Alert, check: CheckSettings, now_ms: int) -> Notice:
    """Tell that a check is up again, and how long it was not."""
    at_ms = alert.resolved_ms or now_ms
    lasted = duration_text((at_ms - alert.opened_ms) / 1000)
    return _notice(
        alert,
        check,
        NoticeKind.RECOVERED,
        at_ms,
        title=f"UP again: {check.name}",
        text=f"It was down for {lasted}: {alert.message}\n{check.target}",
    )


def _notice(
    alert: Alert, check: CheckSettings, kind: NoticeKind, at_ms: int, *, title: str, text: str
) -> Notice:
    """Return a notice about an alert."""
    return Notice(
        id=f"{alert.id}:{kind}",
        alert_id=alert.id,
        kind=kind,
        subject=check.id,
        name=check.name,
        severity=check.severity,
        tags=check.tags,
        at_ms=at_ms,
        title=title,
        text=text,
    )
