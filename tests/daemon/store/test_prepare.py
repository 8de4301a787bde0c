"""Whatever lies where the database should be, the daemon starts or says why not."""

from __future__ import annotations

from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING

import pytest

from opsmonitor.exceptions import StoreError, StoreVersionError
from opsmonitor.models.check import Status
from opsmonitor.models.heartbeat import Ping, PingKind, Pulse
from opsmonitor.models.maintenance import Window
from opsmonitor.models.token import IssuedToken, TokenScope
from opsmonitor.store import prepare as preparation
from opsmonitor.store.prepare import prepare
from opsmonitor.store.salvage import SMALL_TABLES
from opsmonitor.store.schema import APPLICATION_ID, apply_step, migrate, migrations
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

STAMP = "20231114T000000Z"
LEFT_BEHIND = {"results", "rollup_5m", "rollup_1h", "reading_values"}
"""Tables that are large, and only tell more finely what the others tell."""


def pragma(path: Path, name: str) -> object:
    """Return a property of a database file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def names(path: Path) -> list[str]:
    """Return what lies beside the database, by the suffix to its name."""
    return sorted(
        entry.name.removeprefix(path.name)
        for entry in path.parent.iterdir()
        if entry.name != path.name
    )


def spoil(path: Path, offset: int, length: int) -> None:
    """Overwrite a part of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * length)


def write(path: Path, content: bytes) -> None:
    """Put a file where the database should be."""
    path.write_bytes(content)


def remove(path: Path) -> None:
    """Delete a file."""
    path.unlink()


