"""An HTTP server that a test stops and starts again, always on the same port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from tests.ports import held_port
from tests.quiet_server import QuietServer


class Listening:
    """What is watched, or people are told by; what it answers is its own matter."""

    def __init__(self) -> None:
        """Choose a port."""
        self.port = held_port()
        self._news = asyncio.Event()
        self._server: QuietServer | None = None

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say who answers what."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        self.add_routes(app.router)
        self._server = QuietServer(app, port=self.port)
        await self._server.start_server(access_log=None)

    async def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def until(self, holds: Callable[[], bool], limit_s: float = 90) -> None:
        """Wait until what it was sent is as expected."""
        async with asyncio.timeout(limit_s):
            while not holds():
                self._news.clear()
                await self._news.wait()
