"""Consistent copies of a database, also while it is being written."""

from __future__ import annotations

import asyncio
from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import StoreError
from opsmonitor.store.files import beside, make_private, uri

if TYPE_CHECKING:
    from pathlib import Path

_PAGES: Final = 1000
"""Copied at once; in between others may write."""
_PAUSE_S: Final = 0.001
_BUSY_TIMEOUT_S: Final = 5.0


async def backup_database(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Copy a database and verify the copy.

    Raises:
        StoreError: There is no database, the copy is not sound, or the target exists already.

    """
    await asyncio.to_thread(copy_database, source, target, overwrite=overwrite)


def copy_database(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Copy a database and verify the copy; blocks.

    Raises:
        StoreError: There is no database, the copy is not sound, or the target exists already.

    """
    if not source.exists():
        raise StoreError(f"there is no database at {source}")
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists already; choose another name")
    part = beside(target, ".part")
    try:
        part.unlink(missing_ok=True)
        make_private(part)
        _copy(source, part)
        part.replace(target)
    except (OSError, sqlite3.Error) as err:
        raise StoreError(f"{source} could not be copied to {target}: {err}") from err
    finally:
        part.unlink(missing_ok=True)


def _copy(source: Path, part: Path) -> None:
    """Copy page by page, make the copy one self-contained file, and check it."""
    with (
        closing(sqlite3.connect(uri(source, "ro"), uri=True, timeout=_BUSY_TIMEOUT_S)) as original,
        closing(sqlite3.connect(part, isolation_level=None)) as copy,
    ):
        original.backup(copy, pages=_PAGES, sleep=_PAUSE_S)
        copy.execute("PRAGMA journal_mode = DELETE")
        damage = quick_check(copy)
    if damage:
        raise StoreError(f"the copy of {source} is not sound: {damage}")


def quick_check(connection: sqlite3.Connection) -> str | None:
    """Return the first damage found in a database; None when it is sound."""
    finding = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if finding == "ok" else finding
