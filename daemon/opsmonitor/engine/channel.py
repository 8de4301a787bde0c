"""Deliver notices to one channel, in order, until each was taken or is given up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.grouping import compose
from opsmonitor.engine.stale import stale
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import (
    OPENING,
    ChannelHealth,
    Delivery,
    DeliveryState,
    Notice,
)
from opsmonitor.notifiers.base import SEND_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from opsmonitor.notifiers.base import Message
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 900.0
_LONGEST_ASKED_S: Final = 3600.0
"""A service may ask for a longer pause than ours, but not for any."""
_POLITE_S: Final = 30.0
"""One that asks for hardly any pause each time is left alone for so long in the end."""
_MOST_AT_ONCE: Final = 200
_MOST_PATIENCE_S: Final = 120.0
"""So long a service may take for one message: what it takes later is sent to it again."""
_STOP_S: Final = 5.0
"""How long a message under way may take when the daemon stops."""


def next_attempt_ms(attempts: int, error: DeliveryError, now_ms: int) -> int:
    """Return when to try again after so many attempts: later each time, or when asked to."""
    pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20), _LONGEST_PAUSE_S)
    if error.retry_after_s is not None:
        pause_s = min(max(error.retry_after_s, min(pause_s, _POLITE_S)), _LONGEST_ASKED_S)
    return now_ms + round(pause_s * 1000)


class Channel:
    """One channel with what waits for it, and the task that sends it."""

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        send: Callable[[Message, float], Awaitable[None]],
        on_change: Callable[[Sequence[Delivery]], None],
        clock: Clock,
        group_wait_s: float,
    ) -> None:
        """Take how a message is sent within some seconds, and who hears how each delivery fared."""
        self.name = name
        self._kind = kind
        self._send = send
        self._on_change = on_change
        self._clock = clock
        self._wait_ms = round(group_wait_s * 1000)
        self._queue: dict[tuple[str, str], Delivery] = {}
        self._news = asyncio.Event()
        self._is_sending = asyncio.Lock()
        self._singles = 0
        self._patience_s = SEND_S
        self._under_way: frozenset[tuple[str, str]] = frozenset()
        self._success_ms: int | None = None
        self._error: tuple[str, int] | None = None
        self._task = asyncio.create_task(self._run(), name=f"channel-{name}")

    def remember(self, success_ms: int | None, error: tuple[str, int] | None) -> None:
        """Take over when the channel last took a message, and why it took none since."""
        self._success_ms, self._error = success_ms, error

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """Send these, after those before them."""
        for item in deliveries:
            self._queue.setdefault(item.key, item)
        self._news.set()

    def withdraw(self, is_meant: Callable[[Notice], bool]) -> list[Delivery]:
        """Take out and return those that are meant, unless they are being sent right now."""
        found = [
            item
            for item in self._queue.values()
            if item.key not in self._under_way and is_meant(item.notice)
        ]
        for item in found:
            del self._queue[item.key]
        return found

    def leave(self) -> list[Delivery]:
        """Return what was not sent, for whoever takes over."""
        return list(self._queue.values())

    async def stop(self) -> None:
        """Let a message under way arrive if it can, and stop."""
        try:
            async with asyncio.timeout(_STOP_S), self._is_sending:
                self._task.cancel()
        except TimeoutError:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def send_now(self, notice: Notice) -> None:
        """Send a notice at once, past the queue.

        Raises:
            DeliveryError: The channel did not take it.

        """
        await self._attempt([notice])

    def health(self) -> ChannelHealth:
        """Tell how the channel is doing."""
        error, error_ms = self._error or (None, None)
        return ChannelHealth(
            name=self.name,
            type=self._kind,
            queued=len(self._queue),
            last_success_ms=self._success_ms,
            last_error=error,
            last_error_ms=error_ms,
        )

    async def _run(self) -> None:
        """Send what waits, for ever."""
        while True:
            self._news.clear()
            pause_s = self._pause_s()
            if pause_s is None or pause_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._news.wait()
                continue
            async with self._is_sending:
                await self._send_some()

    def _pause_s(self) -> float | None:
        """Return how long nothing is to be sent; None: nothing waits."""
        head = next(iter(self._queue.values()), None)
        if head is None:
            return None
        now_ms = self._clock.now_ms()
        # A clock that was set back must not silence a channel for longer than any pause.
        pause_s = min((head.next_ms - now_ms) / 1000, _LONGEST_ASKED_S)
        waited_ms = now_ms - head.queued_ms
        wait_s = (self._wait_ms - waited_ms) / 1000 if waited_ms >= 0 else 0.0
        return max(wait_s, pause_s, 0.0)

    async def _send_some(self) -> None:
        """Send in one message what waits, and note what became of it."""
        now_ms = self._clock.now_ms()
        old = stale(self._queue.values(), now_ms)
        if old:
            self._drop(old, "not delivered within a day")
        batch = list(self._queue.values())[: 1 if self._singles > 0 else _MOST_AT_ONCE]
        if not batch:
            return
        self._singles -= 1
        try:
            since_ms = min(max(item.queued_ms, item.notice.at_ms) for item in batch)
            self._under_way = frozenset(item.key for item in batch)
            told = [item.notice for item in batch]
            await self._attempt(told, patience_s=self._patience_s, late_ms=now_ms - since_ms)
        except DeliveryError as err:
            if err.is_permanent and len(batch) > 1:
                # Perhaps only one of them does not please: that one alone is to be given up.
                self._singles = len(batch)
            elif err.is_permanent:
                self._drop(batch, str(err))
            else:
                self._postpone(batch, err)
        else:
            self._finish(batch, DeliveryState.SENT, None)
        finally:
            self._under_way = frozenset()

    async def _attempt(
        self, notices: Sequence[Notice], *, patience_s: float = SEND_S, late_ms: int = 0
    ) -> None:
        """Send notices as one message, and note how the channel is doing."""
        since_s = self._clock.monotonic()
        try:
            async with asyncio.timeout(patience_s * 1.5):
                await self._send(compose(notices, late_s=late_ms / 1000), patience_s)
        except DeliveryError as err:
            self._error = (str(err), self._clock.now_ms())
            raise
        except Exception as err:
            # Whatever a notifier does, the channel goes on; the details could hold its secrets.
            why = "no answer in time" if isinstance(err, TimeoutError) else type(err).__name__
            self._error = (why, self._clock.now_ms())
            raise DeliveryError(why) from err
        finally:
            if self._clock.monotonic() - since_s >= patience_s:
                # It may only be slow, and would get every message as often as it is tried.
                self._patience_s = max(self._patience_s, min(2 * patience_s, _MOST_PATIENCE_S))
        self._success_ms, self._error = self._clock.now_ms(), None

    def _postpone(self, batch: Sequence[Delivery], error: DeliveryError) -> None:
        """Try again later: after twice the pause, or when the service asked for it."""
        attempts = batch[0].attempts + 1
        next_ms = next_attempt_ms(attempts, error, self._clock.now_ms())
        changed = [
            replace(item, attempts=item.attempts + 1, next_ms=next_ms, error=str(error))
            for item in batch
        ]
        self._queue.update({item.key: item for item in changed})
        if attempts == 1:
            _LOGGER.warning("Channel %s: %s. It is tried again", self.name, error)
        self._on_change(changed)

    def _drop(self, batch: Sequence[Delivery], why: str) -> None:
        """Give deliveries up, and with each failure its recovery: nobody heard of the failure."""
        keys = {item.key for item in batch}
        gone = {item.notice.alert_id for item in batch if item.notice.kind in OPENING}
        lost = [
            item
            for item in self._queue.values()
            if item.key in keys or item.notice.alert_id in gone
        ]
        _LOGGER.error("Channel %s: %d notices given up: %s", self.name, len(lost), why)
        self._finish(lost, DeliveryState.DROPPED, why)

    def _finish(self, batch: Sequence[Delivery], state: DeliveryState, error: str | None) -> None:
        """Take deliveries out of the queue."""
        now_ms = self._clock.now_ms()
        for item in batch:
            self._queue.pop(item.key, None)
        self._on_change(
            [
                replace(item, state=state, error=error, done_ms=now_ms, attempts=item.attempts + 1)
                for item in batch
            ]
        )
