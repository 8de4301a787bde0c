"""Which file systems are worth watching, from the kernel's list of mounts: pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
import re
from typing import Final

from opsmonitor.util.disk import unescaped

_VIRTUAL: Final = frozenset(
    {
        *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs"),
        *("devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal"),
        *("fuse.snapfuse", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay"),
        *("proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs"),
        *(
            "squashfs",
            "sysfs",
            "tmpfs",
            "tracefs",
            "udf",
        ),
    }
)
"""They hold nothing that can run full, or are meant to be full."""
_LOCAL: Final = frozenset(
    {
        *("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "msdos"),
        *(
            "ntfs",
            "ntfs3",
            "overlay",
            "reiserfs",
            "vfat",
            "xfs",
            "zfs",
        ),
    }
)
"""Asking these how full they are never waits for another machine."""
_MIN_FIELDS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """A file system that is mounted."""

    point: str
    kind: str
    source: str
    device: str
    """The kernel's number of it: the same file system mounted twice has the same."""
    is_read_only: bool = False

    @property
    def is_local(self) -> bool:
        """Tell whether asking it never waits for another machine."""
        return self.kind in _LOCAL

    @property
    def pool(self) -> str:
        """Return what has the space: the pool, the device, or the file system itself."""
        if self.kind == "zfs":
            return f"zfs {self.source.partition('/')[0]}"
        if self.kind == "btrfs":
            return f"btrfs {self.source}"
        return self.device


def parse_mounts(mountinfo: str) -> list[MountPoint]:
    """Return the mounts in /proc/self/mountinfo that hold files of people, later ones on top."""
    found: dict[str, MountPoint] = {}
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) < _MIN_FIELDS or "-" not in fields[6:]:
            continue
        # Source: proc_pid_mountinfo(5): optional fields end with a dash; type and source follow.
        dash = fields.index("-", 6)
        if len(fields) < dash + 3:
            continue
        point, kind = unescaped(fields[4]), fields[dash + 1]
        found.pop(point, None)
        if kind in _VIRTUAL and not (kind == "overlay" and point == "/"):
            continue
        found[point] = MountPoint(
            point=point,
            kind=kind,
            source=unescaped(fields[dash + 2]),
            device=fields[2],
            # Of the file system itself: systemd's `ProtectSystem` mounts it once more to be read.
            is_read_only="ro" in (fields[dash + 3 :] or [""])[0].split(","),
        )
    return list(found.values())


def worth_watching(
    mounts: Collection[MountPoint], ignored: Collection[str] = ()
) -> list[list[MountPoint]]:
    """Return the mounts that share their space together, the one that names them first.

    Bind mounts and subvolumes tell nothing of their own; a file that is mounted is no disk.
    """
    groups: dict[str, list[MountPoint]] = {}
    for mount in mounts:
        if mount.point not in ignored and not _is_of_a_container(mount):
            groups.setdefault(mount.pool, []).append(mount)
    return [
        sorted(group, key=lambda mount: (len(mount.point), mount.point))
        if group[0].kind == "zfs"
        else [min(group, key=lambda mount: (len(mount.point), mount.point))]
        for group in groups.values()
    ]


def value_name(point: str, taken: Collection[str] = ()) -> str:
    """Return the part of a value's name that stands for a mount: `/mnt/data` is `mnt_data`."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", point).strip("_").lower() or "root"
    number = 2
    unique = name
    while unique in taken:
        unique = f"{name}_{number}"
        number += 1
    return unique


def _is_of_a_container(mount: MountPoint) -> bool:
    """Tell whether an engine mounted it for itself or for one container."""
    return mount.point.startswith(
        ("/var/lib/docker/", "/var/lib/containers/", "/run/docker/", "/snap/", "/var/snap/")
    ) or mount.point in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
