"""Connect for aiohttp's client: short plain requests by the shortest way."""

from __future__ import annotations

import asyncio
import errno
from functools import lru_cache
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import ClientConnectorError, TCPConnector, hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from opsmonitor.util.connect import Endpoint, literal_endpoint
from opsmonitor.util.readiness import Readiness
from opsmonitor.util.timeline import CURRENT, TimedSocket, Timeline
from opsmonitor.util.wire import Wire

if TYPE_CHECKING:
    from aiohttp import AddrInfoType, ClientRequest, ClientTimeout
    from aiohttp.abc import AbstractResolver
    from aiohttp.tracing import Trace

KNOWN: Final = "3.14."
"""How the versions of aiohttp begin of which the parts are known that are put together here.

With any other, every connection is made by aiohttp itself: at a higher cost, but as well.
"""
_KIND: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_OTHER_FAMILY: Final = (socket.EAI_NONAME, "an address of the other family")
_UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS})
_endpoint = lru_cache(maxsize=4096)(literal_endpoint)


class Connector(TCPConnector):
    """Makes a fresh connection for each request.

    A plain request without a body to a single address needs little of what makes up most of the
    cost of a connection: no choice between addresses, no TLS, no flow control. And a literal
    address is not looked up.
    """

    def __init__(self, resolver: AbstractResolver, family: socket.AddressFamily) -> None:
        """Connect to addresses of a family."""
        super().__init__(
            resolver=resolver,
            use_dns_cache=False,
            family=family,
            force_close=True,
            limit=0,
            socket_factory=_open_socket,
        )
        is_known = sys.platform == "linux" and aiohttp.__version__.startswith(KNOWN)
        self._readiness = Readiness(self._loop) if is_known else None

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - the base class's name
    ) -> Connection:
        """Return a connection for a request; it may be that it stands later.

        Raises:
            ClientConnectorError: The address is of another family, or the system refuses.

        """
        readiness = self._readiness
        endpoint = _endpoint(req.url.raw_host or "", req.url.port or 0)
        if endpoint is not None and self.family not in {socket.AF_UNSPEC, endpoint[0]}:
            raise ClientConnectorError(req.connection_key, socket.gaierror(*_OTHER_FAMILY))
        if endpoint is None or readiness is None or self._closed or not _is_short(req, timeout):
            return await super().connect(req, traces, timeout)
        protocol = self._open_wire(endpoint, req, readiness)
        self._acquired.add(protocol)
        return Connection(self, req.connection_key, protocol, self._loop)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections."""
        readiness, self._readiness = self._readiness, None
        await super().close(abort_ssl=abort_ssl)
        if readiness is not None:
            readiness.close()

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: list[AddrInfoType],
        req: ClientRequest,
        timeout: ClientTimeout,  # noqa: ASYNC109 - the base class's name
        client_error: type[Exception] = ClientConnectorError,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """Connect to one of the addresses of a name."""
        readiness = self._readiness
        is_proxy = client_error is not ClientConnectorError
        if readiness is not None and len(addr_infos) == 1 and not is_proxy:
            family, _, _, _, address = addr_infos[0]
            if _is_short(req, timeout):
                protocol = self._open_wire((family, address), req, readiness)
                transport = protocol.transport
                if transport is not None:
                    return transport, protocol
        return await super()._wrap_create_connection(
            *args,
            addr_infos=addr_infos,
            req=req,
            timeout=timeout,
            client_error=client_error,
            **kwargs,
        )

    def _open_wire(
        self, endpoint: Endpoint, req: ClientRequest, readiness: Readiness
    ) -> ResponseHandler:
        """Return what waits for the answer, on a connection that is under way.

        Raises:
            ClientConnectorError: The system refuses to connect.
            OSError: The system has no room for another socket.

        """
        family, address = endpoint
        timeline = CURRENT.get() or Timeline()
        sock = socket.SocketType(family, _KIND, socket.IPPROTO_TCP)
        timeline.note_connecting()
        number = sock.connect_ex(address)
        if number not in _UNDER_WAY:
            sock.close()
            error = OSError(number, os.strerror(number))
            raise ClientConnectorError(req.connection_key, error) from error
        protocol = ResponseHandler(self._loop)
        try:
            wire = Wire(sock, protocol, readiness, timeline)
        except OSError:
            sock.close()
            raise
        protocol.connection_made(wire)
        return protocol


def _is_short(req: ClientRequest, timeout: ClientTimeout) -> bool:
    """Tell whether a request is plain, and over once it is answered."""
    return (
        req.url.scheme == "http"
        and not req.proxy
        and not req.body
        and timeout.connect is None
        and hdrs.UPGRADE not in req.headers
    )


def _open_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> TimedSocket:
    """Return a socket that reports to the running exchange."""
    family, kind, proto, _, _ = address
    return TimedSocket(family, kind, proto, CURRENT.get() or Timeline())
