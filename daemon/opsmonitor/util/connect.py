"""Open a TCP connection and see from the socket itself how long that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
import errno
import os
import socket
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiohappyeyeballs import start_connection

from opsmonitor.util.timeline import TimedSocket, Timeline

if TYPE_CHECKING:
    from opsmonitor.util.resolver import Resolver

Endpoint: TypeAlias = tuple[int, tuple[Any, ...]]
"""Address family, and what `socket.connect` takes."""

_KIND: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_NEXT_ADDRESS_AFTER_S: Final = 0.25


def literal_endpoint(host: str, port: int) -> Endpoint | None:
    """Return the endpoint of an address, None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return _endpoint(family, host, port)
    return None


async def find_endpoints(
    resolver: Resolver, host: str, port: int, family: int, timeline: Timeline
) -> list[Endpoint]:
    """Return the endpoints of a name, best first.

    Raises:
        OSError: The name has no address.

    """
    timeline.note_dns_started()
    found = await resolver.resolve(host, port, family)
    timeline.note_dns_done()
    return [_endpoint(item["family"], item["host"], port) for item in found]


async def connect(endpoints: Sequence[Endpoint], timeline: Timeline) -> TimedSocket:
    """Return a socket that is connected to one of the endpoints.

    Raises:
        OSError: None of them accepts; it is the reason of the first that answered.

    """
    if len(endpoints) == 1:
        return await _connect_to(endpoints[0], timeline)
    return await _race(endpoints, timeline)


async def _connect_to(endpoint: Endpoint, timeline: Timeline) -> TimedSocket:
    """Connect to one endpoint."""
    family, address = endpoint
    sock = TimedSocket(family, _KIND, socket.IPPROTO_TCP, timeline)
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _race(endpoints: Sequence[Endpoint], timeline: Timeline) -> TimedSocket:
    """Try one endpoint after the other, not waiting long for any of them."""
    opened: list[TimedSocket] = []
    wants: list[OSError] = []

    def open_socket(info: tuple[Any, ...]) -> TimedSocket:
        """Return a socket that reports to the timeline."""
        try:
            opened.append(TimedSocket(info[0], _KIND, socket.IPPROTO_TCP, timeline))
        except OSError as err:
            wants.append(err)
            raise
        return opened[-1]

    infos = [(family, _KIND, socket.IPPROTO_TCP, "", address) for family, address in endpoints]
    try:
        winner = await start_connection(
            infos, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S, socket_factory=open_socket
        )
    except OSError as err:
        if wants:
            # Not every endpoint was tried, so what the others said is not all.
            raise wants[0] from err
        if err.errno is not None:
            raise
        # The endpoints failed for different reasons, which were put together into one text.
        number = next((sock.refused_with for sock in opened if sock.refused_with), None)
        raise OSError(
            number or errno.ENETUNREACH, os.strerror(number or errno.ENETUNREACH)
        ) from err
    return next(sock for sock in opened if sock is winner)


def _endpoint(family: int, host: str, port: int) -> Endpoint:
    """Return the endpoint of an address."""
    return family, ((host, port) if family == socket.AF_INET else (host, port, 0, 0))
