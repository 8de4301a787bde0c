"""What people were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.alert import Alert, AlertKind, Announcement
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBody:
    """Something that is or was wrong with one check, or that somebody said by hand."""

    id: str
    check_id: Annotated[str | None, Doc("Null for one that was sent by hand")]
    server_id: Annotated[str | None, Doc("The monitored server that it is about, if any")]
    name: str
    kind: AlertKind
    severity: str
    message: str
    opened_at: Timestamp
    resolved_at: Annotated[Timestamp | None, Doc("Null while it is open")]
    channels: Annotated[tuple[str, ...], Doc("Who was told, or is about to be")]

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Return an alert as the API tells it."""
        return cls(
            id=alert.id,
            check_id=None if alert.kind is AlertKind.MANUAL else alert.subject,
            server_id=alert.server_id,
            name=alert.name,
            kind=alert.kind,
            severity=alert.severity,
            message=alert.message,
            opened_at=iso_utc(alert.opened_ms),
            resolved_at=None if alert.resolved_ms is None else iso_utc(alert.resolved_ms),
            channels=alert.channels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalBody:
    """A channel that did not take an alert."""

    channel: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementBody:
    """An alert that was sent by hand."""

    ok: Annotated[bool, Doc("Whether every channel took it, now or a moment ago")]
    alert_id: str
    severity: Annotated[str, Doc("P1 to P4")]
    sent: Annotated[tuple[str, ...], Doc("The channels that took it")]
    repeated: Annotated[tuple[str, ...], Doc("Told the same a moment ago, and left alone")]
    failed: tuple[RefusalBody, ...]

    @classmethod
    def of(cls, told: Announcement) -> Self:
        """Return what came of it as the API tells it."""
        failed = tuple(
            RefusalBody(channel=name, error=error)
            for name, error in told.errors.items()
            if error is not None
        )
        return cls(
            ok=not failed,
            alert_id=told.alert.id,
            severity=told.alert.severity,
            sent=told.alert.channels,
            repeated=told.repeated,
            failed=failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTestBody:
    """A test that arrived."""

    ok: bool
    check_id: str | None
    channel: Annotated[str, Doc("The channels that took it, separated by commas")]
