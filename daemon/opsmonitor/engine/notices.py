"""Put into words what people are told about an alert: pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from opsmonitor.models.alert import Alert, AlertKind, Notice, NoticeKind
from opsmonitor.util.duration import duration_text
from opsmonitor.util.printable import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import Status

_TITLES: Final = {
    NoticeKind.FIRST_FAIL: "DOWN",
    NoticeKind.DEADLINE_MISS: "DEADLINE MISSED",
    NoticeKind.DEGRADED: "DEGRADED",
    NoticeKind.FLAPPING: "FLAPPING",
}
_OVER: Final = {
    AlertKind.DOWN: ("UP again", "down"),
    AlertKind.DEGRADED: ("No longer degraded", "degraded"),
}


_MOST_NAMED: Final = 5


def test(check: CheckSettings | None, now_ms: int) -> Notice:
    """Tell that nothing is wrong: somebody wants to know whether alerts arrive."""
    name = check.name if check else "Ops Monitor"
    subject = check.id if check else ""
    return Notice(
        id=f"{subject}:test:{now_ms}",
        alert_id=f"{subject}:test",
        kind=NoticeKind.TEST,
        subject=subject,
        name=name,
        severity=check.severity if check else "P4",
        tags=check.tags if check else (),
        at_ms=now_ms,
        title=f"Test: {name}",
        text="This is a test: nothing is wrong. Alerts reach you here.",
    )


def first_told(
    kind: NoticeKind,
    alert: Alert,
    check: CheckSettings,
    zone: tzinfo,
    affected: Sequence[str] = (),
) -> Notice:
    """Tell that something is wrong, and the names of what cannot work without it."""
    since = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    lines = [alert.message, f"{check.target} ({alert.severity})", f"Since {since:%d %b %H:%M:%S}"]
    if affected:
        more = len(affected) - _MOST_NAMED
        named = ", ".join(affected[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"Affected: {named}")
    return notice(
        kind,
        alert,
        check,
        at_ms=alert.opened_ms,
        title=f"{_TITLES[kind]}: {check.name}",
        text="\n".join(lines),
    )


def deadline_missed(alert: Alert, check: CheckSettings, message: str, now_ms: int) -> Notice:
    """Tell that what fails already has missed its deadline, too."""
    kind = NoticeKind.DEADLINE_MISS
    lasted = _lasted(alert, now_ms)
    return notice(
        kind,
        alert,
        check,
        at_ms=now_ms,
        title=f"{_TITLES[kind]}: {check.name}",
        text=f"{message}\n{check.target} ({alert.severity})\nDown for {lasted} already",
    )


def expiring(alert: Alert, check: CheckSettings, days_left: int, step: str, now_ms: int) -> Notice:
    """Tell that a certificate has few days left."""
    left = f"expires in {days_left} days" if days_left > 1 else "expires tomorrow"
    if days_left < 1:
        left = "expires today" if days_left == 0 else "has expired"
    return notice(
        NoticeKind.CERT_EXPIRING,
        alert,
        check,
        at_ms=now_ms,
        step=step,
        title=f"CERTIFICATE: {check.name} {left}",
        text=f"{alert.message}\n{check.target} ({alert.severity})",
    )


def recovered(
    alert: Alert, check: CheckSettings, now_ms: int, *, now_degraded: str | None = None
) -> Notice:
    """Tell that it is over, and how long it lasted."""
    at_ms = alert.resolved_ms or now_ms
    word, was = _OVER[alert.kind]
    lasted = _lasted(alert, at_ms)
    lines = [f"It was {was} for {lasted}: {alert.message}"]
    if now_degraded is not None:
        lines.append(f"Now it is degraded: {now_degraded}")
    return notice(
        NoticeKind.RECOVERED,
        alert,
        check,
        at_ms=at_ms,
        title=f"{word}: {check.name}",
        text="\n".join([*lines, check.target]),
    )


def steady(alert: Alert, check: CheckSettings, status: Status, error: str | None) -> Notice:
    """Tell that a check changes no more, and how it is now."""
    at_ms = alert.resolved_ms or alert.opened_ms
    lasted = _lasted(alert, at_ms)
    why = f": {error}" if error else ""
    return notice(
        NoticeKind.STEADY,
        alert,
        check,
        at_ms=at_ms,
        title=f"Steady again, {status.upper()}: {check.name}",
        text=f"It is {status}{why}\n{check.target} ({alert.severity})\nIt flapped for {lasted}",
    )


def renewed(alert: Alert, check: CheckSettings, days_left: int, now_ms: int) -> Notice:
    """Tell that there is another certificate."""
    return notice(
        NoticeKind.RECOVERED,
        alert,
        check,
        at_ms=now_ms,
        title=f"Certificate renewed: {check.name}",
        text=f"The new one is valid for {days_left} days\n{check.target}",
    )


def reminder(alert: Alert, check: CheckSettings, message: str, now_ms: int) -> Notice:
    """Tell that it is still wrong; the alert counts this reminder already."""
    lasted = _lasted(alert, now_ms)
    return notice(
        NoticeKind.REMINDER,
        alert,
        check,
        at_ms=now_ms,
        step=f"{NoticeKind.REMINDER}:{alert.reminders}",
        title=f"Still {alert.kind.upper()}: {check.name}",
        text=f"{message}\n{check.target} ({alert.severity})\nFor {lasted}",
    )


def escalated(alert: Alert, check: CheckSettings, message: str, step: str, now_ms: int) -> Notice:
    """Tell that nobody has acknowledged it."""
    lasted = _lasted(alert, now_ms)
    return notice(
        NoticeKind.ESCALATED,
        alert,
        check,
        at_ms=now_ms,
        step=step,
        title=f"NOBODY ACTS: {check.name} is {alert.kind.upper()}",
        text=f"{message}\n{check.target} ({alert.severity})\nFor {lasted}, not acknowledged",
    )


def _lasted(alert: Alert, until_ms: int) -> str:
    """Return how long it has lasted; a clock that was set back makes that unknown, not negative."""
    return duration_text(max(0, until_ms - alert.opened_ms) / 1000)


def notice(
    kind: NoticeKind,
    alert: Alert,
    check: CheckSettings,
    *,
    at_ms: int,
    title: str,
    text: str,
    step: str | None = None,
) -> Notice:
    """Return a notice about an alert; `step` tells apart those of one kind."""
    return Notice(
        id=f"{alert.id}:{step or kind}",
        alert_id=alert.id,
        kind=kind,
        alert_kind=alert.kind,
        subject=check.id,
        name=check.name,
        severity=check.severity,
        tags=check.tags,
        at_ms=at_ms,
        title=shown(title).replace("\n", " "),
        text=shown(text),
    )
