"""History goes when it is too old, and not before."""

from __future__ import annotations

from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import Status
from opsmonitor.models.history import Resolution
from opsmonitor.store.retention import KEPT_RUNS
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

HOUR_S = 3600
DAY_S = 86_400
SHORT = RetentionSettings(
    raw_s=HOUR_S, five_minutes_s=3 * HOUR_S, hour_s=30 * HOUR_S, day_s=3 * DAY_S
)
TABLES = ("results", "rollup_5m", "rollup_1h", "rollup_1d")


def oldest(path: Path, clock: FakeClock) -> dict[str, float]:
    """Return the age of the oldest row of each table, in hours."""
    ages = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            [(ts,)] = connection.execute(f"SELECT min(ts) FROM {table}")  # noqa: S608
            ages[table] = (clock.now_ms() - ts) / 3_600_000
    return ages


def count(path: Path, table: str) -> int:
    """Return the number of rows of a table."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


async def test_each_tier_goes_at_its_own_age(
    open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """Every tier reaches back as far as configured, and at most a step of deleting further."""
    store = await open_store(retention=SHORT)
    check = ScriptedCheck()
    for hour in range(6 * 24):
        for _ in range(120):
            store.record([check.run(clock.now_ms())])
            clock.advance(30)
        if hour % 7 == 0:
            await store.maintain()
    await store.maintain()

    ages = oldest(path, clock)

    assert 1 <= ages["results"] <= 1 + 0.2
    assert 3 <= ages["rollup_5m"] <= 3 + 1 + 0.6
    assert 30 <= ages["rollup_1h"] <= 30 + 24 + 7
    assert 72 <= ages["rollup_1d"] <= 72 + 24 + 24


async def test_latest_runs_stay_whatever_their_age(
    open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A check that runs once a day still shows its last runs."""
    store = await open_store(retention=SHORT)
    check = ScriptedCheck()
    for _ in range(KEPT_RUNS + 20):
        store.record([check.run(clock.now_ms())])
        store.mark_unmonitored(clock.now_ms() + 1000, clock.now_ms() + DAY_S * 1000)
        clock.advance(DAY_S)
    await store.maintain()

    runs = (await store.recent_runs(1000))["nas"]

    assert len(runs) == KEPT_RUNS
    assert runs[-1].at_ms == clock.now_ms() - DAY_S * 1000
    assert count(path, "results") == KEPT_RUNS


async def test_shorter_retention_takes_effect(
    open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """When less is to be kept, the surplus goes and the file shrinks."""
    store = await open_store()
    checks = [ScriptedCheck(f"check-{number}") for number in range(20)]
    for _ in range(40 * 60):
        store.record([check.run(clock.now_ms()) for check in checks])
        clock.advance(60)
        if clock.now_ms() % 3_600_000 == 0:
            await store.flush()
    await store.maintain()
    await store.close()
    before = store.health().size_bytes

    again = await open_store(retention=SHORT)
    await again.maintain()

    ages = oldest(path, clock)
    assert ages["results"] < 2
    assert ages["rollup_5m"] < 5
    assert again.health().size_bytes < before * 0.5


async def test_uptime_outlives_the_runs(open_store: OpenStore, clock: FakeClock) -> None:
    """Intervals are kept as long as days are: uptime is exact long after the runs are gone."""
    store = await open_store(retention=SHORT)
    check = ScriptedCheck()
    start_ms = clock.now_ms()
    for _ in range(60):
        store.record([check.run(clock.now_ms())])
        clock.advance(HOUR_S - 1)
        store.record([check.run(clock.now_ms(), Status.DOWN)])
        clock.advance(1)
        await store.maintain()

    uptime = (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"]
    history = await store.history("nas", start_ms, clock.now_ms(), Resolution.AUTO)

    assert (uptime.up_s, uptime.down_s) == (60 * (HOUR_S - 1), 60)
    assert history.resolution is Resolution.DAY
    assert sum(point.count for point in history.points) == 120


async def test_old_intervals_go_with_the_days(
    open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """Intervals that ended before the oldest day are deleted; one that goes on never is."""
    store = await open_store(retention=SHORT)
    check = ScriptedCheck()
    for number in range(40):
        status = Status.DOWN if number % 2 else Status.UP
        store.record([check.run(clock.now_ms(), status)])
        clock.advance(60)
    await store.maintain()
    before = count(path, "intervals")
    store.mark_unmonitored(clock.now_ms() - 1, clock.now_ms() + 60 * DAY_S * 1000)
    clock.advance(60 * DAY_S)
    await store.maintain()

    assert before == 40
    assert count(path, "intervals") == 2


async def test_removed_check_is_forgotten_after_a_month(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """All that is known of a check goes 30 days after it left the configuration."""
    check, other = ScriptedCheck(), ScriptedCheck("other")
    for number in range(2000):
        store.record([check.run(clock.now_ms() + number), other.run(clock.now_ms() + number)])
    clock.advance(HOUR_S)
    store.remove_checks(["nas"], clock.now_ms())
    store.mark_unmonitored(clock.now_ms(), clock.now_ms() + 31 * DAY_S * 1000)
    clock.advance(29 * DAY_S)
    await store.maintain()
    before = [count(path, table) for table in ("checks", "events")]
    clock.advance(2 * DAY_S)
    await store.maintain()

    assert before == [2, 2]
    with closing(sqlite3.connect(path)) as connection:
        tables = ("results", "events", "intervals", "rollup_5m", "rollup_1h", "rollup_1d")
        union = " UNION ".join(f"SELECT check_key FROM {table}" for table in tables)  # noqa: S608
        assert connection.execute(union).fetchall() == [(2,)]
        assert connection.execute("SELECT id FROM checks").fetchall() == [("other",)]


async def test_changes_are_written_while_much_is_deleted(
    open_store: OpenStore, clock: FakeClock
) -> None:
    """Deleting in small steps lets what happens meanwhile through."""
    store = await open_store(retention=SHORT)
    checks = [ScriptedCheck(f"check-{number}") for number in range(200)]
    for minute in range(60):
        at_ms = clock.now_ms() + minute * 60_000
        store.record([check.run(at_ms) for check in checks])
    store.mark_unmonitored(clock.now_ms() + HOUR_S * 1000, clock.now_ms() + 9 * DAY_S * 1000)
    clock.advance(9 * DAY_S)
    await store.flush()
    deleting = store.maintain()
    store.record([ScriptedCheck("late").run(clock.now_ms())])
    await deleting

    assert store.health().queued == 0
    assert (await store.recent_runs(1, ["late"])).keys() == {"late"}