def read(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


async def filled(store: Store, clock: FakeClock) -> None:
    """Put a thousand runs and a change into a database, and close it."""
    check = ScriptedCheck()
    for number in range(1000):
        store.record([check.run(clock.now_ms() + number)])
    store.record([check.run(clock.now_ms() + 5000, Status.DOWN)])
    clock.advance(60)
    await store.close()


async def test_new_database_has_its_shape(store: Store, path: Path) -> None:
    """A database is recognised, can be shrunk, and is written ahead."""
    await store.close()

    assert pragma(path, "application_id") == APPLICATION_ID
    assert pragma(path, "user_version") == max(migrations())
    assert pragma(path, "auto_vacuum") == 2
    assert pragma(path, "journal_mode") == "wal"
    assert pragma(path, "integrity_check") == "ok"
    assert names(path) == [".lock"]


async def test_every_table_is_strict(store: Store, path: Path) -> None:
    """SQLite refuses values of the wrong kind in every table."""
    await store.close()

    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite_%'"
        assert connection.execute(query).fetchall() == []


async def test_file_that_is_no_database_is_put_aside(open_store: OpenStore, path: Path) -> None:
    """Garbage is kept under another name, and a new database started."""
    write(path, b"this is no database " * 500)

    store = await open_store()

    [note] = store.notes
    assert f"{path.name}.corrupt-{STAMP}" in note
    assert "nothing could be read" in note
    assert read(path.with_name(f"{path.name}.corrupt-{STAMP}")).startswith(b"this is no")
    assert store.health().writable


async def test_damage_that_shows_only_in_use_is_overcome(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    open_store: OpenStore,
    path: Path,
    clock: FakeClock,
) -> None:
    """A database too large to be checked at each start is replaced once it turns out damaged."""
    await filled(store, clock)
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'")
        page = root.fetchone()[0]
    spoil(path, (page - 1) * 4096, 4096)
    monkeypatch.setattr(preparation, "_CHECKED_WHOLE", 0)

    again = await open_store()

    [note] = again.notes
    assert "it failed in use" in note
    assert again.health().writable


async def test_no_table_is_forgotten_by_the_repair(store: Store, path: Path) -> None:
    """Each table is either restored from a damaged database or known to be too large for that."""
    await store.close()

    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
        tables = {name for (name,) in connection.execute(query) if "sqlite_" not in name}
    assert tables == {*SMALL_TABLES} | LEFT_BEHIND
    assert LEFT_BEHIND.isdisjoint(SMALL_TABLES)


@pytest.mark.parametrize("damage", ["overwritten", "truncated"])
async def test_damaged_database_gives_what_it_can(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock, damage: str
) -> None:
    """Of a damaged database the small tables are restored as far as they can be read."""
    start_ms = clock.now_ms()
    pulse = Pulse(check_id="job", since_ms=start_ms)
    ping = Ping(check_id="job", at_ms=start_ms, kind=PingKind.LOG, body="done")
    token = IssuedToken(id="t", name="HA", scope=TokenScope.READ, digest="0d", created_ms=start_ms)
    window = Window(id="w", everything=True, from_ms=1, to_ms=2)
    await store.save_pulses([pulse], [ping], ())
    await store.save_tokens([token], ())
    await store.save_windows([window])
    await filled(store, clock)
    size = path.stat().st_size  # noqa: ASYNC240 - a test may wait
    if damage == "overwritten":
        spoil(path, size - 12_288, 12_288)
    else:
        with path.open("r+b") as file:
            file.truncate(size - 8_192)

    again = await open_store()

    [note] = again.notes
    assert "damaged" in note
    assert "the states of 1 checks" in note
    assert again.instance_id == store.instance_id
    assert (await again.load_states())["nas"].status is Status.DOWN
    assert len(await again.events(limit=9)) == 2
    assert await again.pulses() == [pulse]
    assert await again.pings("job", limit=9) == [ping]
    assert await again.tokens() == [token]
    assert await again.windows() == [window]
    uptime = (await again.uptime(["nas"], start_ms, clock.now_ms()))["nas"]
    assert (uptime.up_s, uptime.down_s) == (5, 55)
    assert ".corrupt-20231114T000100Z" in names(path)


async def test_only_the_latest_two_damaged_databases_are_kept(
    open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A disk that goes on failing is not filled with copies."""
    for _ in range(4):
        write(path, b"garbage" * 1000)
        await (await open_store()).close()
        clock.advance(1)

    kept = [name for name in names(path) if name.startswith(".corrupt-")]
    latest = [".corrupt-20231114T000002Z", ".corrupt-20231114T000003Z"]
    assert kept == latest


async def test_emptied_database_is_noticed(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A file that lost its content is not taken for a new database in silence."""
    await filled(store, clock)
    write(path, b"")

    [note] = (await open_store()).notes

    assert "was empty though used before" in note


async def test_lost_database_is_noticed(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A database that is gone is said to be."""
    await filled(store, clock)
    remove(path)

    [note] = (await open_store()).notes

    assert "was gone" in note


async def test_empty_file_is_a_new_database(open_store: OpenStore, path: Path) -> None:
    """An empty file that was never used, as a mount point gives, is nothing to worry about."""
    write(path, b"")

    store = await open_store()

    assert store.notes == ()
    assert store.health().mode == "disk"


async def test_database_of_a_newer_version_is_refused(
    store: Store, open_store: OpenStore, path: Path
) -> None:
    """What a newer version wrote is left alone, and so is the right to it."""
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    for _ in range(2):
        with pytest.raises(StoreVersionError, match="newer version"):
            await open_store()

    assert pragma(path, "user_version") == 99


async def test_database_of_another_program_is_refused(open_store: OpenStore, path: Path) -> None:
    """The database of another program is neither used nor moved."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    before = read(path)

    with pytest.raises(StoreError, match="another program"):
        await open_store()

    assert read(path) == before
    assert names(path) == [".lock"]


def test_failing_upgrade_leaves_the_version_before(path: Path) -> None:
    """A step of an upgrade is made wholly or not at all."""
    prepare(path, 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            apply_step(
                connection,
                max(migrations()) + 1,
                "CREATE TABLE half (x);\nCREATE TABLE half (x);\n",
            )

        assert connection.execute("PRAGMA user_version").fetchone() == (max(migrations()),)
        assert (
            connection.execute("SELECT * FROM sqlite_schema WHERE name = 'half'").fetchall() == []
        )


def test_upgrade_keeps_a_copy_from_before(path: Path) -> None:
    """Before a database is upgraded it is copied, and the copy can be used."""
    prepare(path, 0)

    newest = max(migrations())
    more = {newest + 1: "CREATE TABLE more (x INTEGER) STRICT;\n"}
    notes = migrate(path, migrations() | more, "now")

    copy = path.with_name(f"{path.name}.before-v{newest + 1}-now")
    assert copy.name in notes[0]
    assert (pragma(path, "user_version"), pragma(copy, "user_version")) == (newest + 1, newest)


def test_preparing_twice_changes_nothing(path: Path) -> None:
    """A database that is ready is left as it is."""
    prepare(path, 0)
    before = path.read_bytes()

    assert prepare(path, 0, was_used=True) == []
    assert path.read_bytes() == before
