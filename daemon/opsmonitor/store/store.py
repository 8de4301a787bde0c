"""The store: what happens goes in at once and without waiting, and can be asked for later."""

from __future__ import annotations

import asyncio
from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING, Self

from opsmonitor.exceptions import StoreError
from opsmonitor.models.history import ValueHistory
from opsmonitor.store import (
    alerts,
    attempts,
    heartbeats,
    muting,
    queries,
    readings,
    timeline,
    tokens,
    value_history,
    windows,
)
from opsmonitor.store.backup import backup_database
from opsmonitor.store.health import StoreHealth
from opsmonitor.store.keeper import UNUSABLE, Keeper
from opsmonitor.store.legacy import copy_legacy
from opsmonitor.store.pending import Removed, Unpolled, Unwatched
from opsmonitor.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.models.alert import Alert, Delivery, Mute
    from opsmonitor.models.check import Change, CheckState, RunResult, Transition
    from opsmonitor.models.heartbeat import Ping, Pulse
    from opsmonitor.models.history import History, RawRun, Resolution, Uptime
    from opsmonitor.models.maintenance import Window
    from opsmonitor.models.reading import ReadingChange, ReadingMoment, ReadingState
    from opsmonitor.models.remediation import Attempt
    from opsmonitor.models.token import IssuedToken
    from opsmonitor.store.database import Database
    from opsmonitor.util.clock import Clock


