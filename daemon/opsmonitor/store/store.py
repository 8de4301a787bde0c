"""The store: what happens goes in at once and without waiting, and can be asked for later."""

from __future__ import annotations

import asyncio
from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING, Self

from opsmonitor.exceptions import StoreError
from opsmonitor.store import (
    alerts,
    attempts,
    heartbeats,
    muting,
    tokens,
    windows,
)
from opsmonitor.store.backup import backup_database
from opsmonitor.store.health import StoreHealth
from opsmonitor.store.keeper import UNUSABLE, Keeper
from opsmonitor.store.legacy import copy_legacy
from opsmonitor.store.pending import Removed, Unpolled, Unwatched
from opsmonitor.store.questions import Questions
from opsmonitor.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.models.alert import Alert, Delivery, Mute
    from opsmonitor.models.check import Change, RunResult
    from opsmonitor.models.heartbeat import Ping, Pulse
    from opsmonitor.models.maintenance import Window
    from opsmonitor.models.reading import ReadingChange
    from opsmonitor.models.remediation import Attempt
    from opsmonitor.models.token import IssuedToken
    from opsmonitor.store.database import Database
    from opsmonitor.util.clock import Clock


class Store(Questions):
    """Keeps states, events, runs and their history; made by `open`."""

    def __init__(self, keeper: Keeper, writer: Writer) -> None:
        """Take the parts that `open` made."""
        super().__init__(keeper, writer)
        self.was_clean_shutdown = keeper.session.was_clean_shutdown
        """Whether the previous daemon stopped in order."""
        self.alive_ms = keeper.session.alive_ms
        """When the previous daemon was last known to live; None for a new database."""

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, retention: RetentionSettings) -> Self:
        """Open the database at `path`, creating, importing or repairing it as needed.

        While the disk cannot be used everything is kept in memory, which `health` and `notes` tell.

        Raises:
            StoreLockedError: Another daemon uses it.
            StoreVersionError: A newer version wrote it.
            StoreError: It belongs to another program.

        """
        keeper = Keeper(path, clock, retention)
        trouble = await keeper.open()
        try:
            size_bytes = await keeper.database.size_bytes()
        except BaseException:
            await keeper.close(is_clean=False)
            raise
        return cls(keeper, Writer(keeper, trouble, size_bytes))

    async def close(self) -> None:
        """Write what is left and close the database; harmless when that has been done."""
        await self._writer.close()

    @property
    def instance_id(self) -> str:
        """Return the identity of this installation, kept in the database."""
        return self._keeper.session.instance_id

    @property
    def has_past(self) -> bool:
        """Tell whether it is known what former daemons kept: else `instance_id` is made up."""
        return self._keeper.has_past

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what happened when the database was opened, for people."""
        return tuple(self._keeper.notes)

    def health(self) -> StoreHealth:
        """Tell how the store is."""
        writer = self._writer
        reason = writer.trouble
        if writer.task.done():
            reason = "The store is closed"
        return StoreHealth(
            mode="disk" if self._keeper.on_disk else "memory",
            writable=reason is None,
            reason=reason,
            size_bytes=writer.size_bytes,
            queued=writer.queued,
            dropped=writer.dropped,
            last_commit_ms=writer.last_commit_ms,
        )

    # What happens

    def record(self, items: Sequence[RunResult | Change]) -> None:
        """Keep runs and changes: within a second, with a change at once; never blocks."""
        self._writer.put(items)

    def mark_unmonitored(self, from_ms: int, to_ms: int) -> None:
        """Note that nobody looked between two times."""
        self._writer.put([Unwatched(from_ms, to_ms)])

    def remove_checks(self, ids: Collection[str], at_ms: int) -> None:
        """Note that checks left the configuration; their history goes 30 days later."""
        self._writer.put([Removed(tuple(ids), at_ms)])

    def record_reading(self, change: ReadingChange) -> None:
        """Keep what a poll brought about: within a second, with an event at once; never blocks."""
        self._writer.put([change])

    def forget_readings(self, names: Collection[str], at_ms: int) -> None:
        """Note that things are polled no more; the history of their values goes with time."""
        self._writer.put([Unpolled(tuple(sorted(names)), at_ms)])

    async def save_alerts(self, told: Iterable[Alert], deliveries: Iterable[Delivery]) -> None:
        """Keep alerts and deliveries as they are now, all or none; returns once they are written.

        Raises:
            StoreError: They cannot be written now.

        """
        await self._keep(
            "alerts",
            lambda database: alerts.save(database, told, deliveries, self._keeper.clock.now_ms()),
        )

    async def save_pulses(
        self, known: Iterable[Pulse], pings: Iterable[Ping], gone: Collection[str]
    ) -> None:
        """Keep what is known of jobs now, with single pings; forget the jobs that are gone.

        Raises:
            StoreError: It cannot be written now.

        """
        await self._keep(
            "what jobs report",
            lambda database: heartbeats.save(database, known, pings, gone),
        )

    async def save_windows(self, kept: Iterable[Window]) -> None:
        """Keep exactly these maintenance windows; returns once they are written.

        Raises:
            StoreError: They cannot be written now.

        """
        await self._keep(
            "maintenance windows",
            lambda database: windows.save(database, kept),
        )

    async def save_mute(self, mute: Mute | None) -> None:
        """Keep that alerts are muted, or that they are not; returns once it is written.

        Raises:
            StoreError: It cannot be written now.

        """
        await self._keep(
            "that alerts are muted",
            lambda database: muting.save(database, mute),
        )

    async def save_tokens(self, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
        """Keep these tokens, and forget those of these ids; returns once that is on disk.

        Raises:
            StoreError: It cannot be written now, or only to memory.

        """
        await self._keep(
            "tokens",
            lambda database: tokens.save(database, changed, gone),
            must_be_on_disk=True,
        )

    async def save_attempts(self, tried: Iterable[Attempt]) -> None:
        """Keep attempts as they are now; returns once they are on disk.

        Raises:
            StoreError: They cannot be written now, or only to memory.

        """
        await self._keep(
            "what is done",
            lambda database: attempts.save(database, tried, self._keeper.clock.now_ms()),
            must_be_on_disk=True,
        )

    async def _keep(
        self,
        what: str,
        save: Callable[[Database], Awaitable[None]],
        *,
        must_be_on_disk: bool = False,
    ) -> None:
        """Write something in a transaction of its own; return once it is written.

        Raises:
            StoreError: It cannot be written now, or only to memory though that will not do.

        """

        async def write() -> None:
            """Write when it is our turn, to the database that is in use then."""
            if must_be_on_disk and not self._keeper.on_disk:
                raise StoreError(f"{what} cannot be kept on disk now")
            try:
                await save(self._keeper.database)
            except UNUSABLE as err:
                raise StoreError(f"{what} cannot be written now: {err}") from err

        await self._writer.ask(write, is_forced=False)

    # Upkeep

    async def flush(self) -> None:
        """Return once all that was recorded is written, or cannot be written now."""
        await self._writer.ask(self._writer.write_states)

    async def maintain(self) -> None:
        """Roll up what is over and delete what is too old; done by itself every few seconds."""
        await self._writer.ask(self._writer.maintain)

    async def rebuild_rollups(self) -> None:
        """Make the roll-ups again from what they were made of, as far as that is still kept."""

        async def rebuild() -> None:
            """Set the roll-ups back and roll them again."""
            await self._keeper.rollups.rebuild()
            await self._writer.maintain()

        await self._writer.ask(rebuild)

    async def backup(self, dest: Path, *, overwrite: bool = False) -> None:
        """Copy the database while it is in use, and verify the copy.

        Raises:
            StoreError: It is in memory only, the copy is not sound, or the file exists already.

        """
        await self.flush()
        if not self._keeper.on_disk:
            raise StoreError("there is nothing on disk to copy: history is kept in memory")
        await backup_database(self._keeper.path, dest, overwrite=overwrite)

    async def import_legacy(self, source: Path) -> tuple[int, int]:
        """Add the states and events of a control-plane service's database; return how many.

        Raises:
            StoreError: The source cannot be read, or there is no database on disk to import into.

        """

        def copy() -> tuple[int, int]:
            """Copy on a connection of our own; the writer waits meanwhile."""
            with closing(sqlite3.connect(self._keeper.path, isolation_level=None)) as target:
                return copy_legacy(source, target)

        async def bring_in() -> tuple[int, int]:
            """Copy, then let the writer learn which checks there are."""
            if not self._keeper.on_disk:
                raise StoreError("there is nothing on disk to import into")
            try:
                counts = await asyncio.to_thread(copy)
            except sqlite3.Error as err:
                raise StoreError(f"{source} could not be imported: {err}") from err
            self._keeper.recording.forget()
            return counts

        return await self._writer.ask(bring_in)
