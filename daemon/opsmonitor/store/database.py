"""The connections to an open database: one that writes whole transactions, one that only reads."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import aiosqlite

from opsmonitor.exceptions import StoreError
from opsmonitor.store.files import uri
from opsmonitor.store.histogram import bucket_of, count_of
from opsmonitor.store.schema import (
    BUSY_TIMEOUT_S,
    CONNECTION_PRAGMAS,
    migrations,
    split,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from pathlib import Path

    from opsmonitor.store.rows import Row

_MEMORY: Final = ":memory:"
_SIZE: Final = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


class Database:
    """An open database. Only its writer may call `transaction`, `execute` and `fetch`."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        """Take both connections; they may be the same one."""
        self._writer = writer
        self._reader = reader

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open a database that was prepared."""
        writer = await _connect(uri(path, "rw"), CONNECTION_PRAGMAS)
        try:
            reader = await _connect(uri(path, "ro"), ("PRAGMA query_only = ON",))
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader)

    @classmethod
    async def open_memory(cls) -> Database:
        """Make an empty database that lives as long as this object."""
        connection = await _connect(_MEMORY, CONNECTION_PRAGMAS)
        try:
            for script in migrations().values():
                for statement in split(script):
                    await connection.execute(statement)
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection)

    async def close(self) -> None:
        """Close both connections, even if one of them fails to."""
        try:
            if self._reader is not self._writer:
                await self._reader.close()
        finally:
            await self._writer.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Write everything within, or nothing."""
        try:
            await self._writer.execute("BEGIN IMMEDIATE")
            yield
            await self._writer.execute("COMMIT")
        except BaseException:
            # A statement goes on although whoever awaited it was cancelled: wait until it is over.
            await self._writer.execute("SELECT 1")
            # A full disk has ended the transaction by itself; rolling back twice is an error.
            if self._writer.in_transaction:
                await self._writer.execute("ROLLBACK")
            raise

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> int:
        """Run one statement on the writing connection and return how many rows it changed."""
        cursor = await self._writer.execute(statement, parameters)
        return cursor.rowcount

    async def execute_many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run one statement for each row on the writing connection."""
        if rows:
            await self._writer.executemany(statement, rows)

    async def exhaust(self, pragma: str) -> None:
        """Run a pragma that works in steps outside a transaction; `execute` takes but the first."""
        await self._writer.executescript(pragma)

    async def fetch(self, statement: str, parameters: Any = ()) -> list[Row]:
        """Return what the writing connection sees, its own transaction included."""
        return [tuple(row) for row in await self._writer.execute_fetchall(statement, parameters)]

    async def size_bytes(self) -> int:
        """Return the size of the database, as the writing connection sees it."""
        [(size,)] = await self.fetch(_SIZE)
        return int(size)

    async def query(self, statement: str, parameters: Any = ()) -> list[Row]:
        """Return what is committed.

        Raises:
            StoreError: The database cannot be read now.

        """
        try:
            rows = await self._reader.execute_fetchall(statement, parameters)
        except (aiosqlite.Error, ValueError) as err:
            # aiosqlite raises a ValueError once the connection is closed, as it is while reopening.
            raise StoreError(f"the database cannot be read now: {err}") from err
        return list(rows)  # type: ignore[arg-type] # rows are tuples: no row factory is set


async def _connect(name: str, pragmas: Iterable[str]) -> aiosqlite.Connection:
    """Open a connection that leaves transactions to us."""
    connection = await aiosqlite.connect(
        name, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
    )
    try:
        for pragma in pragmas:
            await connection.execute(pragma)
        await connection.create_function("latency_bucket", 1, bucket_of, deterministic=True)
        await connection.create_function("latency_count", 1, count_of, deterministic=True)
    except BaseException:
        await connection.close()
        raise
    return connection
