"""What a Proxmox node says of itself, its disks and pools: pure.

Sources: `/nodes/{node}/disks/list`, `/nodes/{node}/disks/zfs` and `/nodes/{node}/status` in the API
viewer of Proxmox VE; `wearout` is the life that remains in percent, and can be "N/A"
(PVE/Diskmanage.pm of pve-storage).
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, Final

from opsmonitor.parts.proxmox_backups import Backup
from opsmonitor.util.lenient import mapping, mappings, number, percent, text, whole

_GOOD_HEALTH: Final = frozenset({"PASSED", "OK"})
_UNKNOWN_HEALTH: Final = frozenset({"UNKNOWN", "N/A"})
_LOADS: Final = 3
_WHOLE_LIFE: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """The node's own words."""

    version: str | None = None
    kernel: str | None = None
    load: tuple[float, ...] = ()
    """Over 1, 5 and 15 minutes."""
    iowait_percent: float | None = None
    swap_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One drive of a node."""

    device: str
    model: str | None
    kind: str | None
    """Such as nvme, ssd or hdd."""
    size_bytes: int | None
    is_healthy: bool | None
    """None if nobody asked it, or it does not tell."""
    wear_percent: float | None
    """How much of its life is used up; beyond 100 the maker promises nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One ZFS pool."""

    name: str
    health: str
    """Such as ONLINE or DEGRADED."""
    used_percent: float | None
    fragmentation_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDetails:
    """What one node says of itself; None for each part that it does not tell."""

    at_ms: int
    status: NodeStatus | None = None
    drives: tuple[Drive, ...] | None = None
    pools: tuple[Pool, ...] | None = None
    backups: tuple[Backup, ...] | None = None
    denied: tuple[str, ...] = ()
    """Parts that the token may not see."""
    error: str | None = None
    """Why the node could not be asked."""


def read_node_status(data: Any) -> NodeStatus:
    """Return what is known."""
    status = mapping(data)
    loads = status.get("loadavg")
    found = [number(value) for value in loads[:_LOADS]] if isinstance(loads, list) else []
    iowait = number(status.get("wait"), at_most=1000)
    swap = mapping(status.get("swap"))
    return NodeStatus(
        version=text(status.get("pveversion")),
        kernel=text(status.get("kversion")),
        load=tuple(value for value in found if value is not None),
        iowait_percent=None if iowait is None else round(iowait * 100, 2),
        swap_percent=percent(number(swap.get("used")), number(swap.get("total"))),
    )


def read_drives(data: Any) -> tuple[Drive, ...]:
    """Return the drives."""
    drives: list[Drive] = []
    for entry in mappings(data):
        device = text(entry.get("devpath"))
        if device is None:
            continue
        left = number(entry.get("wearout"), at_least=-math.inf)
        drives.append(
            Drive(
                device=device,
                model=text(entry.get("model")),
                kind=text(entry.get("type")),
                size_bytes=whole(entry.get("size")),
                is_healthy=_is_healthy(text(entry.get("health"))),
                wear_percent=None if left is None else round(max(_WHOLE_LIFE - left, 0.0), 2),
            )
        )
    return tuple(drives)


def read_pools(data: Any) -> tuple[Pool, ...]:
    """Return the ZFS pools."""
    pools: list[Pool] = []
    for entry in mappings(data):
        name = text(entry.get("name"))
        if name is None:
            continue
        pools.append(
            Pool(
                name=name,
                health=(text(entry.get("health")) or "UNKNOWN").upper(),
                used_percent=percent(number(entry.get("alloc")), number(entry.get("size"))),
                fragmentation_percent=number(entry.get("frag")),
            )
        )
    return tuple(pools)


def _is_healthy(health: str | None) -> bool | None:
    """Return what the drive's own judgement means."""
    if health is None or health.upper() in _UNKNOWN_HEALTH:
        return None
    return health.upper() in _GOOD_HEALTH
