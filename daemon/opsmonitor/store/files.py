"""The files of a database: where they lie, who owns them, and putting damaged ones aside."""

from __future__ import annotations

from datetime import UTC, datetime
import errno
import fcntl
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from opsmonitor.exceptions import StoreLockedError

if TYPE_CHECKING:
    from pathlib import Path

_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_KEPT_DAMAGED: Final = 2


def uri(path: Path, mode: str) -> str:
    """Return the URI that opens a database; `mode` is `ro`, `rw` or `rwc`."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def beside(path: Path, suffix: str) -> Path:
    """Return a file beside another, with a suffix appended to its whole name."""
    return path.with_name(path.name + suffix)


def companions(path: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database."""
    return [beside(path, suffix) for suffix in _COMPANIONS]


def stamp(now_ms: int) -> str:
    """Return a time for use in the name of a file."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none yet.

    What SQLite makes beside a database gets the rights of the database.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def free_name(path: Path, suffix: str) -> Path:
    """Return a name beside a file that nothing has yet."""
    candidate = beside(path, suffix)
    number = 1
    while candidate.exists():
        number += 1
        candidate = beside(path, f"{suffix}-{number}")
    return candidate


def move_aside(path: Path, now_ms: int) -> Path:
    """Rename a damaged database and what belongs to it; return its name. Keep the latest two."""
    target = free_name(path, f".corrupt-{stamp(now_ms)}")
    for suffix in ("", *_COMPANIONS):
        source = beside(path, suffix)
        if source.exists():
            source.rename(beside(target, suffix))
    _forget_oldest(path)
    return target


def _forget_oldest(path: Path) -> None:
    """Delete all but the latest damaged databases."""
    pattern = f"{path.name}.corrupt-"
    moved = [
        entry
        for entry in path.parent.iterdir()
        if entry.name.startswith(pattern) and not entry.name.endswith(_COMPANIONS)
    ]
    moved.sort(key=lambda entry: (entry.stat().st_mtime_ns, entry.name))
    for entry in moved[:-_KEPT_DAMAGED]:
        for file in (entry, *companions(entry)):
            file.unlink(missing_ok=True)


class FolderLock:
    """The right to use a database, held by one process at a time and given back when it ends."""

    def __init__(self, path: Path) -> None:
        """Take the right to the database at `path`.

        Raises:
            StoreLockedError: Another process has it.
            OSError: The lock file cannot be made.

        """
        self._file = beside(path, ".lock")
        self.was_used = self._file.exists()
        """Whether there has been a database here before."""
        self._descriptor: int | None = os.open(
            self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except OSError as err:
            owner = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            self.release()
            if err.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                message = (
                    f"{path} is in use by another daemon (process {owner or 'unknown'}); "
                    "stop it, or give this one a data folder of its own"
                )
                raise StoreLockedError(message) from err
            raise

    def release(self) -> None:
        """Give the right back; harmless when that has been done."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
