"""What people were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.alert import Alert, AlertKind
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBody:
    """Something that is or was wrong with one check."""

    id: str
    check_id: str
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
            check_id=alert.subject,
            name=alert.name,
            kind=alert.kind,
            severity=alert.severity,
            message=alert.message,
            opened_at=iso_utc(alert.opened_ms),
            resolved_at=None if alert.resolved_ms is None else iso_utc(alert.resolved_ms),
            channels=alert.channels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTestBody:
    """A test that arrived."""

    ok: bool
    check_id: str | None
    channel: Annotated[str, Doc("The channels that took it, separated by commas")]
