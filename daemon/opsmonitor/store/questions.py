"""What the store can be asked: each answer holds all that was recorded before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.exceptions import StoreError
from opsmonitor.models.history import ValueHistory
from opsmonitor.store import (
    alerts,
    attempts,
    heartbeats,
    latencies,
    muting,
    queries,
    readings,
    timeline,
    tokens,
    value_history,
    windows,
)
from opsmonitor.store.keeper import UNUSABLE

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsmonitor.models.alert import Alert, Delivery, Mute
    from opsmonitor.models.check import CheckState, Transition
    from opsmonitor.models.heartbeat import Ping, Pulse
    from opsmonitor.models.history import History, RawRun, Resolution, Uptime
    from opsmonitor.models.maintenance import Window
    from opsmonitor.models.reading import ReadingMoment, ReadingState
    from opsmonitor.models.remediation import Attempt
    from opsmonitor.models.token import IssuedToken
    from opsmonitor.store.database import Database
    from opsmonitor.store.keeper import Keeper
    from opsmonitor.store.writer import Writer


class Questions:
    """Answers from the database that is in use at the moment."""

    def __init__(self, keeper: Keeper, writer: Writer) -> None:
        """Take who holds the database, and who may have something to write yet."""
        self._keeper = keeper
        self._writer = writer

    async def load_states(self) -> dict[str, CheckState]:
        """Return what was last known of each check that was configured."""
        database = await self._settled()
        if self._keeper.late.are_any:
            await self._writer.ask(self._writer.write_states, is_forced=False)
            database = self._keeper.database
        return await queries.states(database)

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

    async def mean_latencies(self, from_ms: int, to_ms: int) -> dict[str, float]:
        """Return the mean latency of each check that has one, in milliseconds, in full hours."""
        return await latencies.mean_latencies(await self._settled(), from_ms, to_ms)

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

    async def mute(self) -> Mute | None:
        """Return for how long alerts are muted; None: they are not."""
        return await muting.load(self._keeper.database)

    async def windows(self) -> list[Window]:
        """Return the maintenance windows that were kept."""
        return await windows.windows(self._keeper.database)

    async def tokens(self) -> list[IssuedToken]:
        """Return the tokens that were given out.

        Raises:
            StoreError: What was kept of them cannot be read now.

        """
        if not self._keeper.has_past:
            raise StoreError(self._writer.trouble or "the database cannot be read")
        try:
            return await tokens.tokens(self._keeper.database)
        except UNUSABLE as err:
            raise StoreError(str(err)) from err

    async def _settled(self) -> Database:
        """Return the database once it holds all that was recorded, if it can be written."""
        can_write = self._writer.trouble is None or not self._keeper.on_disk
        if self._writer.is_behind and can_write:
            await self._writer.ask(nothing, is_forced=False)
        return self._keeper.database


async def nothing() -> None:
    """Do nothing: what was put before has been written."""
