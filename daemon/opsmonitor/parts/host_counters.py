"""What disks and network interfaces moved, from the kernel's counters: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
import re
from typing import Final

from opsmonitor.util.lenient import whole

_SECTOR_BYTES: Final = 512
"""Of the kernel's counters, whatever the disk's own are. Source: Documentation/block/stat.rst."""
_DISK_FIELDS: Final = 14
_WHOLE_DISK: Final = re.compile(r"(?:sd[a-z]+|[hv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)")
_NO_DISK: Final = re.compile(r"(?:loop|ram|zram|dm-|md|sr|fd|nbd|drbd|rbd|zd)")
_NO_INTERFACE: Final = re.compile(
    r"(?:lo$|veth|docker\d|br-[0-9a-f]{12}$|ifb\d|cali|tap|fwbr|fwpr|fwln|virbr|cni|flannel|"
    r"podman\d|dummy|sit\d|tunl\d|ip6tnl|gre\d)"
)
_NET_FIELDS: Final = 16
_LARGEST: Final = 1 << 54
"""So much that its bytes still fit wherever they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCounters:
    """What a disk did since the start."""

    read_bytes: int
    written_bytes: int
    busy_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetCounters:
    """What an interface did since the start."""

    received_bytes: int
    sent_bytes: int
    errors: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRates:
    """What a disk did between two readings."""

    read_bytes_per_s: float
    write_bytes_per_s: float
    busy_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NetRates:
    """What an interface did between two readings."""

    receive_bytes_per_s: float
    send_bytes_per_s: float


def parse_diskstats(text: str, whole: Collection[str] | None = None) -> dict[str, DiskCounters]:
    """Return the counters of whole disks in /proc/diskstats.

    `whole` are the names of /sys/block, where partitions are not; without it they are guessed.
    """
    found: dict[str, DiskCounters] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < _DISK_FIELDS or not all(_is_number(word) for word in words[3:]):
            continue
        name = words[2]
        is_whole = name in whole if whole else _WHOLE_DISK.fullmatch(name) is not None
        if is_whole and not _NO_DISK.match(name):
            found[name] = DiskCounters(
                read_bytes=int(words[5]) * _SECTOR_BYTES,
                written_bytes=int(words[9]) * _SECTOR_BYTES,
                busy_ms=int(words[12]),
            )
    return found


def parse_net_dev(text: str) -> dict[str, NetCounters]:
    """Return the counters of the interfaces in /proc/net/dev that lead out of the machine."""
    found: dict[str, NetCounters] = {}
    for line in text.splitlines():
        name, colon, rest = line.rpartition(":")
        words = rest.split()
        name = name.strip()
        if not colon or len(words) < _NET_FIELDS or not all(map(_is_number, words)):
            continue
        if not _NO_INTERFACE.match(name):
            found[name] = NetCounters(
                received_bytes=int(words[0]),
                sent_bytes=int(words[8]),
                errors=int(words[2]) + int(words[10]),
                dropped=int(words[3]) + int(words[11]),
            )
    return found


def disk_rates(
    before: Mapping[str, DiskCounters], after: Mapping[str, DiskCounters], elapsed_s: float
) -> dict[str, DiskRates]:
    """Return the rates of the disks that are in both readings and did not start anew."""
    found: dict[str, DiskRates] = {}
    for name, new in after.items():
        old = before.get(name)
        if old is None or elapsed_s <= 0:
            continue
        read = new.read_bytes - old.read_bytes
        written = new.written_bytes - old.written_bytes
        busy_ms = new.busy_ms - old.busy_ms
        if min(read, written, busy_ms) >= 0:
            found[name] = DiskRates(
                read_bytes_per_s=read / elapsed_s,
                write_bytes_per_s=written / elapsed_s,
                busy_percent=min(100.0, busy_ms / elapsed_s / 10),
            )
    return found


def net_rates(
    before: Mapping[str, NetCounters], after: Mapping[str, NetCounters], elapsed_s: float
) -> dict[str, NetRates]:
    """Return the rates of the interfaces that are in both readings and did not start anew."""
    found: dict[str, NetRates] = {}
    for name, new in after.items():
        old = before.get(name)
        if old is None or elapsed_s <= 0:
            continue
        received = new.received_bytes - old.received_bytes
        sent = new.sent_bytes - old.sent_bytes
        if min(received, sent) >= 0:
            found[name] = NetRates(
                receive_bytes_per_s=received / elapsed_s, send_bytes_per_s=sent / elapsed_s
            )
    return found


def _is_number(word: str) -> bool:
    """Tell whether a word is a whole number."""
    return whole(word, at_most=_LARGEST) is not None
