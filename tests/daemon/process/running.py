"""A real daemon in a process of its own, and servers for it to watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
import json
import os
from pathlib import Path
import re
import signal
import sys
import time
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.daemon.process.listening import Listening

_START_S = 90
_STOP_S = 90
_LEFT_BEHIND: Final = re.compile(
    r"^.*(?:ResourceWarning|was never awaited|Task was destroyed|never retrieved).*$", re.MULTILINE
)
"""What Python says of what a program did not close, wait for, or look at."""
GONE: Final = re.compile("refused|closed the connection")
"""What is said of a target that was stopped, before a request reached it or just after."""


def command(*words: str | Path) -> list[str]:
    """Return the words that run the command line with this interpreter."""
    return [sys.executable, "-m", "opsmonitor", *map(str, words)]


def environment() -> dict[str, str]:
    """Return the environment without anything that steers the daemon."""
    channels = ("NTFY_", "SMTP_", "MAIL_", "TELEGRAM_")
    boxes = ("PROXMOX_", "PORTAINER_", "HA_", "FRITZBOX_", "NVME_", "DOCKER_HOST")
    steering = ("OPSMONITOR", *channels, *boxes)
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)}


async def run_command(*words: str | Path, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run the command line to its end: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        cwd=cwd,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), _START_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(), errors.decode()


class Daemon:
    """A running daemon."""

    def __init__(self, folder: Path) -> None:
        """Keep its configuration and data in a folder."""
        self.config = folder / "checks.yml"
        self.data = folder / "data"
        self.url = ""
        self.variables: dict[str, str] = {}
        self._log = folder / "log"
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def log(self) -> str:
        """Return what it logged."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        assert self._process is not None
        return self._process.pid

    async def start(self, *, token: str | None = None) -> None:
        """Start it and wait until it says where it listens."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command("run", "--config", self.config, "--data", self.data, "--port", "0"),
                env={**environment(), "PYTHONWARNINGS": "always", **self.variables},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), _START_S)
        assert line.startswith(b"Dashboard: "), self.log
        self.url = line.decode().split()[1].rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = aiohttp.ClientSession(self.url, headers=headers)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """End it by a signal: exit code and seconds it took. It must leave nothing behind."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._process is None:
            return 0, 0.0
        process, self._process = self._process, None
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        code = await asyncio.wait_for(process.wait(), _STOP_S)
        took = time.monotonic() - began
        assert not _LEFT_BEHIND.findall(self.log), self.log
        return code, took

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def get(self, path: str) -> Any:
        """Return a JSON answer."""
        assert self._session is not None
        async with self._session.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def post(self, path: str, body: object = None) -> Any:
        """Return the JSON answer of a write."""
        assert self._session is not None
        async with self._session.post(path, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def ask(self, method: str, path: str) -> tuple[int, str]:
        """Return the HTTP status and the text of an answer."""
        assert self._session is not None
        async with self._session.request(method, path) as response:
            return response.status, await response.text()

    async def status(self, path: str) -> int:
        """Return the HTTP status of an answer."""
        assert self._session is not None
        async with self._session.get(path, allow_redirects=False) as response:
            return response.status

    async def until(self, path: str, holds: Callable[[Any], bool], limit_s: float = 90) -> Any:
        """Ask until the answer is as expected."""
        async with asyncio.timeout(limit_s):
            while not holds(answer := await self.get(path)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        return answer


class Frames:
    """The stream of a daemon, read in the background."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Take an open session."""
        self._session = session
        self.seen: list[tuple[str, Any, float]] = []
        self._news = asyncio.Event()

    async def read(self) -> None:
        """Read frames until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get("/api/stream", timeout=timeout) as response:
            kind = ""
            async for raw in response.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    self.seen.append((kind, json.loads(line[6:]), time.time()))
                    self._news.set()

    async def first(self, kind: str, holds: Callable[[Any], bool], limit_s: float = 90) -> Any:
        """Return the first frame of a kind that is as expected, and when it arrived."""
        async with asyncio.timeout(limit_s):
            while True:
                for name, frame, arrived in self.seen:
                    if name == kind and holds(frame):
                        return frame, arrived
                self._news.clear()
                await self._news.wait()


class Target(Listening):
    """An HTTP server to be watched."""

    def __init__(self) -> None:
        """Choose a port."""
        super().__init__()
        self.requests = 0

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Answer that all is well."""
        router.add_get("/", self._answer)

    async def _answer(self, _request: web.Request) -> web.Response:
        self.requests += 1
        return web.json_response({"ok": True})