class Store:
    """Keeps states, events, runs and their history; made by `open`."""

    def __init__(self, keeper: Keeper, writer: Writer) -> None:
        """Take the parts that `open` made."""
        self._keeper = keeper
        self._writer = writer
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

        async def save() -> None:
            """Write in a transaction of our own."""
            try:
                keeper = self._keeper
                await alerts.save(keeper.database, told, deliveries, keeper.clock.now_ms())
            except UNUSABLE as err:
                raise StoreError(f"alerts cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    async def save_pulses(
        self, known: Iterable[Pulse], pings: Iterable[Ping], gone: Collection[str]
    ) -> None:
        """Keep what is known of jobs now, with single pings; forget the jobs that are gone.

        Raises:
            StoreError: It cannot be written now.

        """

        async def save() -> None:
            """Write in a transaction of our own."""
            try:
                await heartbeats.save(self._keeper.database, known, pings, gone)
            except UNUSABLE as err:
                raise StoreError(f"what jobs report cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    async def save_windows(self, kept: Iterable[Window]) -> None:
        """Keep exactly these maintenance windows; returns once they are written.

        Raises:
            StoreError: They cannot be written now.

        """

        async def save() -> None:
            """Write in a transaction of our own."""
            try:
                await windows.save(self._keeper.database, kept)
            except UNUSABLE as err:
                raise StoreError(f"maintenance windows cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    async def save_mute(self, mute: Mute | None) -> None:
        """Keep that alerts are muted, or that they are not; returns once it is written.

        Raises:
            StoreError: It cannot be written now.

        """

        async def save() -> None:
            """Write in a transaction of our own."""
            try:
                await muting.save(self._keeper.database, mute)
            except UNUSABLE as err:
                raise StoreError(f"that alerts are muted cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    async def mute(self) -> Mute | None:
        """Return for how long alerts are muted; None: they are not."""
        return await muting.load(self._keeper.database)

    async def windows(self) -> list[Window]:
        """Return the maintenance windows that were kept."""
        return await windows.windows(self._keeper.database)

    async def save_tokens(self, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
        """Keep these tokens, and forget those of these ids; returns once that is on disk.

        Raises:
            StoreError: It cannot be written now, or only to memory.

        """

        async def save() -> None:
            """Write in a transaction of our own."""
            keeper = self._keeper
            if not keeper.on_disk:
                raise StoreError("tokens cannot be kept on disk now")
            try:
                await tokens.save(keeper.database, changed, gone)
            except UNUSABLE as err:
                raise StoreError(f"tokens cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    async def tokens(self) -> list[IssuedToken]:
        """Return the tokens that were given out."""
        return await tokens.tokens(self._keeper.database)

    async def save_attempts(self, tried: Iterable[Attempt]) -> None:
        """Keep attempts as they are now; returns once they are on disk.

        Raises:
            StoreError: They cannot be written now, or only to memory.

        """

        async def save() -> None:
            """Write in a transaction of our own."""
            keeper = self._keeper
            if not keeper.on_disk:
                raise StoreError("what is done cannot be kept on disk now")
            try:
                await attempts.save(keeper.database, tried, keeper.clock.now_ms())
            except UNUSABLE as err:
                raise StoreError(f"what is done cannot be written now: {err}") from err

        await self._writer.ask(save, is_forced=False)

    # Upkeep

    async def flush(self) -> None:
        """Return once all that was recorded is written, or cannot be written now."""
        await self._writer.ask(_nothing)

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

    # Questions

    async def load_states(self) -> dict[str, CheckState]:
        """Return what was last known of each check that was configured."""
        return await queries.states(await self._settled())

    async def events(
        self,
        *,
        limit: int,
        since_ms: int | None = None,
        before_ms: int | None = None,
        check_id: str | None = None,
    ) -> list[Transition]:
        """Return transitions, newest first."""
        return await queries.events(
            await self._settled(),
            limit=limit,
            since_ms=since_ms,
            before_ms=before_ms,
            check_id=check_id,
        )

    async def alerts(
        self, *, is_resolved: bool | None = None, server_id: str | None = None, limit: int
    ) -> list[Alert]:
        """Return alerts, newest first."""
        return await alerts.alerts(
            self._keeper.database, is_resolved=is_resolved, server_id=server_id, limit=limit
        )

    async def queued_deliveries(self) -> list[Delivery]:
        """Return what is on its way to channels, oldest first."""
        return await alerts.queued(self._keeper.database)

    async def attempts(self, *, limit: int, check_id: str | None = None) -> list[Attempt]:
        """Return what was done about checks that failed, newest first."""
        return await attempts.attempts(self._keeper.database, limit=limit, check_id=check_id)

    async def pulses(self) -> list[Pulse]:
        """Return what is known of each job that reports."""
        return await heartbeats.pulses(self._keeper.database)

    async def pings(self, check_id: str, *, limit: int) -> list[Ping]:
        """Return what one job reported, newest first."""
        return await heartbeats.pings(self._keeper.database, check_id, limit)

    async def last_sent(self) -> dict[str, int]:
        """Return when each channel last took a message; those that never did are left out."""
        return await alerts.last_sent(self._keeper.database)

    async def last_failed(self) -> dict[str, tuple[str, int]]:
        """Return why and when a channel failed; those whose latest attempt went well are not in."""
        return await alerts.last_failed(self._keeper.database)

    async def recent_runs(
        self, per_check: int = 30, check_ids: Collection[str] | None = None
    ) -> dict[str, list[RawRun]]:
        """Return the latest runs of each check, oldest first; checks without any are left out."""
        return await queries.recent_runs(await self._settled(), per_check, check_ids)

    async def runs(
        self,
        *,
        since_ms: int,
        check_id: str | None = None,
        limit: int,
        only_failed: bool = False,
    ) -> list[RawRun]:
        """Return runs of one or all checks, newest first."""
        return await queries.runs(
            await self._settled(),
            since_ms=since_ms,
            now_ms=self._keeper.clock.now_ms(),
            check_id=check_id,
            limit=limit,
            only_failed=only_failed,
        )

    async def uptime(
        self, check_ids: Collection[str], from_ms: int, to_ms: int
    ) -> dict[str, Uptime]:
        """Return how long each check was in each status, up to now at most."""
        to_ms = min(to_ms, self._keeper.clock.now_ms())
        return await queries.uptime(await self._settled(), check_ids, from_ms, to_ms)

    async def history(
        self, check_id: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> History:
        """Return latency, states and uptime of one check over time, up to now at most."""
        now_ms = self._keeper.clock.now_ms()
        to_ms = max(from_ms, min(to_ms, now_ms))
        retention = self._keeper.retention
        tier = timeline.choose_tier(resolution, from_ms, to_ms, now_ms, retention)
        return await timeline.history(await self._settled(), check_id, from_ms, to_ms, tier)

    async def reading_states(self) -> dict[str, ReadingState]:
        """Return what was last known of each thing that was polled, by its full name."""
        return await readings.states(await self._settled())

    async def reading_events(
        self, *, limit: int, since_ms: int | None = None, name: str | None = None
    ) -> list[ReadingMoment]:
        """Return what happened to things that are polled, newest first."""
        return await readings.events(
            await self._settled(), limit=limit, since_ms=since_ms, name=name
        )

    async def value_history(
        self, thing: str, value: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> ValueHistory:
        """Return a value of a thing over time, up to now at most."""
        now_ms = self._keeper.clock.now_ms()
        to_ms = max(from_ms, min(to_ms, now_ms + 1))
        tier = timeline.choose_tier(resolution, from_ms, to_ms, now_ms, self._keeper.retention)
        database = await self._settled()
        tier, points = await value_history.series(database, thing, value, tier, from_ms, to_ms)
        return ValueHistory(
            thing=thing,
            value=value,
            from_ms=from_ms,
            to_ms=to_ms,
            resolution=tier.resolution,
            points=tuple(points),
        )

    async def _settled(self) -> Database:
        """Return the database once it holds all that was recorded, if it can be written."""
        can_write = self._writer.trouble is None or not self._keeper.on_disk
        if self._writer.is_behind and can_write:
            await self._writer.ask(_nothing, is_forced=False)
        return self._keeper.database


async def _nothing() -> None:
    """Do nothing: what was put before has been written."""
