"""What a reading says by name, and what of it can be told: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from opsmonitor.models.reading import Measured, ReadingState
from opsmonitor.util.plain import plain_data, plain_values
from opsmonitor.util.redact import hide_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsmonitor.models.reading import Reading, Scalar

T = TypeVar("T")


def find_value(states: Mapping[str, ReadingState], name: str, now_ms: int) -> Measured | None:
    """Return a value by its full dotted name; the longest name of a thing in it wins."""
    thing = name
    while "." in thing:
        thing = thing.rpartition(".")[0]
        state = states.get(thing)
        if state is not None and state.reading is not None and state.fetched_ms is not None:
            key = name[len(thing) + 1 :]
            values = state.reading.values
            if key not in values:
                values = _verdict(state.reading)
            if key in values:
                return Measured(
                    value=values[key],
                    at_ms=state.fetched_ms,
                    is_stale=state.is_stale(now_ms),
                )
    return None


def is_awaited(states: Iterable[ReadingState], name: str) -> bool:
    """Tell whether what would measure this is polled, but has not been read or failed yet."""
    probe = name.partition(".")[0]
    return any(
        state.reading is None and state.error is None
        for state in states
        if state.probe == probe and f"{name}.".startswith(f"{state.name}.")
    )


def value_names(states: Iterable[ReadingState]) -> list[str]:
    """Return the full dotted names of all values there are."""
    return [
        f"{state.name}.{value}"
        for state in states
        if state.reading is not None
        for value in (*_verdict(state.reading), *state.reading.values)
    ]


def fit_reading(reading: Reading, secrets: frozenset[str]) -> Reading:
    """Return a reading that can be told: fit for JSON, and without the section's secrets."""

    def told(value: T) -> T:
        return hide_known(value, secrets) if secrets else value

    return replace(
        reading,
        data=told(plain_data(reading.data)),
        values=told(plain_values(reading.values)),
        note=told(reading.note),
        issues=tuple(
            replace(issue, message=told(issue.message), data=told(plain_data(issue.data)))
            for issue in reading.issues
        ),
        events=tuple(
            replace(event, message=told(event.message), data=told(plain_data(event.data)))
            for event in reading.events
        ),
    )


def _verdict(reading: Reading) -> Mapping[str, Scalar]:
    """Return what every reading says beside its values, by the names under which it is found."""
    return {"status": reading.status.value, "issues": len(reading.issues)}
