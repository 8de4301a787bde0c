"""How much memory is left, for people and not for the kernel: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opsmonitor.util.lenient import scaled, whole

_KSTAT_WORDS: Final = 3
_UNITS: Final = {"kB": 1024, "": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Sizes in bytes; None where the system does not tell."""

    total: int | None = None
    available: int | None = None
    """What programs can get without swapping; caches that shrink on demand are part of it."""
    arc: int = 0
    """What ZFS holds as a cache and gives back."""
    swap_total: int | None = None
    swap_free: int | None = None
    is_limited: bool = False
    """The figures are those of the container's limit, not of the machine."""

    @property
    def used(self) -> int | None:
        """Return what programs hold."""
        if self.total is None or self.available is None:
            return None
        return max(0, self.total - self.available)

    @property
    def percent(self) -> float | None:
        """Return the share that programs hold."""
        used = self.used
        return 100 * used / self.total if self.total and used is not None else None

    @property
    def swap_percent(self) -> float | None:
        """Return the share of the swap space that is in use; None where there is none."""
        if not self.swap_total or self.swap_free is None:
            return None
        return 100 * max(0, self.swap_total - self.swap_free) / self.swap_total


def parse_table(text: str) -> dict[str, int]:
    """Return the numbers of a table such as /proc/meminfo or memory.stat, in bytes."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        words = line.replace(":", " ").split()
        unit = words[2] if len(words) > 2 else ""  # noqa: PLR2004 - name, number, unit
        size = scaled(words[1], _UNITS[unit]) if len(words) > 1 and unit in _UNITS else None
        if size is not None:
            found[words[0]] = size
    return found


def parse_arcstats(text: str) -> int:
    """Return how much the cache of ZFS would give back: all but what it is to keep at least.

    Source: the kstat `arcstats`, lines of name, type and data; as htop and Proxmox count it.
    """
    rows = [line.split() for line in text.splitlines()]
    values = {row[0]: whole(row[2]) or 0 for row in rows if len(row) == _KSTAT_WORDS}
    return max(0, values.get("size", 0) - values.get("c_min", 0))


def memory(
    meminfo: Mapping[str, int],
    *,
    arc: int = 0,
    limit: int | None = None,
    current: int | None = None,
    reclaimable: int = 0,
) -> Memory:
    """Return the memory of the machine, or of the container where that has a lower limit.

    `current` is what the container holds, `reclaimable` the part that is a cache of files.
    """
    total = meminfo.get("MemTotal")
    swap_total, swap_free = meminfo.get("SwapTotal"), meminfo.get("SwapFree")
    if limit is not None and current is not None and (total is None or limit < total):
        used = max(0, current - reclaimable)
        available = max(0, limit - used)
        return Memory(
            total=limit,
            available=available,
            swap_total=swap_total,
            swap_free=swap_free,
            is_limited=True,
        )
    available_kernel = meminfo.get("MemAvailable")
    if available_kernel is None and "MemFree" in meminfo:
        # Kernels before 3.14 do not tell: this is what `free` showed then.
        parts = ("MemFree", "Buffers", "Cached", "SReclaimable")
        available_kernel = sum(meminfo.get(name, 0) for name in parts)
    if total is not None and available_kernel is not None:
        available_kernel = min(total, available_kernel + arc)
    return Memory(
        total=total, available=available_kernel, arc=arc, swap_total=swap_total, swap_free=swap_free
    )
