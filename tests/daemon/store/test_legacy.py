"""States and events of the control-plane service are taken over."""

from __future__ import annotations

from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING

import pytest

from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import CheckState, EventKind, Outcome, Status, Transition, Verdict
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

NOON_MS = 1_699_963_200_000


def make_old(path: Path) -> None:
    """Write a database as the control-plane service did."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE check_states (id TEXT PRIMARY KEY, type TEXT, ok INTEGER, last_run REAL,
              last_ok REAL, last_change REAL, latency_ms REAL, status_code INTEGER, error TEXT);
            CREATE TABLE events (ts REAL, id TEXT, event TEXT, ok INTEGER, latency_ms REAL,
              status_code INTEGER, error TEXT);
            INSERT INTO check_states VALUES
              ('web', 'http', 1, 1699963200.25, 1699963200.25, 1699960000, 12.5, 200, NULL),
              ('db', 'tcp', 0, 1699963200, NULL, NULL, NULL, NULL, 'refused'),
              ('new', 'http', NULL, NULL, NULL, NULL, NULL, NULL, '');
            INSERT INTO events VALUES
              (1699960000, 'web', 'INIT', 1, 11.5, 200, NULL),
              (1699961000, 'db', 'DOWN', 0, NULL, NULL, 'refused'),
              (1699961500, 'db', 'SOMETHING', 0, NULL, NULL, NULL),
              (NULL, 'db', 'UP', 1, NULL, NULL, NULL);
            """
        )


async def test_old_database_is_taken_over_in_place(open_store: OpenStore, path: Path) -> None:
    """Pointing at an old database imports it; the original is kept beside."""
    make_old(path)

    store = await open_store()

    [note] = store.notes
    assert "3 check states and 2 events" in note
    assert f"{path.name}.pre-import" in note
    assert await store.load_states() == {
        "web": CheckState(
            id="web",
            type="http",
            status=Status.UP,
            ok=True,
            last_run_ms=NOON_MS + 250,
            last_ok_ms=NOON_MS + 250,
            last_change_ms=1_699_960_000_000,
            outcome=Outcome(verdict=Verdict.OK, latency_ms=12.5, status_code=200),
        ),
        "db": CheckState(
            id="db",
            type="tcp",
            status=Status.DOWN,
            ok=False,
            last_run_ms=NOON_MS,
            outcome=Outcome(verdict=Verdict.FAIL, error="refused"),
        ),
        "new": CheckState(id="new", type="http"),
    }
    assert await store.events(limit=9) == [
        Transition(
            check_id="db",
            at_ms=1_699_961_000_000,
            event=EventKind.DOWN,
            status=Status.DOWN,
            previous=Status.UP,
            ok=False,
            error="refused",
        ),
        Transition(
            check_id="web",
            at_ms=1_699_960_000_000,
            event=EventKind.INIT,
            status=Status.UP,
            previous=Status.PENDING,
            ok=True,
            latency_ms=11.5,
            status_code=200,
        ),
    ]
    with closing(sqlite3.connect(path.with_name(path.name + ".pre-import"))) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (4,)


async def test_import_happens_once(open_store: OpenStore, path: Path) -> None:
    """The next start finds a database of ours."""
    make_old(path)
    await (await open_store()).close()

    again = await open_store()

    assert again.notes == ()
    assert len(await again.events(limit=9)) == 2


@pytest.mark.parametrize(
    "moment",
    [
        "'2023-11-14T12:00:00Z'",
        "'2023-11-14T13:00:00+01:00'",
        "'2023-11-14 12:00:00'",
        "'1699963200'",
        "1699963200",
        "1699963200.0",
        "1699963200000",
    ],
)
async def test_times_in_every_spelling(open_store: OpenStore, path: Path, moment: str) -> None:
    """Times were written as text or numbers, in seconds or milliseconds, and mean UTC."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE events (ts, id, event)")
        connection.execute(f"INSERT INTO events VALUES ({moment}, 'web', 'up')")  # noqa: S608
        connection.commit()

    [event] = await (await open_store()).events(limit=9)

    assert (event.at_ms, event.event, event.ok) == (NOON_MS, EventKind.UP, True)


async def test_missing_columns_and_nonsense_are_tolerated(
    open_store: OpenStore, path: Path
) -> None:
    """Whatever is missing or makes no sense is unknown."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE check_states (id, ok, last_run, latency_ms)")
        connection.execute("INSERT INTO check_states VALUES ('web', 'True', 'soon', 'quick')")
        connection.execute("INSERT INTO check_states VALUES (NULL, 1, 1, 1)")
        connection.commit()

    states = await (await open_store()).load_states()

    assert states == {
        "web": CheckState(
            id="web",
            type="http",
            status=Status.UP,
            ok=True,
            outcome=Outcome(verdict=Verdict.OK),
        )
    }


async def test_import_into_a_running_store(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    """Importing adds what is not known yet, and may be done again."""
    old = tmp_path / "old.db"
    make_old(old)
    store.record([ScriptedCheck("web").run(clock.now_ms(), Status.DOWN)])

    first = await store.import_legacy(old)
    second = await store.import_legacy(old)
    store.record([ScriptedCheck("db").run(clock.now_ms())])

    states = await store.load_states()
    assert (first, second) == ((2, 2), (0, 0))
    assert states["web"].status is Status.DOWN
    assert (states["db"].status, states["new"].status) == (Status.UP, Status.PENDING)


async def test_import_of_nothing_is_an_error(store: Store, tmp_path: Path) -> None:
    """A file that cannot be read is reported, and the store goes on."""
    with pytest.raises(StoreError):
        await store.import_legacy(tmp_path / "missing.db")

    await store.flush()
    assert store.health().writable
