"""Read one check over time: latency in buckets, state intervals and uptime."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import Status
from opsmonitor.models.history import History, Interval, LatencySummary, Point, Resolution, Uptime
from opsmonitor.store.aggregate import Aggregate
from opsmonitor.store.histogram import bucket_of
from opsmonitor.store.queries import uptime
from opsmonitor.store.rollups import mark
from opsmonitor.store.rows import FAILED
from opsmonitor.store.tiers import (
    DAY,
    DAY_MS,
    FINER,
    FIVE_MINUTES,
    HOUR,
    HOUR_MS,
    RAW,
    Tier,
    floor_to,
    kept_ms,
)

if TYPE_CHECKING:
    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.store.database import Database

_LONGEST: Final = ((RAW, 3 * HOUR_MS), (FIVE_MINUTES, 2 * DAY_MS), (HOUR, 31 * DAY_MS))
"""The longest range that each tier is shown for: some hundred points each."""
_MOST_RUNS: Final = 20_000
"""More single runs than this are told in buckets of five minutes."""
_TIERS: Final = {tier.resolution: tier for tier in (RAW, FIVE_MINUTES, HOUR, DAY)}

_KEY: Final = "SELECT key FROM checks WHERE id = ?"
_RUNS: Final = """
SELECT ts, verdict, latency_us FROM results
WHERE check_key = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?
"""
_BUCKETS: Final = {
    tier: "SELECT ts, runs, failed, latency_min_us, latency_sum_us, latency_max_us, histogram "  # noqa: S608 - a constant name
    f"FROM {tier.table} WHERE check_key = ? AND ts >= ? AND ts < ? ORDER BY ts"
    for tier in (FIVE_MINUTES, HOUR, DAY)
}
_MARK: Final = "SELECT value FROM meta WHERE key = ?"
_INTERVALS: Final = """
SELECT start, "end", status, cause FROM intervals
WHERE check_key = :key AND start < :to_ms AND ("end" IS NULL OR "end" > :from_ms)
  AND start >= coalesce((
    SELECT max(start) FROM intervals WHERE check_key = :key AND start <= :from_ms
  ), :from_ms)
ORDER BY start
"""


async def history(
    database: Database,
    check_id: str,
    from_ms: int,
    to_ms: int,
    tier: Tier,
) -> History:
    """Return one check over a range; of an unknown one there is nothing to tell.

    A run or bucket that begins at `to_ms` is part of it: it may be the latest there is.
    """
    found = await database.query(_KEY, (check_id,))
    if not found:
        return History(
            check_id=check_id,
            from_ms=from_ms,
            to_ms=to_ms,
            resolution=tier.resolution,
            points=(),
            intervals=(),
            uptime=Uptime(),
            latency=LatencySummary(),
        )
    key = int(found[0][0])
    buckets = await _runs(database, key, from_ms, to_ms + 1) if tier is RAW else None
    if buckets is None:
        tier = FIVE_MINUTES if tier is RAW else tier
        from_bucket_ms = floor_to(from_ms, tier.width_ms)
        buckets = await _rolled(database, key, tier, from_bucket_ms, to_ms + 1)
    total = Aggregate()
    points: list[Point] = []
    for at_ms, bucket in sorted(buckets.items()):
        if bucket.runs:
            points.append(bucket.point(at_ms))
            total.merge(bucket)
    times = await uptime(database, [check_id], from_ms, to_ms)
    return History(
        check_id=check_id,
        from_ms=from_ms,
        to_ms=to_ms,
        resolution=tier.resolution,
        points=tuple(points),
        intervals=await _intervals(database, check_id, key, from_ms, to_ms),
        uptime=times[check_id],
        latency=total.latency(),
    )


def choose_tier(
    resolution: Resolution, from_ms: int, to_ms: int, now_ms: int, retention: RetentionSettings
) -> Tier:
    """Return the tier that tells a range best, and still reaches back to its beginning."""
    if resolution is not Resolution.AUTO:
        return _TIERS[resolution]
    for tier, longest_ms in _LONGEST:
        if to_ms - from_ms <= longest_ms and now_ms - from_ms <= kept_ms(tier, retention):
            return tier
    return DAY


async def _runs(
    database: Database, key: int, from_ms: int, to_ms: int
) -> dict[int, Aggregate] | None:
    """Return single runs by their start; None when there are too many."""
    rows = await database.query(_RUNS, (key, from_ms, to_ms, _MOST_RUNS + 1))
    if len(rows) > _MOST_RUNS:
        return None
    found: dict[int, Aggregate] = {}
    for ts, verdict, latency_us in rows:
        slot = None if latency_us is None else bucket_of(latency_us)
        one = Aggregate()
        one.add_slot(slot, (1, int(verdict == FAILED), latency_us, latency_us, latency_us))
        found[ts] = one
    return found


async def _rolled(
    database: Database, key: int, tier: Tier, from_ms: int, to_ms: int
) -> dict[int, Aggregate]:
    """Return buckets by their beginning; those not rolled yet are made from finer history."""
    found: defaultdict[int, Aggregate] = defaultdict(Aggregate)
    rows = await database.query(_MARK, (mark(tier),))
    until_ms = int(rows[0][0]) if rows else 0
    for ts, *row in await database.query(_BUCKETS[tier], (key, from_ms, min(to_ms, until_ms))):
        found[ts].add_row(tuple(row))
    if to_ms > until_ms:
        rest = await _finer(database, key, FINER[tier], max(from_ms, until_ms), to_ms)
        for at_ms, bucket in rest.items():
            found[floor_to(at_ms, tier.width_ms)].merge(bucket)
    return found


async def _finer(
    database: Database, key: int, tier: Tier, from_ms: int, to_ms: int
) -> dict[int, Aggregate]:
    """Return what a tier holds of a range."""
    if tier is not RAW:
        return await _rolled(database, key, tier, from_ms, to_ms)
    found: defaultdict[int, Aggregate] = defaultdict(Aggregate)
    no_limit = -1
    for ts, verdict, latency_us in await database.query(_RUNS, (key, from_ms, to_ms, no_limit)):
        slot = None if latency_us is None else bucket_of(latency_us)
        counts = (1, int(verdict == FAILED), latency_us, latency_us, latency_us)
        found[floor_to(ts, FIVE_MINUTES.width_ms)].add_slot(slot, counts)
    return found


async def _intervals(
    database: Database, check_id: str, key: int, from_ms: int, to_ms: int
) -> tuple[Interval, ...]:
    """Return the intervals that overlap a range."""
    scope = {"key": key, "from_ms": from_ms, "to_ms": to_ms}
    return tuple(
        Interval(
            check_id=check_id, start_ms=start_ms, end_ms=end_ms, status=Status(status), cause=why
        )
        for start_ms, end_ms, status, why in await database.query(_INTERVALS, scope)
    )
