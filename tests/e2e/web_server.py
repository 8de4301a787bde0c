"""A server that is watched."""

from __future__ import annotations

from aiohttp import web


class WebServer:
    """Answers, or breaks off every connection as long as it is down; its port stays its own."""

    def __init__(self) -> None:
        """Be up."""
        self.is_up = True
        self.port = 0
        self.received: list[str] = []
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_route("*", "/", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End."""
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        """Say that all is well, keep what is sent; or hang up."""
        if not self.is_up and request.transport:
            request.transport.abort()
        if request.can_read_body:
            self.received.append(await request.text())
        return web.Response(text="ok")
