"""See whether ports accept connections: all that are under way wait in one epoll of their own.

asyncio would make a handle, a selector key and two calls of epoll_ctl(2) for each connection, and a
timer for its time-out; with a thousand of them a second that costs more than connecting does.
"""

from __future__ import annotations

import asyncio
import errno
from functools import lru_cache
import os
import select
import socket
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opsmonitor.util.connect import Endpoint

_KIND: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class _Knock:
    """One connection that is being opened."""

    __slots__ = ("answer", "deadline_s", "lane", "sock", "started")

    def __init__(
        self,
        sock: socket.SocketType,
        started: float,
        lane: dict[int, _Knock],
        loop: asyncio.AbstractEventLoop,
        timeout_s: float,
    ) -> None:
        """Wait for the answer in a lane."""
        self.sock = sock
        self.started = started
        """In seconds of `perf_counter`."""
        self.lane = lane
        self.answer: asyncio.Future[float] = loop.create_future()
        self.deadline_s = loop.time() + timeout_s


class Knocker:
    """Knocks for all checks; only one event loop at a time may use it."""

    def __init__(self) -> None:
        """Prepare; what is needed is opened with the first knock."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoll: select.epoll
        self._under_way: dict[int, _Knock] = {}
        """By file descriptor."""
        self._lanes: dict[float, dict[int, _Knock]] = {}
        """The same by time-out: within a lane the oldest comes first, and is due first."""

    async def knock(self, endpoint: Endpoint, timeout_s: float) -> float:
        """Connect, hang up, and return how long connecting took, in seconds.

        Raises:
            OSError: The connection was not accepted; a TimeoutError without a number says that
                there was no answer in time.

        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move(loop)
        family, address = endpoint
        sock = socket.SocketType(family, _KIND, socket.IPPROTO_TCP)
        started = perf_counter()
        number = sock.connect_ex(address)
        if number != errno.EINPROGRESS:
            ended = perf_counter()
            sock.close()
            if number:
                raise OSError(number, os.strerror(number))
            return ended - started
        lane = self._lanes.get(timeout_s)
        if lane is None:
            lane = self._open_lane(timeout_s, loop)
        knock = _Knock(sock, started, lane, loop, timeout_s)
        number = sock.fileno()
        self._under_way[number] = lane[number] = knock
        self._epoll.register(number, select.EPOLLOUT)
        try:
            return await knock.answer
        except asyncio.CancelledError:
            if self._under_way.get(number) is knock:
                self._end(number)
            raise

    def _move(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work for another event loop; whatever waits in the one before has ended with it."""
        self._under_way.clear()
        self._lanes.clear()
        self._epoll = select.epoll()
        self._loop = loop
        loop.add_reader(self._epoll.fileno(), self._take_answers)

    def _take_answers(self) -> None:
        """Note who has answered, and hang up."""
        answered = self._epoll.poll(0)
        now = perf_counter()
        for number, events in answered:
            knock = self._end(number, is_open=True)
            error = 0
            if events != select.EPOLLOUT:
                error = knock.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            knock.sock.close()
            if knock.answer.done():
                continue
            if error:
                knock.answer.set_exception(OSError(error, os.strerror(error)))
            else:
                knock.answer.set_result(now - knock.started)

    def _open_lane(self, timeout_s: float, loop: asyncio.AbstractEventLoop) -> dict[int, _Knock]:
        """Return a new lane, in which nobody waits longer than this."""
        lane = self._lanes[timeout_s] = {}
        loop.call_later(timeout_s, self._give_up, timeout_s, lane)
        return lane

    def _give_up(self, timeout_s: float, lane: dict[int, _Knock]) -> None:
        """End what has waited too long; come back when the next in the lane is due."""
        loop = self._loop
        if loop is None or self._lanes.get(timeout_s) is not lane:
            return
        now_s = loop.time()
        while lane:
            number, knock = next(iter(lane.items()))
            if knock.deadline_s > now_s:
                loop.call_at(knock.deadline_s, self._give_up, timeout_s, lane)
                return
            self._end(number)
            if not knock.answer.done():
                knock.answer.set_exception(TimeoutError())
        del self._lanes[timeout_s]

    def _end(self, number: int, *, is_open: bool = False) -> _Knock:
        """Forget a knock, and close its socket, by which epoll forgets it as well."""
        knock = self._under_way.pop(number)
        del knock.lane[number]
        if not is_open:
            knock.sock.close()
        return knock


@lru_cache(maxsize=1)
def shared_knocker() -> Knocker | None:
    """Return the one of this process; None where the system has no epoll."""
    return Knocker() if sys.platform == "linux" else None
