"""What the parts of the benchmark share: the programs, the cores, and how long to look."""

from __future__ import annotations

from dataclasses import dataclass
import json
import sys
import time
from typing import TYPE_CHECKING, Final

from benchmarks.fleet import BenchmarkError
from benchmarks.machine import waited_ns

if TYPE_CHECKING:
    from benchmarks.figures import Measured
    from benchmarks.fleet import Fleet
    from benchmarks.nginx import Nginx


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much time is spent; longer means steadier figures."""

    rounds: int
    rates: tuple[int, ...]
    warm_up_s: float
    measure_s: float
    """For the CPU time of the daemon's checks and for punctuality."""
    compare_s: float
    """For the programs that it is compared with."""
    memory_s: float
    """Before the memory is read."""
    requests: int


QUICK: Final = Effort(
    rounds=1,
    rates=(1000,),
    warm_up_s=3,
    measure_s=5,
    compare_s=2,
    memory_s=5,
    requests=500,
)
FULL: Final = Effort(
    rounds=3,
    rates=(1000, 100),
    warm_up_s=5,
    measure_s=15,
    compare_s=6,
    memory_s=60,
    requests=2000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything that a part needs."""

    fleet: Fleet
    effort: Effort
    nginx: Nginx
    target_core: set[int]
    """Of the targets and of whoever asks the daemon."""
    monitor_core: set[int]
    """Of whoever is measured."""
    measured: Measured

    def watch(self, pid: int, part: str) -> None:
        """Let the time of a measurement pass, and note how much others disturbed it."""
        waited, begun = waited_ns(pid), time.monotonic_ns()
        time.sleep(self.effort.measure_s)
        share = (waited_ns(pid) - waited) / (time.monotonic_ns() - begun)
        self.measured.add(f"{part}_disturbed", share * 100)

    def run_client(self, module: str, arguments: list[object], core: set[int], rate: int) -> float:
        """Run a program that makes checks at a rate; return the CPU time of one in microseconds."""
        warm_up_s, measure_s = 1, self.effort.compare_s
        process = self.fleet.start_module(
            module, [*arguments[:2], rate, warm_up_s, measure_s, *arguments[2:]], core
        )
        line = self.fleet.read_line(process, module, warm_up_s + measure_s + 20)
        self.fleet.stop(process)
        result = json.loads(line)
        if result["failed"] or result["done"] < 0.9 * rate * measure_s:
            raise BenchmarkError(f"{module} could not keep up: {line}")
        cpu_us: float = result["cpu_us"]
        return cpu_us


def tell(text: str) -> None:
    """Tell the person who waits what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
