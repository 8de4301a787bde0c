"""A real daemon, a server it watches, and what a browser is pointed at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from threading import Thread
import time
from typing import Any, Final, TypeAlias

from playwright.sync_api import Locator, Page, expect

STOP_S: Final = 60
OpenPage: TypeAlias = Callable[..., Page]


def chromium() -> str:
    """Return the path of the browser, as the set-up script finds it."""
    script = Path(__file__).parents[3] / "scripts" / "lib" / "chromium"
    found = subprocess.run([script], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return found.stdout.strip()


class Target(ThreadingHTTPServer):
    """A web server whose answers can be changed; any path is up unless told otherwise."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        self.answers: dict[str, HTTPStatus] = {}
        self.delays_s: dict[str, float] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    """Answer as the target was told."""

    server: Target

    def do_GET(self) -> None:
        """Answer the status that was set for the path, as late as was set."""
        time.sleep(self.server.delays_s.get(self.path, 0))
        self.send_response(self.server.answers.get(self.path, HTTPStatus.OK))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def running_target() -> Iterator[Target]:
    """Serve while the context lasts."""
    with Target() as target:
        thread = Thread(target=target.serve_forever, daemon=True)
        thread.start()
        yield target
        target.shutdown()
        thread.join()


class Daemon:
    """The daemon as a process of its own, with its configuration and its data."""

    def __init__(self, folder: Path, **config: Any) -> None:
        """Write the configuration; JSON is YAML as well."""
        self.folder = folder
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self.configure(**config)

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.folder / "data"

    def configure(self, **config: Any) -> None:
        """Write the configuration anew."""
        (self.folder / "checks.yml").write_text(json.dumps(config))

    def reload(self) -> None:
        """Let the daemon read its configuration."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def start(self) -> None:
        """Start, on the same port as before if it ran already; return once it answers."""
        port = self.url.rstrip("/").rpartition(":")[2] or "0"
        command = ("run", "--config", "checks.yml", "--data", "data", "--port", port)
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, "-m", "opsmonitor", *command],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("Dashboard: "), (self.folder / "log").read_text()
        self.url = line.split()[1]

    def stop(self) -> None:
        """Stop, if it runs."""
        if self._process is None:
            return
        with self._process:
            self._process.terminate()
            self._process.wait(STOP_S)
        self._process = None


@contextmanager
def running_daemon(folder: Path, **config: Any) -> Iterator[Daemon]:
    """Run a daemon while the context lasts."""
    folder.mkdir(exist_ok=True)
    daemon = Daemon(folder, **config)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


def http_check(target: Target, path: str, **more: Any) -> dict[str, Any]:
    """Return the configuration of a quick check; its id is its path's name."""
    plain = {
        "id": path.strip("/"),
        "type": "http",
        "url": target.url(path),
        "interval_s": 0.2,
        "retries": 0,
    }
    return {**plain, **more}


def card(page: Page, check_id: str) -> Locator:
    """Return the card of a check."""
    return page.locator(f'article[data-id="{check_id}"]')


def live(page: Page) -> Page:
    """Wait until the page follows the daemon."""
    expect(page.locator("#link")).to_have_text("Live")
    return page
