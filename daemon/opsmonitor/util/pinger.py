"""Ping in whichever way this machine allows, found out once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
import shutil
import socket
from typing import Final, TypeAlias

from opsmonitor.exceptions import TransportError
from opsmonitor.util.echo_socket import PROTOCOLS, EchoSocket, OpenSocket
from opsmonitor.util.ping_program import PingProgram
from opsmonitor.util.want import is_want, want_at_start

FindProgram: TypeAlias = Callable[[str], str | None]

_GAP_S: Final = 0.2
_PROGRAM_GAP_S: Final = 1.0
_UNSUPPORTED: Final = (
    "this machine does not let the daemon ping: widen net.ipv4.ping_group_range with sysctl, give"
    " the daemon the capability CAP_NET_RAW, or install the program ping"
)


class PingMethod(StrEnum):
    """The ways to ping, best first."""

    DATAGRAM = "datagram socket"
    RAW = "raw socket"
    PROGRAM = "ping program"


_KINDS: Final = {PingMethod.DATAGRAM: socket.SOCK_DGRAM, PingMethod.RAW: socket.SOCK_RAW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoes:
    """What came of a series of echoes."""

    method: PingMethod
    sent: int
    times_ms: tuple[float, ...]
    """Of those that came back, in the order of sending."""
    error: OSError | None = None
    """What somebody on the way said of one that did not."""


class Pinger:
    """Pings for all checks; only one event loop at a time may use it."""

    def __init__(
        self,
        *,
        open_socket: OpenSocket = socket.socket,
        find_program: FindProgram = shutil.which,
    ) -> None:
        """Prepare; how to ping is found out when it is needed."""
        self._open_socket = open_socket
        self._find_program = find_program
        self._sockets: dict[socket.AddressFamily, tuple[PingMethod, EchoSocket]] = {}
        self._program: PingProgram | None = None

    async def ping(
        self,
        family: socket.AddressFamily,
        address: str,
        *,
        count: int,
        size: int,
        timeout_s: float,
    ) -> Echoes:
        """Send echoes a little apart, and return what came back within the time.

        Raises:
            TransportError: This machine allows no way to ping, or has no room for the program.
            OSError: It has no room for a socket, or the program cannot be run.

        """
        found = self._sockets.get(family) or self._find_socket(family)
        if found is not None:
            method, echo_socket = found
            return await _series(method, echo_socket, address, count, size, timeout_s)
        if self._program is None:
            self._program = await self._find_ping()
        # The program's pace is its own: more would only be killed half-way.
        count = min(count, max(1, int(timeout_s / _PROGRAM_GAP_S)))
        try:
            times_ms, error = await self._program.ping(
                address, count=count, size=size, timeout_s=timeout_s
            )
        except OSError as err:
            raise want_at_start(err, "ping") or err from err
        return Echoes(
            method=PingMethod.PROGRAM, sent=count, times_ms=tuple(times_ms[:count]), error=error
        )

    def _find_socket(self, family: socket.AddressFamily) -> tuple[PingMethod, EchoSocket] | None:
        """Return the best kind of socket that may be opened."""
        for method, kind in _KINDS.items():
            try:
                self._open_socket(family, kind, PROTOCOLS[family]).close()
            except OSError as err:
                if is_want(err):
                    # That is over some time, and says nothing of what this machine allows.
                    raise
                continue
            found = method, EchoSocket(family, kind, self._open_socket)
            self._sockets[family] = found
            return found
        return None

    async def _find_ping(self) -> PingProgram:
        """Return the program; its absence is not remembered, as it can be installed."""
        path = await asyncio.to_thread(self._find_program, "ping")
        if path is None:
            raise TransportError("unsupported", _UNSUPPORTED)
        return PingProgram(path)


@lru_cache(maxsize=1)
def shared_pinger() -> Pinger:
    """Return the one of this process, so that all checks share its sockets."""
    return Pinger()


async def _series(
    method: PingMethod,
    echo_socket: EchoSocket,
    address: str,
    count: int,
    size: int,
    timeout_s: float,
) -> Echoes:
    """Send the echoes, and wait for all of them until the time is over."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout_s
    gap_s = min(_GAP_S, timeout_s / 2 / count)
    tasks = [loop.create_task(echo_socket.ping(address, size))]
    try:
        for _ in range(1, count):
            await asyncio.sleep(gap_s)
            tasks.append(loop.create_task(echo_socket.ping(address, size)))
        await asyncio.wait(tasks, timeout=max(0.0, ends - loop.time()))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _sum_up(method, tasks)


def _sum_up(method: PingMethod, tasks: Collection[asyncio.Task[float]]) -> Echoes:
    """Return what came of the echoes."""
    times_ms: list[float] = []
    error: OSError | None = None
    for task in tasks:
        if task.cancelled():
            continue
        trouble = task.exception()
        if trouble is None:
            times_ms.append(task.result())
        elif isinstance(trouble, OSError) and not is_want(trouble):
            error = error or trouble
        else:
            raise trouble
    return Echoes(method=method, sent=len(tasks), times_ms=tuple(times_ms), error=error)
