"""One client of the stream: what waits for it, and sending it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.api.wire import Wire

_MOST_PENDING: Final = 1024 * 1024
"""A client that lets more than this pile up, in bytes, is dropped."""


class StreamClient:
    """Collects what a client is to be sent, and sends it in one piece whenever it can take it."""

    def __init__(
        self, wire: Wire, transport: asyncio.BaseTransport | None, is_valid: Callable[[], bool]
    ) -> None:
        """Take the connection and how to ask whether the credential still holds."""
        self.wire = wire
        self.is_valid = is_valid
        self._transport = transport
        self._pending: list[bytes] = []
        self._size = 0
        self._ready = asyncio.Event()
        self._is_ending = False

    def offer(self, chunk: bytes) -> None:
        """Send bytes as soon as the client can take them; drop a client that cannot keep up."""
        if self._is_ending or not chunk:
            return
        if self._size + len(chunk) > _MOST_PENDING:
            self.drop()
            return
        self._pending.append(chunk)
        self._size += len(chunk)
        self._ready.set()

    def end(self, last: bytes = b"") -> None:
        """Send a last piece and finish."""
        self.offer(last)
        self._is_ending = True
        self._ready.set()

    def drop(self) -> None:
        """Cut the connection, whatever is under way."""
        self._is_ending = True
        self._pending.clear()
        self._ready.set()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    async def pump(self, first: bytes) -> None:
        """Send a first piece and then all that is offered, until the end."""
        await self.wire.send([first])
        while True:
            await self._ready.wait()
            self._ready.clear()
            chunks = self._pending
            self._pending = []
            self._size = 0
            if chunks:
                await self.wire.send(chunks)
            if self._is_ending and not self._pending:
                return

    async def listen(self) -> None:
        """Finish when the client leaves."""
        await self.wire.listen()
        self.end()
