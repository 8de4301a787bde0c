"""Ask each file system how full it is, where a dead network drive holds up nothing but itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opsmonitor.parts.host_mounts import MountPoint
    from opsmonitor.util.lanes import Lanes

DEADLINE_S: Final = 2.0
"""A file system that does not answer within it is told as unresponsive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """How full a file system is; sizes in bytes, None where it does not tell."""

    mount: MountPoint
    total: int | None = None
    used: int | None = None
    free: int | None = None
    """What is left for ordinary users."""
    inodes: int | None = None
    """None where there is no fixed number of them."""
    inodes_free: int | None = None
    error: str | None = None
    is_unresponsive: bool = False

    @property
    def used_percent(self) -> float | None:
        """Return what `df` shows: the space kept for the system is left out."""
        usable = (self.used or 0) + (self.free or 0)
        return 100 * (self.used or 0) / usable if usable else None

    @property
    def inodes_percent(self) -> float | None:
        """Return the share of inodes that is used."""
        if not self.inodes or self.inodes_free is None:
            return None
        return 100 * max(0, self.inodes - self.inodes_free) / self.inodes


async def ask_disks(
    groups: Sequence[Sequence[MountPoint]], *, lanes: Lanes, root: Path
) -> list[DiskSpace]:
    """Return how full each group of mounts is that shares its space."""
    return list(await asyncio.gather(*(_ask_group(group, lanes, root) for group in groups)))


async def _ask_group(group: Sequence[MountPoint], lanes: Lanes, root: Path) -> DiskSpace:
    """Return the space of a group: what all of its members use, and what is left for each."""
    first = group[0]
    key = ("host disk", first.pool, first.point)
    if lanes.busy_s(key) > DEADLINE_S:
        return DiskSpace(mount=first, is_unresponsive=True, error="it does not answer")
    paths = [str(root / mount.point.lstrip("/")) for mount in group]
    try:
        async with asyncio.timeout(DEADLINE_S):
            found = await lanes.call(key, partial(_ask, paths))
    except TimeoutError:
        return DiskSpace(mount=first, is_unresponsive=True, error="it does not answer")
    except OSError as err:
        return DiskSpace(mount=first, error=err.strerror or str(err))
    return _joined(first, found)


def _ask(paths: Sequence[str]) -> list[os.statvfs_result]:
    """Return what the system says; blocks, for ever on a dead drive.

    Raises:
        OSError: None of them can be asked.

    """
    found: list[os.statvfs_result] = []
    error: OSError | None = None
    for path in paths:
        try:
            found.append(os.statvfs(path))
        except OSError as err:
            error = err
    if not found and error is not None:
        raise error
    return found


def _joined(mount: MountPoint, found: Sequence[os.statvfs_result]) -> DiskSpace:
    """Return the space of mounts that share it."""
    figures = found[0]
    unit = figures.f_frsize or figures.f_bsize
    used = sum((each.f_blocks - each.f_bfree) * each.f_frsize for each in found)
    free = figures.f_bavail * unit
    if not figures.f_blocks:
        return DiskSpace(mount=mount)
    # The datasets of a pool each show what they use, and all of what the pool has left.
    total = figures.f_blocks * unit if len(found) == 1 else used + free
    has_inodes = len(found) == 1 and figures.f_files > 0
    return DiskSpace(
        mount=mount,
        total=total,
        used=used,
        free=free,
        inodes=figures.f_files if has_inodes else None,
        inodes_free=figures.f_ffree if has_inodes else None,
    )
