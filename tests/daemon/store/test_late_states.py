"""What is known of a check that goes on well is written now and then, and never lost in order."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
import sqlite3
from typing import TYPE_CHECKING

from opsmonitor.models.check import Status
from opsmonitor.store import database
from opsmonitor.store.files import companions
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

_LAST_RUN = """
SELECT last_run_ms FROM check_states s JOIN checks c ON c.key = s.check_key WHERE c.id = ?
"""


def last_run_ms(path: Path, check_id: str = "nas") -> int | None:
    """Return when a check was run last as it is on disk, where a killed daemon leaves it."""
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(_LAST_RUN, (check_id,)).fetchone()
    return None if row is None else int(row[0])


async def run_each_second(
    store: Store, clock: FakeClock, check: ScriptedCheck, count: int
) -> list[int]:
    """Let a check run well so often, a second apart; return when, once the runs are on disk."""
    times = []
    for _ in range(count):
        times.append(clock.now_ms())
        store.record([check.run(clock.now_ms())])
        assert await store.runs(check_id=check.id, since_ms=times[0], limit=100)
        clock.advance(1.0)
    return times


async def test_each_run_is_written_but_not_each_state(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """Of a check that goes on well, the state on disk is less than ten seconds old."""
    check = ScriptedCheck()
    times = await run_each_second(store, clock, check, 10)
    runs = await store.runs(check_id="nas", since_ms=0, limit=100)

    assert [run.at_ms for run in runs] == times[::-1]
    assert last_run_ms(path) == times[0]

    [later] = await run_each_second(store, clock, check, 1)

    assert last_run_ms(path) == later


async def test_closing_writes_what_is_late(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """After an end in order the latest run is known."""
    times = await run_each_second(store, clock, ScriptedCheck(), 3)

    await store.close()

    assert last_run_ms(path) == times[-1]
    states = await (await open_store()).load_states()
    assert states["nas"].last_run_ms == times[-1]


async def test_asking_writes_what_is_late(store: Store, clock: FakeClock) -> None:
    """Whoever asks for states gets them as they are."""
    times = await run_each_second(store, clock, ScriptedCheck(), 3)

    states = await store.load_states()

    assert states["nas"].last_run_ms == times[-1]


async def test_flushing_writes_what_is_late(store: Store, path: Path, clock: FakeClock) -> None:
    """A copy that is made after it has the latest run."""
    times = await run_each_second(store, clock, ScriptedCheck(), 3)

    await store.flush()

    assert last_run_ms(path) == times[-1]


async def test_what_says_something_new_does_not_wait(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """A failure is on disk with its run."""
    check = ScriptedCheck()
    await run_each_second(store, clock, check, 3)
    now_ms = clock.now_ms()

    store.record([check.run(now_ms, Status.DOWN)])
    assert await store.runs(check_id="nas", since_ms=now_ms, limit=1)

    assert last_run_ms(path) == now_ms


async def test_what_the_next_daemon_goes_on_from_does_not_wait(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """Since when a value is above its limit, and that this is over, outlives a daemon's end."""
    check = ScriptedCheck()
    await run_each_second(store, clock, check, 3)
    now_ms = clock.now_ms()
    run = check.run(now_ms)
    outcome = replace(run.outcome, data={"value": 95, "holds_since": {"above 90": "now"}})

    store.record([replace(run, outcome=outcome, state=replace(run.state, outcome=outcome))])
    assert await store.runs(check_id="nas", since_ms=now_ms, limit=1)

    assert last_run_ms(path) == now_ms


async def test_upkeep_writes_what_no_run_follows(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """A check that was run twice and then no more is not forgotten."""
    times = await run_each_second(store, clock, ScriptedCheck(), 2)

    await store.maintain()
    assert last_run_ms(path) == times[0]
    clock.advance(10.0)
    await store.maintain()

    assert last_run_ms(path) == times[1]


async def test_what_is_removed_stays_so(store: Store, path: Path, clock: FakeClock) -> None:
    """What was late of it is not written afterwards."""
    await run_each_second(store, clock, ScriptedCheck(), 3)

    store.remove_checks(["nas"], clock.now_ms())
    await store.close()

    assert last_run_ms(path) is None


async def test_what_was_late_survives_a_locked_database(
    open_store: OpenStore, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written is late still."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.02)
    store = await open_store()
    check = ScriptedCheck()
    await run_each_second(store, clock, check, 2)
    now_ms = clock.now_ms()

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.record([check.run(now_ms)])
        await store.flush()
        other.execute("ROLLBACK")
    await store.flush()

    assert last_run_ms(path) == now_ms
    assert len(await store.runs(check_id="nas", since_ms=0, limit=100)) == 3


async def test_another_database_gets_the_next_state(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """What was written to the one before counts for nothing, be it only a second ago."""
    check = ScriptedCheck()
    await run_each_second(store, clock, check, 2)
    for file in (path, *companions(path)):
        file.unlink(missing_ok=True)
    await store.maintain()

    first, second = await run_each_second(store, clock, check, 2)
    await store.close()

    assert first < second
    assert last_run_ms(path) == second
