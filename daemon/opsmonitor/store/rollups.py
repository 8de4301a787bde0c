"""Keep the roll-ups: caches of runs and state intervals that can be rebuilt at any time.

A bucket is rolled once it is over, from single runs or the next finer tier, and from the intervals.
How far a tier has come is written after the last rows of a bucket, and rolling a bucket again
replaces its rows: the daemon may be killed anywhere. What arrives late sets the mark back.
A row exists where there was a run, or any status but `unmonitored`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import Status
from opsmonitor.store.aggregate import Aggregate
from opsmonitor.store.retention import pruned_until
from opsmonitor.store.session import put_meta, read_meta
from opsmonitor.store.spans import TIME_BY_STATUS
from opsmonitor.store.tiers import (
    DAY,
    FINER,
    FIVE_MINUTES,
    HOUR,
    MINUTE_MS,
    RAW,
    ROLLED,
    Tier,
    ceil_to,
    floor_to,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from opsmonitor.store.database import Database
    from opsmonitor.store.rows import Row

_GRACE_MS: Final = MINUTE_MS
"""A run is counted where it started, but arrives when it has ended."""
_CHUNK: Final = 100
"""Checks rolled at once: few enough that a state change never waits long."""

_KEYS: Final = "SELECT key FROM checks ORDER BY key"
_STATUSES: Final = tuple(Status)
_COLUMNS: Final = (
    *(f"{status}_ms" for status in _STATUSES),
    *("runs", "failed", "latency_min_us", "latency_sum_us", "latency_max_us", "histogram"),
)
_FROM_RUNS: Final = f"""
SELECT c.key,
  CASE WHEN r.latency_us IS NOT NULL THEN latency_bucket(r.latency_us) END AS slot,
  count(*), sum(r.verdict = 2), min(r.latency_us), sum(r.latency_us), max(r.latency_us)
FROM checks c CROSS JOIN {RAW.table} r ON r.check_key = c.key AND r.ts >= :from_ms AND r.ts < :to_ms
WHERE c.key BETWEEN :first AND :last
GROUP BY c.key, slot
"""  # noqa: S608 - names of tables and columns are constants, here and below
_FROM_FINER: Final = {
    tier: f"""
SELECT c.key, {", ".join(_COLUMNS[len(_STATUSES) :])}
FROM checks c CROSS JOIN {FINER[tier].table} r
  ON r.check_key = c.key AND r.ts >= :from_ms AND r.ts < :to_ms
