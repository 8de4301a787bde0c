"""Read the mean latency of all checks over a range of time, from few rows for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.store.rollups import mark
from opsmonitor.store.tiers import FIVE_MINUTES, HOUR, HOUR_MS, RAW, ceil_to

if TYPE_CHECKING:
    from opsmonitor.store.database import Database

_MARKS: Final = "SELECT key, value FROM meta WHERE key IN (?, ?)"
_SUMS: Final = {
    **{
        tier: f"""
SELECT c.id, sum(r.latency_sum_us), sum(latency_count(r.histogram))
FROM checks c CROSS JOIN {tier.table} r ON r.check_key = c.key AND r.ts >= ? AND r.ts < ?
WHERE c.removed_ms IS NULL GROUP BY c.key
"""  # noqa: S608 - the name of a table is a constant, here and below
        for tier in (HOUR, FIVE_MINUTES)
    },
    RAW: f"""
SELECT c.id, sum(r.latency_us), count(r.latency_us)
FROM checks c CROSS JOIN {RAW.table} r ON r.check_key = c.key AND r.ts >= ? AND r.ts < ?
WHERE c.removed_ms IS NULL GROUP BY c.key
""",  # noqa: S608
}


async def mean_latencies(database: Database, from_ms: int, to_ms: int) -> dict[str, float]:
    """Return the mean latency in milliseconds by check id; checks without one are left out.

    The range begins with the first full hour in it. Runs that measured no latency do not count.
    """
    hour, five = mark(HOUR), mark(FIVE_MINUTES)
    marks = {key: int(value) for key, value in await database.query(_MARKS, (hour, five))}
    begin_ms = ceil_to(from_ms, HOUR_MS)
    hours_ms = min(to_ms, max(begin_ms, marks.get(hour, 0)))
    fives_ms = min(to_ms, max(hours_ms, marks.get(five, 0)))
    ranges = (
        (HOUR, begin_ms, hours_ms),
        (FIVE_MINUTES, hours_ms, fives_ms),
        (RAW, fives_ms, to_ms),
    )
    sums: dict[str, tuple[int, int]] = {}
    for tier, start_ms, end_ms in ranges:
        if start_ms >= end_ms:
            continue
        for check_id, sum_us, count in await database.query(_SUMS[tier], (start_ms, end_ms)):
            known_us, known = sums.get(check_id, (0, 0))
            sums[check_id] = (known_us + (sum_us or 0), known + (count or 0))
    return {key: sum_us / count / 1000 for key, (sum_us, count) in sums.items() if count}
