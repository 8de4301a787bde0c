"""Go through the open files of all processes, piece by piece; blocks."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
from typing import NamedTuple

_PIECE = 256
"""A service listens before it serves: what it listens at is among its first files."""
_NAMES_PER_LINK = 5
"""So many names are listed at the cost of one link that is read."""


class Piece(NamedTuple):
    """What some of the open files of a process are."""

    pid: int
    links: tuple[str, ...]
    """Such as `socket:[4711]` or a path."""
    cost: int
    """What it cost to read, in links."""


def open_files(proc: Path) -> Iterator[Piece]:
    """Yield the first files of each process, parents before children, and then all the others.

    A process that has ended, or that this user may not look into, is left out.
    """
    rest: list[tuple[int, list[str]]] = []
    for pid in _pids(proc):
        names = _names(proc, pid)
        if names:
            first = names[:_PIECE]
            yield Piece(pid, _links(proc, pid, first), len(first) + len(names) // _NAMES_PER_LINK)
            if len(names) > _PIECE:
                rest.append((pid, names))
    for pid, names in rest:
        for start in range(_PIECE, len(names), _PIECE):
            part = names[start : start + _PIECE]
            yield Piece(pid, _links(proc, pid, part), len(part))


def _pids(proc: Path) -> list[int]:
    """Return the numbers of all processes, parents before the children they share with."""
    try:
        return sorted(int(name) for name in os.listdir(proc) if name.isdecimal())  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []


def _names(proc: Path, pid: int) -> list[str]:
    """Return the open files of a process by their names in /proc, in the order of numbers."""
    try:
        names = os.listdir(f"{proc}/{pid}/fd")  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []
    if len(names) > _PIECE:
        # As Linux lists them; where it does so, this costs a tenth of the listing.
        names.sort(key=int)
    return names


def _links(proc: Path, pid: int, names: list[str]) -> tuple[str, ...]:
    """Return what some open files of a process are."""
    try:
        folder = os.open(f"{proc}/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return ()
    found: list[str] = []
    try:
        for name in names:
            try:
                # Thousands of them: from an open folder each costs a fifth less.
                found.append(os.readlink(name, dir_fd=folder))
            except OSError:
                continue
    finally:
        os.close(folder)
    return tuple(found)
