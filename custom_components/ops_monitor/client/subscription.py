"""Keeps a stream open for ever: reconnects, resumes where it ended."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
import logging
import random
from time import monotonic
from typing import Final, Protocol

from .api import OpsMonitorClient
from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorConnectionError,
    OpsMonitorError,
    OpsMonitorIdentityError,
    OpsMonitorResponseError,
    OpsMonitorTimeoutError,
)
from .snapshot import Frame, Snapshot, read_frame
from .sse import Message

_LOGGER = logging.getLogger(__name__)

HEALTHY_S: Final = 10.0
"""A connection that lived this long may be tried again at once: a proxy may have cut it."""


class StreamHandler(Protocol):
    """What a subscriber does with a stream."""

    def received(self, frames: list[Frame]) -> None:
        """Take frames in; none at all is a sign of life."""

    def lost(self, error: OpsMonitorError) -> None:
        """Learn that the daemon cannot be heard now."""


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Waiting times that double with each failure in a row."""

    first_s: float = 1.0
    limit_s: float = 60.0
    _failures: int = 0

    def reset(self) -> None:
        """Start over: it worked."""
        self._failures = 0

    def next_s(self) -> float:
        """Return how long to wait now; scattered, so that many clients do not come back at once."""
        longest = min(self.limit_s, self.first_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - it scatters load, it protects nothing


@dataclass(slots=True, kw_only=True)
class StreamStatistics:
    """How the stream has been doing, for people who look for a fault."""

    connections: int = 0
    frames: int = 0
    unreadable_frames: int = 0
    last_unreadable: str | None = None
    last_error: str | None = None


class Subscription:
    """One stream that is kept open."""

    def __init__(
        self,
        client: OpsMonitorClient,
        handler: StreamHandler,
        *,
        instance_id: str,
        backoff: Backoff | None = None,
    ) -> None:
        """Prepare to hear the daemon of that id, and no other."""
        self.statistics = StreamStatistics()
        self._client = client
        self._handler = handler
        self._instance_id = instance_id
        self._last_event_id: str | None = None
        self._backoff = backoff or Backoff()
        self._heard_at: float | None = None

    async def run(self, last_event_id: str | None = None) -> None:
        """Receive what comes after that event until cancelled, or until our token is refused.

        Without an event the daemon tells its whole state first.
        """
        self._last_event_id = last_event_id
        while True:
            error = await self._receive_until_error()
            self.statistics.last_error = str(error)
            if isinstance(error, OpsMonitorAuthError):
                raise error
            if self._was_cut_off(error):
                continue
            self._handler.lost(error)
            await asyncio.sleep(self._backoff.next_s())

    async def _receive_until_error(self) -> OpsMonitorError:
        """Open the stream and receive; return why it ended."""
        self._heard_at = None
        self.statistics.connections += 1
        try:
            async with aclosing(self._client.stream(self._last_event_id)) as batches:
                async for batch in batches:
                    self._take(batch)
        except OpsMonitorError as err:
            return err
        return OpsMonitorConnectionError("the daemon ended the stream")

    def _take(self, batch: list[Message]) -> None:
        """Hand on what can be read of a batch."""
        if self._heard_at is None:
            self._heard_at = monotonic()
            self._backoff.reset()
        frames = []
        for message in batch:
            self._last_event_id = message.id or self._last_event_id
            if frame := self._read(message):
                frames.append(frame)
        self.statistics.frames += len(frames)
        self._handler.received(frames)

    def _read(self, message: Message) -> Frame | None:
        """Read a message; one that cannot be read is counted and skipped."""
        try:
            frame = read_frame(message)
        except OpsMonitorResponseError as err:
            self._count_unreadable(err)
            if message.event != "snapshot":
                return None
            # Without it, all that follows would be applied to something else.
            self._last_event_id = None
            raise
        if isinstance(frame, Snapshot) and frame.instance_id != self._instance_id:
            self._last_event_id = None
            raise OpsMonitorIdentityError(f"another daemon answers: {frame.instance_id}")
        return frame

    def _count_unreadable(self, error: OpsMonitorResponseError) -> None:
        """Count a message that cannot be read; the first one is logged."""
        self.statistics.unreadable_frames += 1
        self.statistics.last_unreadable = str(error)
        if self.statistics.unreadable_frames == 1:
            _LOGGER.warning("A message of the daemon cannot be read: %s", error)

    def _was_cut_off(self, error: OpsMonitorError) -> bool:
        """Tell whether a working connection ended, so that trying again at once is worth it."""
        return (
            self._heard_at is not None
            and monotonic() - self._heard_at >= HEALTHY_S
            and not isinstance(error, OpsMonitorTimeoutError)
        )
