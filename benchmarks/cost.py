"""Measure the CPU time of one check: of the daemon, of the floor, and of others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from benchmarks.blackbox import start_blackbox
from benchmarks.daemon import CHECKS, configuration, http_checks, start_daemon, tcp_checks
from benchmarks.fleet import BenchmarkError
from benchmarks.machine import cpu_ns
from benchmarks.setting import tell

if TYPE_CHECKING:
    from benchmarks.blackbox import Blackbox
    from benchmarks.setting import Setting

_LEAST_SHARE: Final = 0.9
"""Of the checks that were due; with fewer the figure would belong to another rate."""


def measure_cost(setting: Setting) -> None:
    """Measure everything in turn, so that what disturbs the machine disturbs all alike."""
    blackbox = start_blackbox(setting.fleet, setting.monitor_core)
    for number in range(setting.effort.rounds):
        for rate in setting.effort.rates:
            for kind in ("http", "tcp"):
                tell(f"CPU time of {kind} checks at {rate}/s, round {number + 1}")
                _measure_others(setting, blackbox, kind, rate)
                _measure_daemon(setting, kind, rate)


def _measure_others(setting: Setting, blackbox: Blackbox | None, kind: str, rate: int) -> None:
    """Measure what the daemon is compared with."""
    port, add = setting.nginx.port, setting.measured.add
    monitor, target = setting.monitor_core, setting.target_core
    add(f"floor_{kind}_{rate}", setting.run_client("floor", [kind, port], monitor, rate))
    if kind == "http":
        url = f"http://{{address}}:{port}/"
        cpu_us = setting.run_client("aiohttp_client", ["fresh", url], monitor, rate)
        add(f"aiohttp_{rate}", cpu_us)
    if blackbox is not None:
        arguments: list[object] = ["reuse", blackbox.url(kind, port), blackbox.pid]
        cpu_us = setting.run_client("aiohttp_client", arguments, target, rate)
        add(f"blackbox_{kind}_{rate}", cpu_us)


def _measure_daemon(setting: Setting, kind: str, rate: int) -> None:
    """Measure the daemon with checks of one kind and nothing else."""
    port = setting.nginx.port
    checks = http_checks(port) if kind == "http" else tcp_checks(port)
    config = configuration(checks, CHECKS / rate)
    measure_daemon(setting, config, rate, key=f"daemon_{kind}_{rate}", part="cost")


def measure_daemon(setting: Setting, config: str, rate: int, *, key: str, part: str) -> None:
    """Measure the daemon once it is in its stride."""
    daemon = start_daemon(setting.fleet, setting.monitor_core, config)
    daemon.wait_until_judged()
    # A first run comes early, so a check is back in its own rhythm after its second.
    time.sleep(max(setting.effort.warm_up_s, CHECKS / rate))
    made, used_ns, begun_s = setting.nginx.connections(), cpu_ns(daemon.pid), time.monotonic()
    setting.watch(daemon.pid, part)
    due = rate * (time.monotonic() - begun_s)
    used_ns = cpu_ns(daemon.pid) - used_ns
    made = setting.nginx.connections() - made - 1
    setting.fleet.stop(daemon.process)
    if made < _LEAST_SHARE * due:
        raise BenchmarkError(f"only {made} of {due:.0f} checks were made")
    setting.measured.add(key, used_ns / 1000 / made)
