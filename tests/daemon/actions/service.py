"""A service on a port or a socket file that notes what is asked, and answers as it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


class Service:
    """Answers every request in the same way."""

    def __init__(self) -> None:
        """Answer well."""
        self.port = 0
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.body = ""
        self.headers: dict[str, str] = {}
        self.hangs = False

    async def answer(self, request: web.Request) -> web.Response:
        """Note a request and answer it."""
        self.asked.append(
            (request.method, request.raw_path, dict(request.headers), await request.read())
        )
        if self.hangs:
            await asyncio.sleep(60)
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@asynccontextmanager
async def serving(service: Service, socket: Path | None = None) -> AsyncIterator[Service]:
    """Let a service listen on a port, or at a socket file."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    if socket is None:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.port = runner.addresses[0][1]
    else:
        await web.UnixSite(runner, str(socket)).start()
    try:
        yield service
    finally:
        await runner.cleanup()
