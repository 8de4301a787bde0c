"""What is not as it should be in a Proxmox cluster: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.issues import level
from opsmonitor.parts.limits import Limits
from opsmonitor.parts.proxmox_backup_judge import judge_backups
from opsmonitor.parts.proxmox_cluster import Cluster, Guest, Node, Resources, Storage
from opsmonitor.parts.proxmox_node import Drive, NodeDetails, Pool

_MENDABLE: Final = "DEGRADED"
_GOOD_POOL: Final = "ONLINE"
_HA_TROUBLE: Final = frozenset({"error", "fence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxmoxLimits:
    """From when on a value is worrying, or bad."""

    node_cpu_percent: Limits = field(default_factory=Limits)
    node_memory_percent: Limits = field(default_factory=lambda: Limits(warn=92, crit=98))
    node_disk_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    guest_disk_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    storage_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    wear_percent: Limits = field(default_factory=lambda: Limits(warn=80, crit=95))
    backup_age_h: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxmoxState:
    """All that is known of a cluster."""

    resources: Resources
    cluster: Cluster | None = None
    """None if the token may not see it, or it could not be asked."""
    cluster_error: str | None = None
    """Why the cluster as a whole could not be asked."""
    details: Mapping[str, NodeDetails] = field(default_factory=dict)
    """By node."""
    unsaved: Mapping[int, str] | None = None
    """Guests without a backup job; None if that is not known."""


def judge_cluster(
    state: ProxmoxState, limits: ProxmoxLimits, expected: tuple[str, ...], now_ms: int
) -> tuple[Issue, ...]:
    """Return what is wrong; `expected` names guests that are to run."""
    return (
        *_cluster(state),
        *(issue for node in state.resources.nodes for issue in _node(node, state, limits)),
        *(issue for guest in state.resources.guests for issue in _guest(guest, limits)),
        *_expected(state.resources.guests, expected),
        *_storages(state, limits),
        *judge_backups(
            state.details, state.resources.guests, state.unsaved, limits.backup_age_h, now_ms
        ),
    )


def _cluster(state: ProxmoxState) -> Iterator[Issue]:
    """Judge the cluster as a whole."""
    cluster = state.cluster
    if state.cluster_error is not None:
        yield Issue(
            kind="quorum_unknown",
            status=ReadingStatus.WARN,
            message=f"the cluster does not tell whether it has a quorum: {state.cluster_error}",
        )
    if cluster is not None and cluster.is_quorate is False:
        yield Issue(
            kind="quorum_lost",
            status=ReadingStatus.CRIT,
            message="the cluster has lost its quorum: nothing can be started or changed",
            data={"cluster": cluster.name},
        )


def _node(node: Node, state: ProxmoxState, limits: ProxmoxLimits) -> Iterator[Issue]:
    """Judge a node."""
    told_offline = state.cluster is not None and not state.cluster.online.get(node.name, True)
    if not node.is_online or told_offline:
        yield Issue(
            kind="node_offline",
            status=ReadingStatus.CRIT,
            message=f"the node {node.name} is offline",
            data={"node": node.name},
        )
        return
    for kind, what, limit, value in (
        ("node_cpu_high", "processor", limits.node_cpu_percent, node.cpu_percent),
        ("node_memory_high", "memory", limits.node_memory_percent, node.memory.percent),
        ("node_disk_high", "root disk", limits.node_disk_percent, node.disk.percent),
    ):
        if (status := level(limit, value)) is not None:
            yield Issue(
                kind=kind,
                status=status,
                message=f"the {what} of the node {node.name} is used to {value:g} %",
                data={"node": node.name, "usage_percent": value},
            )
    yield from _details(node.name, state.details.get(node.name), limits)


def _details(name: str, details: NodeDetails | None, limits: ProxmoxLimits) -> Iterator[Issue]:
    """Judge what a node says of itself."""
    if details is None:
        return
    if details.error is not None:
        yield Issue(
            kind="node_unreachable",
            status=ReadingStatus.WARN,
            message=f"the node {name} could not be asked: {details.error}",
            data={"node": name},
        )
    for drive in details.drives or ():
        yield from _drive(name, drive, limits)
    for pool in details.pools or ():
        yield from _pool(name, pool)


def _drive(node: str, drive: Drive, limits: ProxmoxLimits) -> Iterator[Issue]:
    """Judge a drive."""
    data: dict[str, object] = {"node": node, "device": drive.device, "model": drive.model}
    label = f"the drive {drive.device} of the node {node}"
    if drive.is_healthy is False:
        message = f"{label} says that it is failing: replace it"
        yield Issue(kind="disk_health", status=ReadingStatus.CRIT, message=message, data=data)
    if (status := level(limits.wear_percent, drive.wear_percent)) is not None:
        message = f"{label} has used up {drive.wear_percent:g} % of its life"
        data = {**data, "wear_percent": drive.wear_percent}
        yield Issue(kind="disk_wear", status=status, message=message, data=data)


def _pool(node: str, pool: Pool) -> Iterator[Issue]:
    """Judge a ZFS pool."""
    if pool.health in (_GOOD_POOL, "UNKNOWN"):
        return
    is_mendable = pool.health == _MENDABLE
    yield Issue(
        kind="zfs_degraded",
        status=ReadingStatus.WARN if is_mendable else ReadingStatus.CRIT,
        message=f"the ZFS pool {pool.name} of the node {node} is {pool.health}",
        data={"node": node, "pool": pool.name, "health": pool.health},
    )


def _guest(guest: Guest, limits: ProxmoxLimits) -> Iterator[Issue]:
    """Judge a guest, whether it is to run or not."""
    if guest.is_template:
        return
    data: dict[str, object] = {"vmid": guest.vmid, "name": guest.name, "node": guest.node}
    if guest.ha_state in _HA_TROUBLE:
        message = f"{guest.label} is in the state {guest.ha_state} of high availability"
        yield Issue(kind="guest_ha_error", status=ReadingStatus.CRIT, message=message, data=data)
    if (status := level(limits.guest_disk_percent, guest.disk.percent)) is not None:
        yield Issue(
            kind="ct_disk_high",
            status=status,
            message=f"the disk of {guest.label} is used to {guest.disk.percent:g} %",
            data={**data, "usage_percent": guest.disk.percent},
        )


def _expected(guests: tuple[Guest, ...], expected: tuple[str, ...]) -> Iterator[Issue]:
    """Judge whether those run that are to run."""
    known = {name: guest for guest in guests for name in (guest.name, str(guest.vmid))}
    for name in expected:
        guest = known.get(name)
        if guest is not None and guest.is_running:
            continue
        state = "does not exist, or the token may not see it" if guest is None else guest.status
        label = f"the guest {name}" if guest is None else guest.label
        yield Issue(
            kind="guest_missing" if guest is None else "guest_not_running",
            status=ReadingStatus.CRIT,
            message=f"{label} is to run: it {'' if guest is None else 'is '}{state}",
            data={"name": name} if guest is None else {"vmid": guest.vmid, "name": guest.name},
        )


def _storages(state: ProxmoxState, limits: ProxmoxLimits) -> Iterator[Issue]:
    """Judge the storages of the nodes that are online."""
    online = {node.name for node in state.resources.nodes if node.is_online}
    for storage in state.resources.storages:
        if storage.node not in online:
            continue
        data: dict[str, object] = {"storage": storage.name, "node": storage.node}
        if storage.status != "available":
            message = f"the storage {_place(storage)} is not available"
            yield Issue(
                kind="storage_unavailable", status=ReadingStatus.WARN, message=message, data=data
            )
        elif (status := level(limits.storage_percent, storage.usage.percent)) is not None:
            yield Issue(
                kind="storage_high",
                status=status,
                message=f"the storage {_place(storage)} is used to {storage.usage.percent:g} %",
                data={**data, "usage_percent": storage.usage.percent},
            )


def _place(storage: Storage) -> str:
    """Return what people call a storage."""
    return storage.name if storage.is_shared else f"{storage.name} of the node {storage.node}"
