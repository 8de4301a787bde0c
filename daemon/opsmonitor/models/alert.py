"""What people are told: alerts, the notices about them, and how each notice fared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about."""

    DOWN = "down"


class NoticeKind(StrEnum):
    """Why people are told something."""

    FIRST_FAIL = "first_fail"
    RECOVERED = "recovered"
    TEST = "test"


class DeliveryState(StrEnum):
    """How far a notice has come on its way to one channel."""

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
    """The id of the check."""
    name: str
    kind: AlertKind
    severity: str
    message: str
    opened_ms: int
    resolved_ms: int | None = None
    channels: tuple[str, ...] = ()
    """Who was told of it, or is about to be: whoever is told of the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell about an alert."""

    id: str
    """The same however often it is decided; receivers can recognise a repetition by it."""
    alert_id: str
    kind: NoticeKind
    subject: str
    name: str
    severity: str
    tags: tuple[str, ...]
    at_ms: int
    title: str
    text: str


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
class ChannelHealth:
    """How a channel is doing."""

    name: str
    type: str
    queued: int
    last_success_ms: int | None
    last_error: str | None
    """The latest attempt's; None after a success."""
    last_error_ms: int | None
