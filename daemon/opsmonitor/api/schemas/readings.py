"""What was read in the background, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from opsmonitor.api.encode import KEY
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.history import Resolution, ValueHistory, ValuePoint
from opsmonitor.models.reading import Issue, ReadingMoment, ReadingState, ReadingStatus
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueBody:
    """One thing that is not as it should be."""

    MORE_KEYS: ClassVar[bool] = True

    kind: Annotated[str, Doc("Stable and machine-readable, such as `disk_full`")]
    status: Annotated[ReadingStatus, Doc("`warn` or `crit`")]
    message: str


def issue_body(issue: Issue, **more: object) -> dict[str, object]:
    """Tell an issue; what it is about stands beside its own keys."""
    own = {"kind": issue.kind, "status": issue.status, "message": issue.message}
    return {**issue.data, **more, **own}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBody:
    """What is known of what a probe looks at; the values that it read are further keys."""

    MORE_KEYS: ClassVar[bool] = True

    status: ReadingStatus
    issues: tuple[IssueBody, ...]
    note: Annotated[str | None, Doc("A remedy or a reason, such as why something is unsupported")]
    last_fetch_ts: Annotated[Timestamp | None, Doc("When it was last read successfully")]
    last_error: Annotated[str | None, Doc("Why the latest poll failed; null if it did not")]
    stale: Annotated[bool, Doc("There is no reading, or only one too old to go by")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutBody:
    """Who a thing is."""

    model: str | None
    serial: str | None
    version: Annotated[str | None, Doc("Of its system or firmware")]
    name: Annotated[str | None, Doc("If it has one of its own")] = None
    via: Annotated[str | None, Doc("The part that it is on now: of a guest its node")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFrame:
    """Event `reading`: a poll ended; the values by name, without further details."""

    name: Annotated[str, Doc("Full and dotted, such as `host` or `fritz.home`")]
    probe: str
    thing: Annotated[str, Doc("Empty for the only thing of a probe")]
    status: ReadingStatus
    issues: tuple[IssueBody, ...]
    note: str | None
    last_fetch_ts: Timestamp | None
    last_error: str | None
    stale: bool
    values: Annotated[
        Mapping[str, Any], Doc("By name below the thing's: a number, true or false, text or null")
    ]
    about: Annotated[
        Mapping[str, AboutBody],
        Doc(
            "Who the thing is, under an empty name, and who its parts are, by the first part of"
            " their values' names; who does not tell is left out"
        ),
    ]


def known_of(state: ReadingState, now_ms: int) -> dict[str, object]:
    """Tell how a thing is, and how its polls went."""
    reading = state.reading
    return {
        "status": ReadingStatus.UNKNOWN if reading is None else reading.status,
        "issues": [] if reading is None else [issue_body(issue) for issue in reading.issues],
        "note": None if reading is None else reading.note,
        "last_fetch_ts": None if state.fetched_ms is None else iso_utc(state.fetched_ms),
        "last_error": state.error,
        "stale": state.is_stale(now_ms),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEventBody:
    """Something that happened between two readings, such as a new listener."""

    ts: Timestamp
    name: Annotated[str, Doc("The thing's full dotted name")]
    kind: Annotated[str, Doc("Stable and machine-readable, such as `new_listener`")]
    message: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, moment: ReadingMoment) -> ReadingEventBody:
        """Tell an event."""
        return cls(
            ts=iso_utc(moment.at_ms),
            name=moment.name,
            kind=moment.kind,
            message=moment.message,
            data=moment.data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePointBody:
    """A value within one bucket of time."""

    ts: Annotated[Timestamp, Doc("When the bucket begins, or when it was measured")]
    count: int
    min: float
    avg: float
    max: float

    @classmethod
    def of(cls, point: ValuePoint) -> ValuePointBody:
        """Tell a point."""
        return cls(
            ts=iso_utc(point.at_ms),
            count=point.count,
            min=point.low,
            avg=point.mean,
            max=point.high,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesBody:
    """One value over a range of time; true counts as 1, false as 0."""

    name: str
    value: Annotated[Any, Doc("The latest: a number, true or false, text or null")]
    value_ts: Annotated[Timestamp | None, Doc("When the latest was measured")]
    stale: bool
    start: Timestamp = field(metadata={KEY: "from"})
    end: Timestamp = field(metadata={KEY: "to"})
    resolution: Annotated[Resolution, Doc("The one that was used, never `auto`")]
    points: Annotated[tuple[ValuePointBody, ...], Doc("Oldest first; empty buckets are left out")]

    @classmethod
    def of(
        cls, name: str, history: ValueHistory, *, value: object, at_ms: int | None, stale: bool
    ) -> ValuesBody:
        """Tell a history beside the latest value."""
        return cls(
            name=name,
            value=value,
            value_ts=None if at_ms is None else iso_utc(at_ms),
            stale=stale,
            start=iso_utc(history.from_ms),
            end=iso_utc(history.to_ms),
            resolution=history.resolution,
            points=tuple(map(ValuePointBody.of, history.points)),
        )
