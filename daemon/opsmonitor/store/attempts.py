"""Keep what was done about checks that failed."""

from __future__ import annotations

from dataclasses import asdict
import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.remediation import Attempt, AttemptState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.store.database import Database
    from opsmonitor.store.rows import Row

_KEPT_MS: Final = 90 * 86_400_000
_PUT: Final = """
INSERT INTO attempts (id, check_id, started_ms, body) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_FORGET: Final = "DELETE FROM attempts WHERE started_ms < ?"
_NEWEST: Final = """
SELECT body FROM attempts WHERE :check_id IS NULL OR check_id = :check_id
ORDER BY started_ms DESC, id LIMIT :limit
"""


async def save(database: Database, tried: Iterable[Attempt], now_ms: int) -> None:
    """Write attempts as they are now, and forget those that are long over."""
    async with database.transaction():
        await database.execute_many(_PUT, [_row(attempt) for attempt in tried])
        await database.execute(_FORGET, (now_ms - _KEPT_MS,))


async def attempts(database: Database, *, limit: int, check_id: str | None) -> list[Attempt]:
    """Return attempts, newest first."""
    rows = await database.query(_NEWEST, {"limit": limit, "check_id": check_id})
    return [_attempt(body) for (body,) in rows]


def _row(attempt: Attempt) -> Row:
    """Return an attempt as it is kept."""
    return (attempt.id, attempt.check_id, attempt.started_ms, json.dumps(asdict(attempt)))


def _attempt(body: Any) -> Attempt:
    """Return a kept attempt."""
    values = json.loads(body)
    values["state"] = AttemptState(values["state"])
    return Attempt(**values)
