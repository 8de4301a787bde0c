"""Watch how much room is left for the database, and say in time when there is little."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.models.space import Space
from opsmonitor.util.size import format_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opsmonitor.engine.wellbeing import Wellbeing

_LOGGER = logging.getLogger(__name__)

LOOK_S: Final = 60.0
LOW_BYTES: Final = 1_000_000_000
LOW_SHARE: Final = 0.05
"""Little is left if it is less than both: a small volume of its own may be meant to be small."""
_ENOUGH: Final = 1.2
"""Only so much more than that is enough again, so that nothing comes and goes."""
_NEWS_SHARE: Final = 0.1
"""A change of what is free is told from a tenth of it on."""


class Usage(Protocol):
    """What the system says of a file system, in bytes."""

    @property
    def total(self) -> int:
        """Its size."""
        ...

    @property
    def free(self) -> int:
        """What ordinary users may still fill."""
        ...


def judge(usage: Usage, before: Space | None) -> Space:
    """Return how much room there is, and whether that is too little: pure."""
    factor = _ENOUGH if before is not None and before.is_low else 1.0
    is_low = usage.free < LOW_BYTES * factor and usage.free < usage.total * LOW_SHARE * factor
    return Space(free_bytes=usage.free, total_bytes=usage.total, is_low=is_low)


def is_news(space: Space, told: Space | None) -> bool:
    """Tell whether a reading differs from the one that was told by more than a little: pure."""
    if told is None or space.is_low is not told.is_low or space.total_bytes != told.total_bytes:
        return True
    return abs(space.free_bytes - told.free_bytes) > told.free_bytes * _NEWS_SHARE


class SpaceWatch:
    """Looks at the file system of the database from time to time."""

    def __init__(self, folder: Path, read: Callable[[Path], Usage], wellbeing: Wellbeing) -> None:
        """Take the folder of the database, what asks the system (that blocks), and who is told."""
        self._folder = folder
        self._read = read
        self._wellbeing = wellbeing

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # a defect, or no thread left, must not be the end of it
                _LOGGER.exception("How much room %s has was not found out", self._folder)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Find out how much room there is; news are told, and the log hears of a lack once."""
        before = self._wellbeing.space
        try:
            space = judge(await asyncio.to_thread(self._read, self._folder), before)
        except OSError as err:
            # The store tells what is wrong with its disk; this is about the room on it.
            _LOGGER.debug("How much room %s has cannot be found out: %s", self._folder, err)
            if before is not None:
                self._wellbeing.space = None
            return
        if is_news(space, before):
            self._wellbeing.space = space
            self._log(space, was_low=before is not None and before.is_low)

    def _log(self, space: Space, *, was_low: bool) -> None:
        """Say when there begins to be little room, and when that is over."""
        free = format_size(space.free_bytes)
        if space.is_low and not was_low:
            _LOGGER.warning(
                "Only %s are free for the database in %s: make room, or keep less history (store: "
                "retention). When nothing is left, new results are kept in memory only",
                free,
                self._folder,
            )
        elif was_low and not space.is_low:
            _LOGGER.warning("There is room for the database again: %s are free", free)
