"""How large the database becomes, and how long its questions take: fills one and measures.

Usage: python -m benchmarks.store_size [--checks N] [--interval S] [--days D] [--keep FILE]
Rows are inserted in the order of time, as in operation, since that decides how full pages are.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from contextlib import closing
import math
from pathlib import Path
import random
import sqlite3
import tempfile
import time
from typing import TYPE_CHECKING, Final

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.history import Resolution
from opsmonitor.store.histogram import bucket_of, encode
from opsmonitor.store.prepare import prepare
from opsmonitor.store.size import estimate_size
from opsmonitor.store.store import Store
from opsmonitor.store.tiers import DAY, DAY_MS, FIVE_MINUTES, HOUR, RAW, Tier, kept_ms
from opsmonitor.util.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

_NOW_MS: Final = 20_000 * DAY_MS
_FAILING: Final = 0.01
"""The share of runs that fail."""
_CHANGES_A_DAY: Final = 0.5
"""How often an ordinary check changes its status."""
_POOL: Final = 500
"""Different histograms to draw from: making one for each row would take longer than storing it."""
_ERROR: Final = "no answer within 3 s"
_RANDOM: Final = random.Random(20)  # noqa: S311 - made-up data; the same one each time

_ADD_RUN: Final = "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
_ADD_ROLLED: Final = {
    tier: f"INSERT INTO {tier.table} VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, ?, 0, ?, ?, ?, ?)"  # noqa: S608 - a constant name
    for tier in (FIVE_MINUTES, HOUR, DAY)
}
_ADD_INTERVAL: Final = "INSERT INTO intervals VALUES (?, ?, ?, ?, ?)"


def main() -> None:
    """Fill a database, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=30.0)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--keep", type=Path, help="where to leave the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path: Path = arguments.keep or Path(folder) / "size.db"
        _fill(path, arguments.checks, arguments.interval, arguments.days)
        asyncio.run(_time_questions(path, arguments.checks))


def _fill(path: Path, checks: int, interval_s: float, days: int) -> None:
    """Fill every tier, and print its size beside the estimate."""
    prepare(path, _NOW_MS)
    retention = RetentionSettings()
    estimates = estimate_size(checks, interval_s, retention, days=days)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        connection.executemany(
            "INSERT INTO checks VALUES (?, ?, NULL)",
            [(key, f"check-{key}") for key in range(1, checks + 1)],
        )
        before = _bytes(connection)
        print(f"{checks} checks every {interval_s:g} s for {days} days")
        print(f"{'tier':<10}{'rows':>12}{'MB':>9}{'estimate':>10}{'B/row':>8}")
        for tier in (RAW, FIVE_MINUTES, HOUR, DAY):
            rows = _fill_tier(
                connection, tier, checks, interval_s, min(days * DAY_MS, kept_ms(tier, retention))
            )
            after = _bytes(connection)
            estimate = estimates[tier.resolution] / 1e6
            size = after - before
            mean = size / rows
            print(
                f"{tier.resolution:<10}{rows:>12,}{size / 1e6:>9.1f}{estimate:>10.1f}{mean:>8.1f}"
            )
            before = after
        _fill_intervals(connection, checks, days)
        print(f"{'intervals':<22}{(_bytes(connection) - before) / 1e6:>9.1f}")
        print(
            f"{'total':<22}{_bytes(connection) / 1e6:>9.1f}{sum(estimates.values()) / 1e6:>10.1f}"
        )


def _bytes(connection: sqlite3.Connection) -> int:
    """Return the size of the database."""
    [(size,)] = connection.execute(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    )
    return int(size)


def _fill_tier(
    connection: sqlite3.Connection, tier: Tier, checks: int, interval_s: float, span_ms: int
) -> int:
    """Fill one tier and return its number of rows."""
    step_ms = round(interval_s * 1000) if tier is RAW else tier.width_ms
    starts = range(_NOW_MS - span_ms, _NOW_MS, step_ms)
    pool = _histograms(max(1, round(tier.width_ms / 1000 / interval_s)))
    connection.execute("BEGIN")
    for start_ms in starts:
        if tier is RAW:
            connection.executemany(_ADD_RUN, _runs(start_ms, checks, step_ms))
        else:
            connection.executemany(_ADD_ROLLED[tier], _rolled(start_ms, checks, tier, pool))
    connection.execute("COMMIT")
    return len(starts) * checks


