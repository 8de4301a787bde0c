"""Turn host names into addresses without letting a dead name server hold up anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
import socket
import threading
from typing import Any, Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from opsmonitor.util.want import behind_look_up, start_thread

WORKERS: Final = 16

GetAddrInfo: TypeAlias = Callable[..., list[tuple[Any, ...]]]
_Key: TypeAlias = tuple[str, int]
_Addresses: TypeAlias = list[tuple[int, str]]
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Resolver(AbstractResolver):
    """Asks the system for addresses, in threads of its own.

    The threads are daemons: a look-up that hangs for half a minute neither delays the end of the
    process nor keeps the event loop's own threads. Nothing is cached, so that a name that stops
    resolving is seen at the next run; look-ups of one name that happen at once share one answer.
    """

    def __init__(
        self, *, workers: int = WORKERS, getaddrinfo: GetAddrInfo = socket.getaddrinfo
    ) -> None:
        """Prepare; threads start when they are needed."""
        self._getaddrinfo = getaddrinfo
        self._max_workers = workers
        self._workers = 0
        self._queue: SimpleQueue[_LookUp | None] = SimpleQueue()
        self._under_way: dict[_Key, asyncio.Future[_Addresses]] = {}
        self._is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily | int = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host, best first.

        Raises:
            OSError: The name has no address, or the resolver is closed.

        """
        addresses = await self._addresses(host, int(family))
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=found_family,
                proto=socket.IPPROTO_TCP,
                flags=_NUMERIC,
            )
            for found_family, address in addresses
        ]

    async def close(self) -> None:
        """Let the threads end and the waiting fail; a hung look-up is left behind."""
        self._is_closed = True
        for _ in range(self._workers):
            self._queue.put(None)
        for future in tuple(self._under_way.values()):
            if not future.done():
                future.set_exception(OSError("the resolver was closed"))

    async def _addresses(self, host: str, family: int) -> _Addresses:
        """Return family and address of each answer, joining a look-up under way."""
        if self._is_closed:
            raise OSError("the resolver is closed")
        key = (host, family)
        future = self._under_way.get(key)
        if future is None:
            future = self._start(key)
        # Shielded: one waiter that runs out of time must not take the answer from the others.
        return await asyncio.shield(future)

    def _start(self, key: _Key) -> asyncio.Future[_Addresses]:
        """Queue a look-up, with one thread more if all are busy."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Addresses] = loop.create_future()
        self._under_way[key] = future
        future.add_done_callback(lambda done: self._finished(key, done))
        self._queue.put(_LookUp(key, loop, future))
        if self._workers < min(len(self._under_way), self._max_workers):
            self._add_worker(future)
        return future

    def _add_worker(self, future: asyncio.Future[_Addresses]) -> None:
        """Start a thread; without any at all the look-up fails."""
        name = f"dns-{self._workers + 1}"
        try:
            start_thread(threading.Thread(target=self._work, name=name, daemon=True))
        except OSError as err:
            if not self._workers:
                future.set_exception(err)
        else:
            self._workers += 1

    def _finished(self, key: _Key, future: asyncio.Future[_Addresses]) -> None:
        """Forget a look-up; taking its error keeps asyncio quiet when all waiters have left."""
        del self._under_way[key]
        future.exception()

    def _work(self) -> None:
        """Serve look-ups until told to end; runs in a thread."""
        while True:
            look_up = self._queue.get()
            if look_up is None:
                return
            look_up.answer(self._getaddrinfo)


class _LookUp:
    """One question on its way through a thread."""

    __slots__ = ("_future", "_key", "_loop")

    def __init__(
        self, key: _Key, loop: asyncio.AbstractEventLoop, future: asyncio.Future[_Addresses]
    ) -> None:
        """Keep the question and where its answer goes."""
        self._key = key
        self._loop = loop
        self._future = future

    def answer(self, getaddrinfo: GetAddrInfo) -> None:
        """Ask the system and hand the answer to the event loop; runs in a thread."""
        host, family = self._key
        try:
            infos = getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
        except socket.gaierror as err:
            self._deliver(self._fail, behind_look_up(err))
        except OSError as err:
            self._deliver(self._fail, err)
        except UnicodeError as err:
            # A label that is too long or empty never reaches the name server.
            self._deliver(self._fail, socket.gaierror(socket.EAI_NONAME, str(err)))
        else:
            self._deliver(self._succeed, [(info[0], _address(info[4])) for info in infos])

    def _deliver(self, callback: Callable[[Any], None], value: object) -> None:
        """Call back in the event loop, unless that has ended meanwhile."""
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:
            return

    def _succeed(self, addresses: _Addresses) -> None:
        """Give the addresses to the waiters."""
        if not self._future.done():
            self._future.set_result(addresses)

    def _fail(self, error: OSError) -> None:
        """Give the error to the waiters."""
        if not self._future.done():
            self._future.set_exception(error)


def _address(sockaddr: tuple[Any, ...]) -> str:
    """Return the address, with its zone if it only means something on one network."""
    match sockaddr:
        case (str(address), _, _, int(zone)) if zone:
            return f"{address}%{zone}"
        case _:
            return str(sockaddr[0])
