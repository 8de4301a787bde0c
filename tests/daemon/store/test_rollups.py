"""Roll-ups say what the runs and intervals say, and can be made again at any time."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path
import random
import sqlite3
import tempfile
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings, strategies as st
import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import Status
from opsmonitor.models.history import Resolution
from opsmonitor.store.histogram import Histogram, add_blob, bucket_of
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.daemon.store.conftest import OpenStore

WIDTHS = {"rollup_5m": 300_000, "rollup_1h": 3_600_000, "rollup_1d": 86_400_000}
STATUSES = [status.value for status in Status]
HOUR_S = 3600
START_MS = 472_200 * 3_600_000


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table, as another program reads them."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"))  # noqa: S608


def naive(path: Path, width_ms: int, until_ms: int) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Return what the roll-ups should be, computed in the plainest way."""
    runs: defaultdict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    spans: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in rows(path, "results"):
        if row[1] < until_ms:
            runs[row[0], row[1] // width_ms * width_ms].append(row)
    first_ms = min((start_ms for _, start_ms in runs), default=until_ms)
    for key, begin_ms, end_ms, status, _ in rows(path, "intervals"):
        last_ms = until_ms if end_ms is None else min(end_ms, until_ms)
        for start_ms in range(begin_ms // width_ms * width_ms, last_ms, width_ms):
            within_ms = min(start_ms + width_ms, last_ms) - max(start_ms, begin_ms)
            spans[key, start_ms][status] += within_ms if start_ms >= first_ms else 0
    is_watched = {place for place, found in spans.items() if found - Counter(unmonitored=2**60)}
    return {place: _naive_row(spans[place], runs[place]) for place in {*runs, *is_watched}}


def _naive_row(spans: Counter[str], runs: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the columns of one bucket."""
    latencies = [run[3] for run in runs if run[3] is not None]
    return (
        {status: spans[status] for status in STATUSES},
        len(runs),
        sum(run[2] == 2 for run in runs),
        min(latencies, default=None),
        sum(latencies) if latencies else None,
        max(latencies, default=None),
        Counter(bucket_of(latency) for latency in latencies),
    )


def rolled(path: Path, table: str) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Return the roll-ups in the shape of the naive ones."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = {}
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
            histogram: Histogram = Counter()
            add_blob(histogram, row["histogram"])
            found[row["check_key"], row["ts"]] = (
                {status: row[f"{status}_ms"] for status in STATUSES},
                row["runs"],
                row["failed"],
                row["latency_min_us"],
                row["latency_sum_us"],
                row["latency_max_us"],
                histogram,
            )
    return found


async def play(store: Store, clock: FakeClock, hours: float, seed: int = 1) -> None:
    """Let two checks run every 100 seconds, now and then with a change, a sleep or no latency."""
    dice = random.Random(seed)  # noqa: S311 - made-up data
    checks = [ScriptedCheck("nas"), ScriptedCheck("router")]
    for _ in range(round(hours * 36)):
        for check in checks:
            if dice.random() < 0.9:
                status = dice.choice([check.status, Status.UP, Status.DOWN, Status.DEGRADED])
                status = Status.UP if status is Status.PENDING else status
                latency_ms = dice.choice([None, dice.uniform(0.05, 900)])
                store.record([check.run(clock.now_ms(), status, latency_ms=latency_ms)])
        before_ms = clock.now_ms()
        clock.advance(dice.choice([100, 100, 100, 100, 100, 100, 100, 700]))
        if dice.random() < 0.03:
            store.mark_unmonitored(before_ms + 10, clock.now_ms())
        if dice.random() < 0.1:
            await store.maintain()


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10_000), hours=st.sampled_from([1, 5, 30]))
def test_rollups_equal_naive_computation(seed: int, hours: int) -> None:
    """Every tier says exactly what counting single runs and intervals says."""

    async def check() -> None:
        """Play some hours, and compare."""
        clock = FakeClock(wall_ms=START_MS + seed * 1000)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ops.db"
            retention = RetentionSettings(raw_s=10 * 86_400)
            store = await Store.open(path, clock=clock, retention=retention)
            try:
                await play(store, clock, hours, seed)
                clock.advance(60)
                await store.maintain()
                for table, width_ms in WIDTHS.items():
                    until_ms = (clock.now_ms() - 60_000) // width_ms * width_ms
                    assert rolled(path, table) == naive(path, width_ms, until_ms), table
            finally:
                await store.close()

    asyncio.run(check())


async def test_rebuilding_gives_the_same_rows(store: Store, path: Path, clock: FakeClock) -> None:
    """Roll-ups that were lost are made again as they were."""
    await play(store, clock, 26)
    clock.advance(60)
    await store.maintain()
    before = {table: rows(path, table) for table in WIDTHS}
    assert all(before.values())
    with closing(sqlite3.connect(path)) as connection:
        for table in WIDTHS:
            connection.execute(f"UPDATE {table} SET runs = runs + 1")  # noqa: S608
            connection.execute(f"DELETE FROM {table} WHERE ts % 7200000 = 0")  # noqa: S608
        connection.commit()

    await store.rebuild_rollups()

    assert {table: rows(path, table) for table in WIDTHS} == before


async def test_rolling_twice_changes_nothing(store: Store, path: Path, clock: FakeClock) -> None:
    """Maintenance may run at any time, as often as it likes."""
    await play(store, clock, 3)
    await store.maintain()
    before = {table: rows(path, table) for table in WIDTHS}

    await store.maintain()
    await store.maintain()

    assert {table: rows(path, table) for table in WIDTHS} == before


async def test_rolling_goes_on_after_being_killed_between_tiers(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """When a tier's rows are there but not how far it came, the next start makes it whole."""
    await play(store, clock, 26)
    clock.advance(60)
    await store.maintain()
    before = {table: rows(path, table) for table in WIDTHS}
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        back = "UPDATE meta SET value = value - 7200000 WHERE key IN ('rolled_5m', 'rolled_1h')"
        connection.execute(back)
        connection.execute("DELETE FROM rollup_1h WHERE ts >= ?", (clock.now_ms() - 9_000_000,))
        connection.commit()

    await (await open_store()).maintain()

    assert {table: rows(path, table) for table in WIDTHS} == before


async def test_bucket_is_rolled_when_it_is_over(store: Store, path: Path, clock: FakeClock) -> None:
    """Five minutes are rolled a minute after their end, when slow runs have arrived."""
    store.record([ScriptedCheck().run(clock.now_ms())])
    clock.advance(359)
    await store.maintain()
    early = rows(path, "rollup_5m")
    clock.advance(1)
    await store.maintain()

    assert early == []
    assert [row[1] for row in rows(path, "rollup_5m")] == [START_MS]


async def test_run_that_arrives_late_is_counted(store: Store, path: Path, clock: FakeClock) -> None:
    """A run that took an hour counts where it started, in every tier."""
    check = ScriptedCheck()
    store.record([check.run(clock.now_ms())])
    clock.advance(3 * HOUR_S)
    await store.maintain()

    store.record([check.run(START_MS + 60_000, took_ms=2 * HOUR_S * 1000)])
    await store.maintain()

    counts = {table: rolled(path, table)[1, START_MS][1] for table in ("rollup_5m", "rollup_1h")}
    assert counts == {"rollup_5m": 2, "rollup_1h": 2}


async def test_long_absence_is_passed_over(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A year without a daemon makes no rows, and what follows is rolled at once."""
    store.record([ScriptedCheck().run(clock.now_ms())])
    await store.close()
    clock.advance(365 * 24 * HOUR_S)
    again = await open_store()
    again.record([ScriptedCheck().run(clock.now_ms())])
    clock.advance(2 * HOUR_S)

    await again.maintain()

    hours = [row[1] for row in rows(path, "rollup_1h")]
    year_ms = 365 * 24 * HOUR_S * 1000
    assert hours == [START_MS, START_MS + year_ms]


@pytest.mark.parametrize("resolution", ["5m", "1h", "1d"])
async def test_history_includes_what_is_not_rolled_yet(
    store: Store, clock: FakeClock, resolution: str
) -> None:
    """Every resolution shows the latest run, from finer history where need be."""
    check = ScriptedCheck()
    for number in range(40):
        store.record([check.run(clock.now_ms(), latency_ms=10.0 + number)])
        clock.advance(1000)
        await store.maintain()
    store.record([check.run(clock.now_ms(), Status.DOWN, latency_ms=None)])

    history = await store.history("nas", START_MS, clock.now_ms(), Resolution(resolution))

    assert history.resolution == resolution
    assert sum(point.count for point in history.points) == 41
    assert sum(point.failed for point in history.points) == 1
    assert history.latency.count == 40
    assert (history.latency.min_ms, history.latency.max_ms) == (10.0, 49.0)
    assert history.latency.avg_ms == pytest.approx(29.5)
    assert history.latency.p50_ms == pytest.approx(29, rel=0.1)


async def test_raw_points_are_single_runs(store: Store, clock: FakeClock) -> None:
    """At the finest resolution each run is a point with its own latency."""
    check = ScriptedCheck()
    store.record([check.run(START_MS, latency_ms=8.5), check.run(START_MS + 1, latency_ms=None)])

    history = await store.history("nas", START_MS, clock.now_ms() + 5000, Resolution.RAW)
    clock.advance(10)
    history = await store.history("nas", START_MS, clock.now_ms(), Resolution.RAW)

    first, second = history.points
    assert (first.at_ms, first.count, first.latency_avg_ms, first.p99_ms) == (START_MS, 1, 8.5, 8.5)
    assert (second.count, second.latency_avg_ms) == (1, None)


@pytest.mark.parametrize(
    ("hours", "resolution"), [(1, "raw"), (24, "5m"), (24 * 20, "1h"), (24 * 90, "1d")]
)
async def test_resolution_follows_the_range(
    store: Store, clock: FakeClock, hours: int, resolution: str
) -> None:
    """The longer the range, the coarser the points, so that they stay some hundred."""
    from_ms = clock.now_ms() - hours * HOUR_S * 1000

    history = await store.history("nas", from_ms, clock.now_ms(), Resolution.AUTO)

    assert history.resolution == resolution


async def test_resolution_reaches_back_far_enough(store: Store, clock: FakeClock) -> None:
    """An hour of last month is told by the tier that still knows it."""
    from_ms = clock.now_ms() - 30 * 86_400_000

    history = await store.history("nas", from_ms, from_ms + 3_600_000, Resolution.AUTO)

    assert history.resolution is Resolution.HOUR


async def test_too_many_runs_are_told_in_buckets(store: Store, clock: FakeClock) -> None:
    """More runs than a page can show are told in five minutes each, and the answer says so."""
    check = ScriptedCheck()
    first = check.run(START_MS)
    second = check.run(START_MS + 1)
    store.record([first])
    store.record([replace(second, started_ms=START_MS + n) for n in range(1, 20_001)])
    clock.advance(3600)

    history = await store.history("nas", START_MS, clock.now_ms(), Resolution.RAW)

    assert history.resolution is Resolution.FIVE_MINUTES
    assert [point.count for point in history.points] == [20_001]
