"""Keeps a stream open for ever: reconnects, resumes where it ended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from functools import lru_cache
import logging
from time import monotonic
from typing import Final, Protocol

from .api import OpsMonitorClient
from .backoff import Backoff
from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorBusyError,
    OpsMonitorConnectionError,
    OpsMonitorError,
    OpsMonitorHostError,
    OpsMonitorIdentityError,
    OpsMonitorResponseError,
    OpsMonitorSocketError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
)
from .message import Message
from .snapshot import Frame, Snapshot, read_frame
from .statistics import StreamStatistics

_LOGGER = logging.getLogger(__name__)

HEALTHY_S: Final = 10.0
"""A connection that lived this long may be tried again at once: a proxy may have cut it."""
_MOST_DIGITS: Final = 19
_PASSING: Final = {"event", "reading_event", "action", "bye"}
"""What is no part of the state: one that cannot be read leaves the state as it is."""


class StreamHandler(Protocol):
    """What a subscriber does with a stream."""

    def received(self, frames: list[Frame], *, is_first: bool) -> None:
        """Take frames in; none at all is a sign of life. The first ones tell what was missed."""

    def lost(self, error: OpsMonitorError) -> None:
        """Learn that the daemon cannot be heard now."""


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
        self._is_socket = True
        self._lacks_state = False
        """A frame of the state could not be read: the whole has to be told anew."""
        self._woken = asyncio.Event()

    @property
    def last_id(self) -> str | None:
        """Return the id of the last frame that was taken in."""
        return self._last_event_id

    async def run(self, last_event_id: str | None = None) -> None:
        """Receive what comes after that event until cancelled, or until our token is refused.

        Without an event the daemon tells its whole state first.
        """
        self._last_event_id = last_event_id
        while True:
            self._woken.clear()
            error = await self._receive_until_error()
            self.statistics.note(error)
            if self._was_healthy():
                self._backoff.reset()
            if isinstance(error, OpsMonitorAuthError):
                raise error
            if isinstance(error, OpsMonitorSocketError):
                _LOGGER.debug("Going on with server-sent events: %s", error)
                self._is_socket = False
                continue
            # What lies between may let a WebSocket pass next time.
            self._is_socket = True
            if self._was_cut_off(error):
                continue
            self._handler.lost(error)
            await self._wait(self._backoff.next_s(monotonic(), is_away=_is_away(error)))

    def wake(self) -> None:
        """Wait no longer: there is a sign that the daemon is back."""
        self._backoff.reset()
        self._woken.set()

    async def _wait(self, seconds: float) -> None:
        """Wait until it is time to try again, or until there is a reason to."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _receive_until_error(self) -> OpsMonitorError:
        """Open the stream and receive; return why it ended."""
        self._heard_at = None
        self.statistics.connections += 1
        try:
            async with aclosing(self._open()) as batches:
                async for batch in batches:
                    self._take(batch)
        except OpsMonitorError as err:
            return err
        return OpsMonitorConnectionError("the daemon ended the stream")

    def _open(self) -> AsyncGenerator[list[Message]]:
        """Return the stream, by the way that works."""
        if self._is_socket:
            return self._client.socket(self._last_event_id)
        return self._client.events(self._last_event_id)

    def _take(self, batch: list[Message]) -> None:
        """Hand on what can be read of a batch."""
        is_first = self._heard_at is None
        if is_first:
            self._heard_at = monotonic()
            self.statistics.connected_since = _now()
            self.statistics.transport = "websocket" if self._is_socket else "events"
        frames = [
            frame
            for message in batch
            if self._is_next(message) and (frame := self._read(message)) is not None
        ]
        if batch:
            self.statistics.last_frame_at = _now()
            self.statistics.messages += 1
        self.statistics.frames += len(frames)
        self._handler.received(frames, is_first=is_first)
        if self._lacks_state and self._was_healthy():
            # Not sooner: a daemon that goes on talking nonsense must not be asked without end.
            self._last_event_id = None
            raise OpsMonitorConnectionError("a frame of the state could not be read")

    def _is_next(self, message: Message) -> bool:
        """Tell whether a message is new; take note of its number.

        Raises:
            OpsMonitorConnectionError: Something is missing before it; all has to be told anew.

        """
        if message.id is None or message.event in {"snapshot", "bye"}:
            self._last_event_id = message.id or self._last_event_id
            return True
        epoch, number = _split(self._last_event_id)
        its_epoch, its_number = _split(message.id)
        if number is not None:
            if epoch == its_epoch and its_number is not None and its_number <= number:
                self.statistics.repeated_frames += 1
                return False
            if (its_epoch, its_number) != (epoch, number + 1):
                # Another process, or no number: what lies between cannot be known.
                self.statistics.gaps += 1
                missing = f"{self._last_event_id} is followed by {message.id}"
                self._last_event_id = None
                raise OpsMonitorConnectionError(f"frames are missing: {missing}")
        self._last_event_id = message.id
        return True

    def _read(self, message: Message) -> Frame | None:
        """Read a message; one that cannot be read is counted and skipped."""
        try:
            frame = read_frame(message)
        except OpsMonitorResponseError as err:
            self._count_unreadable(err)
            if message.event != "snapshot":
                self._lacks_state |= message.event not in _PASSING
                return None
            # Without it, all that follows would be applied to something else.
            self._last_event_id = None
            raise
        if isinstance(frame, Snapshot):
            if frame.instance_id != self._instance_id:
                self._last_event_id = None
                raise OpsMonitorIdentityError(f"another daemon answers: {frame.instance_id}")
            self._lacks_state = False
        return frame

    def _count_unreadable(self, error: OpsMonitorResponseError) -> None:
        """Count a message that cannot be read; the first one is logged."""
        self.statistics.unreadable_frames += 1
        self.statistics.last_unreadable = str(error)
        if self.statistics.unreadable_frames == 1:
            _LOGGER.warning("A message of the daemon cannot be read: %s", error)

    def _was_healthy(self) -> bool:
        """Tell whether the connection that ended had lasted."""
        return self._heard_at is not None and monotonic() - self._heard_at >= HEALTHY_S

    def _was_cut_off(self, error: OpsMonitorError) -> bool:
        """Tell whether a working connection ended, so that trying again at once is worth it."""
        return self._was_healthy() and not isinstance(error, OpsMonitorTimeoutError)


def _is_away(error: OpsMonitorError) -> bool:
    """Tell whether an error is what a daemon that restarts, or its proxy, makes of a call."""
    lasting = (OpsMonitorBusyError, OpsMonitorHostError, OpsMonitorTlsError)
    return isinstance(error, OpsMonitorConnectionError) and not isinstance(error, lasting)


@lru_cache(maxsize=2)
def _split(frame_id: str | None) -> tuple[str, int | None]:
    """Return the process and the number that an id is made of; None where there is none.

    Each id is looked at twice: as the next one, and then as the one before.
    """
    epoch, _, number = (frame_id or "").rpartition("-")
    is_number = number.isascii() and number.isdigit() and len(number) < _MOST_DIGITS
    return epoch, int(number) if is_number else None


def _now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
