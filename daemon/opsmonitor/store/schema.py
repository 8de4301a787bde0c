"""The shape of the database: recognising it, setting a connection up, and upgrading."""

from __future__ import annotations

from contextlib import closing
from importlib import resources
import re
import sqlite3
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import StoreVersionError
from opsmonitor.store.backup import copy_database
from opsmonitor.store.files import beside, make_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

APPLICATION_ID: Final = 0x4F70734D
"""`OpsM`: tells a database of ours from any other."""
BUSY_TIMEOUT_S: Final = 5.0

CONNECTION_PRAGMAS: Final = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 16777216",
)
_STEP: Final = re.compile(r"(\d{4})_\w+\.sql")


def migrations() -> dict[int, str]:
    """Return the SQL of each step by the version it leads to."""
    folder = resources.files("opsmonitor.store").joinpath("migrations")
    steps = {
        int(match[1]): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if (match := _STEP.fullmatch(entry.name))
    }
    return dict(sorted(steps.items()))


def split(script: str) -> list[str]:
    """Return the statements of a script: `executescript` would commit behind our back."""
    statements = []
    rest = ""
    for line in script.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a database's shape; 0 when it has none yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(path: Path, steps: Mapping[int, str], now_text: str) -> list[str]:
    """Bring the database up to the newest version and return what is worth telling.

    Raises:
        StoreVersionError: A newer version of the daemon wrote it.

    """
    notes: list[str] = []
    make_private(path)
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        version = version_of(connection)
        newest = max(steps)
        if version > newest:
            message = (
                f"{path} was written by a newer version of Ops Monitor (database version {version},"
                f" known up to {newest}); upgrade, or restore a backup made before"
            )
            raise StoreVersionError(message)
        if 0 < version < newest:
            copy = beside(path, f".before-v{newest}-{now_text}")
            copy_database(path, copy)
            notes.append(f"The database was upgraded; a copy from before is kept as {copy.name}.")
        if version == 0:
            # Both take effect only before the first table.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            notes.append(
                f"{path.parent} does not support SQLite's write-ahead log, as many network file "
                "systems do not: writing is slower and less safe. Prefer a local disk."
            )
        for number, script in steps.items():
            if number > version:
                apply_step(connection, number, script)
    return notes


def apply_step(connection: sqlite3.Connection, number: int, script: str) -> None:
    """Upgrade by one version, wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in split(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
