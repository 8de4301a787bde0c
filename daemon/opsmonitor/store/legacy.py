"""Take over the states and events that the control-plane service kept."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
import math
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.check import EventKind, Status
from opsmonitor.store.files import uri
from opsmonitor.store.rows import FAILED, text, to_us

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_COLUMNS: Final = "SELECT name FROM pragma_table_info(?)"
_READ: Final = {
    "check_states": "SELECT * FROM check_states",
    "events": "SELECT * FROM events ORDER BY rowid",
}
_ADD_CHECK: Final = "INSERT OR IGNORE INTO checks (id) VALUES (?)"
_KEY: Final = "SELECT key FROM checks WHERE id = ?"
_ADD_STATE: Final = """
INSERT OR IGNORE INTO check_states (check_key, type, status, ok, fail_streak, ok_streak,
  last_run_ms, last_ok_ms, last_change_ms, verdict, latency_us, status_code, error, attempts)
VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_EVENT: Final = """
INSERT INTO events (ts, check_key, event, status, previous, ok, latency_us, status_code, error)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE NOT EXISTS (SELECT 1 FROM events WHERE check_key = ?2 AND ts = ?1 AND event = ?3)
"""
_SECONDS_UNTIL: Final = 100_000_000_000
"""A number below counts seconds since 1970, one above milliseconds."""
_STATUSES: Final = {None: Status.PENDING, True: Status.UP, False: Status.DOWN}
_WORDS: Final = {"1": True, "true": True, "0": False, "false": False}


def is_legacy(connection: sqlite3.Connection) -> bool:
    """Tell whether a database is one of the control-plane service's."""
    states = {name for (name,) in connection.execute(_COLUMNS, ("check_states",))}
    events = {name for (name,) in connection.execute(_COLUMNS, ("events",))}
    return {"id", "ok"} <= states or {"id", "event"} <= events


def copy_legacy(source: Path, target: sqlite3.Connection) -> tuple[int, int]:
    """Copy states and events into a database of ours and return how many of each.

    A check that has a state keeps it; an event that is there already is not repeated.
    """
    with closing(sqlite3.connect(uri(source, "ro"), uri=True)) as connection:
        states = _read(connection, "check_states")
        events = _read(connection, "events")
    target.execute("BEGIN IMMEDIATE")
    try:
        added = (
            sum(_copy_state(target, row) for row in states),
            sum(_copy_event(target, row) for row in events),
        )
    except BaseException:
        target.execute("ROLLBACK")
        raise
    target.execute("COMMIT")
    return added


def _read(connection: sqlite3.Connection, table: str) -> list[Mapping[str, Any]]:
    """Return the rows of a table that name a check; none if there is no such table."""
    columns = [name for (name,) in connection.execute(_COLUMNS, (table,))]
    if "id" not in columns:
        return []
    rows = (dict(zip(columns, row, strict=True)) for row in connection.execute(_READ[table]))
    return [row for row in rows if row["id"]]


def _key(target: sqlite3.Connection, check_id: str) -> int:
    """Return the key of a check, which is added if it is new."""
    target.execute(_ADD_CHECK, (check_id,))
    return int(target.execute(_KEY, (check_id,)).fetchone()[0])


def _copy_state(target: sqlite3.Connection, row: Mapping[str, Any]) -> int:
    """Copy one state and return how many were added."""
    ok = _boolean(row.get("ok"))
    has_run = ok is not None
    values = (
        _key(target, str(row["id"])),
        text(str(row.get("type") or "http")),
        _STATUSES[ok].value,
        ok,
        _epoch_ms(row.get("last_run")),
        _epoch_ms(row.get("last_ok")),
        _epoch_ms(row.get("last_change")),
        (0 if ok else FAILED) if has_run else None,
        _latency_us(row.get("latency_ms")),
        _whole(row.get("status_code")),
        _words(row.get("error")),
        1 if has_run else None,
    )
    return target.execute(_ADD_STATE, values).rowcount


def _copy_event(target: sqlite3.Connection, row: Mapping[str, Any]) -> int:
    """Copy one event and return how many were added; none without a time and a known kind."""
    at_ms = _epoch_ms(row.get("ts"))
    kind = str(row.get("event") or "").upper()
    if at_ms is None or kind not in EventKind.__members__:
        return 0
    ok = _boolean(row.get("ok"))
    if ok is None and kind != EventKind.INIT:
        ok = kind != EventKind.DOWN
    previous = {EventKind.UP.value: Status.DOWN, EventKind.DOWN.value: Status.UP}
    values = (
        at_ms,
        _key(target, str(row["id"])),
        kind,
        _STATUSES[ok].value,
        previous.get(kind, Status.PENDING).value,
        ok,
        _latency_us(row.get("latency_ms")),
        _whole(row.get("status_code")),
        _words(row.get("error")),
    )
    return target.execute(_ADD_EVENT, values).rowcount


def _epoch_ms(value: object) -> int | None:
    """Return a time as epoch milliseconds, whether it was a number or a text."""
    if isinstance(value, str):
        try:
            return _epoch_ms(float(value))
        except ValueError:
            return _parsed_ms(value)
    if isinstance(value, int | float) and math.isfinite(value) and value > 0:
        return round(value * 1000 if value < _SECONDS_UNTIL else value)
    return None


def _parsed_ms(value: str) -> int | None:
    """Return an ISO 8601 text as epoch milliseconds; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _boolean(value: object) -> bool | None:
    """Return a truth value, whether it was a number or a word."""
    if value is None:
        return None
    return _WORDS.get(str(value).strip().lower())


def _latency_us(value: object) -> int | None:
    """Return milliseconds as microseconds."""
    return to_us(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    """Return a whole number."""
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _words(value: object) -> str | None:
    """Return a text; an empty one is none."""
    return text(str(value)) if value else None
