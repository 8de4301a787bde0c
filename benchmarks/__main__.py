"""Measure, and print one table."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
from typing import Final

from benchmarks.api_cost import measure_api
from benchmarks.cost import measure_cost
from benchmarks.deciding import measure_deciding
from benchmarks.figures import FIGURES, Measured
from benchmarks.fleet import BenchmarkError, Fleet
from benchmarks.footprint import measure_footprint
from benchmarks.home_assistant import measure_home_assistant
from benchmarks.lateness import measure_lateness
from benchmarks.machine import cores, describe
from benchmarks.nginx import start_nginx
from benchmarks.probes import measure_probes
from benchmarks.setting import FULL, QUICK, Effort, Setting, tell
from benchmarks.stream import measure_stream
from benchmarks.table import is_met, render

_PARTS: Final = {
    "cost": measure_cost,
    "deciding": measure_deciding,
    "lateness": measure_lateness,
    "footprint": measure_footprint,
    "api": measure_api,
    "stream": measure_stream,
    "probes": measure_probes,
    "homeassistant": measure_home_assistant,
}


def main() -> int:
    """Measure what was asked for; the exit code is 1 when a bar is not reached."""
    arguments = _arguments()
    machine, measured = describe(), Measured()
    code = 0
    try:
        _measure(arguments.only or list(_PARTS), QUICK if arguments.quick else FULL, measured)
    except (BenchmarkError, OSError) as err:
        tell(f"given up: {err}")
        code = 2
    except KeyboardInterrupt:
        tell("interrupted: everything that was started has been ended")
        code = 130
    print(f"{machine}\n\n{render(measured)}")
    if arguments.json:
        values = {"machine": machine, "values": measured.all_values()}
        arguments.json.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return code or int(any(is_met(figure, measured) is False for figure in FIGURES))


def _measure(parts: list[str], effort: Effort, measured: Measured) -> None:
    """Measure some parts, one after the other: they would disturb each other."""
    target_core, monitor_core = cores()
    with Fleet() as fleet:
        setting = Setting(
            fleet=fleet,
            effort=effort,
            nginx=start_nginx(fleet, target_core),
            target_core=target_core,
            monitor_core=monitor_core,
            measured=measured,
        )
        _compile_daemon(fleet, monitor_core)
        for part in parts:
            _PARTS[part](setting)


def _arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, about a minute")
    parser.add_argument("--only", action="append", choices=_PARTS, help="a part; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every value of every round")
    return parser.parse_args()


def _compile_daemon(fleet: Fleet, core: set[int]) -> None:
    """Let Python compile the daemon's modules, so that the start measured is not the very first."""
    command = [sys.executable, "-m", "opsmonitor", "--help"]
    process = fleet.start(command, core, "compile")
    process.communicate(timeout=60)
    fleet.stop(process)


if __name__ == "__main__":
    sys.exit(main())
