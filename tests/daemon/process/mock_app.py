"""An application to be watched, as the morning checks had one: health, a switch, and a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.daemon.process.listening import Listening


class MockApp(Listening):
    """It breaks when it is told to, and is well again after it was started anew."""

    def __init__(self) -> None:
        """Be well, with a job that was started just now."""
        super().__init__()
        self.is_ok = True
        self.resets: list[Any] = []
        self.job: dict[str, object] = {"status": "succeeded"}
        self.asked_jobs: set[str] = set()

    def run_job(self, minutes: float) -> None:
        """Let the job be under way for so long."""
        started = datetime.now(UTC) - timedelta(minutes=minutes)
        self.job = {"status": "running", "started_at": started.isoformat()}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Answer of its health, its switch and its jobs."""
        router.add_get("/health", self._health)
        router.add_post("/admin/reset", self._reset)
        router.add_get("/jobs/{id}", self._job)

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
