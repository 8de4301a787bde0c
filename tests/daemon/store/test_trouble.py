"""Monitoring goes on whatever the disk does, and nothing is lost that need not be."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from dataclasses import replace
import os
from pathlib import Path
import resource
import shutil
import sqlite3
import tempfile
from typing import TYPE_CHECKING

import pytest

from opsmonitor.exceptions import StoreError, StoreLockedError
from opsmonitor.models.alert import Alert, AlertKind, Delivery, DeliveryState, Notice, NoticeKind
from opsmonitor.models.check import Status
from opsmonitor.store import database, prepare, writer
from opsmonitor.store.files import companions
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

_NOBODY = 65534


def stored_runs(path: Path) -> int:
    """Return how many runs are on disk, as another program reads them."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks only shortly."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.02)
    monkeypatch.setattr(prepare, "BUSY_TIMEOUT_S", 0.02)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep everyone else from writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def no_more_than(size: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def read_only(path: Path) -> Iterator[Path]:
    """Return where a database may be put that nobody can write once `protect` was called."""
    folder = Path(tempfile.mkdtemp(prefix="ops-monitor-"))
    folder.chmod(0o755)
    yield folder / path.name
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def protected(path: Path) -> Iterator[None]:
    """Take away the right to write a database and its folder."""
    path.chmod(0o444)
    path.parent.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
        path.parent.chmod(0o755)
        path.chmod(0o644)


async def limit_pages(store: Store, pages: int) -> None:
    """Let the database be full at this many pages: the same error as on a full disk."""
    await store._keeper.database.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001 - only the writing connection can be limited


async def test_full_disk_loses_nothing(store: Store, path: Path, clock: FakeClock) -> None:
    """While the disk is full results wait, which is said; afterwards all of them are written."""
    check = ScriptedCheck()
    store.record([check.run(clock.now_ms())])
    await store.flush()
    await limit_pages(store, 1)
    for number in range(1, 3000):
        store.record([check.run(clock.now_ms() + number)])
    store.record([check.run(clock.now_ms() + 3000, Status.DOWN)])
    await store.flush()
    during = store.health()
    known = await store.events(limit=10)
    await limit_pages(store, 1_000_000)
    await store.flush()

    assert (during.mode, during.writable, during.queued) == ("disk", False, 3000)
    assert during.reason is not None
    assert during.reason.startswith("The disk is full")
    assert len(known) == 1
    assert store.health().writable
    assert stored_runs(path) == 3001
    assert [event.status for event in await store.events(limit=9)] == [Status.DOWN, Status.UP]


async def test_full_disk_does_not_stop_maintenance_for_ever(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """Roll-ups that could not be written are written once there is room."""
    check = ScriptedCheck()
    for _ in range(300):
        store.record([check.run(clock.now_ms())])
        clock.advance(300)
    await store.flush()
    await limit_pages(store, 1)
    await store.maintain()
    during = store.health()
    await limit_pages(store, 1_000_000)
    await store.flush()
    await store.maintain()

    assert not during.writable
    assert store.health().writable
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM rollup_5m").fetchone() == (299,)


async def test_disk_error_is_overcome_by_opening_again(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """After an error of the disk the database is opened again, and goes on where it was."""
    check = ScriptedCheck()
    start_ms = clock.now_ms()
    store.record([check.run(start_ms)])
    await store.flush()
    with no_more_than(path.stat().st_size):  # noqa: ASYNC240 - a test may wait
        for number in range(1, 5000):
            store.record([check.run(start_ms + number)])
        await store.flush()
        during = store.health()
    await store.flush()
    clock.advance(60)

    assert not during.writable
    assert during.reason is not None
    assert store.health().writable
    assert stored_runs(path) == 5000
    assert (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"].up_s == 60


@pytest.mark.usefixtures("impatient")
async def test_lock_of_another_program_is_waited_out(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """While another program locks the database results wait."""
    with locked(path):
        store.record([ScriptedCheck().run(clock.now_ms())])
        await store.flush()
        during = store.health()
    await store.flush()

    assert (during.writable, during.queued) == (False, 1)
    assert during.reason is not None
    assert "locked by another program" in during.reason
    assert stored_runs(path) == 1


@pytest.mark.usefixtures("impatient")
async def test_database_locked_at_start_is_joined_later(
    store: Store, open_store: OpenStore, path: Path, clock: FakeClock
) -> None:
    """A database that is locked at the start is used from memory, and caught up with later."""
    start_ms = clock.now_ms()
    store.record([ScriptedCheck().run(start_ms)])
    await store.close()
    clock.advance(60)
    with locked(path):
        again = await open_store()
        before = again.health()
        again.record([ScriptedCheck().run(clock.now_ms(), Status.DOWN)])
        await again.flush()
        seen = await again.load_states()
    clock.advance(60)
    await again.flush()

    assert (before.mode, before.writable) == ("memory", False)
    assert again.instance_id == store.instance_id
    assert seen["nas"].status is Status.DOWN
    assert (again.health().mode, again.health().writable) == ("disk", True)
    assert stored_runs(path) == 2
    uptime = (await again.uptime(["nas"], start_ms, clock.now_ms()))["nas"]
    assert (uptime.up_s, uptime.unmonitored_s, uptime.down_s) == (0, 60, 60)


async def test_unusable_folder_means_memory_until_it_is_mended(
    open_store: OpenStore, tmp_path: Path, clock: FakeClock
) -> None:
    """Without a usable folder everything works in memory; the disk gets it all once it can."""
    folder = tmp_path / "data"
    folder.write_text("in the way")
    check = ScriptedCheck()
    start_ms = clock.now_ms()

    store = await open_store(folder / "ops.db")
    store.record([check.run(start_ms), check.run(start_ms + 1000, Status.DOWN)])
    clock.advance(10)
    await store.maintain()
    in_memory = store.health()
    remembered = (
        await store.events(limit=9),
        await store.recent_runs(),
        await store.uptime(["nas"], start_ms, clock.now_ms()),
    )
    with pytest.raises(StoreError):
        await store.backup(tmp_path / "copy.db")
    folder.unlink()
    await store.flush()

    assert (in_memory.mode, in_memory.writable, in_memory.queued) == ("memory", False, 2)
    assert len(store.notes) == 1
    assert "kept in memory" in store.notes[0]
    assert len(remembered[0]) == 2
    assert (store.health().mode, store.health().queued) == ("disk", 0)
    assert remembered == (
        await store.events(limit=9),
        await store.recent_runs(),
        await store.uptime(["nas"], start_ms, clock.now_ms()),
    )
    assert stored_runs(folder / "ops.db") == 2


async def test_read_only_database_is_known_but_not_written(
    open_store: OpenStore, read_only: Path, clock: FakeClock
) -> None:
    """What a read-only database knows is served, and what happens is kept in memory."""
    first = await open_store(read_only)
    first.record([ScriptedCheck().run(clock.now_ms())])
    await first.close()
    clock.advance(60)

    with protected(read_only):
        store = await open_store(read_only)
        states = await store.load_states()
        store.record([ScriptedCheck("router").run(clock.now_ms())])
        runs = await store.recent_runs()
        health = store.health()
        instance_id = store.instance_id
    await store.flush()

    assert list(states) == ["nas"]
    assert list(runs) == ["router"]
    assert (health.mode, health.writable) == ("memory", False)
    assert instance_id == first.instance_id
    assert store.health().mode == "disk"
    assert stored_runs(read_only) == 2


async def test_database_damaged_in_use_is_replaced(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """When the database turns out damaged, it is put aside and the daemon goes on."""
    checks = [ScriptedCheck(f"check-{number}") for number in range(50)]
    start_ms = clock.now_ms()
    for number in range(400):
        store.record([check.run(start_ms + number) for check in checks])
    await store.maintain()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))  # noqa: ASYNC240 - likewise
    await store._keeper.database.execute("PRAGMA shrink_memory")  # noqa: SLF001 - or the damage stays unseen for long
    store.record([check.run(start_ms + 500) for check in checks])
    await store.flush()
    await store.flush()
    clock.advance(10)

    [note] = store.notes
    assert "damaged" in note
    assert store.health().writable
    assert stored_runs(path) == 50
    assert len(await store.load_states()) == 50
    uptime = (await store.uptime(["check-7"], start_ms, clock.now_ms()))["check-7"]
    assert uptime.up_s == 9.5
    assert len(list(path.parent.glob("*.corrupt-*Z"))) == 1


async def test_database_deleted_in_use_is_made_again(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """When somebody deletes the database, what follows is kept in a new one."""
    check, start_ms = ScriptedCheck(), clock.now_ms()
    store.record([check.run(start_ms)])
    await store.flush()
    for file in (path, *companions(path)):
        file.unlink(missing_ok=True)
    await store.maintain()
    clock.advance(10)
    store.record([check.run(clock.now_ms())])
    await store.flush()
    clock.advance(10)

    [note] = store.notes
    assert "was gone" in note
    assert stored_runs(path) == 1
    assert (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"].up_s == 10


async def test_store_sees_to_itself(
    monkeypatch: pytest.MonkeyPatch, open_store: OpenStore, clock: FakeClock
) -> None:
    """Without being asked, the store notes every few seconds that the daemon lives."""
    monkeypatch.setattr(writer, "MAINTENANCE_S", 0.02)
    store = await open_store()
    async with asyncio.timeout(60):
        while store.health().last_commit_ms is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)

    assert store.health().last_commit_ms == clock.now_ms()


async def test_second_daemon_is_refused(store: Store, open_store: OpenStore) -> None:
    """Two daemons on one database would spoil it: the second is told who has it."""
    with pytest.raises(StoreLockedError, match=f"process {os.getpid()}"):
        await open_store()
    await store.close()

    assert (await open_store()).notes == ()


async def test_a_misfit_ends_nothing(
    store: Store, path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What SQLite does not take fails for whoever asked, and everything else is still written."""
    check = ScriptedCheck()
    alert = Alert(
        id="nas:down:1",
        subject="nas",
        name="NAS",
        kind=AlertKind.DOWN,
        severity="P2",
        message="half: \ud800",
        opened_ms=1,
        channels=("phone",),
    )
    notice = Notice(
        id="nas:down:1:down",
        alert_id=alert.id,
        kind=NoticeKind.FIRST_FAIL,
        subject="nas",
        name="NAS",
        severity="P2",
        tags=(),
        at_ms=1,
        title="DOWN: NAS",
        text="half: \ud800",
    )
    refused = Delivery(
        notice=notice, channel="a", queued_ms=1, state=DeliveryState.QUEUED, error="no: \ud800"
    )

    with pytest.raises(UnicodeEncodeError):
        await store.save_alerts([replace(alert, subject="b\ud800")], [])
    await store.save_alerts([alert], [refused])
    store.record([check.run(clock.now_ms())])
    await store.flush()

    assert "cannot do what was asked for" in caplog.text
    assert [kept.message for kept in await store.alerts(limit=9)] == ["half: \ud800"]
    assert [item.error for item in await store.queued_deliveries()] == ["no: ?"]
    assert stored_runs(path) == 1
