"""Hold the open database, and change it for another when it fails or the disk comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import logging
import sqlite3
from typing import TYPE_CHECKING, Final

from opsmonitor.store.database import Database
from opsmonitor.store.files import FolderLock
from opsmonitor.store.late_states import LateStates
from opsmonitor.store.prepare import is_damage, prepare
from opsmonitor.store.rollups import Rollups
from opsmonitor.store.salvage import Salvage, insert_statement, read_small_tables
from opsmonitor.store.session import Session, begin_session, end_session
from opsmonitor.store.writes import Recording

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

UNUSABLE: Final = (OSError, sqlite3.Error)
"""What a disk or a database raises that cannot be used now."""
_LONGEST_IN_MEMORY_S: Final = {"raw_s": 3600, "five_minutes_s": 86_400, "hour_s": 31 * 86_400}


class Keeper:
    """The database in use, on disk or, while that cannot be used, in memory."""

    def __init__(self, path: Path, clock: Clock, retention: RetentionSettings) -> None:
        """Use the database at `path` once `open` was called."""
        self.path = path
        self.clock = clock
        self._retention = retention
        self._lock: FolderLock | None = None
        self._is_running = False
        self._identity: tuple[int, int] | None = None
        self.on_disk = False
        self.has_past = False
        """Whether all that was kept by former daemons is known, be it as a copy in memory."""
        self.notes: list[str] = []
        self.late = LateStates()
        self.database: Database
        self.recording: Recording
        self.rollups: Rollups
        self.session: Session

    @property
    def retention(self) -> RetentionSettings:
        """Return how long history is kept, which in memory is much shorter."""
        if self.on_disk:
            return self._retention
        shorter = {
            name: min(getattr(self._retention, name), longest)
            for name, longest in _LONGEST_IN_MEMORY_S.items()
        }
        return replace(self._retention, **shorter)

    async def open(self) -> str | None:
        """Open the database; return why it is one in memory, if it is.

        Raises:
            StoreError: It belongs to another daemon, another program or a newer version.

        """
        try:
            await self._open_disk()
        except UNUSABLE as err:
            reason = describe(err, self.path)
            self.notes.append(f"{reason}. History is kept in memory until that is mended.")
            await self._open_memory()
            return reason
        except BaseException:
            self._release()
            raise
        finally:
            self._is_running = True
        return None

    async def move_to_disk(self) -> None:
        """Leave memory for the disk; what happened meanwhile has to be written again.

        Raises:
            OSError, sqlite3.Error: The disk still cannot be used.
            StoreError: The database belongs to somebody else by now.

        """
        old = self.database
        await self._open_disk()
        await old.close()

    async def reopen(self, *, is_damaged: bool) -> None:
        """Open the database on disk afresh within the same session.

        Raises:
            OSError, sqlite3.Error: The disk cannot be used now.

        """
        old = self.database
        notes = await asyncio.to_thread(
            prepare, self.path, self.clock.now_ms(), was_used=True, is_damaged=is_damaged
        )
        database = await Database.open(self.path)
        try:
            session = await begin_session(
                database, self.clock.now_ms(), self.session.instance_id, goes_on=True
            )
            await self._take(database)
        except BaseException:
            await database.close()
            raise
        self.session = replace(self.session, instance_id=session.instance_id)
        self._tell(notes)
        await old.close()

    async def is_in_place(self) -> bool:
        """Tell whether the database that is open is still the one at its path.

        SQLite would go on writing to a file that was deleted, and all of it would be lost.
        """
        return not self.on_disk or await asyncio.to_thread(_identity, self.path) == self._identity

    async def close(self, *, is_clean: bool) -> None:
        """Close the database, and give the right to it back."""
        try:
            if is_clean and self.on_disk:
                await end_session(self.database, self.clock.now_ms())
        finally:
            await self.database.close()
            self._release()

    async def _open_disk(self) -> None:
        """Open the database on disk and begin a session in it."""
        now_ms = self.clock.now_ms()
        notes = await asyncio.to_thread(self._prepare, now_ms, is_damaged=False)
        try:
            await self._begin(now_ms)
        except sqlite3.DatabaseError as err:
            if not is_damage(err):
                raise
            notes += await asyncio.to_thread(self._prepare, now_ms, is_damaged=True)
            await self._begin(now_ms)
        self.on_disk = self.has_past = True
        self._tell(notes)

    def _prepare(self, now_ms: int, *, is_damaged: bool) -> list[str]:
        """Own the folder and make the database ready; blocks."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = FolderLock(self.path)
        return prepare(self.path, now_ms, was_used=self._lock.was_used, is_damaged=is_damaged)

    async def _begin(self, now_ms: int) -> None:
        """Open the prepared database, and begin a session in it."""
        database = await Database.open(self.path)
        known = getattr(self, "session", None)
        try:
            session = await begin_session(database, now_ms, known and known.instance_id)
            await self._take(database)
        except BaseException:
            await database.close()
            raise
        self.session = session

    async def _open_memory(self) -> None:
        """Begin in memory, with what can be read from the disk."""
        salvage = await asyncio.to_thread(read_small_tables, self.path)
        database = await Database.open_memory()
        try:
            is_known = await _fill(database, salvage) and "meta" in salvage
            self.has_past = is_known or not await asyncio.to_thread(_may_exist, self.path)
            self.session = await begin_session(database, self.clock.now_ms())
            await self._take(database)
        except BaseException:
            await database.close()
            self._release()
            raise

    async def _take(self, database: Database) -> None:
        """Use a database from now on."""
        self._identity = await asyncio.to_thread(_identity, self.path)
        rollups = Rollups(database)
        await rollups.load(self.clock.now_ms())
        # What another database was given, this one may not have.
        self.late.distrust()
        self.recording = Recording(database, self._retention.events, self.late)
        self.rollups = rollups
        self.database = database

    def _tell(self, notes: list[str]) -> None:
        """Keep notes for people, and log those that nobody is waiting for."""
        self.notes += notes
        if self._is_running:
            for note in notes:
                _LOGGER.warning("%s", note)

    def _release(self) -> None:
        """Give the right to the folder back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other; None if there is none. Blocks."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _may_exist(path: Path) -> bool:
    """Tell whether there may be a database, though it cannot be read. Blocks."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


async def _fill(database: Database, salvage: Salvage) -> bool:
    """Put salvaged rows into a database, if they make sense; tell whether they do."""
    try:
        async with database.transaction():
            for table, (columns, rows) in salvage.items():
                await database.execute_many(insert_statement(table, columns), rows)
    except sqlite3.Error as err:
        _LOGGER.warning("What was read from the disk makes no sense: %s", err)
        return False
    return True


_REASONS: Final = {
    "SQLITE_FULL": "The disk is full",
    "SQLITE_BUSY": "The database is locked by another program",
    "SQLITE_READONLY": "The database is read-only",
    "SQLITE_CANTOPEN": "The database cannot be opened",
    "SQLITE_IOERR": "The disk reports an error",
    "SQLITE_CORRUPT": "The database is damaged",
    "SQLITE_NOTADB": "The database is damaged",
}


def describe(error: BaseException, path: Path) -> str:
    """Return in words what is wrong with a database."""
    name = getattr(error, "sqlite_errorname", None) or ""
    for prefix, words in _REASONS.items():
        if name.startswith(prefix):
            return f"{words}: {path} ({error})"
    return f"The database {path} cannot be used ({error})"
