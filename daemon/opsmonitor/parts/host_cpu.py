"""How busy the processors are, from the kernel's counters: pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from opsmonitor.util.lenient import whole

_FIELDS: Final = 8
"""user nice system idle iowait irq softirq steal; guests are counted among users already."""
_IDLE: Final = 3
_IOWAIT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuCounters:
    """Ticks since the start, by kind. Source: proc_stat(5)."""

    total: tuple[int, ...] = ()
    cores: tuple[tuple[int, ...], ...] = ()
    running: int | None = None
    blocked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUsage:
    """Shares of the time between two readings, in percent; None while there is only one."""

    percent: float | None = None
    iowait_percent: float | None = None
    steal_percent: float | None = None
    user_percent: float | None = None
    system_percent: float | None = None
    cores: tuple[float | None, ...] = field(default=())


def parse_stat(text: str) -> CpuCounters:
    """Return the counters in /proc/stat; what cannot be understood is left out."""
    total: tuple[int, ...] = ()
    cores: list[tuple[int, ...]] = []
    tasks: dict[str, int | None] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name == "cpu":
            total = _ticks(rest)
        elif name.startswith("cpu"):
            cores.append(_ticks(rest))
        elif name in ("procs_running", "procs_blocked"):
            tasks[name] = whole(rest)
    return CpuCounters(
        total=total,
        cores=tuple(cores),
        running=tasks.get("procs_running"),
        blocked=tasks.get("procs_blocked"),
    )


def usage(before: CpuCounters, after: CpuCounters) -> CpuUsage:
    """Return how busy the processors were between two readings."""
    shares = _shares(before.total, after.total)
    same = len(before.cores) == len(after.cores)
    pairs = zip(before.cores, after.cores, strict=True) if same else ()
    cores = tuple(_busy(_shares(old, new)) for old, new in pairs)
    if shares is None:
        return CpuUsage(cores=cores)
    user, nice, system, _, iowait, irq, softirq, steal = shares
    return CpuUsage(
        percent=_busy(shares),
        iowait_percent=iowait,
        steal_percent=steal,
        user_percent=user + nice,
        system_percent=system + irq + softirq,
        cores=cores,
    )


def _ticks(text: str) -> tuple[int, ...]:
    """Return the counters of a line; old kernels have fewer."""
    found = [whole(word) for word in text.split()[:_FIELDS]]
    ticks = [tick for tick in found if tick is not None]
    if len(ticks) < len(found) or not ticks:
        return ()
    return (*ticks, *[0] * (_FIELDS - len(ticks)))


def _shares(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[float, ...] | None:
    """Return the percentage of each kind; None without two readings that fit.

    Idle and waiting times may run backwards a little, see proc_stat(5): that counts as none.
    """
    if len(before) != _FIELDS or len(after) != _FIELDS:
        return None
    deltas = [max(0, new - old) for old, new in zip(before, after, strict=True)]
    whole = sum(deltas)
    return tuple(100 * delta / whole for delta in deltas) if whole else None


def _busy(shares: tuple[float, ...] | None) -> float | None:
    """Return the share that is neither idle nor waiting for a disk."""
    if shares is None:
        return None
    return max(0.0, 100 - shares[_IDLE] - shares[_IOWAIT])
