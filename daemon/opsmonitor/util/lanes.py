"""Make blocking calls that can hang, such as to a dead network drive, in threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
import threading
from typing import Any, TypeVar

from opsmonitor.util.want import start_thread

T = TypeVar("T")


class Lanes:
    """One lane for each thing that can be asked, and at most one thread in each lane.

    A call that hangs blocks its own lane only. Whoever asks meanwhile waits for the same answer, so
    that threads cannot pile up. The threads are daemons: they do not delay the end of the process.
    """

    def __init__(self) -> None:
        """Start with no lane in use."""
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}
        self._since_s: dict[Hashable, float] = {}

    async def call(self, key: Hashable, function: Callable[[], T], *, fresh_s: float = 0.0) -> T:
        """Return what the function returns; it may raise OSError and nothing else.

        A call under way in the lane is joined, and so is one that ended up to `fresh_s` ago.
        """
        future = self._under_way.get(key)
        if future is None:
            future = self._start(key, function, fresh_s)
        # Shielded: one waiter that runs out of time must not take the answer from the others.
        answer: T = await asyncio.shield(future)
        return answer

    def busy_s(self, key: Hashable) -> float:
        """Return for how long the call in a lane has been under way, in seconds; 0.0 if none is."""
        since_s = self._since_s.get(key)
        return 0.0 if since_s is None else asyncio.get_running_loop().time() - since_s

    def _start(self, key: Hashable, function: Callable[[], T], fresh_s: float) -> asyncio.Future[T]:
        """Let a thread make the call."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._under_way[key] = future
        self._since_s[key] = loop.time()
        future.add_done_callback(lambda done: self._finished(key, done, fresh_s))
        thread = threading.Thread(
            target=_work, args=(loop, future, function), name=f"lane-{key}", daemon=True
        )
        try:
            start_thread(thread)
        except OSError as err:
            future.set_exception(err)
        return future

    def _finished(self, key: Hashable, future: asyncio.Future[T], fresh_s: float) -> None:
        """Free the lane; taking the error keeps asyncio quiet when all waiters have left."""
        del self._since_s[key]
        is_good = not future.cancelled() and future.exception() is None
        if is_good and fresh_s:
            asyncio.get_running_loop().call_later(fresh_s, self._under_way.pop, key)
        else:
            del self._under_way[key]


def _work(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], function: Callable[[], T]
) -> None:
    """Make the call and hand its answer to the event loop, unless that has ended meanwhile."""
    answer: list[T] = []
    error: OSError | None = None
    try:
        answer.append(function())
    except OSError as err:
        error = err
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver, future, answer, error)


def _deliver(future: asyncio.Future[T], answer: list[T], error: OSError | None) -> None:
    """Give the waiters the answer, or tell them that there is none."""
    if future.done():
        return
    if answer:
        future.set_result(answer[0])
    else:
        # Without an error of the system's, the thread itself has told its defect.
        future.set_exception(error or OSError("the call ended without an answer"))
