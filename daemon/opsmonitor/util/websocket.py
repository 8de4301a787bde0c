"""Talk to a server over a WebSocket, in JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import json
from typing import TYPE_CHECKING, Any, Final

from aiohttp import (
    ClientError,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMsgType,
    WSServerHandshakeError,
)

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_trouble import explain_client_error
from opsmonitor.util.timeline import CURRENT, Timeline
from opsmonitor.util.trouble import timed_out

if TYPE_CHECKING:
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.http_message import HttpRequest

_TIMEOUT: Final = ClientWSTimeout(ws_receive=None, ws_close=0.2)
"""The whole conversation has a limit already; a server that does not say goodbye is left alone."""


class WebSocket:
    """One conversation."""

    __slots__ = ("_place", "_socket")

    def __init__(self, socket: ClientWebSocketResponse, place: str) -> None:
        """Take the connection, and where it leads to."""
        self._socket = socket
        self._place = place

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send an object.

        Raises:
            TransportError: The connection has ended.

        """
        try:
            await self._socket.send_str(json.dumps(message))
        except (ClientError, ConnectionError) as err:
            raise self._ended() from err

    async def receive(self) -> Any:
        """Return what the next message says.

        Raises:
            TransportError: The connection has ended, or it is no JSON.

        """
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise self._ended()
        try:
            return json.loads(message.data)
        except (ValueError, RecursionError) as err:
            raise TransportError("invalid_response", f"{self._place} sent no JSON") from err

    def _ended(self) -> TransportError:
        """Return the error of a conversation that broke off."""
        return TransportError("connection_closed", f"{self._place} ended the conversation")


@asynccontextmanager
async def open_websocket(http: HttpTransport, request: HttpRequest) -> AsyncIterator[WebSocket]:
    """Talk within the time of the request, which is for everything that is said.

    Raises:
        TransportError: There is no such conversation, or it takes too long.

    """
    CURRENT.set(timeline := Timeline())
    place = f"{request.url.host} port {request.url.port}"
    try:
        async with (
            asyncio.timeout(request.timeout_s),
            http.session(request.family).ws_connect(
                request.url,
                headers=request.headers,
                ssl=request.tls,
                timeout=_TIMEOUT,
                max_msg_size=request.max_body_bytes,
            ) as socket,
        ):
            yield WebSocket(socket, place)
    except TimeoutError as err:
        raise timed_out(request.url.host or "", request.timeout_s, timeline) from err
    except WSServerHandshakeError as err:
        message = f"{place} speaks no WebSocket: it answered with status {err.status}"
        raise TransportError("invalid_response", message) from err
    except ClientError as err:
        raise explain_client_error(err, request, timeline) from err
    finally:
        timeline.hang_up()
