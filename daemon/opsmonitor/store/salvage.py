"""Copy what is small and readable out of a database that cannot be used as it is."""

from __future__ import annotations

from contextlib import closing
import sqlite3
import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from opsmonitor.store.files import uri
from opsmonitor.store.schema import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opsmonitor.store.rows import Row

SMALL_TABLES: Final = (
    *("meta", "checks", "check_states", "events", "intervals", "rollup_1d"),
    *("alerts", "deliveries", "attempts", "reading_things", "reading_events"),
    *("pulses", "pings", "maintenance_windows", "tokens"),
)
"""In the order in which they can be filled."""
_HEADER: Final = struct.Struct(">16sH10xI")
_MAGIC: Final = b"SQLite format 3\0"
_PAGE_SIZES: Final = frozenset(512 << power for power in range(7))
_LARGEST: Final = 2**40
_MOST_ROWS: Final = 500_000
_ROLLED: Final = "rolled_"
"""What begins so in `meta` speaks of tables that are not copied."""

Salvage: TypeAlias = dict[str, tuple[tuple[str, ...], list["Row"]]]
"""Columns and rows by table."""


def read_small_tables(path: Path) -> Salvage:
    """Return every row that can still be read; nothing at all from a file that is no database."""
    salvage: Salvage = {}
    try:
        with closing(_open(path)) as connection:
            [(application,)] = connection.execute("PRAGMA application_id")
            for table in SMALL_TABLES if application == APPLICATION_ID else ():
                columns = _columns(connection, table)
                if columns:
                    salvage[table] = (columns, list(_rows(connection, table, columns)))
    except sqlite3.Error:
        # Opened, but not even its catalogue can be read any further.
        return salvage
    return salvage


def pad(path: Path) -> None:
    """Give a file that was cut off its full length again: else SQLite reads none of it.

    Source: the header of https://www.sqlite.org/fileformat.html, page size and number of pages.
    """
    with path.open("r+b") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return
        magic, page_size, pages = _HEADER.unpack(header)
        whole = page_size * pages
        is_sound = magic == _MAGIC and page_size in _PAGE_SIZES
        if is_sound and path.stat().st_size < whole <= _LARGEST:
            file.truncate(whole)


def _open(path: Path) -> sqlite3.Connection:
    """Open a database for reading, be it in a folder that cannot be written."""
    connection = sqlite3.connect(uri(path, "ro"), uri=True, timeout=1.0)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError:
        connection.close()
        # The write-ahead log needs files that cannot be made here: do without what is in it.
        return sqlite3.connect(uri(path, "ro") + "&immutable=1", uri=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table; none if there is no such table."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return tuple(name for (name,) in rows)


def _rows(connection: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a table up to the first that cannot be read."""
    names = ", ".join(f'"{column}"' for column in columns)
    # Both come from constants and the catalogue, and cannot be bound as values.
    statement = f'SELECT {names} FROM "{table}" LIMIT {_MOST_ROWS}'  # noqa: S608
    try:
        for row in connection.execute(statement):
            if table != "meta" or not str(row[0]).startswith(_ROLLED):
                yield row
    except sqlite3.Error:
        return


def insert_statement(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that puts salvaged rows into a new database."""
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    return f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - as above


def restore(connection: sqlite3.Connection, salvage: Salvage) -> int:
    """Put salvaged rows into a new database and return the number of states among them."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("PRAGMA defer_foreign_keys = ON")
    for table, (columns, rows) in salvage.items():
        connection.executemany(insert_statement(table, columns), rows)
    connection.execute("DELETE FROM check_states WHERE check_key NOT IN (SELECT key FROM checks)")
    connection.execute("COMMIT")
    return len(salvage.get("check_states", ((), []))[1])
