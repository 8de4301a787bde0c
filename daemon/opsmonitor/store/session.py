"""What a database knows of itself, and the beginning and end of a daemon's use of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
import uuid

from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.store.database import Database

ALIVE: Final = "alive_ms"
"""When the daemon was last known to live."""
_CLEAN: Final = "clean"
"""1 once the daemon has stopped in order."""
_INSTANCE: Final = "instance_id"

_READ: Final = "SELECT key, value FROM meta"
_PUT: Final = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"
_OPEN_INTERVALS: Final = """
SELECT check_key, start FROM intervals WHERE "end" IS NULL AND status <> 'unmonitored'
"""
_CLOSE: Final = 'UPDATE intervals SET "end" = ? WHERE check_key = ? AND start = ?'
_ADD_GAP: Final = """
INSERT OR REPLACE INTO intervals (check_key, start, "end", status, cause)
VALUES (?, ?, NULL, ?, ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What was found when a database was taken into use."""

    instance_id: str
    alive_ms: int | None
    """When the previous daemon was last known to live; None for a new database."""
    was_clean_shutdown: bool
    """Whether the previous daemon stopped in order; a new database counts as such."""


async def read_meta(database: Database) -> Mapping[str, object]:
    """Return the facts, as the writing connection sees them."""
    return {str(key): value for key, value in await database.fetch(_READ)}


async def put_meta(database: Database, facts: Mapping[str, int | str]) -> None:
    """Write facts within the transaction under way."""
    await database.execute_many(_PUT, list(facts.items()))


async def begin_session(
    database: Database, now_ms: int, instance_id: str | None = None, *, goes_on: bool = False
) -> Session:
    """Take a database into use: nobody looked since the previous daemon was last alive.

    `instance_id` names a database that has no name yet; with `goes_on` it was in use until now.
    """
    async with database.transaction():
        meta = await read_meta(database)
        alive = meta.get(ALIVE)
        session = Session(
            instance_id=str(meta.get(_INSTANCE) or instance_id or uuid.uuid4()),
            alive_ms=alive if isinstance(alive, int) else None,
            was_clean_shutdown=meta.get(_CLEAN, 1) == 1,
        )
        why = "the daemon was stopped" if session.was_clean_shutdown else "the daemon was ended"
        if not goes_on:
            from_ms = now_ms if session.alive_ms is None else session.alive_ms
            await _open_gaps(database, from_ms, why)
        await put_meta(database, {_INSTANCE: session.instance_id, ALIVE: now_ms, _CLEAN: 0})
    return session


async def end_session(database: Database, now_ms: int) -> None:
    """Note that the daemon stopped in order."""
    async with database.transaction():
        await put_meta(database, {ALIVE: now_ms, _CLEAN: 1})


async def _open_gaps(database: Database, from_ms: int, why: str) -> None:
    """Close every interval that goes on, and open one in which nobody looked."""
    rows = await database.fetch(_OPEN_INTERVALS)
    ends = [(max(start_ms, from_ms), key, start_ms) for key, start_ms in rows]
    gaps = [(key, max(start_ms, from_ms), Status.UNMONITORED.value, why) for key, start_ms in rows]
    await database.execute_many(_CLOSE, ends)
    await database.execute_many(_ADD_GAP, gaps)
