"""The one task that writes: it groups what happens and keeps the database in order."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opsmonitor.exceptions import StoreError
from opsmonitor.store import value_history
from opsmonitor.store.commit import Committer, is_stale
from opsmonitor.store.keeper import UNUSABLE, Keeper, describe
from opsmonitor.store.pending import Item, Pending
from opsmonitor.store.prepare import is_damage
from opsmonitor.store.retention import prune, shrink
from opsmonitor.store.tiers import DAY, FIVE_MINUTES, HOUR, RAW

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T")

GROUP_S: Final = 1.0
"""Results wait this long at most, so that many share a transaction; changes do not wait."""
MAINTENANCE_S: Final = 10.0
"""How often the daemon notes that it lives, and sees to roll-ups and retention."""
_LONGEST_BACKOFF_S: Final = 60.0


class Writer:
    """Writes what is put, in a task that no caller can interrupt."""

    def __init__(self, keeper: Keeper, trouble: str | None, size_bytes: int) -> None:
        """Write to the database of a keeper; `trouble` is why that is not on disk."""
        self._keeper = keeper
        self._committer = Committer(keeper)
        self.pending = Pending()
        self.trouble = trouble
        """Why nothing reaches the disk; None while all is well."""
        self.size_bytes = size_bytes
        """The size of the database a few seconds ago."""
        self._loop = asyncio.get_running_loop()
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._jobs: list[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = []
        self._is_closing = self._is_forced = self._is_writing = False
        self._backoff_s = 0.0
        self._retry_at_s = 0.0
        self._is_stale = self._is_damaged = False
        self._maintain_at_s = self._loop.time() + MAINTENANCE_S
        self.task = self._loop.create_task(self._run(), name="store-writer")
        if trouble is not None:
            self._back_off()

    @property
    def last_commit_ms(self) -> int | None:
        """Return when something was last written to the disk."""
        return self._committer.last_commit_ms

    @property
    def queued(self) -> int:
        """Return how many items have not reached the disk."""
        return len(self.pending) + len(self._committer.journal)

    @property
    def dropped(self) -> int:
        """Return how many items were given up."""
        return self.pending.dropped + self._committer.dropped

    @property
    def is_behind(self) -> bool:
        """Tell whether something that was put is not written yet, be it under way."""
        return bool(self.pending) or self._is_writing

    def put(self, items: Iterable[Item]) -> None:
        """Write items soon: changes at once, others within a second."""
        if self.pending.extend(items):
            self._due.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(GROUP_S, self._due.set)

    async def ask(self, job: Callable[[], Awaitable[_T]], *, is_forced: bool = True) -> _T:
        """Let the writer do a job, after it has written all that was put before.

        With `is_forced`, a disk that failed is tried again at once.

        Raises:
            StoreError: The store is closed.

        """
        if self._is_closing or self.task.done():
            raise StoreError("the store is closed")
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._jobs.append((job, answer))
        self._is_forced = self._is_forced or is_forced
        self._due.set()
        return await answer

    async def close(self) -> None:
        """Write what is left and close the database."""
        self._is_closing = True
        self._due.set()
        await asyncio.shield(self.task)

    async def maintain(self) -> None:
        """Note that the daemon lives, roll up what is over and delete what is too old."""
        self._maintain_at_s = self._loop.time() + MAINTENANCE_S
        if self.trouble is not None and self._keeper.on_disk:
            return
        try:
            if not await self._keeper.is_in_place():
                await self._keeper.reopen(is_damaged=False)
            await self._committer.commit(())
            async with aclosing(self._maintenance()) as steps:
                async for _ in steps:
                    if self._due.is_set():
                        await self._round(is_forced=False)
            self.size_bytes = await self._keeper.database.size_bytes()
        except (*UNUSABLE, StoreError) as err:
            self._fail(err)
        except Exception:
            # Whatever is wrong with what is kept, new results are written on.
            _LOGGER.exception("The upkeep of the database failed")

    async def _maintenance(self) -> AsyncGenerator[None, None]:
        """Work in small steps, as long as the database stays the same."""
        keeper, database, rollups = self._keeper, self._keeper.database, self._keeper.rollups
        now_ms = keeper.clock.now_ms()
        async for _ in rollups.steps(now_ms):
            yield
            if keeper.database is not database:
                return
        rolled = {
            finer: rollups.until_ms(tier)
            for finer, tier in ((RAW, FIVE_MINUTES), (FIVE_MINUTES, HOUR), (HOUR, DAY))
        }
        async for _ in prune(database, keeper.retention, now_ms, rolled):
            yield
            if keeper.database is not database:
                return
        async for _ in value_history.steps(database, keeper.retention, now_ms):
            yield
            if keeper.database is not database:
                return
        async for _ in shrink(database, now_ms):
            yield

    async def write_states(self) -> None:
        """Write the states of checks, too, that are only written now and then, if that works."""
        if self.trouble is not None and self._keeper.on_disk:
            return
        try:
            await self._committer.commit((), all_states=True)
        except (*UNUSABLE, StoreError) as err:
            self._fail(err)
        except Exception:
            _LOGGER.exception("The states of checks could not be written")

    async def _run(self) -> None:
        """Write until the store is closed, and then what is left."""
        is_last = False
        try:
            while not is_last:
                await self._wait()
                is_last = self._is_closing
                jobs, self._jobs = self._jobs, []
                is_forced, self._is_forced = self._is_forced, False
                await self._round(is_forced=is_forced or is_last)
                for job, answer in jobs:
                    await self._do(job, answer)
                if self._loop.time() >= self._maintain_at_s and not is_last:
                    await self.maintain()
        finally:
            self._is_closing = True
            await self._end()

    async def _wait(self) -> None:
        """Wait until there is something to do."""
        if not self._due.is_set() and not self._jobs:
            try:
                async with asyncio.timeout_at(self._maintain_at_s):
                    await self._due.wait()
            except TimeoutError:
                return

    async def _round(self, *, is_forced: bool) -> None:
        """Write what is pending; after a failure only once its time has come, or when forced."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.trouble is not None and (is_forced or self._loop.time() >= self._retry_at_s):
            await self._mend()
        if self.trouble is None or not self._keeper.on_disk:
            await self._write()

    async def _do(self, job: Callable[[], Awaitable[_T]], answer: asyncio.Future[_T]) -> None:
        """Do what was asked for, and answer."""
        try:
            result = await job()
        except Exception as err:
            if not isinstance(err, (*UNUSABLE, StoreError)):
                _LOGGER.exception("The database cannot do what was asked for")
            if not answer.done():
                answer.set_exception(err)
        else:
            if not answer.done():
                answer.set_result(result)

    async def _write(self) -> None:
        """Write what is pending; what cannot be written now stays."""
        items = self.pending.take()
        is_retry = self._backoff_s > 0 and self._keeper.on_disk
        if not items and not is_retry:
            return
        self._is_writing = True
        try:
            left, error = await self._committer.write(items)
        finally:
            self._is_writing = False
        if error is not None:
            self.pending.put_back(left)
            self._fail(error)
        elif is_retry:
            self._backoff_s = 0.0
            _LOGGER.warning("The database %s can be written again", self._keeper.path)

    async def _mend(self) -> None:
        """Do what may help after a failure; whether it did, the next write will tell."""
        try:
            if not self._keeper.on_disk:
                await self._keeper.move_to_disk()
                self.pending.put_back(self._committer.journal.take())
            elif self._is_stale:
                await self._keeper.reopen(is_damaged=self._is_damaged)
        except Exception as err:
            if not isinstance(err, (*UNUSABLE, StoreError)):
                _LOGGER.exception("The database could not be mended")
            self._fail(err)
        else:
            self.trouble = None
            self._is_stale = self._is_damaged = False

    def _fail(self, error: BaseException) -> None:
        """Note a failure, and try again later."""
        reason = describe(error, self._keeper.path)
        if reason != self.trouble and self._backoff_s == 0:
            _LOGGER.warning("%s. Results wait in memory", reason)
        self.trouble = reason
        self._is_damaged = self._is_damaged or is_damage(error)
        self._is_stale = self._is_stale or self._is_damaged or is_stale(error)
        self._back_off()

    def _back_off(self) -> None:
        """Wait twice as long as the last time."""
        self._backoff_s = min(_LONGEST_BACKOFF_S, self._backoff_s * 2 or 1.0)
        self._retry_at_s = self._loop.time() + self._backoff_s
        self._loop.call_later(self._backoff_s, self._due.set)

    async def _end(self) -> None:
        """Close the database and answer everyone who still waits."""
        if self._timer is not None:
            self._timer.cancel()
        for _, answer in self._jobs:
            if not answer.done():
                answer.set_exception(StoreError("the store was closed meanwhile"))
        await self.write_states()
        try:
            await self._keeper.close(is_clean=self.trouble is None and not self.pending)
        except UNUSABLE as err:
            _LOGGER.warning("%s", describe(err, self._keeper.path))
