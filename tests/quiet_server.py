"""A server of a test that goes away without losing a connection half-way."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer, get_port_socket

_TURNS = 3
"""A connection that asyncio has accepted is known to its server two turns of the loop later."""


class QuietServer(TestServer):
    """Takes no connection any more before it closes.

    asyncio closes a server at once; a connection that it accepted just before fails an assertion
    then (source: `Server._attach` in asyncio's base_events), and its socket is left open.
    """

    __test__ = False

    def __init__(self, app: web.Application, *, port: int | None = None) -> None:
        """Serve an application on the loopback."""
        super().__init__(app, host="127.0.0.1", port=port, socket_factory=self._open_socket)
        self._listener: socket.socket | None = None

    async def close(self) -> None:
        """Stop listening, then close."""
        await self.stop_listening()
        await super().close()

    async def stop_listening(self) -> None:
        """Take no connection any more; those that were taken are known to the server then."""
        listener, self._listener = self._listener, None
        if listener is not None:
            asyncio.get_running_loop().remove_reader(listener)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _open_socket(self, *where: Any) -> socket.socket:
        """Return the socket that it is to listen on."""
        self._listener = get_port_socket(*where)
        return self._listener
