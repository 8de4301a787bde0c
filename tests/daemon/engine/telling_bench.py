"""People to be told, in virtual time: the real thing on a store and channels in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from opsmonitor.config.settings import AlertSettings, ChannelSettings, CheckSettings, Settings
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.links import Links
from opsmonitor.engine.telling import Telling
from opsmonitor.exceptions import DeliveryError, StoreError
from opsmonitor.models.alert import Alert, Delivery, DeliveryState, Mute
from opsmonitor.models.check import (
    Change,
    CheckState,
    EventKind,
    Outcome,
    Status,
    Transition,
    Verdict,
)
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret


class MemoryAlerts:
    """What the database would hold: it outlives a daemon."""

    def __init__(self) -> None:
        """Start empty and well."""
        self.is_broken = False
        self.kept: dict[str, Alert] = {}
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.muted: Mute | None = None

    async def save_mute(self, mute: Mute | None) -> None:
        """Keep it."""
        if self.is_broken:
            raise StoreError("the disk is full")
        self.muted = mute

    async def mute(self) -> Mute | None:
        """Return it."""
        return self.muted

    async def save_alerts(self, told: Iterable[Alert], deliveries: Iterable[Delivery]) -> None:
        """Keep them."""
        if self.is_broken:
            raise StoreError("the disk is full")
        told = list(told)
        for alert in told:
            # SQLite takes no half of a character.
            alert.subject.encode()
        self.kept |= {alert.id: alert for alert in told}
        self.deliveries |= {item.key: item for item in deliveries}

    async def alerts(self, *, is_resolved: bool | None = None, limit: int) -> list[Alert]:
        """Return them, newest first."""
        found = [
            alert
            for alert in self.kept.values()
            if is_resolved is None or (alert.resolved_ms is not None) == is_resolved
        ]
        found.sort(key=lambda alert: -alert.opened_ms)
        return found if limit < 0 else found[:limit]

    async def queued_deliveries(self) -> list[Delivery]:
        """Return what is not done."""
        waiting = (DeliveryState.QUEUED, DeliveryState.HELD)
        found = [item for item in self.deliveries.values() if item.state in waiting]
        return sorted(found, key=lambda item: (item.queued_ms, item.notice.id))

    async def last_sent(self) -> dict[str, int]:
        """Return when each channel last took a message."""
        return {
            channel: item.done_ms
            for (_, channel), item in self.deliveries.items()
            if item.state is DeliveryState.SENT and item.done_ms is not None
        }

    async def last_failed(self) -> dict[str, tuple[str, int]]:
        """Return why and when a channel failed."""
        sent = await self.last_sent()
        return {
            channel: (item.error, item.done_ms or item.queued_ms)
            for (_, channel), item in self.deliveries.items()
            if item.error is not None
            and item.attempts > 0
            and (item.done_ms is None or item.done_ms > sent.get(channel, 0))
        }


@dataclass
class Bench:
    """Checks whose states are set by hand, and what people were told of them."""

    clock: FakeClock
    checks: dict[str, CheckSettings] = field(default_factory=dict)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    zone: Any = None
    store: MemoryAlerts = field(default_factory=MemoryAlerts)
    told: list[tuple[str, str]] = field(default_factory=list)
    """Channel and title of each message, in the order of arrival."""
    messages: list[Message] = field(default_factory=list)
    broken: dict[str, DeliveryError | None] = field(default_factory=dict)
    """What a channel answers instead of taking a message; None: nothing at all."""
    states: dict[str, CheckState] = field(default_factory=dict)

    def add(self, check_id: str, **keys: Any) -> None:
        """Configure a check."""
        keys.setdefault("interval_s", 10.0)
        check = CheckSettings(id=check_id, type="tcp", name=check_id, options=None, **keys)
        self.checks[check_id] = check
        self.states[check_id] = CheckState(id=check_id, type="tcp")

    def name(self, *channels: str, **keys: Any) -> None:
        """Configure channels, and whatever else there is about alerts."""
        named = {name: ChannelSettings(name=name, type="hand", options=name) for name in channels}
        self.alerts = replace(self.alerts, channels=named, **{"group_wait_s": 0.0, **keys})

    @property
    def settings(self) -> Settings:
        """Return the configuration."""
        zone = {} if self.zone is None else {"zone": self.zone}
        return Settings(checks=self.checks, alerts=self.alerts, **zone)

    async def start(self) -> None:
        """Start a daemon on what the store holds."""
        kind: NotifierType[Any] = NotifierType(
            name="hand",
            options=str,
            schema={},
            send=self._send,
            example={},
            environment={},
        )
        self.telling = Telling(
            store=self.store,
            clock=self.clock,
            kinds={"hand": kind},
            context=SendContext(http=cast("Any", None)),
            settings=lambda: self.settings,
            states=lambda: self.states,
            links=Links(Secret("key"), lambda: self.settings),
        )
        await self.telling.open()
        self.telling.take(Batch(config_changed=True))
        await asyncio.sleep(0.01)

    async def restart(self) -> None:
        """Stop in order and start again."""
        await self.telling.close()
        await self.start()

    async def see(self, check_id: str, status: Status, **values: Any) -> None:
        """Let a run say how a check is, and let the channels work."""
        before, now_ms = self.states[check_id], self.clock.now_ms()
        changed_ms = now_ms if before.status is not status else before.last_change_ms
        outcome = values.pop("outcome", Outcome(verdict=Verdict.FAIL, error="refused"))
        state = replace(
            before,
            status=status,
            last_change_ms=changed_ms,
            last_run_ms=now_ms,
            outcome=outcome,
            **values,
        )
        self.states[check_id] = state
        told = Transition(
            check_id=check_id,
            at_ms=now_ms,
            event=EventKind.INIT,
            status=status,
            previous=before.status,
            ok=None,
        )
        change = Change(state=state, at_ms=now_ms, transition=told)
        self.telling.take(Batch(changes=(change,)))
        await asyncio.sleep(0.01)

    async def wait(self, seconds: float) -> None:
        """Let time pass in which every check runs on as it is."""
        end_s = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end_s:
            await asyncio.sleep(min(30.0, end_s - self.clock.monotonic()))
            for check_id, state in self.states.items():
                self.states[check_id] = replace(state, last_run_ms=self.clock.now_ms())

    def configure(self) -> None:
        """Put changed settings in force."""
        self.telling.take(Batch(config_changed=True))

    def of(self, channel: str) -> list[str]:
        """Return the titles that reached a channel."""
        return [title for name, title in self.told if name == channel]

    async def _send(self, name: str, message: Message, _context: SendContext) -> None:
        if name in self.broken:
            error = self.broken[name]
            if error is None:
                await asyncio.Event().wait()
            raise cast("DeliveryError", error)
        self.told.append((name, message.title))
        self.messages.append(message)
