"""Measure what the most asked question costs the daemon when nothing has changed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from benchmarks.daemon import configuration, http_checks, start_daemon
from benchmarks.fleet import BenchmarkError
from benchmarks.machine import cpu_ns
from benchmarks.setting import tell

if TYPE_CHECKING:
    from benchmarks.daemon import Daemon
    from benchmarks.setting import Setting

_INTERVAL_S = 3600.0
_PATH = "/api/status/checks"


def measure_api(setting: Setting) -> None:
    """Ask again and again over one connection, with and without an ETag."""
    tell("CPU time of an API request")
    config = configuration(http_checks(setting.nginx.port), _INTERVAL_S)
    daemon = start_daemon(setting.fleet, setting.monitor_core, config)
    daemon.wait_until_judged()
    requests = setting.effort.requests
    tag = _ask(daemon, 50, {}, HTTPStatus.OK)
    for key, headers, status in (
        ("api_full", {}, HTTPStatus.OK),
        ("api_etag", {"If-None-Match": tag}, HTTPStatus.NOT_MODIFIED),
    ):
        before = cpu_ns(daemon.pid)
        _ask(daemon, requests, headers, status)
        setting.measured.add(key, (cpu_ns(daemon.pid) - before) / 1000 / requests)
    setting.fleet.stop(daemon.process)


def _ask(daemon: Daemon, times: int, headers: dict[str, str], expected: HTTPStatus) -> str:
    """Ask some times, expecting the same status each time; return the last ETag."""
    connection = daemon.connect()
    tag = ""
    for _ in range(times):
        connection.request("GET", _PATH, headers=headers)
        response = connection.getresponse()
        response.read()
        tag = response.headers.get("ETag", "")
        if response.status != expected or not tag:
            raise BenchmarkError(f"{_PATH} answered {response.status}, ETag {tag!r}")
    connection.close()
    return tag
