"""A container engine that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import copy
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.daemon.probes.box_double import Box

# The shape of the list, as far as it matters.
LISTED: dict[str, Any] = {
    "Id": "e2173b9478a6ae55e237d4d74f8bbb753f0817192b5081334dc78476296b7dfb",
    "Names": ["/web/db", "/db"],
    "Image": "postgres:17",
    "ImageID": "sha256:5d2f",
    "State": "running",
    "Status": "Up 2 hours",
    "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"},
    "Ports": [],
}
INSPECTED: dict[str, Any] = {
    "Id": LISTED["Id"],
    "Name": "/db",
    "RestartCount": 0,
    "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
    "Config": {"Env": ["POSTGRES_PASSWORD=hunter2"]},
    "State": {"Status": "running", "OOMKilled": False, "StartedAt": "2026-06-14T05:48:53.26Z"},
}


def listed(name: str, state: str, status_text: str, **more: Any) -> dict[str, Any]:
    """Return a container of the list."""
    found = copy.deepcopy(LISTED)
    found |= {"Id": f"{name}0123456789abcdef", "Names": [f"/{name}"]}
    return {**found, "State": state, "Status": status_text, **more}


class Engine(Box):
    """A container engine, on a port or behind Portainer's path."""

    def __init__(self, prefix: str = "", headers: dict[str, str] | None = None) -> None:
        """Know no container."""
        super().__init__({}, headers or {})
        self.prefix = prefix
        self.show([])

    def show(self, containers: list[dict[str, Any]], **inspected: Any) -> None:
        """Let these containers be there; `inspected` is what a closer look shows of each."""
        self.answers = {
            path: found
            for path, found in self.answers.items()
            if not path.startswith(f"{self.prefix}/containers/")
        }
        self.answers[f"{self.prefix}/containers/json"] = containers
        for each in containers:
            found = copy.deepcopy(INSPECTED)
            found["RestartCount"] = inspected.get("restarts", 0)
            found["HostConfig"]["RestartPolicy"]["Name"] = inspected.get("policy", "no")
            found["State"]["OOMKilled"] = inspected.get("oom", False)
            self.answers[f"{self.prefix}/containers/{each['Id']}/json"] = found

    @asynccontextmanager
    async def serving_at(self, path: Path) -> AsyncIterator[str]:
        """Listen at a socket file; what is yielded is the address."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(path)).start()
        try:
            yield f"unix://{path}"
        finally:
            await runner.cleanup()
