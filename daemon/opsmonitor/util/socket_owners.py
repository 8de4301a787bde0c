"""Find the processes that sockets belong to; blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

from opsmonitor.util.open_files import Piece, open_files

_SOCKET: Final = "socket:["
_START_TIME: Final = 19
"""The field of /proc/PID/stat after the name, counted from 0: two of the same differ in it."""
_MOST_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process that holds a socket; what this user may not see is empty."""

    pid: int
    name: str
    arguments: tuple[str, ...] = field(repr=False)
    """They can hold secrets."""
    cgroup: str
    started: str
    """What tells it from another process of the same number."""


class Owners(NamedTuple):
    """Who holds some sockets."""

    by_inode: dict[int, Owner]
    """Those that cannot be seen are left out."""
    is_complete: bool
    """If not, the next look may find more."""


class OwnerFinder:
    """Knows who holds which socket, and looks through the processes only for those it does not.

    A look costs a system call for each open file of the machine; listeners rarely change.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Begin without knowledge."""
        self._proc = proc
        self._known: dict[int, Owner | None] = {}
        self._files: Iterator[Piece] | None = None
        """A search under way."""
        self._sought: set[int] = set()
        """What it was begun for."""
        self._missed: set[int] = set()
        """What a search from beginning to end has not found.

        The process may have ended after it had handed them to a child that was not there when the
        search began: only what the next one misses, too, cannot be seen.
        """

    def find(self, inodes: Collection[int], most: int | None = None) -> Owners:
        """Return the owners of sockets by their inodes.

        After `most` open files the search is left for the next time, which goes on where this one
        stopped. What is new meanwhile is found on the way, or by the search after it.
        """
        wanted = set(inodes) - {0}
        self._known = {
            inode: owner
            for inode, owner in self._known.items()
            if inode in wanted and (owner is None or self._lives(owner))
        }
        self._missed &= wanted
        left = inf if most is None else most
        while (missing := wanted - self._known.keys()) and left > 0:
            if self._files is None:
                self._files, self._sought = open_files(self._proc), missing
            left -= self._search(self._files, missing, left)
        if not missing:
            self._files = None
        owners = {inode: owner for inode, owner in self._known.items() if owner is not None}
        return Owners(owners, is_complete=not missing)

    def _search(self, files: Iterator[Piece], wanted: set[int], most: float) -> float:
        """Go on with a search; return how many open files it took."""
        left = {f"{_SOCKET}{inode}]": inode for inode in wanted}
        cost = 0
        while left and cost < most:
            piece = next(files, None)
            if piece is None:
                missed = self._sought & set(left.values())
                self._known |= dict.fromkeys(missed & self._missed, None)
                self._missed = missed - self._missed
                self._files = None
                break
            cost += piece.cost
            mine = [link for link in piece.links if link in left]
            owner = self._owner(piece.pid) if mine else None
            if owner is not None:
                self._known |= {left.pop(link): owner for link in mine}
        return cost

    def _lives(self, owner: Owner) -> bool:
        """Tell whether a process is still the same one."""
        return self._started(owner.pid) == owner.started

    def _started(self, pid: int) -> str | None:
        """Return when a process was started, in the kernel's own count."""
        text = self._read(f"{pid}/stat")
        # The name in parentheses may hold anything, parentheses and blanks included.
        fields = text.rpartition(")")[2].split()
        return fields[_START_TIME] if len(fields) > _START_TIME else None

    def _owner(self, pid: int) -> Owner | None:
        """Return a process; None if it has ended."""
        started = self._started(pid)
        if started is None:
            return None
        return Owner(
            pid=pid,
            name=self._read(f"{pid}/comm").rstrip("\n"),
            arguments=tuple(self._read(f"{pid}/cmdline").rstrip("\0").split("\0")),
            cgroup=self._read(f"{pid}/cgroup"),
            started=started,
        )

    def _read(self, name: str) -> str:
        """Return the beginning of a file; nothing where it cannot be read."""
        try:
            with (self._proc / name).open("rb") as file:
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""
