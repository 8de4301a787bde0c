"""Hold the channels of the configuration in force, and hand deliveries to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from opsmonitor.engine.channel import Channel
from opsmonitor.exceptions import UnknownChannelError
from opsmonitor.models.alert import ChannelHealth, Delivery, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opsmonitor.config.settings import AlertSettings, ChannelSettings
    from opsmonitor.models.alert import Notice
    from opsmonitor.notifiers.base import Message, NotifierType, SendContext
    from opsmonitor.util.clock import Clock


class Channels:
    """The channels by name; one that is changed is replaced without losing what waits in it."""

    def __init__(
        self,
        *,
        clock: Clock,
        kinds: Mapping[str, NotifierType[object]],
        context: SendContext,
        on_change: Callable[[Sequence[Delivery]], None],
        on_left: Callable[[Sequence[Delivery]], None],
        dress: Callable[[Message], Message],
    ) -> None:
        """Take who hears how deliveries fared and of those left behind, and who adds links."""
        self._dress = dress
        self._clock = clock
        self._kinds = kinds
        self._context = context
        self._on_change = on_change
        self._on_left = on_left
        self._channels: dict[str, Channel] = {}
        self._known: Mapping[str, ChannelSettings] = MappingProxyType({})
        self._group_wait_s = 0.0
        self._last_sent: dict[str, int] = {}
        self._last_failed: dict[str, tuple[str, int]] = {}
        self._changes: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop every channel; what was not sent is kept by whoever recorded it."""
        await asyncio.gather(*self._changes)
        channels, self._channels = self._channels, {}
        await asyncio.gather(*(channel.stop() for channel in channels.values()))

    def configure(self, alerts: AlertSettings) -> bool:
        """Start channels that are new or changed, stop those that are gone; tell if any is."""
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
        return alerts.channels != before

    def remember(
        self, last_sent: Mapping[str, int], last_failed: Mapping[str, tuple[str, int]]
    ) -> None:
        """Take over how each channel fared before a restart."""
        self._last_sent, self._last_failed = dict(last_sent), dict(last_failed)

    def put(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Give deliveries to their channels, and up if there is no such channel any more.

        Return those whose channel is about to start.
        """
        by_channel: dict[str, list[Delivery]] = {}
        for item in deliveries:
            by_channel.setdefault(item.channel, []).append(item)
        early: list[Delivery] = []
        for name, items in by_channel.items():
            if name in self._channels:
                self._channels[name].put(items)
            elif name in self._known:
                early += items
            else:
                gone = partial(
                    replace, state=DeliveryState.DROPPED, error="there is no such channel"
                )
                self._on_change([gone(item, done_ms=self._clock.now_ms()) for item in items])
        return early

    def withdraw(self, is_meant: Callable[[Notice], bool]) -> list[Delivery]:
        """Take out of all channels those that are meant, unless they are being sent right now."""
        return [item for channel in self._channels.values() for item in channel.withdraw(is_meant)]

    def health(self) -> list[ChannelHealth]:
        """Tell how the channels are doing."""
        return [channel.health() for channel in self._channels.values()]

    async def send_now(self, name: str, notice: Notice) -> None:
        """Send a notice to a channel at once, past its queue.

        Raises:
            UnknownChannelError: There is no such channel.
            DeliveryError: It did not take the message.

        """
        found = self._channels.get(name)
        if found is None:
            raise UnknownChannelError(name)
        await found.send_now(notice)

    async def _replace(self, before: Channel) -> None:
        """Stop a channel, and let the one that is configured now take over what it left."""
        await before.stop()
        if (success_ms := before.health().last_success_ms) is not None:
            self._last_sent[before.name] = success_ms
        now = self._known.get(before.name)
        if now is not None and before.name not in self._channels:
            self._channels[now.name] = self._build(now)
        self._on_left(before.leave())

    def _build(self, channel: ChannelSettings) -> Channel:
        """Return a running channel."""
        kind = self._kinds[channel.type]
        built = Channel(
            channel.name,
            channel.type,
            send=lambda message, patience_s: kind.send(
                channel.options,
                self._dress(message),
                replace(self._context, patience_s=patience_s),
            ),
            on_change=self._on_change,
            clock=self._clock,
            group_wait_s=self._group_wait_s,
        )
        # The error once only: settings that are changed later may be what mends it.
        error = self._last_failed.pop(channel.name, None)
        built.remember(self._last_sent.get(channel.name), error)
        return built
