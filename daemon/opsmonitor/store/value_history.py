"""Values over time: roll them up, delete what is too old, and tell a series.

A bucket is rolled once it is over, from the next finer tier. How far a tier has come is told by its
latest row, and rolling a bucket again gives the same row: the daemon may be killed anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.history import ValuePoint
from opsmonitor.store.tiers import (
    FINER,
    FIVE_MINUTES,
    MINUTE_MS,
    RAW,
    ROLLED,
    Tier,
    floor_to,
    kept_ms,
)
from opsmonitor.store.value_body import pack, unpack

if TYPE_CHECKING:
    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.store.database import Database
    from opsmonitor.store.rows import Row

_GRACE_MS: Final = MINUTE_MS
_AT_ONCE: Final = 500
"""Rows deleted in one step: few enough that a state change never waits long."""
_AT_HAND: Final = 100
"""So many rows are unpacked in the event loop."""
_MOST_SINGLE: Final = 20_000
"""More single readings than these are told in buckets."""
_KEYS: Final = "SELECT key FROM reading_things"
_LATEST: Final = "SELECT max(ts) FROM reading_values WHERE thing_key = ? AND width_ms = ?"
_NEXT: Final = """
SELECT min(ts) FROM reading_values WHERE thing_key = ? AND width_ms = ? AND ts >= ?
"""
_ROWS: Final = """
SELECT ts, body FROM reading_values
WHERE thing_key = ? AND width_ms = ? AND ts >= ? AND ts < ? ORDER BY ts
"""
_COUNT: Final = """
SELECT count(*) FROM reading_values WHERE thing_key = ? AND width_ms = ? AND ts >= ? AND ts < ?
"""
_PUT: Final = """
INSERT OR REPLACE INTO reading_values (thing_key, width_ms, ts, body) VALUES (?, ?, ?, ?)
"""
_PRUNE: Final = f"""
DELETE FROM reading_values WHERE thing_key = ?1 AND width_ms = ?2 AND ts < ?3 AND ts <= (
  SELECT max(ts) FROM (SELECT ts FROM reading_values
    WHERE thing_key = ?1 AND width_ms = ?2 ORDER BY ts LIMIT {_AT_ONCE}))
"""  # noqa: S608 - a number that is a constant
_PURGE: Final = """
DELETE FROM reading_things WHERE state IS NULL AND key NOT IN (
  SELECT thing_key FROM reading_values)
"""
_KEY: Final = "SELECT key FROM reading_things WHERE name = ?"

_Sums = dict[str, list[float]]
"""Count, least, sum and greatest by name."""


def add(sums: _Sums, values: dict[str, Any]) -> None:
    """Add the values of a row, be they single or sums already."""
    for name, value in values.items():
        one = value if isinstance(value, list) else [1, value, value, value]
        known = sums.get(name)
        if known is None:
            sums[name] = list(one)
        else:
            known[0] += one[0]
            known[1] = min(known[1], one[1])
            known[2] += one[2]
            known[3] = max(known[3], one[3])


async def steps(
    database: Database, retention: RetentionSettings, now_ms: int
) -> AsyncIterator[None]:
    """Roll up what is over and delete what is too old; between the steps others may write."""
    for (key,) in await database.fetch(_KEYS):
        for tier in ROLLED:
            async for _ in _roll(database, int(key), tier, now_ms - _GRACE_MS):
                yield
        for tier in (RAW, *ROLLED):
            before_ms = now_ms - kept_ms(tier, retention)
            deleted = _AT_ONCE
            while deleted >= _AT_ONCE:
                async with database.transaction():
                    deleted = await database.execute(_PRUNE, (key, tier.width_ms, before_ms))
                yield
    async with database.transaction():
        await database.execute(_PURGE)


async def _roll(database: Database, key: int, tier: Tier, over_ms: int) -> AsyncIterator[None]:
    """Roll every bucket of a tier that is over and has content."""
    finer = FINER[tier]
    [(latest,)] = await database.fetch(_LATEST, (key, tier.width_ms))
    start_ms = 0 if latest is None else int(latest) + tier.width_ms
    while True:
        [(next_ms,)] = await database.fetch(_NEXT, (key, finer.width_ms, start_ms))
        if next_ms is None:
            return
        start_ms = floor_to(int(next_ms), tier.width_ms)
        end_ms = start_ms + tier.width_ms
        if end_ms > over_ms:
            return
        sums: _Sums = {}
        for _, body in await database.fetch(_ROWS, (key, finer.width_ms, start_ms, end_ms)):
            add(sums, unpack(body))
        async with database.transaction():
            await database.execute(_PUT, (key, tier.width_ms, start_ms, pack(sums)))
        start_ms = end_ms
        yield


async def series(
    database: Database, thing: str, value: str, tier: Tier, from_ms: int, to_ms: int
) -> tuple[Tier, list[ValuePoint]]:
    """Return a value over time, oldest first, and the tier that tells it.

    What is not rolled yet is made from finer history; what would be too many single readings is
    told in buckets.
    """
    rows = await database.query(_KEY, (thing,))
    if not rows:
        return tier, []
    key = int(rows[0][0])
    if tier is RAW:
        [(count,)] = await database.query(_COUNT, (key, tier.width_ms, from_ms, to_ms))
        tier = RAW if int(count) <= _MOST_SINGLE else FIVE_MINUTES
    buckets = await _buckets(database, key, tier, from_ms, to_ms, value)
    return tier, [
        ValuePoint(
            at_ms=at_ms,
            count=int(count),
            low=least,
            mean=total / count,
            high=greatest,
        )
        for at_ms, (count, least, total, greatest) in sorted(buckets.items())
    ]


async def _buckets(
    database: Database, key: int, tier: Tier, from_ms: int, to_ms: int, value: str
) -> dict[int, list[float]]:
    """Return the sums of one value by the beginning of each bucket."""
    rows = await database.query(_ROWS, (key, tier.width_ms, from_ms, to_ms))
    # Thousands of rows take their time to unpack, and the checks must not wait for it.
    is_long = len(rows) > _AT_HAND
    found = await asyncio.to_thread(_pick, rows, value) if is_long else _pick(rows, value)
    if tier is RAW:
        return found
    until_ms = int(rows[-1][0]) + tier.width_ms if rows else from_ms
    rest = await _buckets(database, key, FINER[tier], until_ms, to_ms, value)
    for at_ms, sums in rest.items():
        into = {value: found[start]} if (start := floor_to(at_ms, tier.width_ms)) in found else {}
        add(into, {value: sums})
        found[start] = into[value]
    return found


def _pick(rows: Iterable[Row], value: str) -> dict[int, list[float]]:
    """Return one value of each row that has it."""
    found: dict[int, list[float]] = {}
    for ts, body in rows:
        sums: _Sums = {}
        values = unpack(body)
        if value in values:
            add(sums, {value: values[value]})
            found[int(ts)] = sums[value]
    return found
