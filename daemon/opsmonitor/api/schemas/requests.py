"""What requests may bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
import math
import re
from typing import Any, Final

import voluptuous as vol

from opsmonitor.api.schemas.validation import RequestSchema
from opsmonitor.models.history import Resolution

_LATEST_S: Final = 253_402_300_799
"""The last second of the year 9999."""
_LONGEST_RANGE_MINUTES: Final = 5 * 366 * 1440
_LONGEST_PAUSE_S: Final = 366 * 86400


class Whole:
    """A whole number within bounds, also when written as text."""

    def __init__(self, least: int, most: int) -> None:
        """Take the bounds, which belong to it."""
        self.openapi = {"type": "integer", "minimum": least, "maximum": most}
        self._least = least
        self._most = most

    def __call__(self, value: object) -> int:
        """Return the number.

        Raises:
            vol.Invalid: It is none, or out of bounds.

        """
        text = str(value)
        digits = text.removeprefix("-")
        if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()):
            raise vol.Invalid("expected a whole number")
        if len(digits) > len(str(self._most)) or not self._least <= int(text) <= self._most:
            raise vol.Invalid(f"expected {self._least} to {self._most}")
        return int(text)


class Moment:
    """A time as ISO 8601 or epoch seconds; becomes epoch milliseconds."""

    openapi: Final[dict[str, Any]] = {"type": "string", "examples": ["2026-01-31T12:00:00Z"]}

    def __call__(self, value: object) -> int:
        """Return the time.

        Raises:
            vol.Invalid: It is no time.

        """
        text = str(value)
        try:
            # A plus sign that was not escaped in the query arrives as a space.
            seconds = _epoch_s(text) if _is_number(text) else _iso_s(text.replace(" ", "+"))
        except (ValueError, OverflowError) as err:
            raise vol.Invalid("expected ISO 8601 or epoch seconds") from err
        if not 0 <= seconds <= _LATEST_S:
            raise vol.Invalid("expected a time between 1970 and 9999")
        return round(seconds * 1000)


class Word:
    """One of a few words, which are no names of anything in the daemon."""

    def __init__(self, *words: str) -> None:
        """Take the words."""
        self.openapi = {"type": "string", "enum": list(words)}
        self._words = words

    def __call__(self, value: object) -> str:
        """Return the word.

        Raises:
            vol.Invalid: It is none of them.

        """
        if value not in self._words:
            raise vol.Invalid(f"expected one of {', '.join(self._words)}")
        return str(value)


class OneOf:
    """One of a few words."""

    def __init__(self, kind: type[Resolution]) -> None:
        """Take the words."""
        self.openapi = {"type": "string", "enum": [member.value for member in kind]}
        self._kind = kind

    def __call__(self, value: object) -> Resolution:
        """Return the member.

        Raises:
            vol.Invalid: It is no such word.

        """
        try:
            return self._kind(str(value))
        except ValueError as err:
            words = ", ".join(member.value for member in self._kind)
            raise vol.Invalid(f"expected one of {words}") from err


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsQuery:
    """Which events are wanted."""

    limit: int
    since: int | None = None
    check_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceQuery:
    """What a client of the stream has already."""

    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which history is wanted."""

    range_minutes: int
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEventsQuery:
    """Which events of things that are polled are wanted."""

    limit: int
    since: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatQuery:
    """In which form an answer is wanted."""

    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesQuery:
    """Which value is wanted, and how far back."""

    name: str
    range_minutes: int
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    """How long a check is to be paused, and why."""

    duration_s: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRequest:
    """How long nobody is to be told anything, why, and who wants it so."""

    duration_s: int | None = None
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeRequest:
    """Who knows of a check's trouble."""

    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBody:
    """Nothing to choose: no body, or an empty object."""


class Truth:
    """True or false, written as text."""

    openapi: Final[dict[str, Any]] = {"type": "boolean"}

    def __call__(self, value: object) -> bool:
        """Return the value.

        Raises:
            vol.Invalid: It is neither.

        """
        if value not in ("true", "false"):
            raise vol.Invalid("expected true or false")
        return value == "true"


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


class SeverityWord:
    """How bad it is: `P1` to `P4`, or a word that means one of them."""

    openapi: Final[dict[str, Any]] = {"type": "string", "examples": ["P1", "critical", "warning"]}
    _MEANING: Final = {
        **{f"p{number}": f"P{number}" for number in range(1, 5)},
        **dict.fromkeys(("critical", "fatal", "emergency", "crit"), "P1"),
        **dict.fromkeys(("error", "high", "major"), "P2"),
        **dict.fromkeys(("warning", "warn", "medium", "minor"), "P3"),
        **dict.fromkeys(("info", "information", "low", "notice", "debug"), "P4"),
    }

    def __call__(self, value: object) -> str:
        """Return the severity.

        Raises:
            vol.Invalid: It is none.

        """
        found = self._MEANING.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            raise vol.Invalid("expected P1 to P4, or critical, error, warning or info")
        return found


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
class AlertTestQuery:
    """What a test speaks of, and where it goes."""

    check_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PingQuery:
    """What a ping says of itself."""

    rid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatQuery:
    """How much of a job is wanted."""

    limit: int


