"""See whether ports accept connections: all that are under way wait in one epoll of their own.

asyncio would make a handle, a selector key and two calls of epoll_ctl(2) for each connection, and a
timer for its time-out; with a thousand of them a second that costs more than connecting does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import errno
from functools import lru_cache
import logging
import os
import select
import socket
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from opsmonitor.util.connect import Endpoint

_LOGGER = logging.getLogger(__name__)

Answer: TypeAlias = Callable[[float, OSError | None], None]
"""Takes how long connecting took, in seconds, and why it did not work; a TimeoutError without a
number says that there was no answer in time."""

_CONNECTED: Final[int] = getattr(select, "EPOLLOUT", 0)
"""All that happens to a socket that is connected and has not been written to."""
_KIND: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class Pending(Protocol):
    """What will be told."""

    def cancel(self) -> object:
        """Let it not be told."""
        ...


class Knock:
    """One connection that is being opened."""

    __slots__ = ("answer", "deadline_s", "lane", "number", "sock", "started")

    def __init__(
        self,
        sock: socket.SocketType,
        started: float,
        deadline_s: float,
        lane: dict[int, Knock],
        answer: Answer,
    ) -> None:
        """Wait for the answer in a lane."""
        self.sock = sock
        self.number = number = sock.fileno()
        self.started = started
        """In seconds of `perf_counter`."""
        self.deadline_s = deadline_s
        """By the event loop's clock."""
        self.answer: Answer | None = answer
        """Who is told; None: nobody any more."""
        self.lane: dict[int, Knock] | None = lane
        """Where it waits; None: it waits no more."""
        lane[number] = self

    def cancel(self) -> None:
        """Tell nobody any more, and hang up."""
        self.answer = None
        self.end()

    def end(self) -> None:
        """Wait no more, and close the socket, by which epoll forgets it as well."""
        if self.lane is not None:
            del self.lane[self.number]
            self.lane = None
            self.sock.close()

    def error(self) -> OSError | None:
        """Return why the socket is not connected, if it is not."""
        return _error(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def tell(self, seconds: float, error: OSError | None) -> None:
        """Tell who waits, if anybody does; a defect there must not keep others from theirs."""
        answer, self.answer = self.answer, None
        if answer is not None:
            try:
                answer(seconds, error)
            except Exception:
                _LOGGER.exception("What a connection brought about could not be taken in")


class Knocker:
    """Knocks for all checks; only one event loop at a time may use it."""

    def __init__(self) -> None:
        """Prepare; what is needed is opened with the first knock."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoll: select.epoll
        self._lanes: dict[float, dict[int, Knock]] = {}
        """What is under way, by time-out and by file descriptor: within a lane the oldest comes
        first, and is due first."""

    def start(self, endpoint: Endpoint, timeout_s: float, answer: Answer) -> Pending:
        """Connect, hang up and tell that, never before this returns; call it in the event loop."""
        loop = asyncio.get_running_loop()
        family, address = endpoint
        try:
            if loop is not self._loop:
                self._move(loop)
            sock = socket.SocketType(family, _KIND, socket.IPPROTO_TCP)
        except OSError as err:
            return loop.call_soon(answer, 0.0, err)
        started = perf_counter()
        number = sock.connect_ex(address)
        if number != errno.EINPROGRESS:
            seconds = perf_counter() - started
            sock.close()
            return loop.call_soon(answer, seconds, _error(number))
        lane = self._lanes.get(timeout_s)
        if lane is None:
            lane = self._open_lane(timeout_s, loop)
        knock = Knock(sock, started, loop.time() + timeout_s, lane, answer)
        try:
            self._epoll.register(knock.number, _CONNECTED)
        except OSError as err:
            knock.cancel()
            return loop.call_soon(answer, 0.0, err)
        return knock

    async def knock(self, endpoint: Endpoint, timeout_s: float) -> float:
        """Connect, hang up, and return how long connecting took, in seconds.

        Raises:
            OSError: The connection was not accepted; a TimeoutError without a number says that
                there was no answer in time.

        """
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def answer(seconds: float, error: OSError | None) -> None:
            """Let the caller go on."""
            if answered.done():
                return
            if error is None:
                answered.set_result(seconds)
            else:
                answered.set_exception(error)

        knock = self.start(endpoint, timeout_s, answer)
        try:
            return await answered
        finally:
            knock.cancel()

    def look(self) -> None:
        """Tell at once who has answered, before the event loop comes to it."""
        if any(self._lanes.values()):
            self._take_answers()

    def _move(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work for another event loop; whatever waits in the one before has ended with it."""
        self._lanes.clear()
        self._epoll = select.epoll()
        self._loop = loop
        loop.add_reader(self._epoll.fileno(), self._take_answers)

    def _take_answers(self) -> None:
        """Note who has answered, and hang up."""
        happened = self._epoll.poll(0)
        now = perf_counter()
        answered: list[tuple[Knock, OSError | None]] = []
        for number, events in happened:
            for lane in self._lanes.values():
                knock = lane.pop(number, None)
                if knock is not None:
                    knock.lane = None
                    answered.append((knock, None if events == _CONNECTED else knock.error()))
                    knock.sock.close()
                    break
        # Only now: whoever is told may knock again, at a number that has just got free.
        for knock, error in answered:
            knock.tell(now - knock.started, error)

    def _open_lane(self, timeout_s: float, loop: asyncio.AbstractEventLoop) -> dict[int, Knock]:
        """Return a new lane, in which nobody waits longer than this."""
        lane = self._lanes[timeout_s] = {}
        loop.call_later(timeout_s, self._give_up, timeout_s, lane)
        return lane

    def _give_up(self, timeout_s: float, lane: dict[int, Knock]) -> None:
        """End what has waited too long; come back when the next in the lane is due."""
        loop = self._loop
        if loop is None or self._lanes.get(timeout_s) is not lane:
            return
        now_s = loop.time()
        while lane:
            knock = next(iter(lane.values()))
            if knock.deadline_s > now_s:
                loop.call_at(knock.deadline_s, self._give_up, timeout_s, lane)
                return
            knock.end()
            knock.tell(timeout_s, TimeoutError())
        del self._lanes[timeout_s]


def _error(number: int) -> OSError | None:
    """Return the error of a number of the system; None for none."""
    return OSError(number, os.strerror(number)) if number else None


@lru_cache(maxsize=1)
def shared_knocker() -> Knocker | None:
    """Return the one of this process; None where the system has no epoll."""
    return Knocker() if sys.platform == "linux" else None
