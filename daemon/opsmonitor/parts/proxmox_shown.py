"""How a Proxmox cluster is shown, and its values by name: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opsmonitor.models.reading import Issue, Reading, Scalar
from opsmonitor.parts.issues import wanted, worst
from opsmonitor.parts.proxmox_backups import Backup, by_guest, latest_backups
from opsmonitor.parts.proxmox_cluster import Guest, Node, Storage, Usage
from opsmonitor.parts.proxmox_judge import ProxmoxState
from opsmonitor.parts.proxmox_node import Drive, NodeDetails, Pool
from opsmonitor.util.clock import iso_utc

_SUBJECTS: Final = ("vmid", "name", "storage", "node", "device", "pool")
_NO_GUESTS: Final = (
    "the token sees no guest and no storage: give it the role PVEAuditor on the path / (a token "
    "with privilege separation has no rights of its user)"
)


def cluster_reading(
    state: ProxmoxState, issues: Sequence[Issue], ignored: frozenset[str]
) -> Reading:
    """Return the reading of a cluster; issues are ignored by `kind` or `kind:subject`."""
    issues = wanted(issues, ignored, _SUBJECTS)
    return Reading(
        data=_data(state),
        values=_values(state),
        status=worst(issues),
        issues=issues,
        note=_note(state),
    )


def _note(state: ProxmoxState) -> str | None:
    """Say what the token does not show, and what to do about it."""
    if state.resources.nodes and not state.resources.guests and not state.resources.storages:
        return _NO_GUESTS
    denied = sorted({part for each in state.details.values() for part in each.denied})
    if state.cluster is None and state.cluster_error is None:
        denied.append("quorum")
    if not denied:
        return None
    parts = ", ".join(denied)
    return f"the token may not see {parts}: give it the role PVEAuditor on the path /"


def _data(state: ProxmoxState) -> dict[str, object]:
    """Return everything for the API."""
    cluster = state.cluster
    runs = [run for each in state.details.values() for run in each.backups or ()]
    return {
        "source": "proxmox_ve",
        "cluster": None
        if cluster is None
        else {"name": cluster.name, "quorate": cluster.is_quorate, "nodes": len(cluster.online)},
        "nodes": {
            node.name: _node(node, state.details.get(node.name)) for node in state.resources.nodes
        },
        "guests": [_guest(guest) for guest in state.resources.guests],
        "storages": [_storage(storage) for storage in state.resources.storages],
        "backups": {
            "latest": [_backup(run) for run in latest_backups(by_guest(runs))],
            "missing": None if state.unsaved is None else sorted(state.unsaved),
        },
    }


def _node(node: Node, details: NodeDetails | None) -> dict[str, object]:
    """Return a node."""
    status = None if details is None else details.status
    return {
        "online": node.is_online,
        "cpu_percent": node.cpu_percent,
        "cpus": node.cpus,
        **_usage("memory", node.memory),
        **_usage("disk", node.disk),
        "uptime_s": node.uptime_s,
        "version": None if status is None else status.version,
        "kernel": None if status is None else status.kernel,
        "load": None if status is None else list(status.load),
        "iowait_percent": None if status is None else status.iowait_percent,
        "swap_percent": None if status is None else status.swap_percent,
        "disks": None
        if details is None or details.drives is None
        else [*map(_drive, details.drives)],
        "zfs": None if details is None or details.pools is None else [*map(_pool, details.pools)],
        "details_ts": None if details is None else iso_utc(details.at_ms),
        "details_error": None if details is None else details.error,
    }


def _drive(drive: Drive) -> dict[str, object]:
    """Return a drive."""
    return {
        "device": drive.device,
        "model": drive.model,
        "type": drive.kind,
        "size_bytes": drive.size_bytes,
        "healthy": drive.is_healthy,
        "wear_percent": drive.wear_percent,
    }


def _pool(pool: Pool) -> dict[str, object]:
    """Return a ZFS pool."""
    return {
        "name": pool.name,
        "health": pool.health,
        "used_percent": pool.used_percent,
        "fragmentation_percent": pool.fragmentation_percent,
    }


def _guest(guest: Guest) -> dict[str, object]:
    """Return a guest."""
    return {
        "vmid": guest.vmid,
        "name": guest.name,
        "type": guest.kind,
        "node": guest.node,
        "status": guest.status,
        "template": guest.is_template,
        "cpu_percent": guest.cpu_percent,
        **_usage("memory", guest.memory),
        **_usage("disk", guest.disk),
        "uptime_s": guest.uptime_s,
        "ha_state": guest.ha_state,
        "lock": guest.lock,
    }


def _storage(storage: Storage) -> dict[str, object]:
    """Return a storage."""
    return {
        "storage": storage.name,
        "node": storage.node,
        "type": storage.kind,
        "shared": storage.is_shared,
        "available": storage.status == "available",
        "used_bytes": storage.usage.used_bytes,
        "total_bytes": storage.usage.total_bytes,
        "usage_percent": storage.usage.percent,
    }


def _backup(run: Backup) -> dict[str, object]:
    """Return a backup that has ended."""
    return {
        "node": run.node,
        "vmid": run.subject or None,
        "ended": iso_utc(run.ended_ms),
        "ok": run.is_good,
        "result": run.result,
    }


def _usage(name: str, usage: Usage) -> dict[str, object]:
    """Return how much of something is in use."""
    return {
        f"{name}_used_bytes": usage.used_bytes,
        f"{name}_total_bytes": usage.total_bytes,
        f"{name}_percent": usage.percent,
    }


def _values(state: ProxmoxState) -> Mapping[str, Scalar]:
    """Return the values by their dotted names."""
    guests = [guest for guest in state.resources.guests if not guest.is_template]
    nodes = state.resources.nodes
    values: dict[str, Scalar] = {
        "nodes": len(nodes),
        "nodes_online": sum(node.is_online for node in nodes),
        "guests": len(guests),
        "guests_running": sum(guest.is_running for guest in guests),
    }
    if state.cluster is not None and state.cluster.is_quorate is not None:
        values["quorate"] = state.cluster.is_quorate
    for node in nodes:
        values |= _node_values(node, state.details.get(node.name))
    for storage in state.resources.storages:
        owner = "shared" if storage.is_shared else storage.node
        values[f"storages.{owner}.{storage.name}.used_percent"] = storage.usage.percent
    for guest in guests:
        prefix = f"guests.{guest.vmid}"
        values[f"{prefix}.running"] = None if guest.status == "unknown" else guest.is_running
        values[f"{prefix}.cpu_percent"] = guest.cpu_percent if guest.is_running else None
        values[f"{prefix}.memory_percent"] = guest.memory.percent if guest.is_running else None
        values[f"{prefix}.uptime_s"] = guest.uptime_s if guest.is_running else None
        if guest.kind == "lxc":
            values[f"{prefix}.disk_percent"] = guest.disk.percent if guest.is_running else None
    runs = [run for each in state.details.values() for run in each.backups or ()]
    known = {str(guest.vmid) for guest in guests}
    for run in latest_backups(by_guest(runs)):
        if run.subject in known:
            values[f"guests.{run.subject}.backup_ok"] = run.is_good
            values[f"guests.{run.subject}.backup_ended"] = iso_utc(run.ended_ms)
    return values


def _node_values(node: Node, details: NodeDetails | None) -> dict[str, Scalar]:
    """Return the values of a node."""
    values: dict[str, Scalar] = {
        f"{node.name}.online": node.is_online,
        f"{node.name}.cpu_percent": node.cpu_percent,
        f"{node.name}.memory_percent": node.memory.percent,
        f"{node.name}.disk_percent": node.disk.percent,
        f"{node.name}.uptime_s": node.uptime_s,
    }
    if details is None:
        return values
    if details.status is not None:
        values[f"{node.name}.iowait_percent"] = details.status.iowait_percent
        values[f"{node.name}.swap_percent"] = details.status.swap_percent
    for drive in details.drives or ():
        device = drive.device.removeprefix("/dev/")
        values[f"{node.name}.disks.{device}.wear_percent"] = drive.wear_percent
        values[f"{node.name}.disks.{device}.healthy"] = drive.is_healthy
    for pool in details.pools or ():
        values[f"{node.name}.zfs.{pool.name}.used_percent"] = pool.used_percent
        values[f"{node.name}.zfs.{pool.name}.online"] = pool.health == "ONLINE"
    return values
