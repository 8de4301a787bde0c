"""Commit items to the database in use, and tell errors that pass from items that never fit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import RunResult
from opsmonitor.store.keeper import Keeper
from opsmonitor.store.pending import Item, Pending, Unwatched
from opsmonitor.store.prepare import is_damage
from opsmonitor.store.readings import clear_future as clear_future_values
from opsmonitor.store.retention import clear_future
from opsmonitor.store.session import ALIVE, put_meta

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOGGER = logging.getLogger(__name__)

_PASSING: Final = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM")
"""Errors that pass without opening the database again."""
_STALE: Final = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL")
"""Errors that opening the database again may mend."""
_SET_BACK_MS: Final = 2000
"""A clock set back by less than this is only being adjusted."""


def _is_named(error: BaseException, names: tuple[str, ...]) -> bool:
    """Tell whether an error is one of those that SQLite names so."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(names)


def is_stale(error: BaseException) -> bool:
    """Tell whether opening the database again may mend an error."""
    return isinstance(error, OSError) or _is_named(error, _STALE)


def _can_be_retried(error: BaseException) -> bool:
    """Tell whether an error lies with the disk and not with what was to be written."""
    if isinstance(error, StoreError):
        return True
    return is_stale(error) or is_damage(error) or _is_named(error, _PASSING)


def _moment_ms(item: Item) -> int:
    """Return the earliest time that an item says something about."""
    if isinstance(item, RunResult):
        return item.started_ms
    return item.from_ms if isinstance(item, Unwatched) else item.at_ms


class Committer:
    """Writes items in whole transactions."""

    def __init__(self, keeper: Keeper) -> None:
        """Write to whatever database the keeper has."""
        self._keeper = keeper
        self._alive_ms = 0
        self.last_commit_ms: int | None = None
        """When something was last written to the disk."""
        self.journal = Pending()
        """What was written to memory only."""
        self._misfits = 0

    @property
    def dropped(self) -> int:
        """Return how many items were given up."""
        return self._misfits + self.journal.dropped

    async def write(self, items: Sequence[Item]) -> tuple[list[Item], BaseException | None]:
        """Commit items; return those that could not be written now, and why.

        An item that can never be written is given up: it must not keep the others back.
        """
        try:
            await self.commit(items)
        except Exception as err:
            self._keeper.recording.forget()
            if _can_be_retried(err):
                return list(items), err
            if len(items) > 1:
                return await self._write_singly(items)
            self._misfits += 1
            _LOGGER.exception("This cannot be written to the database: %r", items)
        return [], None

    async def _write_singly(self, items: Sequence[Item]) -> tuple[list[Item], BaseException | None]:
        """Commit items one by one."""
        for position, item in enumerate(items):
            _, error = await self.write([item])
            if error is not None:
                return list(items[position:]), error
        return [], None

    async def commit(self, items: Sequence[Item], *, all_states: bool = False) -> None:
        """Write items and that the daemon lives, in one transaction; without items what is late."""
        keeper = self._keeper
        now_ms = keeper.clock.now_ms()
        states = [] if items else keeper.late.due(None if all_states else now_ms)
        moments = [_moment_ms(item) for item in items]
        async with keeper.database.transaction():
            if now_ms < self._alive_ms - _SET_BACK_MS:
                await clear_future(keeper.database, now_ms)
                await clear_future_values(keeper.database, now_ms)
                moments.append(now_ms)
            await keeper.recording.write(items)
            await keeper.recording.write_states(states)
            if moments:
                await keeper.rollups.set_back(min(moments))
            await put_meta(keeper.database, {ALIVE: now_ms})
        keeper.late.settle(states)
        self._alive_ms = now_ms
        if keeper.on_disk:
            self.last_commit_ms = now_ms
        else:
            self.journal.extend(items)