class RunId:
    """What tells overlapping runs of one job apart."""

    openapi: Final[dict[str, Any]] = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
    _PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

    def __call__(self, value: object) -> str:
        """Return the id.

        Raises:
            vol.Invalid: It is none.

        """
        if not isinstance(value, str) or not self._PATTERN.fullmatch(value):
            raise vol.Invalid("expected up to 64 letters, digits, dots, _ and -, such as a UUID")
        return value


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
SINCE: Final = RequestSchema(
    keys={
        vol.Optional(
            "since",
            default="",
            description="The id of the last frame that is known; then only"
            " what was missed is told, as far as it is still there",
        ): vol.All(str, vol.Length(max=100))
    },
    make=SinceQuery,
)
_RANGE: Final[dict[vol.Marker, Any]] = {
    vol.Optional("range_minutes", default=1440, description="How far back, until now"): Whole(
        1, _LONGEST_RANGE_MINUTES
    ),
    vol.Optional("resolution", default=Resolution.AUTO.value, description="How finely"): OneOf(
        Resolution
    ),
}
HISTORY_QUERY: Final = RequestSchema(keys=_RANGE, make=HistoryQuery)
VALUES_QUERY: Final = RequestSchema(
    keys={
        vol.Required("name", description="Full and dotted, such as `host.memory_percent`"): vol.All(
            str, vol.Length(min=1, max=300)
        ),
        **_RANGE,
    },
    make=ValuesQuery,
)
FORMAT_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("format", default="json", description="For programs or for people"): Word(
            "json", "html"
        )
    },
    make=FormatQuery,
)
READING_EVENTS_QUERY: Final = RequestSchema(
    keys={
        vol.Optional("limit", default=50, description="How many, newest first"): Whole(1, 500),
        vol.Optional(
            "since", description="Only at or after this time: ISO 8601 or epoch seconds"
        ): Moment(),
        vol.Optional("name", description="Only of this thing or probe"): vol.All(
            str, vol.Length(max=300)
        ),
    },
    make=ReadingEventsQuery,
)
_SHORT: Final = vol.All(str, vol.Length(min=1, max=200))
PAUSE: Final = RequestSchema(
    keys={
        vol.Optional("duration_s", description="How long; without it until resumed"): Whole(
            1, _LONGEST_PAUSE_S
        ),
        vol.Optional("reason", description="Why, for people"): _SHORT,
    },
    make=PauseRequest,
)
MUTE: Final = RequestSchema(
    keys={
        vol.Optional("duration_s", description="How long; without it until unmuted"): Whole(
            1, _LONGEST_PAUSE_S
        ),
        vol.Optional("reason", description="Why, for people"): _SHORT,
        vol.Optional("by", description="Who wants it"): _SHORT,
    },
    make=MuteRequest,
)
ACKNOWLEDGE: Final = RequestSchema(
    keys={
        vol.Optional("by", description="Who knows"): _SHORT,
        vol.Optional("note", description="What is being done"): _SHORT,
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
        vol.Optional("message", description="How it went, for people"): _SHORT,
    },
    make=ResultRequest,
)
ANNOUNCE: Final = RequestSchema(
    keys={
        vol.Required("service_name", description="What it is about"): _SHORT,
        vol.Optional("severity", default="warning", description="How bad it is"): SeverityWord(),
        vol.Required("message", description="What there is to know"): vol.All(
            str, vol.Length(min=1, max=4000)
        ),
        vol.Optional("channels", description="Only to these; without it to every channel"): (
            vol.All([_SHORT], vol.Length(min=1, max=50), vol.Coerce(tuple))
        ),
    },
    make=AnnounceRequest,
)
NO_BODY: Final = RequestSchema(keys={}, make=NoBody)


def _is_number(text: str) -> bool:
    """Tell whether a text is meant as epoch seconds."""
    return text.replace(".", "", 1).isdigit() and text.isascii()


def _epoch_s(text: str) -> float:
    """Return epoch seconds."""
    seconds = float(text)
    return seconds if math.isfinite(seconds) else -1.0


def _iso_s(text: str) -> float:
    """Return an ISO 8601 time as epoch seconds; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
