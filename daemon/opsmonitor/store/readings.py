"""Keep readings: the latest of each thing, what happened to it, and its values over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.reading import (
    Issue,
    Reading,
    ReadingChange,
    ReadingMoment,
    ReadingState,
    ReadingStatus,
)
from opsmonitor.store.value_body import pack

if TYPE_CHECKING:
    from opsmonitor.store.database import Database

_ADD_THING: Final = "INSERT INTO reading_things (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
_KEYS: Final = "SELECT name, key FROM reading_things"
_PUT_STATE: Final = "UPDATE reading_things SET state = ? WHERE name = ?"
_FORGET: Final = "UPDATE reading_things SET state = NULL WHERE name = ?"
_ADD_EVENT: Final = """
INSERT INTO reading_events (ts, name, kind, message, data) VALUES (?, ?, ?, ?, ?)
"""
_BOUND_EVENTS: Final = """
DELETE FROM reading_events WHERE id <= (SELECT max(id) FROM reading_events) - ?
"""
_ADD_VALUES: Final = """
INSERT OR REPLACE INTO reading_values (thing_key, width_ms, ts, body) VALUES (?, 1, ?, ?)
"""
_CLEAR_FUTURE: Final = "DELETE FROM reading_values WHERE thing_key = ? AND ts > ?"
_STATES: Final = "SELECT name, state FROM reading_things WHERE state IS NOT NULL ORDER BY key"
_EVENTS: Final = """
SELECT ts, name, kind, message, data FROM reading_events
WHERE ts >= :since AND (:name IS NULL OR name = :name OR substr(name, 1, length(:name) + 1)
  = :name || '.')
ORDER BY id DESC LIMIT :limit
"""


async def write(database: Database, changes: Iterable[ReadingChange], most_events: int) -> None:
    """Write what polls brought about, within the transaction under way."""
    changes = list(changes)
    names = {change.state.name for change in changes}
    await database.execute_many(_ADD_THING, [(name,) for name in sorted(names)])
    keys = {str(name): int(key) for name, key in await database.fetch(_KEYS)}
    kept = {change.state.name: change.state for change in changes if change.is_kept}
    await database.execute_many(
        _PUT_STATE, [(_state_text(state), name) for name, state in kept.items()]
    )
    rows = []
    for change in changes:
        numbers = numbers_of(change) if change.is_good else {}
        if numbers:
            rows.append((keys[change.state.name], change.at_ms, pack(numbers)))
    await database.execute_many(_ADD_VALUES, rows)
    events = [
        (change.at_ms, change.state.name, event.kind, event.message, _text(event.data))
        for change in changes
        for event in change.events
    ]
    if events:
        await database.execute_many(_ADD_EVENT, events)
        await database.execute(_BOUND_EVENTS, (most_events,))


async def forget(database: Database, names: Iterable[str]) -> None:
    """Forget the latest readings of things that are polled no more; their values stay a while."""
    await database.execute_many(_FORGET, [(name,) for name in sorted(names)])


async def clear_future(database: Database, now_ms: int) -> None:
    """Delete values of times to come: the clock was set back."""
    keys = await database.fetch("SELECT key FROM reading_things")
    await database.execute_many(_CLEAR_FUTURE, [(key, now_ms) for (key,) in keys])


async def states(database: Database) -> dict[str, ReadingState]:
    """Return what was last known of each thing that was polled; what makes no sense is left out."""
    found: dict[str, ReadingState] = {}
    for name, text in await database.query(_STATES):
        try:
            found[str(name)] = _state(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


async def events(
    database: Database, *, limit: int, since_ms: int | None, name: str | None
) -> list[ReadingMoment]:
    """Return what happened, newest first; a name stands for everything below it, too."""
    scope = {"limit": limit, "since": since_ms or 0, "name": name}
    return [
        ReadingMoment(at_ms=ts, name=thing, kind=kind, message=message, data=json.loads(data))
        for ts, thing, kind, message, data in await database.query(_EVENTS, scope)
    ]


def numbers_of(change: ReadingChange) -> dict[str, float]:
    """Return the values that have a history: numbers, and truth as 1 and 0."""
    reading = change.state.reading
    if reading is None:
        return {}
    return {
        name: float(value)
        for name, value in reading.values.items()
        if isinstance(value, int | float)
    }


def _text(data: Mapping[str, Any]) -> str:
    """Return data as JSON."""
    return json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"), default=str)


def _state_text(state: ReadingState) -> str:
    """Return a state as it is kept."""
    reading = state.reading
    body: dict[str, Any] = {
        "probe": state.probe,
        "thing": state.thing,
        "interval_s": state.interval_s,
        "fetched_ms": state.fetched_ms,
        "error": state.error,
        "error_code": state.error_code,
        "error_ms": state.error_ms,
        "reading": None,
    }
    if reading is not None:
        body["reading"] = {
            "data": dict(reading.data),
            "values": dict(reading.values),
            "status": reading.status.value,
            "note": reading.note,
            "issues": [_issue(issue) for issue in reading.issues],
        }
    return _text(body)


def _issue(issue: Issue) -> dict[str, Any]:
    """Return an issue as it is kept."""
    return {
        "kind": issue.kind,
        "status": issue.status.value,
        "message": issue.message,
        "data": dict(issue.data),
    }


def _state(body: dict[str, Any]) -> ReadingState:
    """Return a kept state."""
    reading = body.pop("reading")
    if reading is not None:
        issues = [
            Issue(**{**issue, "status": ReadingStatus(issue["status"])})
            for issue in reading.pop("issues")
        ]
        status = ReadingStatus(reading.pop("status"))
        reading = Reading(**reading, status=status, issues=tuple(issues))
    return ReadingState(**body, reading=reading)
