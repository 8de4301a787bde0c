"""Tell many sockets when something happens to them: all of them lie in one epoll of their own.

asyncio makes a handle and a selector key for each socket and calls epoll_ctl(2) whenever somebody
begins or ends to wait; with a thousand short connections a second that costs more than they do.
"""

from __future__ import annotations

import asyncio
import logging
import select
from time import perf_counter
from typing import Final, Protocol

_LOGGER = logging.getLogger(__name__)

# Only Linux has these; elsewhere nothing here is used, but the module can be imported.
WRITABLE: Final[int] = getattr(select, "EPOLLOUT", 0)
BROKEN: Final[int] = getattr(select, "EPOLLHUP", 0) | getattr(select, "EPOLLERR", 0)
BREAKING: Final[int] = getattr(select, "EPOLLRDHUP", 0) | getattr(select, "EPOLLPRI", 0) | BROKEN
"""After one of these a short read does not say that nothing is left: the end may follow, or what
comes behind urgent data (source: tcp(7), "urgent data")."""
READABLE: Final[int] = getattr(select, "EPOLLIN", 0) | BREAKING
# Each change is told once, so that nobody ever has to change what is waited for.
_ALL: Final[int] = READABLE | WRITABLE | getattr(select, "EPOLLET", 0)


class Watcher(Protocol):
    """Who wants to know."""

    def notice(self, events: int, now: float) -> None:
        """Take in what happened to the socket by now, in seconds of `perf_counter`."""
        ...

    def bury(self) -> None:
        """Do what is left to be done after the end, outside of everyone else's calls."""
        ...


class Readiness:
    """Watches sockets for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch."""
        self._loop = loop
        self._epoll = select.epoll()
        self._watchers: dict[int, Watcher] = {}
        """By file descriptor."""
        self._dead: list[Watcher] = []
        loop.add_reader(self._epoll.fileno(), self._look)

    def watch(self, number: int, watcher: Watcher) -> None:
        """Tell a watcher of everything that happens to a socket from now on.

        Raises:
            OSError: The system has no room to watch another one.

        """
        self._epoll.register(number, _ALL)
        self._watchers[number] = watcher

    def forget(self, number: int, watcher: Watcher) -> None:
        """Watch a socket no more, which is to be closed: by that, epoll forgets it as well."""
        del self._watchers[number]
        if not self._dead:
            self._loop.call_soon(self._bury)
        self._dead.append(watcher)

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _look(self) -> None:
        """Tell everyone to whom something happened."""
        happened = self._epoll.poll(0)
        now = perf_counter()
        for number, events in happened:
            watcher = self._watchers.get(number)
            if watcher is not None:
                try:
                    watcher.notice(events, now)
                except Exception:
                    # It is told once: a defect of one must not keep it from the others.
                    _LOGGER.exception("A connection could not take in what happened to it")

    def _bury(self) -> None:
        """Let everyone who ended meanwhile do the rest."""
        dead, self._dead = self._dead, []
        for watcher in dead:
            try:
                watcher.bury()
            except Exception:
                _LOGGER.exception("A connection could not take in that it ended")
