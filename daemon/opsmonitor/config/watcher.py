"""Notice when the files of the configuration change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int, int, int] | None
"""Modification time, size, device and inode of a file; None while there is none."""
Snapshot: TypeAlias = dict[Path, Stamp]


async def watch(
    files: Callable[[], Iterable[Path]],
    on_change: Callable[[], Awaitable[None]],
    *,
    known: Snapshot | None = None,
    poll_s: float = 1.0,
    debounce_s: float = 0.5,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Call `on_change` after each change, once the files have been at rest for `debounce_s`.

    Links are followed, so that a swapped link counts as a change; so does a file that
    disappears or comes to be. `known` are stamps taken when the files were read; without them
    a change counts from now on. Runs until cancelled.
    """
    known = await snapshot(files()) if known is None else known
    while True:
        await sleep(poll_s)
        current = await snapshot(known)
        if current == known:
            continue
        known = await _settled(current, debounce_s, sleep)
        await on_change()
        # Stamps of files that were watched before stay as they were when `on_change` began, so
        # that a change made meanwhile is noticed; those that it brought in begin as they are now.
        now = await snapshot(files())
        known = {path: known.get(path, stamp) for path, stamp in now.items()}


async def _settled(
    current: Snapshot, debounce_s: float, sleep: Callable[[float], Awaitable[object]]
) -> Snapshot:
    """Return the stamps once they stay the same: an editor may still be writing."""
    while True:
        await sleep(debounce_s)
        previous, current = current, await snapshot(current)
        if current == previous:
            return current


async def snapshot(files: Iterable[Path]) -> Snapshot:
    """Return the stamps of files, without blocking the loop; links are followed."""
    return await asyncio.to_thread(_stamps, tuple(files))


def _stamps(files: Iterable[Path]) -> Snapshot:
    """Return the stamp of each file."""
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> Stamp:
    """Return what changes whenever a file does."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_dev, stat.st_ino)
