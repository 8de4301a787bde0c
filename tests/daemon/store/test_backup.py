"""Copies of the database are consistent, verified, and never replace anything."""

from __future__ import annotations

import asyncio
from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING

import pytest

from opsmonitor.exceptions import StoreError
from opsmonitor.store.backup import backup_database
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore


async def test_copy_made_in_use_is_whole(
    store: Store, open_store: OpenStore, tmp_path: Path, clock: FakeClock
) -> None:
    """A copy made while runs go on holds all that was recorded before, in one file."""
    check = ScriptedCheck()
    for number in range(2000):
        store.record([check.run(clock.now_ms() + number)])
    copying = asyncio.create_task(store.backup(tmp_path / "copy.db"))
    while not copying.done():
        number += 1
        store.record([check.run(clock.now_ms() + number)])
        await asyncio.sleep(0.001)
    await copying

    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM results").fetchone()[0] >= 2000
    copied = await open_store(tmp_path / "copy.db")
    assert copied.notes == ()
    assert copied.instance_id == store.instance_id


async def test_existing_file_is_not_replaced_unasked(store: Store, tmp_path: Path) -> None:
    """A copy never replaces a file unless told to."""
    target = tmp_path / "copy.db"
    target.write_text("precious")

    with pytest.raises(StoreError, match="exists already"):
        await store.backup(target)
    assert target.read_text() == "precious"
    await store.backup(target, overwrite=True)

    assert target.read_bytes().startswith(b"SQLite format 3")


async def test_missing_database_is_reported(tmp_path: Path) -> None:
    """Without a database nothing is made, neither a copy nor an empty database."""
    with pytest.raises(StoreError, match="no database"):
        await backup_database(tmp_path / "missing.db", tmp_path / "copy.db")

    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a test may wait


async def test_copy_of_a_damaged_database_is_refused(
    store: Store, path: Path, tmp_path: Path, clock: FakeClock
) -> None:
    """A copy that is not sound is not left behind as if it were."""
    check = ScriptedCheck()
    store.record([check.run(clock.now_ms() + number) for number in range(3000)])
    await store.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 60_000)

    with pytest.raises(StoreError):
        await backup_database(path, tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / "copy.db.part").exists()


async def test_copy_to_an_impossible_place_is_reported(store: Store, tmp_path: Path) -> None:
    """A target that cannot be written is reported as such."""
    with pytest.raises(StoreError, match="could not be copied"):
        await store.backup(tmp_path / "missing" / "copy.db")
