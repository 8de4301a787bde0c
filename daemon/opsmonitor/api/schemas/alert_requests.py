"""What requests about alerts may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import voluptuous as vol

from opsmonitor.api.schemas.fields import LONGEST_PAUSE_S, SHORT, SeverityWord, Truth, Whole
from opsmonitor.api.schemas.validation import RequestSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRequest:
    """How long nobody is to be told anything, why, and who wants it so."""

    duration_s: int | None = None
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsQuery:
    """Which alerts are wanted."""

    limit: int
    resolved: bool | None = None
    server_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceRequest:
    """An alert that somebody sends by hand."""

    service_name: str
    severity: str
    message: str
    channels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTestQuery:
    """What a test speaks of, and where it goes."""

    check_id: str | None = None
    channel: str | None = None


ALERTS_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("limit", default=50, description="How many, newest first"): Whole(1, 500),
        vol.Optional(
            "resolved", description="Only those that are over, or only open ones"
        ): Truth(),
        vol.Optional("server_id", description="Only those about this monitored server"): vol.All(
            str, vol.Length(max=200)
        ),
    },
    make=AlertsQuery,
)
ALERT_TEST_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("check_id", description="The check to speak of"): vol.All(
            str, vol.Length(max=200)
        ),
        vol.Optional("channel", description="Only to this one; without it to every channel"): (
            vol.All(str, vol.Length(max=200))
        ),
    },
    make=AlertTestQuery,
)
MUTE: Final = RequestSchema(
    keys={
        vol.Optional("duration_s", description="How long; without it until unmuted"): Whole(
            1, LONGEST_PAUSE_S
        ),
        vol.Optional("reason", description="Why, for people"): SHORT,
        vol.Optional("by", description="Who wants it"): SHORT,
    },
    make=MuteRequest,
)
ANNOUNCE: Final = RequestSchema(
    keys={
        vol.Required("service_name", description="What it is about"): SHORT,
        vol.Optional("severity", default="warning", description="How bad it is"): SeverityWord(),
        vol.Required("message", description="What there is to know"): vol.All(
            str, vol.Length(min=1, max=4000)
        ),
        vol.Optional("channels", description="Only to these; without it to every channel"): (
            vol.All([SHORT], vol.Length(min=1, max=50), vol.Coerce(tuple))
        ),
    },
    make=AnnounceRequest,
)
