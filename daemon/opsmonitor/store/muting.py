"""Keep that alerts are muted."""

from __future__ import annotations

from dataclasses import asdict
import json
from typing import TYPE_CHECKING, Final

from opsmonitor.models.alert import Mute
from opsmonitor.store.session import put_meta, read_meta

if TYPE_CHECKING:
    from opsmonitor.store.database import Database

_KEY: Final = "alerts_muted"


async def save(database: Database, mute: Mute | None) -> None:
    """Keep the wish, or that there is none."""
    body = "" if mute is None else json.dumps(asdict(mute))
    async with database.transaction():
        await put_meta(database, {_KEY: body})


async def load(database: Database) -> Mute | None:
    """Return the wish."""
    body = (await read_meta(database)).get(_KEY)
    return Mute(**json.loads(body)) if isinstance(body, str) and body else None
