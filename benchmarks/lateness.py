"""Measure how punctual the checks are: by the daemon's own account, and seen from the target."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from benchmarks.arrivals import judge
from benchmarks.daemon import CHECKS, configuration, http_checks, start_daemon
from benchmarks.fleet import BenchmarkError
from benchmarks.setting import tell

if TYPE_CHECKING:
    from benchmarks.setting import Setting

_HANGING = 0.3
_INTERVAL_S = 1.0


def measure_lateness(setting: Setting) -> None:
    """Measure with all targets healthy, and with a part of them hanging."""
    tell("punctuality of 1,000 checks/s")
    _measure(setting, "healthy", 0)
    tell("punctuality of 1,000 checks/s while 30 % of the targets hang")
    _measure(setting, "hanging", _HANGING)


def _measure(setting: Setting, load: str, share: float) -> None:
    """Measure one load; hanging checks are spread among the others."""
    log = setting.fleet.path / f"arrivals-{load}.json"
    target = setting.fleet.start_module("target", [log], setting.target_core)
    port = int(setting.fleet.read_line(target, "target", 10))
    checks = http_checks(port, "ok/")
    for number in range(CHECKS):
        if number * share % 1 + share >= 1:
            checks[number]["url"] = str(checks[number]["url"]).replace("/ok/", "/hang/")
    daemon = start_daemon(setting.fleet, setting.monitor_core, configuration(checks, _INTERVAL_S))
    daemon.wait_until_judged()
    time.sleep(setting.effort.warm_up_s)
    begun_ns = time.monotonic_ns()
    setting.watch(daemon.pid, load)
    ended_ns = time.monotonic_ns()
    own_p50_ms, own_p99_ms = daemon.lateness_ms("0.5"), daemon.lateness_ms("0.99")
    setting.fleet.stop(daemon.process)
    setting.fleet.stop(target)
    arrivals = [
        (path, at_ns)
        for path, at_ns, _ in json.loads(log.read_text(encoding="utf-8"))
        if begun_ns <= at_ns <= ended_ns and path.startswith("/ok/")
    ]
    seen = judge(arrivals, _INTERVAL_S)
    if seen.checks < round(CHECKS * (1 - share)):
        raise BenchmarkError(f"only {seen.checks} checks were seen at the target")
    add = setting.measured.add
    add(f"{load}_own_p50", own_p50_ms)
    add(f"{load}_own_p99", own_p99_ms)
    add(f"{load}_seen_p50", seen.p50_ms)
    add(f"{load}_seen_p99", seen.p99_ms)
    add(f"{load}_drift", seen.drift_ms)
    add(f"{load}_missing", seen.missing)
