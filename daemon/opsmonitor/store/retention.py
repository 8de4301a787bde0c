"""Delete what is older than it is to be kept, a little at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.store.session import put_meta, read_meta
from opsmonitor.store.tiers import DAY, DAY_MS, FIVE_MINUTES, HOUR, RAW, Tier, floor_to, kept_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.store.database import Database

KEPT_RUNS: Final = 100
"""The latest runs of each check are kept whatever their age: some checks run once a day."""
_ORPHANS_KEPT_MS: Final = 30 * DAY_MS
"""How long the history of a check that left the configuration is kept."""
_ROWS: Final = 5000
"""Deleted at once where there is no better measure."""
_PAGES: Final = 100
"""Given back to the file system at once."""

_KEYS: Final = "SELECT key FROM checks"
_PRUNE_RUNS: Final = f"""
DELETE FROM results WHERE check_key = ?1 AND ts < ?2 AND ts < (
  SELECT ts FROM results WHERE check_key = ?1 ORDER BY ts DESC LIMIT 1 OFFSET {KEPT_RUNS - 1}
)
"""  # noqa: S608 - numbers and names of tables are constants, here and below
_PRUNE: Final = {
    RAW: _PRUNE_RUNS,
    **{
        tier: f"DELETE FROM {tier.table} WHERE check_key = ? AND ts < ?"  # noqa: S608
        for tier in (FIVE_MINUTES, HOUR, DAY)
    },
}
_EARLIEST: Final = {
    tier: "SELECT min((SELECT min(ts) FROM "  # noqa: S608
    f"{tier.table} WHERE check_key = c.key AND ts >= ?)) FROM checks c"
    for tier in _PRUNE
}
_PRUNE_INTERVALS: Final = """
DELETE FROM intervals WHERE check_key = ?1 AND start < ?2 AND "end" < ?2
"""
_ORPHANS: Final = "SELECT key FROM checks WHERE removed_ms < ?"
_ORPHAN_TABLES: Final = ("results", "rollup_5m", "rollup_1h", "rollup_1d", "intervals")
_PURGE: Final = (
    {
        table: f"DELETE FROM {table} WHERE check_key = ?1 AND "  # noqa: S608
        f"{column} <= (SELECT max({column}) FROM (SELECT {column} FROM {table} "
        f"WHERE check_key = ?1 ORDER BY {column} LIMIT {_ROWS}))"
        for table, column in ((table, "ts") for table in _ORPHAN_TABLES[:-1])
    }
    | {"intervals": "DELETE FROM intervals WHERE check_key = ?1"}
)
_PURGE_EVENTS: Final = "DELETE FROM events WHERE check_key = ?"
_PURGE_CHECK: Final = "DELETE FROM checks WHERE key = ?"
_CLEAR_FUTURE: Final = {
    tier: f"DELETE FROM {tier.table} WHERE check_key = ? AND ts > ?"  # noqa: S608
    for tier in _PRUNE
}
_FREE_PAGES: Final = "PRAGMA freelist_count"
_VACUUM: Final = f"PRAGMA incremental_vacuum({_PAGES})"
_EMPTY_LOG: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
_TIDIED: Final = "tidied_ms"


def _mark(tier: Tier) -> str:
    """Return the name of the fact that tells up to where a tier was deleted."""
    return f"pruned_{tier.resolution}"


async def pruned_until(database: Database, tier: Tier) -> int:
    """Return up to where a tier may lack rows."""
    until = (await read_meta(database)).get(_mark(tier))
    return until if isinstance(until, int) else 0


async def prune(
    database: Database, retention: RetentionSettings, now_ms: int, rolled: dict[Tier, int]
) -> AsyncIterator[None]:
    """Delete what is too old; between the steps others may write.

    `rolled` tells up to where what follows a tier was made from it: no more is deleted.
    """
    for tier in (RAW, FIVE_MINUTES, HOUR, DAY):
        until_ms = min(now_ms - kept_ms(tier, retention), rolled.get(tier, now_ms))
        async for _ in _prune_tier(database, tier, until_ms):
            yield
    async for _ in _purge_orphans(database, now_ms - _ORPHANS_KEPT_MS):
        yield


async def _prune_tier(database: Database, tier: Tier, until_ms: int) -> AsyncIterator[None]:
    """Delete the rows of a tier before a moment."""
    step_ms = tier.prune_step_ms
    until_ms = floor_to(until_ms, step_ms)
    done_ms = await pruned_until(database, tier)
    while done_ms < until_ms:
        [(earliest,)] = await database.fetch(_EARLIEST[tier], (done_ms,))
        start_ms = until_ms if earliest is None else min(until_ms, floor_to(earliest, step_ms))
        done_ms = min(until_ms, max(done_ms, start_ms) + step_ms)
        keys = await database.fetch(_KEYS)
        async with database.transaction():
            rows = [(key, done_ms) for (key,) in keys]
            await database.execute_many(_PRUNE[tier], rows)
            if tier is DAY:
                await database.execute_many(_PRUNE_INTERVALS, rows)
            await put_meta(database, {_mark(tier): done_ms})
        yield


async def _purge_orphans(database: Database, before_ms: int) -> AsyncIterator[None]:
    """Delete all that is left of checks that were removed before a moment."""
    for (key,) in await database.fetch(_ORPHANS, (before_ms,)):
        for table in _ORPHAN_TABLES:
            deleted = _ROWS
            while deleted >= _ROWS:
                async with database.transaction():
                    deleted = await database.execute(_PURGE[table], (key,))
                yield
        async with database.transaction():
            await database.execute(_PURGE_EVENTS, (key,))
            await database.execute(_PURGE_CHECK, (key,))
        yield


async def shrink(database: Database, now_ms: int) -> AsyncIterator[None]:
    """Give unused pages back to the file system, and once a day empty the write-ahead log."""
    [(free,)] = await database.fetch(_FREE_PAGES)
    for _ in range(free // _PAGES):
        await database.exhaust(_VACUUM)
        yield
    tidied = (await read_meta(database)).get(_TIDIED)
    if isinstance(tidied, int) and 0 <= now_ms - tidied < DAY_MS:
        return
    await database.fetch(_EMPTY_LOG)
    yield
    async with database.transaction():
        await put_meta(database, {_TIDIED: now_ms})


async def clear_future(database: Database, now_ms: int) -> None:
    """Delete the runs of times to come, within the transaction under way.

    The clock was set back: what was recorded while it was fast would hide what comes now.
    """
    keys = await database.fetch(_KEYS)
    for statement in _CLEAR_FUTURE.values():
        await database.execute_many(statement, [(key, now_ms) for (key,) in keys])
