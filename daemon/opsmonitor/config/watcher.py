"""Notice when the files of the configuration change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import logging
from pathlib import Path
from typing import TypeAlias

_LOGGER = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, int, int, int] | None
"""Modification time, size, device and inode of a file; None while there is none."""
Snapshot: TypeAlias = dict[Path, Stamp]


class Watcher:
    """Watches what makes up the configuration in force, which changes with it."""

    def __init__(
        self,
        files: Callable[[], Iterable[Path]],
        on_change: Callable[[], Awaitable[None]],
        *,
        known: Snapshot | None = None,
        poll_s: float = 1.0,
        debounce_s: float = 0.5,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Take which files there are at the moment, and what to call after each change.

        `known` are stamps taken when the files were read; without them a change counts from the
        first look on.
        """
        self._files = files
        self._on_change = on_change
        self._known = known
        self._poll_s = poll_s
        self._debounce_s = debounce_s
        self._sleep = sleep
        self.trouble: str | None = None
        """Why changes are not noticed at the moment."""

    async def run(self) -> None:
        """Call `on_change` after each change, once the files have been at rest for `debounce_s`.

        Links are followed, so that a swapped link counts as a change; so does a file that
        disappears or comes to be. Runs until cancelled: a defect is logged, once while it lasts,
        and then it looks again.
        """
        is_first = self._known is None
        while True:
            if not is_first:
                await self._sleep(self._poll_s)
            is_first = False
            try:
                await self._look()
            except Exception as err:
                if self.trouble is None:
                    _LOGGER.exception("Changes of the configuration's files are not noticed")
                self.trouble = f"{type(err).__name__}, a defect of its own"
            else:
                self.trouble = None

    async def _look(self) -> None:
        """Look once, and see to what has changed."""
        if self._known is None:
            self._known = await snapshot(self._files())
            return
        current = await snapshot(self._known)
        if current == self._known:
            return
        self._known = await self._settled(current)
        await self._on_change()
        # Stamps of files that were watched before stay as they were when `on_change` began, so
        # that a change made meanwhile is noticed; those that it brought in begin as they are now.
        known = self._known
        now = await snapshot(self._files())
        self._known = {path: known.get(path, stamp) for path, stamp in now.items()}

    async def _settled(self, current: Snapshot) -> Snapshot:
        """Return the stamps once they stay the same: an editor may still be writing."""
        while True:
            await self._sleep(self._debounce_s)
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
