"""Read what the kernel and the system tell of a machine in files; blocks, but never for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import socket
from time import monotonic
from typing import Final

_PROC: Final = (
    *("stat", "meminfo", "loadavg", "uptime", "diskstats", "net/dev", "swaps"),
    *("pressure/cpu", "pressure/memory", "pressure/io"),
    *("spl/kstat/zfs/arcstats", "self/mountinfo", "self/cgroup", "1/environ"),
    *("sys/kernel/random/boot_id", "sys/kernel/osrelease", "sys/kernel/hostname"),
)
_OF_THE_FIRST: Final = {"mountinfo": "self/mountinfo", "net/dev": "net/dev"}
_CGROUP: Final = (
    *("memory.max", "memory.current", "memory.stat", "cpu.max", "cpu.stat"),
    *("cpu.pressure", "memory.pressure", "io.pressure"),
    *("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    *("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "cpuacct/cpuacct.usage"),
)
_MARKS: Final = ("/.dockerenv", "/run/.containerenv", "/run/reboot-required")
_TEXTS: Final = (
    *("etc/os-release", "usr/lib/os-release", "etc/hostname", "run/systemd/container"),
    *("run/reboot-required.pkgs", "var/lib/update-notifier/updates-available"),
)
_MOST_BYTES: Final = 1 << 20
"""Asked for more at once, files below /proc/sys refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFiles:
    """Everything that was read, at one moment."""

    at_s: float
    """By the monotonic clock, in seconds."""
    proc: Mapping[str, str]
    """By path below /proc; what cannot be read is not there."""
    cgroup: Mapping[str, str]
    """By path below /sys/fs/cgroup."""
    texts: Mapping[str, str]
    """By path below the root."""
    marks: Mapping[str, bool]
    """Which of some files there are."""
    disks: frozenset[str]
    """The names in /sys/block."""
    links: Mapping[str, tuple[str | None, str | None]]
    """State and speed of each network interface, as the kernel writes them."""
    processes: int | None
    sessions: tuple[str, ...] | None
    """What logind keeps of each session; None where there is no logind."""
    hostname: str
    machine: str


def read_host_files(root: Path = Path("/")) -> HostFiles:
    """Read everything; `root` is where the root of the machine is mounted."""
    at_s = monotonic()
    proc = _texts(root / "proc", _PROC)
    own = root == Path("/")
    if not own:
        # Seen from a container: what is the machine's own is what its first process sees.
        firsts = _texts(root / "proc/1", tuple(_OF_THE_FIRST))
        proc |= {_OF_THE_FIRST[name]: text for name, text in firsts.items()}
    return HostFiles(
        at_s=at_s,
        proc=proc,
        cgroup=_texts(root / "sys/fs/cgroup", _CGROUP),
        texts=_texts(root, _TEXTS),
        marks={name: (root / name[1:]).exists() for name in _MARKS},
        disks=frozenset(_names(root / "sys/block") or ()),
        links=_links(root / "sys/class/net"),
        processes=_count_processes(root / "proc"),
        sessions=_sessions(root / "run/systemd/sessions"),
        hostname=socket.gethostname() if own else proc.get("sys/kernel/hostname", "").strip(),
        machine=os.uname().machine,
    )


def _texts(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return the files of a folder that can be read."""
    found: dict[str, str] = {}
    for name in names:
        text = _text(folder / name)
        if text is not None:
            found[name] = text
    return found


def _text(path: Path) -> str | None:
    """Return a file's text; files of /proc may exist and still refuse to be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def _names(folder: Path) -> list[str] | None:
    """Return the names in a folder; None where there is none."""
    try:
        # Names are all that is needed, and there may be thousands.
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return None


def _links(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Return state and speed of each interface."""
    return {
        name: (_text(folder / name / "operstate"), _text(folder / name / "speed"))
        for name in _names(folder) or ()
        if not name.startswith(("veth", "lo", "tap", "fwbr", "fwpr", "fwln"))
    }


def _count_processes(proc: Path) -> int | None:
    """Return how many processes there are to be seen."""
    names = _names(proc)
    return None if names is None else sum(name.isdecimal() for name in names)


def _sessions(folder: Path) -> tuple[str, ...] | None:
    """Return what logind keeps of each session; the pipes between them are no sessions."""
    names = _names(folder)
    if names is None:
        return None
    found = (_text(folder / name) for name in sorted(names) if not name.endswith(".ref"))
    return tuple(text for text in found if text)
