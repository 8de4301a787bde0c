"""An HTTP service that people are told by, which can be moody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import json
from typing import Any

from aiohttp import web

from tests.ports import held_port
from tests.quiet_server import QuietServer


class Hook:
    """Takes what is posted, or answers as it was told to."""

    def __init__(self) -> None:
        """Start well."""
        self.port = held_port()
        self.taken: list[Any] = []
        """The bodies of the requests that were answered well."""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        """What the next requests are answered instead of well."""
        self.bodies: list[object] = []
        """The JSON of those answers; without any they are empty."""
        self._news = asyncio.Event()
        self._server: QuietServer | None = None

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def events(self) -> list[str]:
        """Return what every notice that was taken is about, in the order of arrival."""
        return [notice["event"] for body in self.taken for notice in body["notices"]]

    async def start(self) -> None:
        """Listen, always on the same port."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._answer)
        self._server = QuietServer(app, port=self.port)
        await self._server.start_server(access_log=None)

    async def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def until(self, holds: Callable[[], bool], limit_s: float = 90) -> None:
        """Wait until what was posted is as expected."""
        async with asyncio.timeout(limit_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.path, dict(request.headers), body))
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        if status == 200:
            self.taken.append(json.loads(body))
        self._news.set()
        if status != 200 and self.bodies:
            return web.json_response(self.bodies.pop(0), status=status, headers=headers)
        return web.Response(status=status, headers=headers)
