"""Measure how soon the daemon is of use, and what it takes of memory and disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.daemon import configuration, http_checks, start_daemon
from benchmarks.machine import memory_mb, written_bytes
from benchmarks.setting import tell

if TYPE_CHECKING:
    from benchmarks.setting import Setting

_INTERVAL_S = 30.0


def measure_footprint(setting: Setting) -> None:
    """Start with an empty data folder and 1,000 checks, and look at it for a while."""
    tell("start and memory with 1,000 checks")
    config = configuration(http_checks(setting.nginx.port), _INTERVAL_S)
    daemon = start_daemon(setting.fleet, setting.monitor_core, config)
    daemon.get("/health")
    healthy_s = time.monotonic()
    daemon.get("/api/status/checks")
    answered_s = time.monotonic()
    judged_s = daemon.wait_until_judged()
    written = written_bytes(daemon.pid)
    time.sleep(setting.effort.memory_s)
    written = written_bytes(daemon.pid) - written
    add = setting.measured.add
    add("rss", memory_mb(daemon.pid, "VmRSS"))
    add("rss_peak", memory_mb(daemon.pid, "VmHWM"))
    add("disk", written / 1024 / setting.effort.memory_s)
    add("health", healthy_s - daemon.spawned_s)
    add("first_answer", answered_s - daemon.spawned_s)
    add("all_judged", judged_s - daemon.spawned_s)
    setting.fleet.stop(daemon.process)