def _latency_us() -> int:
    """Return a latency as services have them: mostly alike, now and then far off."""
    return round(min(3e6, 20_000 * math.exp(_RANDOM.gauss(0, 0.35))))


def _runs(start_ms: int, checks: int, step_ms: int) -> Iterator[Sequence[object]]:
    """Yield a run of each check."""
    for key in range(1, checks + 1):
        at_ms = start_ms + key * step_ms // (checks + 1)
        if _RANDOM.random() < _FAILING:
            yield (key, at_ms, 2, None, None, "timeout", _ERROR)
        else:
            yield (key, at_ms, 0, _latency_us(), 200, None, None)


def _histograms(runs: int) -> list[tuple[object, ...]]:
    """Return the columns `runs` to `histogram` of buckets with so many runs."""
    pool: list[tuple[object, ...]] = []
    for _ in range(_POOL):
        latencies = [_latency_us() for _ in range(min(runs, 500))]
        blob = encode(Counter(bucket_of(latency_us) for latency_us in latencies))
        total = round(sum(latencies) * runs / len(latencies))
        pool.append((runs, min(latencies), total, max(latencies), blob))
    return pool


def _rolled(
    start_ms: int, checks: int, tier: Tier, pool: list[tuple[object, ...]]
) -> Iterator[Sequence[object]]:
    """Yield a bucket of each check."""
    for key in range(1, checks + 1):
        yield (key, start_ms, tier.width_ms, *_RANDOM.choice(pool))


def _fill_intervals(connection: sqlite3.Connection, checks: int, days: int) -> None:
    """Let every check change its status now and then."""
    changes = max(1, round(days * _CHANGES_A_DAY))
    start_ms = _NOW_MS - days * DAY_MS
    connection.execute("BEGIN")
    for key in range(1, checks + 1):
        moments = sorted(_RANDOM.sample(range(start_ms, _NOW_MS), changes))
        ends = [*moments[1:], None]
        rows = [
            (key, moment, end, "down", _ERROR) if number % 2 else (key, moment, end, "up", None)
            for number, (moment, end) in enumerate(zip(moments, ends, strict=True))
        ]
        connection.executemany(_ADD_INTERVAL, rows)
    connection.execute("COMMIT")


async def _time_questions(path: Path, checks: int) -> None:
    """Print how long the questions of the page and of the API take."""
    opened = time.perf_counter()
    store = await Store.open(path, clock=FakeClock(wall_ms=_NOW_MS), retention=RetentionSettings())
    print(f"\n{'opening':<40}{(time.perf_counter() - opened) * 1000:>9.1f} ms")
    everyone = [f"check-{key}" for key in range(1, checks + 1)]
    one = everyone[checks // 2]
    start_ms = _NOW_MS - 90 * DAY_MS
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "uptime of 1 check, 90 days": lambda: store.uptime([one], start_ms, _NOW_MS),
        "uptime of all checks, 90 days": lambda: store.uptime(everyone, start_ms, _NOW_MS),
        "uptime of all checks, 24 hours": lambda: store.uptime(everyone, _NOW_MS - DAY_MS, _NOW_MS),
        "history of 1 check, 24 hours": lambda: store.history(
            one, _NOW_MS - DAY_MS, _NOW_MS, Resolution.AUTO
        ),
        "history of 1 check, 90 days": lambda: store.history(
            one, start_ms, _NOW_MS, Resolution.AUTO
        ),
        "latest 30 runs of all checks": store.recent_runs,
        "latest 200 runs": lambda: store.runs(since_ms=_NOW_MS - DAY_MS, limit=200),
        "latest 200 failures": lambda: store.runs(
            since_ms=_NOW_MS - DAY_MS, limit=200, only_failed=True
        ),
    }
    try:
        for name, ask in questions.items():
            times = []
            for _ in range(5):
                started = time.perf_counter()
                await ask()
                times.append((time.perf_counter() - started) * 1000)
            print(f"{name:<40}{min(times):>9.1f} ms (first {times[0]:.1f})")
    finally:
        await store.close()


if __name__ == "__main__":
    main()
