"""What a container may use of the machine it runs on: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opsmonitor.parts.host_memory import parse_table
from opsmonitor.util.lenient import whole

_NO_LIMIT: Final = 1 << 60
"""Version 1 tells a number near 2**63 where there is no limit."""
MICROSECOND: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the control group of a container allows and uses; None: no limit, or not known."""

    memory: int | None = None
    memory_used: int | None = None
    memory_cache: int = 0
    """The part of the used memory that is a cache of files and given back on demand."""
    cores: float | None = None
    cpu_s: float | None = None
    """Seconds of processor time used since its start."""


def parse_limits(files: Mapping[str, str]) -> Limits:
    """Return the limits in the files of a control group, of version 2 or 1, by their names.

    Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. The topmost group of
    a machine has no such files in version 2, and no limits in version 1.
    """
    if "memory.max" in files or "cpu.max" in files:
        stat = parse_table(files.get("memory.stat", ""))
        usage = parse_table(files.get("cpu.stat", "")).get("usage_usec")
        return Limits(
            memory=whole(files.get("memory.max")),
            memory_used=whole(files.get("memory.current")),
            memory_cache=stat.get("inactive_file", 0),
            cores=_cores(files.get("cpu.max", "")),
            cpu_s=None if usage is None else usage * MICROSECOND,
        )
    stat = parse_table(files.get("memory/memory.stat", ""))
    quota = whole(files.get("cpu/cpu.cfs_quota_us"))
    period = whole(files.get("cpu/cpu.cfs_period_us"))
    nanoseconds = whole(files.get("cpuacct/cpuacct.usage"))
    limit = whole(files.get("memory/memory.limit_in_bytes"), at_most=_NO_LIMIT)
    return Limits(
        memory=limit,
        memory_used=whole(files.get("memory/memory.usage_in_bytes")),
        memory_cache=stat.get("total_inactive_file", 0),
        cores=quota / period if quota and period else None,
        cpu_s=None if nanoseconds is None else nanoseconds / 1e9,
    )


def _cores(text: str) -> float | None:
    """Return how many processors `QUOTA PERIOD` are worth; `max` is no limit."""
    words = text.split()
    if len(words) != 2:  # noqa: PLR2004 - quota and period
        return None
    quota, period = whole(words[0]), whole(words[1])
    return quota / period if quota and period else None


def container_kind(
    *, marks: Mapping[str, bool], systemd: str | None, environment: str | None, cgroup: str
) -> str | None:
    """Return which kind of container this is, None on a machine of its own.

    Source: systemd-detect-virt(1). `marks` tells which of some files there are, `systemd` is what
    /run/systemd/container says, `environment` that of process 1, `cgroup` /proc/self/cgroup.
    """
    if systemd and systemd.strip():
        return systemd.strip()
    for entry in (environment or "").split("\0"):
        name, _, value = entry.partition("=")
        if name == "container" and value:
            return value
    if marks.get("/run/.containerenv"):
        return "podman"
    if marks.get("/.dockerenv"):
        return "docker"
    for word in ("lxc", "docker", "kubepods", "libpod"):
        if f"/{word}" in cgroup:
            return {"kubepods": "kubernetes", "libpod": "podman"}.get(word, word)
    return None
