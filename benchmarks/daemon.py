"""The daemon as its users run it: a process of its own, asked over its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import http.client
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.addresses import address
from benchmarks.fleet import BenchmarkError

if TYPE_CHECKING:
    import subprocess

    from benchmarks.fleet import Fleet

CHECKS: Final = 1000
_START_S: Final = 30.0


@dataclass(slots=True)
class Daemon:
    """A running daemon."""

    process: subprocess.Popen[str]
    port: int
    spawned_s: float
    """When the process was started, on the monotonic clock."""
    number: int
    """Of its files."""

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self.process.pid

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is kept from one request to the next."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def get(self, path: str) -> Any:
        """Return the JSON answer to a request."""
        return json.loads(self._read(path))

    def lateness_ms(self, quantile: str) -> float:
        """Return how late the latest runs were started, by the daemon's own account."""
        name = f'opsmonitor_scheduler_lateness_seconds{{quantile="{quantile}"}} '
        for line in self._read("/metrics").decode().splitlines():
            if line.startswith(name):
                return float(line.removeprefix(name)) * 1000
        raise BenchmarkError(f"/metrics does not tell {name}")

    def wait_until_judged(self, deadline_s: float = 60.0) -> float:
        """Return when every check had been judged, on the monotonic clock."""
        deadline = time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            if not self.get("/api/status/summary")["unknown"]:
                return time.monotonic()
            time.sleep(0.05)
        raise BenchmarkError(f"some checks were not judged within {deadline_s:g} s")

    def _read(self, path: str) -> bytes:
        """Return the answer to a request."""
        connection = self.connect()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise BenchmarkError(f"{path} answered {response.status}: {body[:300]!r}")
        return body


def start_daemon(
    fleet: Fleet, core: set[int], config: str, *, instead_of: Daemon | None = None
) -> Daemon:
    """Start the daemon with a configuration and an empty data folder; wait for its address.

    Instead of one that has ended, it gets that one's port and data.
    """
    number = len(list(fleet.path.glob("checks-*.yml"))) if instead_of is None else instead_of.number
    port = 0 if instead_of is None else instead_of.port
    file = fleet.path / f"checks-{number}.yml"
    file.write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "opsmonitor", "run", "--port", str(port)]
    command += ["--config", str(file), "--data", str(fleet.path / f"data-{number}")]
    spawned_s = time.monotonic()
    process = fleet.start(command, core, "daemon")
    line = fleet.read_line(process, "daemon", _START_S)
    return Daemon(process, int(line.rstrip("/").rpartition(":")[2]), spawned_s, number)


def http_checks(port: int, path: str = "") -> list[dict[str, object]]:
    """Return HTTP checks of all target addresses."""
    return [
        {"id": f"http-{n:04}", "type": "http", "url": f"http://{address(n)}:{port}/{path}{n}"}
        for n in range(CHECKS)
    ]


def tcp_checks(port: int) -> list[dict[str, object]]:
    """Return TCP checks of all target addresses."""
    return [
        {"id": f"tcp-{n:04}", "type": "tcp", "host": address(n), "port": port}
        for n in range(CHECKS)
    ]


def configuration(
    checks: Iterable[Mapping[str, object]], interval_s: float, **sections: object
) -> str:
    """Return a configuration file: YAML, of which JSON is a part."""
    defaults = {"interval_s": interval_s, "timeout_s": 3, "retries": 0}
    items = "\n".join(f"  - {json.dumps(check)}" for check in checks)
    more = "".join(f"{name}: {json.dumps(section)}\n" for name, section in sections.items())
    return f"defaults: {json.dumps(defaults)}\n{more}checks:\n{items}\n"
