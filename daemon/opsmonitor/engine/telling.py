"""Tell people what is: decide, keep what was decided, then hand it to the channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.engine.alerting import Decision, close_orphans, reconcile
from opsmonitor.engine.channel import Channel
from opsmonitor.exceptions import StoreError, UnknownChannelError
from opsmonitor.models.alert import (
    Alert,
    ChannelHealth,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opsmonitor.config.settings import ChannelSettings, CheckSettings, Settings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.notifiers.base import NotifierType, SendContext
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)
_SAVE_AGAIN_S: Final = 10.0


class AlertStore(Protocol):
    """Where it is kept what people were told."""

    async def save_alerts(self, told: Iterable[Alert], deliveries: Iterable[Delivery]) -> None:
        """Keep alerts and deliveries as they are now, all or none."""
        ...

    async def alerts(self, *, is_resolved: bool | None = None, limit: int) -> list[Alert]:
        """Return alerts, newest first."""
        ...

    async def queued_deliveries(self) -> list[Delivery]:
        """Return what is on its way."""
        ...


class Telling:
    """Decides on each batch of results what must be told, and sees to it.

    What is decided reaches the channels only after it was written: a daemon that is killed before
    decides the same again, one that is killed after finds it written.
    """

    def __init__(
        self,
        *,
        store: AlertStore,
        clock: Clock,
        kinds: Mapping[str, NotifierType[object]],
        context: SendContext,
        settings: Callable[[], Settings],
    ) -> None:
        """Take the parts; `open` reads what was told before."""
        self._store = store
        self._clock = clock
        self._kinds = kinds
        self._context = context
        self._settings = settings
        self._told: dict[str, Alert] = {}
        self._channels: dict[str, Channel] = {}
        self._known: Mapping[str, ChannelSettings] = {}
        self._group_wait_s = 0.0
        self._unsaved_alerts: dict[str, Alert] = {}
        self._unsaved: dict[tuple[str, str], Delivery] = {}
        self._waiting: list[Delivery] = []
        """Decided, but not handed to the channels before it is written."""
        self._changes: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read what people were told, and what is on its way to them."""
        open_alerts = await self._store.alerts(is_resolved=False, limit=-1)
        self._told = {alert.subject: alert for alert in reversed(open_alerts)}
        self._waiting = await self._store.queued_deliveries()
        self._news.set()

    async def close(self) -> None:
        """Write what is left to write, and stop; what is not sent is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*self._changes)
        channels, self._channels = self._channels, {}
        await asyncio.gather(*(channel.stop() for channel in channels.values()))
        await self._save()

    def take(self, batch: Batch) -> None:
        """Compare the states of a batch with what people were told."""
        settings = self._settings()
        if batch.config_changed:
            self._configure(settings)
            self._decide(close_orphans(self._told, settings.checks, self._clock.now_ms()))
        decision = reconcile(
            self._told,
            batch.states(),
            settings.checks,
            channels=self._known,
            now_ms=self._clock.now_ms(),
            zone=settings.zone,
        )
        self._decide(decision)

    def health(self) -> list[ChannelHealth]:
        """Tell how the channels are doing."""
        return [channel.health() for channel in self._channels.values()]

    async def test(self, channel: str, check: CheckSettings | None) -> None:
        """Send a test to a channel now.

        Raises:
            UnknownChannelError: There is no such channel.
            DeliveryError: It did not take the message.

        """
        found = self._channels.get(channel)
        if found is None:
            raise UnknownChannelError(channel)
        now_ms = self._clock.now_ms()
        name = check.name if check else "Ops Monitor"
        subject = check.id if check else ""
        notice = Notice(
            id=f"{subject}:test:{now_ms}",
            alert_id=f"{subject}:test",
            kind=NoticeKind.TEST,
            subject=subject,
            name=name,
            severity=check.severity if check else "P4",
            tags=check.tags if check else (),
            at_ms=now_ms,
            title=f"Test: {name}",
            text="This is a test: nothing is wrong. Alerts reach you here.",
        )
        await found.test(notice)

    def _decide(self, decision: Decision) -> None:
        """Take a decision over, to be written and then told."""
        for alert in decision.alerts:
            self._unsaved_alerts[alert.id] = alert
            if alert.resolved_ms is None:
                self._told[alert.subject] = alert
            else:
                self._told.pop(alert.subject, None)
        now_ms = self._clock.now_ms()
        for notice, channels in decision.notices:
            for name in channels:
                item = Delivery(notice=notice, channel=name, queued_ms=now_ms)
                self._unsaved[item.key] = item
                self._waiting.append(item)
        if decision.alerts:
            self._news.set()

    def _configure(self, settings: Settings) -> None:
        """Start channels that are new or changed, and stop those that are gone."""
        alerts = settings.alerts
        has_wait_changed = alerts.group_wait_s != self._group_wait_s
        self._group_wait_s = alerts.group_wait_s
        for name in tuple(self._channels):
            if has_wait_changed or alerts.channels.get(name) != self._known[name]:
                change = asyncio.create_task(self._replace(self._channels.pop(name)))
                self._changes.add(change)
                change.add_done_callback(self._changes.discard)
        before, self._known = self._known, alerts.channels
        for name, channel in alerts.channels.items():
            if name not in before:
                self._channels[name] = self._build(channel)
        if self._task is None:
            self._task = asyncio.create_task(self._keep_saving(), name="telling")
        self._news.set()

    async def _replace(self, before: Channel) -> None:
        """Stop a channel, and let the one that is configured now take over what it left."""
        await before.stop()
        now = self._known.get(before.name)
        if now is not None and before.name not in self._channels:
            self._channels[now.name] = self._build(now)
        self._waiting = [*before.leave(), *self._waiting]
        self._news.set()

    def _build(self, channel: ChannelSettings) -> Channel:
        """Return a running channel."""
        kind = self._kinds[channel.type]
        return Channel(
            channel.name,
            channel.type,
            send=lambda message: kind.send(channel.options, message, self._context),
            on_change=self._note,
            clock=self._clock,
            group_wait_s=self._group_wait_s,
        )

    def _note(self, deliveries: Sequence[Delivery]) -> None:
        """Keep how deliveries fared; who was never told of a failure is not told of its end."""
        for item in deliveries:
            self._unsaved[item.key] = item
            alert = self._told.get(item.notice.subject)
            if (
                item.state is DeliveryState.DROPPED
                and alert is not None
                and alert.id == item.notice.alert_id
            ):
                left = tuple(name for name in alert.channels if name != item.channel)
                self._told[alert.subject] = replace(alert, channels=left)
                self._unsaved_alerts[alert.id] = self._told[alert.subject]
        self._news.set()

    async def _keep_saving(self) -> None:
        """Write whatever changed, then hand it on, even while nothing can be written."""
        while True:
            await self._news.wait()
            self._news.clear()
            waiting, self._waiting = self._waiting, []
            is_saved = await self._save()
            self._hand_on(waiting)
            if not is_saved:
                asyncio.get_running_loop().call_later(_SAVE_AGAIN_S, self._news.set)

    async def _save(self) -> bool:
        """Write what changed; tell whether that went well."""
        alerts, self._unsaved_alerts = self._unsaved_alerts, {}
        deliveries, self._unsaved = self._unsaved, {}
        if not alerts and not deliveries:
            return True
        try:
            await self._store.save_alerts(alerts.values(), deliveries.values())
        except BaseException as err:
            self._unsaved_alerts = {**alerts, **self._unsaved_alerts}
            self._unsaved = {**deliveries, **self._unsaved}
            if not isinstance(err, StoreError):
                raise
            _LOGGER.warning("%s. They are told all the same", err)
            return False
        return True

    def _hand_on(self, deliveries: Iterable[Delivery]) -> None:
        """Give deliveries to their channels, and up if there is no such channel any more."""
        by_channel: dict[str, list[Delivery]] = {}
        for item in deliveries:
            by_channel.setdefault(item.channel, []).append(item)
        for name, items in by_channel.items():
            if name in self._channels:
                self._channels[name].put(items)
                continue
            if name in self._known:
                # Its successor is about to start.
                self._waiting += items
                continue
            gone = partial(replace, state=DeliveryState.DROPPED, error="there is no such channel")
            self._note([gone(item, done_ms=self._clock.now_ms()) for item in items])
