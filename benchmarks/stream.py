"""Measure how soon a change reaches a client of the stream, under full load."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
import json
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.arrivals import percentile
from benchmarks.daemon import configuration, http_checks, start_daemon
from benchmarks.fleet import BenchmarkError
from benchmarks.setting import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.daemon import Daemon
    from benchmarks.setting import Setting

_INTERVAL_S: Final = 1.0
_FLIPPING: Final = 50
"""So many of the 1,000 checks change with every run."""
_READ: Final = 1 << 20


def measure_stream(setting: Setting) -> None:
    """Let some targets fail and recover in turn and watch the stream."""
    tell("from a change to a client of the stream")
    log = setting.fleet.path / "changes.json"
    target = setting.fleet.start_module("target", [log], setting.target_core)
    port = int(setting.fleet.read_line(target, "target", 10))
    checks = http_checks(port, "ok/")
    for check in checks[:: len(checks) // _FLIPPING]:
        check["url"] = str(check["url"]).replace("/ok/", "/flip/")
    daemon = start_daemon(setting.fleet, setting.monitor_core, configuration(checks, _INTERVAL_S))
    daemon.wait_until_judged()
    time.sleep(setting.effort.warm_up_s)
    events = list(watch_events(daemon, setting.effort.measure_s))
    setting.fleet.stop(daemon.process)
    setting.fleet.stop(target)
    if len(events) < _FLIPPING * (setting.effort.measure_s - 2):
        raise BenchmarkError(f"only {len(events)} events came through the stream")
    _note(setting, "stream", [wall_ms - _epoch_ms(event["ts"]) for event, wall_ms, _ in events])
    _note(setting, "noticed", _since_answers(json.loads(log.read_text(encoding="utf-8")), events))


def watch_events(daemon: Daemon, seconds: float) -> Iterator[tuple[dict[str, Any], float, int]]:
    """Return each event of the stream with the time it came, by both clocks."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=5) as sock:
        host = f"127.0.0.1:{daemon.port}"
        sock.sendall(f"GET /api/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        rest = b""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            data = sock.recv(_READ)
            wall_ms, mono_ns = time.time() * 1000, time.monotonic_ns()
            *frames, rest = (rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
            for frame in frames:
                if b"event: event\n" in frame + b"\n":
                    start = frame.index(b"data: ") + 6
                    yield json.loads(frame[start:].split(b"\n", 1)[0]), wall_ms, mono_ns


def _since_answers(
    requests: list[tuple[str, int, int]], events: list[tuple[dict[str, Any], float, int]]
) -> list[float]:
    """Return the milliseconds from the target's answer to the event that it caused."""
    answers: defaultdict[str, list[int]] = defaultdict(list)
    for path, at_ns, _ in requests:
        if path.startswith("/flip/"):
            answers[f"http-{int(path.removeprefix('/flip/')):04}"].append(at_ns)
    return [
        (came_ns - max(at_ns for at_ns in answers[event["id"]] if at_ns < came_ns)) / 1e6
        for event, _, came_ns in events
    ]


def _note(setting: Setting, key: str, delays_ms: list[float]) -> None:
    """Take in the percentiles."""
    delays_ms.sort()
    setting.measured.add(f"{key}_p50", percentile(delays_ms, 0.5))
    setting.measured.add(f"{key}_p99", percentile(delays_ms, 0.99))


def _epoch_ms(iso: str) -> float:
    """Return an ISO time in epoch milliseconds."""
    return datetime.fromisoformat(iso).timestamp() * 1000
