"""One connection of a client: how many there may be, and what is no HTTP."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from opsmonitor.api.errors import error_response, from_status
from opsmonitor.api.headers import make_careful

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)

_MOST_CONNECTIONS: Final = 400
"""Together with the most runs at once this stays below the 1,024 files a process usually may open:
whoever floods the API must not take from the checks what they need."""
_IDLE_S: Final = 75.0
"""A connection without a complete request for so long is closed: slow senders are cut off."""
_LINGER_S: Final = 2.0
"""How long a body that nobody wants is read, so that its sender gets the answer."""


def connector(server: web.Server) -> Callable[[], Connection]:
    """Return what makes the connections of a server."""
    loop = asyncio.get_running_loop()
    return lambda: Connection(server, loop)


class Connection(web.RequestHandler):
    """A connection that is refused when there are too many, and answers nonsense briefly."""

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        """Take the server whose connection it is."""
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # none at all, which aiohttp takes
            keepalive_timeout=_IDLE_S,
            lingering_time=_LINGER_S,
            # A megabyte unpacks to a gigabyte, and unpacking holds up the checks.
            auto_decompress=False,
        )
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or end at once when there is no room."""
        super().connection_made(transport)
        if len(self._server.connections) > _MOST_CONNECTIONS and isinstance(
            transport, asyncio.WriteTransport
        ):
            transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP in the one shape; neither answer nor log repeat what was sent."""
        del exc, message
        if request.writer.output_size:
            # Half of an answer is out: another one within it would be taken for its rest.
            raise ConnectionResetError("the answer broke off")
        _LOGGER.debug("Refused a malformed request from %s", request.remote)
        response = error_response(from_status(status))
        make_careful(response)
        response.force_close()
        return response
