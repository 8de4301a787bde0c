"""What people are told: alerts, the notices about them, and how each notice fared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AlertKind(StrEnum):
    """What an alert is about."""

    DOWN = "down"
    DEGRADED = "degraded"
    CERT_EXPIRING = "cert_expiring"
    MANUAL = "manual"
    """Somebody said so by the API; it is over as soon as it is told."""
    FLAPPING = "flapping"


class NoticeKind(StrEnum):
    """Why people are told something."""

    FIRST_FAIL = "first_fail"
    DEADLINE_MISS = "deadline_miss"
    """A job or a heartbeat did not come in time: a failure, too."""
    DEGRADED = "degraded"
    CERT_EXPIRING = "cert_expiring"
    FLAPPING = "flapping"
    """It changes too often for each change to be told."""
    STEADY = "steady"
    """It does so no more, and is as this tells."""
    REMEDIATION = "remediation"
    """What came of an action."""
    REMINDER = "reminder"
    ESCALATED = "escalated"
    """Nobody has acknowledged it in time: others are told, too."""
    RECOVERED = "recovered"
    """Whatever it was is over."""
    MANUAL = "manual"
    TEST = "test"


OPENING: Final = frozenset(
    {
        NoticeKind.FIRST_FAIL,
        NoticeKind.DEADLINE_MISS,
        NoticeKind.DEGRADED,
        NoticeKind.CERT_EXPIRING,
        NoticeKind.ESCALATED,
        NoticeKind.FLAPPING,
    }
)
"""What tells that something is wrong: who never got one of these is not told of the end."""


class DeliveryState(StrEnum):
    """How far a notice has come on its way to one channel."""

    HELD = "held"
    """It waits for the end of quiet hours, or until alerts are no longer muted."""
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    """Given up: refused for good, too old, or without a channel to go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something is wrong with one subject; at most one of a kind is open. Times are epoch ms."""

    id: str
    """The same however often it is decided: made of subject, kind and beginning."""
    subject: str
    """The id of the check; of a manual one, what it is about."""
    name: str
    kind: AlertKind
    severity: str
    message: str
    opened_ms: int
    resolved_ms: int | None = None
    channels: tuple[str, ...] = ()
    """Who was told of it, or is about to be: whoever is told of the end."""
    told_ms: int | None = None
    """When it was last told again; None: not since it began."""
    reminders: int = 0
    """How many were told."""
    steps: tuple[str, ...] = ()
    """What else is told once only, and was."""
    replaced_ms: int | None = None
    """Since when another certificate is shown than the one that it is about."""
    server_id: str | None = None
    """The monitored server that it is about, if it is about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell about an alert."""

    id: str
    """The same however often it is decided; receivers can recognise a repetition by it."""
    alert_id: str
    kind: NoticeKind
    alert_kind: AlertKind = AlertKind.DOWN
    """What the alert is about."""
    subject: str
    name: str
    severity: str
    tags: tuple[str, ...]
    at_ms: int
    title: str
    text: str
    is_held: bool = False
    """It waited for the end of quiet hours, or does so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one channel."""

    notice: Notice
    channel: str
    queued_ms: int
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    next_ms: int = 0
    """Not to be tried before."""
    error: str | None = None
    done_ms: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what no second delivery has."""
        return self.notice.id, self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What came of an alert that somebody sent by hand."""

    alert: Alert
    errors: dict[str, str | None]
    """By channel, why it did not take it; None: it did."""
    repeated: tuple[str, ...] = ()
    """The channels that had been told the same a moment ago, and were left alone."""
    deliveries: tuple[Delivery, ...] = ()
    """To channels that did not take it, and may yet: it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Somebody wants that nobody is told anything. Times are epoch ms. JSON-serialisable."""

    since_ms: int
    until_ms: int | None = None
    """None: until somebody takes it back."""
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingState:
    """What there is to tell, and whether it is told."""

    open_alerts: int
    last_opened_ms: int | None
    """When the latest alert began; None if there never was one."""
    mute: Mute | None
    channels: tuple[tuple[str, str], ...]
    """Name and type of each way to reach people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """How a channel is doing."""

    name: str
    type: str
    queued: int
    held: int = 0
    """What waits for the end of quiet hours."""
    last_success_ms: int | None
    last_error: str | None
    """The latest attempt's; None after a success."""
    last_error_ms: int | None
