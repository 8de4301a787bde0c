"""What was read in the background as JSON, encoded once for each change, for all who ask."""

from __future__ import annotations

from operator import is_
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import to_json
from opsmonitor.api.identities import reading_frame
from opsmonitor.api.schemas.readings import issue_body, known_of
from opsmonitor.models.reading import ReadingState, ReadingStatus
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opsmonitor.api.deps import ReadingsView
    from opsmonitor.models.reading import ReadingChange
    from opsmonitor.util.clock import Clock

_WORST_FIRST: Final = (
    ReadingStatus.CRIT,
    ReadingStatus.WARN,
    ReadingStatus.OK,
    ReadingStatus.UNKNOWN,
    ReadingStatus.UNSUPPORTED,
)


def worst(statuses: Sequence[ReadingStatus]) -> ReadingStatus:
    """Return the worst status of several things; unknown where there are none."""
    return min(statuses, key=_WORST_FIRST.index, default=ReadingStatus.UNKNOWN)


class _Made(NamedTuple):
    """An answer, and what it was made of."""

    states: list[ReadingState]
    """Kept, so that no other object can have the same identity."""
    stale: list[bool]
    body: CachedBody

    def is_of(self, states: list[ReadingState], stale: list[bool]) -> bool:
        """Tell whether it was made of the same: states are never changed, only replaced."""
        return (
            len(states) == len(self.states)
            and all(map(is_, states, self.states))
            and stale == self.stale
        )


class ReadingCache:
    """The answers about each probe.

    A poll only marks what it changed; the encoding is done when somebody asks.
    """

    def __init__(self, readings: ReadingsView, clock: Clock) -> None:
        """Take the readings that are told."""
        self._readings = readings
        self._clock = clock
        self._bodies: dict[str, _Made] = {}
        # Tags of another process must not name bytes of this one.
        self._epoch = secrets.token_hex(6)
        self._version = 0

    def names(self) -> tuple[str, ...]:
        """Return the full names of all things."""
        return tuple(self._readings.states)

    def of(self, probe: str) -> list[ReadingState]:
        """Return the states of the things that a probe looks at."""
        return [state for state in self._readings.states.values() if state.probe == probe]

    def body(self, probe: str, collection: str | None) -> CachedBody:
        """Return the answer about a probe."""
        states = self.of(probe)
        now_ms = self._clock.now_ms()
        # Readings grow stale by themselves, so that must be looked at each time.
        stale = [state.is_stale(now_ms) for state in states]
        known = self._bodies.get(probe)
        if known is not None and known.is_of(states, stale):
            return known.body
        if collection is None:
            content = tell_one(states[0], now_ms) if states else tell_none()
        else:
            content = tell_all(states, collection, now_ms)
        self._version += 1
        body = CachedBody(to_json(content), f"r{self._epoch}-{self._version}")
        self._bodies[probe] = _Made(states, stale, body)
        return body

    def frame(self, change: ReadingChange) -> bytes:
        """Return the frame of the stream that tells of a poll."""
        return to_json(reading_frame(change.state, self._clock.now_ms()))

    def frames(self) -> list[bytes]:
        """Return the frames of all things, in the order of the probes."""
        now_ms = self._clock.now_ms()
        return [to_json(reading_frame(state, now_ms)) for state in self._readings.states.values()]


def tell_none() -> dict[str, object]:
    """Tell that a probe found nothing to look at."""
    return {
        "status": ReadingStatus.UNKNOWN,
        "issues": [],
        "note": None,
        "last_fetch_ts": None,
        "last_error": None,
        "stale": True,
    }


def tell_one(state: ReadingState, now_ms: int) -> dict[str, object]:
    """Tell all that is known of a thing."""
    data: Mapping[str, object] = {} if state.reading is None else state.reading.data
    return {**data, **known_of(state, now_ms)}


def tell_all(states: Sequence[ReadingState], collection: str, now_ms: int) -> dict[str, object]:
    """Tell all that is known of several things, by name, and how they are as a whole."""
    read = [state.reading for state in states if state.reading is not None]
    fetched = [state.fetched_ms for state in states if state.fetched_ms is not None]
    errors = [f"{state.thing}: {state.error}" for state in states if state.error is not None]
    return {
        "status": worst([reading.status for reading in read]),
        "issues": [
            issue_body(issue, name=state.thing)
            for state in states
            if state.reading is not None
            for issue in state.reading.issues
        ],
        "note": next((reading.note for reading in read if reading.note), None),
        "last_fetch_ts": iso_utc(max(fetched)) if fetched else None,
        "last_error": "; ".join(errors) or None,
        "stale": not states or any(state.is_stale(now_ms) for state in states),
        collection: {state.thing: tell_one(state, now_ms) for state in states},
    }
