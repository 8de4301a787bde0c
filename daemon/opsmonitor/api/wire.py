"""The two ways to send the stream: as server-sent events, or over a WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import WSMsgType, hdrs, web

from opsmonitor.api.frames import PING, RETRY, as_events, as_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opsmonitor.api.frames import Frame

_MOST_HEARD: Final = 4096
"""Nothing that a client may say is longer, in bytes."""


class Wire(Protocol):
    """How one client is sent what it is told."""

    ping: bytes
    """What shows that the stream lives; empty where the connection sees to that by itself."""

    @staticmethod
    def encode(frames: Iterable[Frame], /) -> bytes:
        """Return what is sent of frames; made once for all clients of a kind."""
        ...

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Answer the request; the answer is what the handler returns in the end."""
        ...

    async def send(self, chunks: Sequence[bytes]) -> None:
        """Send what was encoded."""
        ...

    async def listen(self) -> None:
        """Return when the client is gone; sending shows it too."""
        ...

    async def close(self) -> None:
        """Take leave."""
        ...


class EventWire:
    """Server-sent events over an answer that does not end."""

    ping = PING

    def __init__(self) -> None:
        """Prepare the answer."""
        self._response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
                hdrs.CACHE_CONTROL: "no-store, no-transform",
                "X-Accel-Buffering": "no",
            }
        )

    @staticmethod
    def encode(frames: Iterable[Frame], /) -> bytes:
        """Return one event for each."""
        return as_events(frames)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Begin the answer."""
        await self._response.prepare(request)
        if request.method != hdrs.METH_HEAD:
            await self._response.write(RETRY)
        return self._response

    async def send(self, chunks: Sequence[bytes]) -> None:
        """Send it all in one write."""
        await self._response.write(b"".join(chunks))

    async def listen(self) -> None:
        """Hear nothing: such a client has nothing to say, and its leaving fails the next write."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing: the answer ends with its handler."""


class SocketWire:
    """A WebSocket: each message is an array of frames."""

    ping = b""

    def __init__(self, *, heartbeat_s: float, farewell_s: float) -> None:
        """Prepare a socket that finds out by itself when nobody is at the other end."""
        self._socket = web.WebSocketResponse(
            heartbeat=heartbeat_s, timeout=farewell_s, compress=False, max_msg_size=_MOST_HEARD
        )

    @staticmethod
    def encode(frames: Iterable[Frame], /) -> bytes:
        """Return one message for all."""
        return as_message(frames)

    def can_open(self, request: web.Request) -> bool:
        """Tell whether a request asks for a WebSocket."""
        return self._socket.can_prepare(request).ok

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Change the protocol."""
        await self._socket.prepare(request)
        return self._socket

    async def send(self, chunks: Sequence[bytes]) -> None:
        """Send each chunk as a message of its own."""
        for chunk in chunks:
            await self._socket.send_frame(chunk, WSMsgType.TEXT)

    async def listen(self) -> None:
        """Let the socket answer pings; what the client says means nothing."""
        async for _ in self._socket:
            pass

    async def close(self) -> None:
        """Say that this end leaves."""
        await self._socket.close()
