"""An application to be watched, as the morning checks had one: health, a switch, and a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.ports import held_port
from tests.quiet_server import QuietServer


class MockApp:
    """It breaks when it is told to, and is well again after it was started anew."""

    def __init__(self) -> None:
        """Be well, with a job that was started just now."""
        self.port = held_port()
        self.is_ok = True
        self.resets: list[Any] = []
        self.job: dict[str, object] = {"status": "succeeded"}
        self.asked_jobs: set[str] = set()
        self._news = asyncio.Event()
        self._server: QuietServer | None = None

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def run_job(self, minutes: float) -> None:
        """Let the job be under way for so long."""
        started = datetime.now(UTC) - timedelta(minutes=minutes)
        self.job = {"status": "running", "started_at": started.isoformat()}

    async def start(self) -> None:
        """Listen, always on the same port."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/admin/reset", self._reset)
        app.router.add_get("/jobs/{id}", self._job)
        self._server = QuietServer(app, port=self.port)
        await self._server.start_server(access_log=None)

    async def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def until(self, holds: Callable[[], bool], limit_s: float = 90) -> None:
        """Wait until what was asked of it is as expected."""
        async with asyncio.timeout(limit_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": self.is_ok, "latency_ms": 12}, status=200)

    async def _reset(self, request: web.Request) -> web.Response:
        self.resets.append(await request.json())
        self.is_ok = True
        self._news.set()
        return web.json_response({"reset": True})

    async def _job(self, request: web.Request) -> web.Response:
        self.asked_jobs.add(request.match_info["id"])
        return web.json_response({"job_id": request.match_info["id"], **self.job})
