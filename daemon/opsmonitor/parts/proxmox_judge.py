"""What is not as it should be in a Proxmox cluster: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.issues import level
from opsmonitor.parts.limits import Limits
from opsmonitor.parts.proxmox_cluster import Cluster, Guest, Node, Resources, Storage
from opsmonitor.parts.proxmox_node import Backup, Drive, NodeDetails, Pool, latest_backups

_HOUR_MS: Final = 3_600_000
_FORGOTTEN_MS: Final = 14 * 24 * _HOUR_MS
"""A job that has not run for so long was most likely removed: its end is no news any more."""
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
        *_backups(state, limits, now_ms),
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
        message = f"{_label(guest)} is in the state {guest.ha_state} of high availability"
        yield Issue(kind="guest_ha_error", status=ReadingStatus.CRIT, message=message, data=data)
    if (status := level(limits.guest_disk_percent, guest.disk.percent)) is not None:
        yield Issue(
            kind="ct_disk_high",
            status=status,
            message=f"the disk of {_label(guest)} is used to {guest.disk.percent:g} %",
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
        label = f"the guest {name}" if guest is None else _label(guest)
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


def _backups(state: ProxmoxState, limits: ProxmoxLimits, now_ms: int) -> Iterator[Issue]:
    """Judge the backups: failed, too old, or not made at all."""
    runs = [run for each in state.details.values() for run in each.backups or ()]
    for run in latest_backups(runs):
        if not run.is_good and now_ms - run.ended_ms < _FORGOTTEN_MS:
            yield _failed(run)
    yield from _old(state, limits.backup_age_h, now_ms)
    templates = {guest.vmid for guest in state.resources.guests if guest.is_template}
    for vmid, name in (state.unsaved or {}).items():
        if vmid not in templates:
            yield Issue(
                kind="backup_missing",
                status=ReadingStatus.WARN,
                message=f"no backup job covers the guest {vmid} ({name})",
                data={"vmid": vmid, "name": name},
            )


def _old(state: ProxmoxState, limits: Limits, now_ms: int) -> Iterator[Issue]:
    """Judge the age of the latest good backup: of all, and of each guest that a run names."""
    known = [each.backups for each in state.details.values() if each.backups is not None]
    runs = [run for each in known for run in each]
    good = [run for run in runs if run.is_good]
    if not good:
        # A node that could not be asked yet may have made the good ones.
        is_waiting = any(each.backups is None and each.error for each in state.details.values())
        if known and not is_waiting:
            yield from _aged("", {}, limits, None)
        return
    hours = _age_h(good, now_ms)
    yield from _aged("", {}, limits, hours)
    overall = level(limits, hours)
    named = {run.subject for run in runs}
    for guest in state.resources.guests:
        subject = str(guest.vmid)
        if guest.is_template or subject not in named:
            continue
        # Nobody tells which guests a job of several was for: those of its node, most likely.
        own = [run for run in good if run.subject == subject]
        jobs = [run for run in good if not run.subject and run.node == guest.node]
        data: dict[str, object] = {"vmid": guest.vmid, "name": guest.name, "node": guest.node}
        found = _aged(f" of {_label(guest)}", data, limits, _age_h([*own, *jobs], now_ms))
        # Where all are old, only those are told that are worse.
        yield from (issue for issue in found if issue.status is not overall)


def _age_h(runs: Iterable[Backup], now_ms: int) -> float | None:
    """Return how many hours ago the latest run has ended, None without any."""
    ended_ms = max((run.ended_ms for run in runs), default=None)
    return None if ended_ms is None else round(max(now_ms - ended_ms, 0) / _HOUR_MS, 1)


def _aged(
    subject: str, data: Mapping[str, object], limits: Limits, hours: float | None
) -> Iterator[Issue]:
    """Judge an age; None, where no good backup is known, is beyond every limit."""
    status = level(limits, math.inf if hours is None else hours)
    if status is None:
        return
    what = f"good backup{subject}"
    message = (
        f"no {what} is known" if hours is None else f"the latest {what} is {hours:g} hours old"
    )
    yield Issue(kind="backup_old", status=status, message=message, data={**data, "age_h": hours})


def _failed(run: Backup) -> Issue:
    """Return the issue of a backup that failed."""
    subject = f"of the guest {run.subject}" if run.subject else "job"
    return Issue(
        kind="backup_failed",
        status=ReadingStatus.WARN,
        message=f"the latest backup {subject} on the node {run.node} failed: {run.result}",
        data={"node": run.node, "vmid": run.subject or None, "result": run.result},
    )


def _label(guest: Guest) -> str:
    """Return what people call a guest."""
    return f"the {'container' if guest.kind == 'lxc' else 'VM'} {guest.vmid} ({guest.name})"


def _place(storage: Storage) -> str:
    """Return what people call a storage."""
    return storage.name if storage.is_shared else f"{storage.name} of the node {storage.node}"
