"""Ask the system how full a file system is, and where it is mounted."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import re
from time import perf_counter
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_MIN_FIELDS: Final = 9
_PLACEHOLDER: Final = "autofs"
"""Stands where a drive is mounted on demand, until it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where a file system is to be found."""

    point: str
    kind: str
    """Such as ext4 or nfs4."""
    source: str
    """Such as /dev/sda1 or nas:/volume1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUsage:
    """How full a file system is; sizes in bytes."""

    total: int
    """0 where a file system does not tell."""
    used: int
    free: int
    """What is left for ordinary users."""
    inodes: int
    """0 where there is no fixed number of them."""
    inodes_free: int
    is_read_only: bool
    mount: Mount
    is_mount_point: bool
    """Something is mounted at the path itself, not above it."""
    took_ms: float

    @property
    def used_percent(self) -> float | None:
        """Return what `df` shows: the space kept for the system is left out."""
        usable = self.used + self.free
        return 100 * self.used / usable if self.total and usable else None

    @property
    def inodes_percent(self) -> float | None:
        """Return the share of inodes that is used."""
        used = self.inodes - self.inodes_free
        return 100 * used / self.inodes if self.inodes else None


def read_disk(path: str) -> DiskUsage:
    """Return the state of the file system that holds a path; blocks, for ever on a dead drive.

    Raises:
        OSError: There is nothing, or it cannot be read.

    """
    started = perf_counter()
    figures = os.statvfs(path)
    took_ms = (perf_counter() - started) * 1000
    real = os.path.realpath(path)
    # Looked up afterwards: asking may have mounted the drive.
    mount = find_mount(_MOUNTS.read_text("utf-8", "replace"), real)
    return DiskUsage(
        total=figures.f_blocks * figures.f_frsize,
        used=(figures.f_blocks - figures.f_bfree) * figures.f_frsize,
        free=figures.f_bavail * figures.f_frsize,
        inodes=figures.f_files,
        inodes_free=figures.f_ffree,
        is_read_only=bool(figures.f_flag & os.ST_RDONLY),
        mount=mount,
        is_mount_point=mount.point == real and mount.kind != _PLACEHOLDER,
        took_ms=took_ms,
    )


def find_mount(mountinfo: str, path: str) -> Mount:
    """Return the mount that holds a path, from the kernel's list; later mounts hide earlier ones.

    Raises:
        OSError: The list holds none.

    """
    best: Mount | None = None
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) < _MIN_FIELDS or "-" not in fields:
            continue
        # Source: proc(5): optional fields end with a dash; type and source follow.
        dash = fields.index("-", 6)
        point = unescaped(fields[4])
        if _holds(point, path) and (best is None or len(point) >= len(best.point)):
            best = Mount(point=point, kind=fields[dash + 1], source=unescaped(fields[dash + 2]))
    if best is None:
        raise OSError(f"nothing is mounted that holds {path}")
    return best


def _holds(point: str, path: str) -> bool:
    """Tell whether a path lies at or below a mount point."""
    return path == point or path.startswith(point.rstrip("/") + "/")


def unescaped(field: str) -> str:
    """Return a field with blanks and the like as they are; the kernel writes them in octal."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
