"""Measure what polling in the background costs, also while much of what is polled hangs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from benchmarks.setting import tell

if TYPE_CHECKING:
    from benchmarks.setting import Setting

_MODULE: Final = "polling"
_KEYS: Final = ("cpu", "first_cpu", "loop", "floor", "psutil", "lag", "lag_floor")


def measure_probes(setting: Setting) -> None:
    """Poll the machine and its ports among ten thousand sockets; then let things hang."""
    for number in range(setting.effort.rounds):
        tell(f"polling the machine, round {number + 1}")
        seconds = setting.effort.measure_s
        process = setting.fleet.start_module(_MODULE, [seconds], setting.monitor_core)
        line = setting.fleet.read_line(process, _MODULE, 2 * seconds + 90)
        setting.fleet.stop(process)
        found = json.loads(line)
        for key in _KEYS:
            setting.measured.add(f"probes_{key}", found[key])
