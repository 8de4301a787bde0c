"""What the kernel knows of a process and of the machine."""

from __future__ import annotations

import os
from pathlib import Path
import platform
import time
from typing import Final

_PROCESS_CLOCK: Final = 2
"""CPUCLOCK_SCHED, the lowest bits of a process's clock id. Source: clock_getcpuclockid(3)."""


def cpu_ns(pid: int) -> int:
    """Return the CPU time of a process, user and system, of all threads that it ever had.

    The scheduler's own count: exact, where the ticks of /proc/PID/stat are 10 ms apart.
    """
    return time.clock_gettime_ns((~pid << 3) | _PROCESS_CLOCK)


def waited_ns(pid: int) -> int:
    """Return how long the threads of a process were ready to run while others had their core."""
    return sum(
        int((task / "schedstat").read_text(encoding="ascii").split()[1])
        for task in Path(f"/proc/{pid}/task").iterdir()
    )


def memory_mb(pid: int, key: str) -> float:
    """Return a size of a process in megabytes: `VmRSS` is resident now, `VmHWM` was the most."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) / 1024
    raise ProcessLookupError(pid)


def written_bytes(pid: int) -> int:
    """Return how much a process has given to be written to disks."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        if line.startswith("write_bytes: "):
            return int(line.partition(" ")[2])
    raise ProcessLookupError(pid)


def cores() -> tuple[set[int], set[int]]:
    """Return the cores for what is monitored and for who monitors: apart where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}


def describe() -> str:
    """Return what the figures depend on."""
    load, _, _ = os.getloadavg()
    return (
        f"{len(os.sched_getaffinity(0))} cores of {_processor()}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load average {load:.1f} before the start"
    )


def _processor() -> str:
    """Return the processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
