"""Keep the maintenance windows that people opened by the API."""

from __future__ import annotations

from dataclasses import asdict
import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.maintenance import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.store.database import Database

_CLEAR: Final = "DELETE FROM maintenance_windows"
_PUT: Final = "INSERT INTO maintenance_windows (id, body) VALUES (?, ?)"
_ALL: Final = "SELECT body FROM maintenance_windows ORDER BY id"


async def save(database: Database, windows: Iterable[Window]) -> None:
    """Let there be exactly these windows."""
    rows = [(window.id, json.dumps(asdict(window))) for window in windows]
    async with database.transaction():
        await database.execute(_CLEAR)
        await database.execute_many(_PUT, rows)


async def windows(database: Database) -> list[Window]:
    """Return all windows."""
    return [_window(json.loads(body)) for (body,) in await database.query(_ALL)]


def _window(values: dict[str, Any]) -> Window:
    """Return a kept window."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Window(**{**values, **lists})
