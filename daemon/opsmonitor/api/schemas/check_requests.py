"""What requests about checks, their jobs and what is done about them may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.api.schemas.fields import LONGEST_PAUSE_S, SHORT, Moment, RunId, Whole
from opsmonitor.api.schemas.span import RANGE
from opsmonitor.api.schemas.validation import RequestSchema

if TYPE_CHECKING:
    from opsmonitor.models.history import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsQuery:
    """Which events are wanted."""

    limit: int
    since: int | None = None
    check_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which history is wanted."""

    range_minutes: int
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    """How long a check is to be paused, and why."""

    duration_s: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeRequest:
    """Who knows of a check's trouble."""

    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsQuery:
    """Which attempts are wanted."""

    limit: int
    check_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediateRequest:
    """Which action is to begin."""

    action: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRequest:
    """How it went what a client was asked for."""

    ok: bool
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PingQuery:
    """What a ping says of itself."""

    rid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatQuery:
    """How much of a job is wanted."""

    limit: int


PING_QUERY: Final = RequestSchema(
    keys={
        vol.Optional(
            "rid", description="The same at start and end, to tell overlapping runs apart"
        ): RunId(),
    },
    make=PingQuery,
)
HEARTBEAT_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("limit", default=20, description="How many pings, newest first"): Whole(
            1, 100
        ),
    },
    make=HeartbeatQuery,
)
EVENTS_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("limit", default=50, description="How many, newest first"): Whole(1, 500),
        vol.Optional(
            "since", description="Only at or after this time: ISO 8601 or epoch seconds"
        ): Moment(),
        vol.Optional("check_id", description="Only of this check"): vol.All(
            str, vol.Length(max=200)
        ),
    },
    make=EventsQuery,
)
HISTORY_QUERY: Final = RequestSchema(keys=RANGE, make=HistoryQuery)
PAUSE: Final = RequestSchema(
    keys={
        vol.Optional("duration_s", description="How long; without it until resumed"): Whole(
            1, LONGEST_PAUSE_S
        ),
        vol.Optional("reason", description="Why, for people"): SHORT,
    },
    make=PauseRequest,
)
ACKNOWLEDGE: Final = RequestSchema(
    keys={
        vol.Optional("by", description="Who knows"): SHORT,
        vol.Optional("note", description="What is being done"): SHORT,
    },
    make=AcknowledgeRequest,
)
ATTEMPTS_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("limit", default=50, description="How many, newest first"): Whole(1, 500),
        vol.Optional("check_id", description="Only for this check"): vol.All(
            str, vol.Length(max=200)
        ),
    },
    make=AttemptsQuery,
)
REMEDIATE: Final = RequestSchema(
    keys={
        vol.Optional(
            "action", default=1, description="Which of the check's actions, counted from 1"
        ): Whole(1, 1000),
    },
    make=RemediateRequest,
)
RESULT: Final = RequestSchema(
    keys={
        vol.Required("ok", description="Whether it was done"): bool,
        vol.Optional("message", description="How it went, for people"): SHORT,
    },
    make=ResultRequest,
)
