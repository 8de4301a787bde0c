"""The stream over a WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientSSLError,
    ClientWebSocketResponse,
    ClientWSTimeout,
    Fingerprint,
    ServerFingerprintMismatch,
    WSMsgType,
)
from yarl import URL

from .exceptions import (
    OpsMonitorConnectionError,
    OpsMonitorResponseError,
    OpsMonitorSocketError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
)
from .message import Message, read_batch

OPENING_S: Final = 10.0
"""So long it may take until the first message is there."""
SILENCE_S: Final = 40.0
"""The daemon sends something every 15 s: missing that twice and more is a dead connection."""

_MESSAGE_LIMIT: Final = 32 * 1024 * 1024
_CLOSING: Final = ClientWSTimeout(ws_close=1.0)


@asynccontextmanager
async def open_socket(
    session: ClientSession,
    url: URL,
    headers: Mapping[str, str],
    ask: Callable[[], Awaitable[object]],
    *,
    ssl: Fingerprint | bool = True,
) -> AsyncIterator[AsyncGenerator[list[Message]]]:
    """Open a socket and give its messages; `ask` raises the true reason where none can be had.

    The answer to a refused upgrade cannot be read, and a proxy may cut what it does not know: a
    plain request tells whether it is the daemon that does not want us, or something in between.
    """
    socket: ClientWebSocketResponse | None = None
    try:
        async with asyncio.timeout(OPENING_S):
            socket = await session.ws_connect(
                url,
                headers=headers,
                autoping=False,
                max_msg_size=_MESSAGE_LIMIT,
                timeout=_CLOSING,
                ssl=ssl,
            )
            first = await socket.receive()
    except ClientSSLError as err:
        raise OpsMonitorTlsError(str(err)) from err
    except ServerFingerprintMismatch as err:
        raise OpsMonitorTlsError("another certificate is shown than the trusted one") from err
    except ClientConnectorError as err:
        # Nobody answers there: a plain request would not be answered either.
        raise OpsMonitorConnectionError(str(err)) from err
    except (ClientError, OSError, TimeoutError) as err:
        if socket:
            await socket.close()
        await ask()
        raise OpsMonitorSocketError(
            f"no WebSocket can be had: {err or type(err).__name__}"
        ) from err
    async with socket:
        if first.type is not WSMsgType.TEXT:
            await ask()
            raise OpsMonitorSocketError("the WebSocket was closed before its first message")
        async with aclosing(_batches(socket, first.data)) as batches:
            yield batches


async def _batches(socket: ClientWebSocketResponse, first: str) -> AsyncGenerator[list[Message]]:
    """Yield the frames of each message; none at all is a sign of life."""
    yield read_batch(first)
    while True:
        try:
            message = await socket.receive(timeout=SILENCE_S)
        except TimeoutError as err:
            raise OpsMonitorTimeoutError("the daemon gave no sign of life") from err
        match message.type:
            case WSMsgType.TEXT:
                yield read_batch(message.data)
            case WSMsgType.PING:
                await socket.pong(message.data)
                yield []
            case WSMsgType.PONG:
                pass
            case WSMsgType.BINARY:
                raise OpsMonitorResponseError("a message that is no text")
            case _:
                raise OpsMonitorConnectionError("the daemon ended the stream")
