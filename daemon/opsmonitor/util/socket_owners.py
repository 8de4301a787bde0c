"""Find the processes that sockets belong to; blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Final

_SOCKET: Final = "socket:["
_START_TIME: Final = 19
"""The field of /proc/PID/stat after the name, counted from 0: two of the same differ in it."""
_FIRST: Final = 256
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


class OwnerFinder:
    """Knows who holds which socket, and looks through the processes only for those it does not.

    A look costs a system call for each open file of the machine; listeners rarely change.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Begin without knowledge."""
        self._proc = proc
        self._known: dict[int, Owner | None] = {}

    def find(self, inodes: Collection[int]) -> dict[int, Owner]:
        """Return the owners of sockets by their inodes; those that cannot be seen are left out."""
        wanted = set(inodes) - {0}
        valid = {
            inode: owner
            for inode, owner in self._known.items()
            if inode in wanted and (owner is None or self._lives(owner))
        }
        missing = wanted - valid.keys()
        if missing:
            found = self._search(missing)
            valid |= {inode: found.get(inode) for inode in missing}
        self._known = valid
        return {inode: owner for inode, owner in valid.items() if owner is not None}

    def _search(self, wanted: set[int]) -> dict[int, Owner]:
        """Look through the open files of all processes, the first ones of each before the rest.

        A service listens before it serves: what it listens at is among its first files.
        """
        left = {f"{_SOCKET}{inode}]": inode for inode in wanted}
        found: dict[int, Owner] = {}
        for part in (slice(_FIRST), slice(_FIRST, None)):
            for pid in self._pids():
                links = self._links(pid, part)
                mine = [left.pop(link) for link in links if link in left]
                owner = self._owner(pid) if mine else None
                if owner is not None:
                    found |= dict.fromkeys(mine, owner)
                if not left:
                    return found
        return found

    def _pids(self) -> list[int]:
        """Return the numbers of all processes, parents before the children they share with."""
        try:
            return sorted(int(name) for name in os.listdir(self._proc) if name.isdecimal())  # noqa: PTH208 - names are all that is needed
        except OSError:
            return []

    def _links(self, pid: int, part: slice) -> Iterator[str]:
        """Yield what some of the open files of a process are."""
        folder = f"{self._proc}/{pid}/fd"
        try:
            names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
        except OSError:
            return
        if len(names) > _FIRST:
            names.sort(key=lambda name: (len(name), name))
        for name in names[part]:
            try:
                yield os.readlink(f"{folder}/{name}")  # noqa: PTH115 - thousands, each a microsecond
            except OSError:
                continue

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
