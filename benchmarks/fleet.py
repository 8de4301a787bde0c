"""Start programs, and end every one of them by its id whatever happens."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Final, Self

_PATIENCE_S: Final = 10.0
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
ROOT: Final = Path(__file__).resolve().parent.parent
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE")
"""Nothing else is passed on: variables that configure the daemon would change what is measured."""


class BenchmarkError(Exception):
    """A part of the benchmark could not do its work."""


class Fleet:
    """The programs under way and a folder for their files; leaving it ends and removes both."""

    def __init__(self) -> None:
        """Start empty."""
        self._folder = tempfile.TemporaryDirectory(prefix="ops-monitor-bench-")
        self._processes: list[subprocess.Popen[str]] = []
        self.path = Path(self._folder.name)

    def __enter__(self) -> Self:
        """Begin; being asked to end counts like Ctrl+C."""
        for number in _ENDING:
            signal.signal(number, signal.default_int_handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what still runs; a second Ctrl+C must not leave half of it."""
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        while self._processes:
            self.stop(self._processes[-1])
        self._folder.cleanup()

    def start(self, command: list[str], core: set[int], name: str) -> subprocess.Popen[str]:
        """Start a program on a core; what it complains of goes to a file."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, core)
        try:
            with self.log(name).open("a", encoding="utf-8") as log:
                process = subprocess.Popen(  # noqa: S603  # the commands are written in this folder
                    command,
                    cwd=ROOT,
                    env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    # Ctrl+C reaches only us: we end the others in order.
                    start_new_session=True,
                )
        finally:
            os.sched_setaffinity(0, before)
        self._processes.append(process)
        return process

    def start_module(
        self, module: str, arguments: list[object], core: set[int]
    ) -> subprocess.Popen[str]:
        """Start a module of this folder as a program."""
        command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
        return self.start(command, core, module)

    def stop(self, process: subprocess.Popen[str]) -> None:
        """End a program and wait for it."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_PATIENCE_S)
        if process.stdout is not None:
            process.stdout.close()
        with suppress(ValueError):
            self._processes.remove(process)

    def log(self, name: str) -> Path:
        """Return the file with what a program complained of."""
        return self.path / f"{name}.log"

    def read_line(self, process: subprocess.Popen[str], name: str, wait_s: float) -> str:
        """Return the next line that a program prints."""
        assert process.stdout is not None  # noqa: S101  # every program is started with a pipe
        ready, _, _ = select.select([process.stdout], [], [], wait_s)
        line = process.stdout.readline() if ready else ""
        if not line:
            trouble = "ended too soon" if ready else f"printed nothing within {wait_s:g} s"
            complaint = self.log(name).read_text(encoding="utf-8")[-2000:]
            raise BenchmarkError(f"{name} {trouble}\n{complaint}")
        return line.strip()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for_port(port: int) -> None:
    """Return once something listens on a loopback port."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise BenchmarkError(f"nothing listens on port {port}")
