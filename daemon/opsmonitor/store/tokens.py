"""Keep which tokens were given out, without the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.models.token import IssuedToken, TokenScope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opsmonitor.store.database import Database

_FORGET: Final = "DELETE FROM tokens WHERE id = ?"
_PUT: Final = """
INSERT OR REPLACE INTO tokens (id, name, scope, digest, created, expires, used)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ALL: Final = """
SELECT id, name, scope, digest, created, expires, used FROM tokens ORDER BY created, id
"""


async def save(database: Database, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
    """Keep these tokens as they are now, and forget those of these ids."""
    rows = [
        (
            token.id,
            token.name,
            token.scope.value,
            token.digest,
            token.created_ms,
            token.expires_ms,
            token.used_ms,
        )
        for token in changed
    ]
    async with database.transaction():
        await database.execute_many(_PUT, rows)
        await database.execute_many(_FORGET, [(token_id,) for token_id in gone])


async def tokens(database: Database) -> list[IssuedToken]:
    """Return all tokens, the oldest first."""
    return [
        IssuedToken(
            id=token_id,
            name=name,
            scope=TokenScope(scope),
            digest=digest,
            created_ms=created,
            expires_ms=expires,
            used_ms=used,
        )
        for token_id, name, scope, digest, created, expires, used in await database.query(_ALL)
    ]
