"""Make a database ready to be opened: create, recognise, repair, import or upgrade it. Blocks."""

from __future__ import annotations

from contextlib import closing
from enum import Enum, auto
import sqlite3
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import StoreError
from opsmonitor.store.backup import copy_database, quick_check
from opsmonitor.store.files import beside, companions, free_name, move_aside, stamp, uri
from opsmonitor.store.legacy import copy_legacy, is_legacy
from opsmonitor.store.salvage import pad, read_small_tables, restore
from opsmonitor.store.schema import (
    APPLICATION_ID,
    BUSY_TIMEOUT_S,
    migrate,
    migrations,
    version_of,
)

if TYPE_CHECKING:
    from pathlib import Path

_CHECKED_WHOLE: Final = 16 * 1024 * 1024
"""A database up to this size is checked at each start; a larger one would delay it by seconds."""
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class _Kind(Enum):
    """What lies where the database should be."""

    OURS = auto()
    EMPTY = auto()
    LEGACY = auto()
    FOREIGN = auto()


def is_damage(error: BaseException) -> bool:
    """Tell whether an error means that the file's content cannot be trusted."""
    name = getattr(error, "sqlite_errorname", None) or ""
    return isinstance(error, sqlite3.DatabaseError) and name.startswith(_DAMAGE)


def prepare(
    path: Path, now_ms: int, *, was_used: bool = False, is_damaged: bool = False
) -> list[str]:
    """Make the database at `path` ready and return what a person should know of it.

    Args:
        path: Where the database is, or shall be.
        now_ms: The present, for the names of files kept.
        was_used: There has been a database here before.
        is_damaged: It failed in use, so do not try it again.

    Raises:
        StoreError: It belongs to another program or to a newer version.
        sqlite3.Error: It cannot be used now: locked, read-only, or the disk is full.
        OSError: The folder cannot be used.

    """
    notes: list[str] = []
    if is_damaged and path.exists():
        notes += _replace_damaged(path, now_ms, "it failed in use")
    elif not path.exists():
        if was_used:
            notes.append(f"The database {path.name} was gone; a new one was started.")
        for file in companions(path):
            file.unlink(missing_ok=True)
    elif path.stat().st_size == 0:
        notes += _replace_emptied(path, now_ms, was_used=was_used)
    else:
        notes += _examine(path, now_ms)
    return notes + migrate(path, migrations(), stamp(now_ms))


def _replace_emptied(path: Path, now_ms: int, *, was_used: bool) -> list[str]:
    """Start anew where a file lost its content; SQLite itself would take it for a new database."""
    if not was_used and not any(file.exists() for file in companions(path)):
        return []
    target = move_aside(path, now_ms)
    return [f"The database {path.name} was empty though used before; it is kept as {target.name}."]


def _examine(path: Path, now_ms: int) -> list[str]:
    """Deal with whatever is in the file."""
    try:
        kind = _recognise(path)
    except sqlite3.DatabaseError as err:
        if not is_damage(err):
            raise
        return _replace_damaged(path, now_ms, str(err))
    if kind is _Kind.LEGACY:
        return _take_over(path)
    if kind is _Kind.FOREIGN:
        message = f"{path} is the database of another program; choose another `store: path:`"
        raise StoreError(message)
    return []


def _recognise(path: Path) -> _Kind:
    """Return what a file is.

    Raises:
        sqlite3.DatabaseError: It is damaged, or cannot be read now.

    """
    with closing(sqlite3.connect(uri(path, "rw"), uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        has_tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
        if application == APPLICATION_ID and version_of(connection) > 0:
            damage = quick_check(connection) if path.stat().st_size <= _CHECKED_WHOLE else None
            if damage:
                error = sqlite3.DatabaseError(damage)
                error.sqlite_errorname = _DAMAGE[0]
                raise error
            return _Kind.OURS
        if not has_tables and not application:
            return _Kind.EMPTY
        return _Kind.LEGACY if not application and is_legacy(connection) else _Kind.FOREIGN


def _replace_damaged(path: Path, now_ms: int, reason: str) -> list[str]:
    """Put a damaged database aside and start anew with what can be read of it."""
    target = move_aside(path, now_ms)
    pad(target)
    salvage = read_small_tables(target)
    migrate(path, migrations(), stamp(now_ms))
    kept = "nothing could be read of it"
    if salvage.get("checks"):
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                count = restore(connection, salvage)
            kept = f"the states of {count} checks, events and uptime were restored from it"
        except sqlite3.DatabaseError as err:
            # Rows of the wrong kind: the damage reached what looked readable.
            kept = f"what could be read of it made no sense ({err})"
    note = (
        f"The database was damaged ({reason}). It is kept as {target.name}; "
        f"a new one was started, and {kept}."
    )
    return [note]


def _take_over(path: Path) -> list[str]:
    """Replace a database of the control-plane service by one of ours with the same content."""
    kept = free_name(path, ".pre-import")
    copy_database(path, kept)
    fresh = beside(path, ".importing")
    for file in (fresh, *companions(fresh)):
        file.unlink(missing_ok=True)
    migrate(fresh, migrations(), "")
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        states, events = copy_legacy(kept, connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in companions(path):
        file.unlink(missing_ok=True)
    fresh.replace(path)
    note = (
        f"{states} check states and {events} events of the control-plane service were imported; "
        f"its database is kept as {kept.name}."
    )
    return [note]
