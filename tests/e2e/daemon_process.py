"""The real daemon as a process of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import re

from tests.ports import held_port

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"


class DaemonProcess:
    """One daemon with its own configuration and data."""

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        """Prepare to run in an empty folder, with some programs in place of the machine's."""
        self.config = folder / "checks.yml"
        self.url = ""
        self.output: list[str] = []
        self.kills = 0
        self._data = folder / "data"
        self._path = f"{programs}{os.pathsep}" if programs else ""
        self._port = held_port()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and wait for its address, which stays the same."""
        self._process = await asyncio.create_subprocess_exec(
            str(PYTHON),
            "-m",
            "opsmonitor",
            "run",
            "--port",
            str(self._port),
            "--config",
            str(self.config),
            "--data",
            str(self._data),
            env={**os.environ, "PATH": f"{self._path}{os.environ['PATH']}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(self._process, started))
        async with asyncio.timeout(300):
            self.url = await started

    async def _read(
        self, process: asyncio.subprocess.Process, started: asyncio.Future[str]
    ) -> None:
        """Keep what it prints, and find its address in it."""
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode().rstrip()
            self.output.append(text)
            if (found := re.search(r"Dashboard: (http://\S+?)/?$", text)) and not started.done():
                started.set_result(found[1])
        if not started.done():
            started.set_exception(AssertionError("\n".join(self.output)))

    async def kill(self) -> None:
        """Kill it, if it still runs: it gets no chance to say goodbye."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            self.kills += 1
        await self._end()

    async def stop(self) -> None:
        """Stop it as systemd does."""
        if self._process and self._process.returncode is None:
            self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(60):
                    await self._process.wait()
        await self.kill()

    async def _end(self) -> None:
        """Wait until it is gone and all that it printed is read."""
        if self._process:
            await self._process.wait()
        if self._reader:
            await self._reader
