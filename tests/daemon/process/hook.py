"""An HTTP service that people are told by, which can be moody."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.daemon.process.listening import Listening


class Hook(Listening):
    """Takes what is posted, or answers as it was told to."""

    def __init__(self) -> None:
        """Start well."""
        super().__init__()
        self.taken: list[Any] = []
        """The bodies of the requests that were answered well."""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        """What the next requests are answered instead of well."""
        self.bodies: list[object] = []
        """The JSON of those answers; without any they are empty."""

    @property
    def events(self) -> list[str]:
        """Return what every notice that was taken is about, in the order of arrival."""
        return [notice["event"] for body in self.taken for notice in body["notices"]]

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Take whatever is posted."""
        router.add_post("/{path:.*}", self._answer)

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
