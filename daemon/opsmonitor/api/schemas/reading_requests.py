"""What requests about things that are polled may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.api.schemas.fields import Moment, Whole, Word
from opsmonitor.api.schemas.span import RANGE
from opsmonitor.api.schemas.validation import RequestSchema

if TYPE_CHECKING:
    from opsmonitor.models.history import Resolution


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


VALUES_QUERY: Final = RequestSchema(
    keys={
        vol.Required("name", description="Full and dotted, such as `host.memory_percent`"): vol.All(
            str, vol.Length(min=1, max=300)
        ),
        **RANGE,
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
