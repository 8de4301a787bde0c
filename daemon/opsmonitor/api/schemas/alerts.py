"""What people were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.alert import Alert, AlertKind, Announcement, Mute, TellingState
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
class MuteBody:
    """Nobody is told anything, because somebody wants it so."""

    since: Timestamp
    until: Annotated[Timestamp | None, Doc("Null: until it is taken back")]
    reason: str | None
    by: str | None

    @classmethod
    def of(cls, mute: Mute) -> Self:
        """Return the wish as the API tells it."""
        return cls(
            since=iso_utc(mute.since_ms),
            until=None if mute.until_ms is None else iso_utc(mute.until_ms),
            reason=mute.reason,
            by=mute.by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBody:
    """A way to reach people."""

    name: str
    type: Annotated[str, Doc("Such as `ntfy`")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsFrame:
    """Event `alerts`: an alert began or ended, alerts were muted, or channels changed."""

    open: Annotated[int, Doc("How many alerts are open")]
    last_opened_at: Annotated[Timestamp | None, Doc("When the latest one began")]
    muted: Annotated[MuteBody | None, Doc("Null unless nobody is told anything now")]
    channels: tuple[ChannelBody, ...]

    @classmethod
    def of(cls, state: TellingState) -> Self:
        """Return what there is to tell as the API tells it."""
        opened_ms = state.last_opened_ms
        return cls(
            open=state.open_alerts,
            last_opened_at=None if opened_ms is None else iso_utc(opened_ms),
            muted=None if state.mute is None else MuteBody.of(state.mute),
            channels=tuple(ChannelBody(name=name, type=kind) for name, kind in state.channels),
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
    failed: Annotated[tuple[RefusalBody, ...], Doc("The channels that did not take it, and why")]
    queued: Annotated[
        tuple[str, ...],
        Doc("Of those that failed: it is tried again until they take it, for a day"),
    ]

    @classmethod
    def of(cls, told: Announcement) -> Self:
        """Return what came of it as the API tells it."""
        refusals = tuple(
            RefusalBody(channel=name, error=error)
            for name, error in told.errors.items()
            if error is not None
        )
        return cls(
            ok=not refusals,
            alert_id=told.alert.id,
            severity=told.alert.severity,
            sent=tuple(name for name, error in told.errors.items() if error is None),
            repeated=told.repeated,
            failed=refusals,
            queued=tuple(item.channel for item in told.deliveries),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTestBody:
    """A test that arrived."""

    ok: bool
    check_id: str | None
    channel: Annotated[str, Doc("The channels that took it, separated by commas")]