WHERE c.key BETWEEN :first AND :last
"""  # noqa: S608
    for tier in (HOUR, DAY)
}
_CLEAR: Final = {
    tier: f"DELETE FROM {tier.table} WHERE check_key = ? AND ts >= ? AND ts < ?"  # noqa: S608
    for tier in ROLLED
}
_PUT: Final = {
    tier: f"INSERT INTO {tier.table} (check_key, ts, {', '.join(_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"
    for tier in ROLLED
}
_EARLIEST: Final = {
    tier: "SELECT min((SELECT min(ts) FROM "  # noqa: S608
    f"{tier.table} WHERE check_key = c.key AND ts >= ?)) FROM checks c"
    for tier in (RAW, *ROLLED)
}
_LATEST_DAY: Final = "SELECT max(ts) FROM rollup_1d"
_NEXT_STATUS: Final = """
SELECT min(start) FROM intervals WHERE start >= ? AND status <> 'unmonitored'
"""


def mark(tier: Tier) -> str:
    """Return the name of the fact that tells how far a tier has come."""
    return f"rolled_{tier.resolution}"


class Rollups:
    """Rolls the tiers of one database; only its writer may use it."""

    def __init__(self, database: Database) -> None:
        """Work on a database; `load` comes first."""
        self._database = database
        self._until: dict[Tier, int] = {}
        self._reading: dict[Tier, int] = {}
        """Up to where the bucket under way has been read already."""
        self._set_back: set[Tier] = set()

    async def load(self, now_ms: int) -> None:
        """Find out how far each tier has come."""
        meta = await read_meta(self._database)
        known = {tier: meta.get(mark(tier)) for tier in ROLLED}
        for tier in ROLLED:
            until = known[tier]
            if not isinstance(until, int):
                until = floor_to(await self._first_moment(tier, now_ms), tier.width_ms)
            self._until[tier] = until

    async def _first_moment(self, tier: Tier, now_ms: int) -> int:
        """Return where to begin with a tier that was never rolled."""
        if tier is DAY:
            [(latest,)] = await self._database.fetch(_LATEST_DAY)
            if latest is not None:
                return int(latest) + tier.width_ms
        finer = FINER[tier]
        [(earliest,)] = await self._database.fetch(_EARLIEST[finer], (0,))
        return earliest if earliest is not None else self._until.get(finer, now_ms)

    def until_ms(self, tier: Tier) -> int:
        """Return up to where a tier is rolled."""
        return self._until[tier]

    async def set_back(self, moment_ms: int) -> None:
        """Roll again what follows a moment, within the transaction under way."""
        if moment_ms >= max(self._until[FIVE_MINUTES], self._reading.get(FIVE_MINUTES, 0)):
            return
        if moment_ms < await pruned_until(self._database, RAW):
            return
        for tier in ROLLED:
            if moment_ms < max(self._until[tier], self._reading.get(tier, 0)):
                self._until[tier] = min(self._until[tier], floor_to(moment_ms, tier.width_ms))
                self._set_back.add(tier)
                await put_meta(self._database, {mark(tier): self._until[tier]})

    async def rebuild(self) -> None:
        """Let everything that can still be made from finer history be made again."""
        async with self._database.transaction():
            for tier in ROLLED:
                finer = FINER[tier]
                floor_ms = await pruned_until(self._database, finer)
                [(earliest,)] = await self._database.fetch(_EARLIEST[finer], (floor_ms,))
                if earliest is not None:
                    start_ms = max(floor_ms, floor_to(earliest, tier.width_ms))
                    until = min(self._until[tier], ceil_to(start_ms, tier.width_ms))
                    self._until[tier] = until
                    await put_meta(self._database, {mark(tier): until})

    async def steps(self, now_ms: int) -> AsyncIterator[None]:
        """Roll every bucket that is over; between the steps others may write."""
        over_ms = now_ms - _GRACE_MS
        for tier in ROLLED:
            over_ms = floor_to(over_ms, tier.width_ms)
            while self._until[tier] < over_ms:
                async for _ in self._bucket(tier, over_ms):
                    yield
            over_ms = self._until[tier]

    async def _bucket(self, tier: Tier, over_ms: int) -> AsyncIterator[None]:
        """Roll the next bucket of a tier, or pass over a stretch without any content."""
        start_ms = self._until[tier]
        end_ms = start_ms + tier.width_ms
        self._set_back.discard(tier)
        self._reading[tier] = end_ms
        keys = [int(key) for (key,) in await self._database.fetch(_KEYS)]
        written = 0
        for first in range(0, len(keys), _CHUNK):
            written += await self._roll(tier, start_ms, keys[first : first + _CHUNK])
            yield
        if not written:
            end_ms = max(end_ms, await self._next_content(tier, start_ms, over_ms))
        async with self._database.transaction():
            if end_ms > start_ms + tier.width_ms:
                stale = [(key, start_ms, end_ms) for key in keys]
                await self._database.execute_many(_CLEAR[tier], stale)
            if tier not in self._set_back:
                await put_meta(self._database, {mark(tier): end_ms})
        if tier not in self._set_back:
            self._until[tier] = end_ms
        self._reading.pop(tier)

    async def _roll(self, tier: Tier, start_ms: int, keys: Sequence[int]) -> int:
        """Replace the rows of one bucket for some checks and return how many have one."""
        end_ms = start_ms + tier.width_ms
        scope = {"from_ms": start_ms, "to_ms": end_ms, "first": keys[0], "last": keys[-1]}
        sums: defaultdict[int, Aggregate] = defaultdict(Aggregate)
        if tier is FIVE_MINUTES:
            for key, slot, *row in await self._database.fetch(_FROM_RUNS, scope):
                sums[key].add_slot(slot, tuple(row))
        else:
            for key, *row in await self._database.fetch(_FROM_FINER[tier], scope):
                sums[key].add_row(tuple(row))
        times: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for key, status, span_ms in await self._database.fetch(TIME_BY_STATUS, scope):
            times[key][status] = span_ms
        rows: list[Row] = [
            (key, start_ms, *(times[key].get(status, 0) for status in _STATUSES), *sums[key].row())
            for key in sorted(sums.keys() | times.keys())
            if key in sums or times[key].keys() - {Status.UNMONITORED}
        ]
        async with self._database.transaction():
            old = [(key, start_ms, end_ms) for key in keys]
            await self._database.execute_many(_CLEAR[tier], old)
            await self._database.execute_many(_PUT[tier], rows)
        return len(rows)

    async def _next_content(self, tier: Tier, start_ms: int, over_ms: int) -> int:
        """Return where the next bucket begins that has something to roll."""
        [(run_ms,)] = await self._database.fetch(_EARLIEST[FINER[tier]], (start_ms,))
        [(status_ms,)] = await self._database.fetch(_NEXT_STATUS, (start_ms,))
        moments = [moment for moment in (run_ms, status_ms, over_ms) if moment is not None]
        return floor_to(min(moments), tier.width_ms)
