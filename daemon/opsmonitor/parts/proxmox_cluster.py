"""What a Proxmox cluster says of its nodes, guests and storages: pure.

Sources: `/cluster/resources` and `/cluster/status` in the API viewer of Proxmox VE. Numbers can be
texts, and what is not known is left out: an offline node has little more than its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opsmonitor.util.lenient import flag, mappings, number, percent, text, whole

_GUESTS: Final = ("qemu", "lxc")
_FRACTION: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of something is in use, in bytes."""

    used_bytes: int | None = None
    total_bytes: int | None = None

    @property
    def percent(self) -> float | None:
        """Return the part in use."""
        return percent(self.used_bytes, self.total_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine of the cluster."""

    name: str
    is_online: bool
    cpu_percent: float | None = None
    cpus: int | None = None
    memory: Usage = field(default_factory=Usage)
    disk: Usage = field(default_factory=Usage)
    """Its root file system."""
    uptime_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One virtual machine or container."""

    vmid: int
    name: str
    kind: str
    """qemu or lxc."""
    node: str
    status: str
    """Such as running or stopped; unknown while its node is offline."""
    is_template: bool = False
    cpu_percent: float | None = None
    memory: Usage = field(default_factory=Usage)
    disk: Usage = field(default_factory=Usage)
    """Of containers only: nobody knows it of a virtual machine."""
    uptime_s: int | None = None
    ha_state: str | None = None
    lock: str | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self.status == "running"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"the {'container' if self.kind == 'lxc' else 'VM'} {self.vmid} ({self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One storage as one node sees it."""

    name: str
    node: str
    kind: str | None
    is_shared: bool
    status: str
    """`available`, or else it is not."""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything that the token may see."""

    nodes: tuple[Node, ...] = ()
    guests: tuple[Guest, ...] = ()
    storages: tuple[Storage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The cluster itself; a single machine has none."""

    name: str | None = None
    is_quorate: bool | None = None
    """None without a cluster."""
    online: Mapping[str, bool] = field(default_factory=dict)
    """By node."""


def read_resources(data: Any) -> Resources:
    """Return what there is; entries that make no sense are left out."""
    nodes: dict[str, Node] = {}
    guests: dict[int, Guest] = {}
    storages: dict[tuple[str, str], Storage] = {}
    for entry in mappings(data):
        kind, name = text(entry.get("type")), text(entry.get("node"))
        if name is None:
            continue
        if kind == "node":
            nodes[name] = _node(entry, name)
        elif kind in _GUESTS and (vmid := whole(entry.get("vmid"))) is not None:
            guests[vmid] = _guest(entry, kind, name, vmid)
        elif kind == "storage" and (label := text(entry.get("storage"))) is not None:
            storages[label, name] = _storage(entry, label, name)
    return Resources(
        nodes=tuple(nodes[name] for name in sorted(nodes)),
        guests=tuple(guests[vmid] for vmid in sorted(guests)),
        storages=_once(storages),
    )


def read_cluster(data: Any) -> Cluster:
    """Return the cluster's name, whether it has a majority, and who takes part."""
    online: dict[str, bool] = {}
    name, is_quorate = None, None
    for entry in mappings(data):
        label = text(entry.get("name"))
        if entry.get("type") == "cluster":
            name, is_quorate = label, flag(entry.get("quorate"))
        elif entry.get("type") == "node" and label is not None:
            online[label] = flag(entry.get("online")) is not False
    return Cluster(name=name, is_quorate=is_quorate, online=online)


def _node(entry: Mapping[str, Any], name: str) -> Node:
    """Return a node."""
    return Node(
        name=name,
        is_online=entry.get("status") == "online",
        cpu_percent=_cpu_percent(entry),
        cpus=whole(entry.get("maxcpu")),
        memory=_usage(entry, "mem", "maxmem"),
        disk=_usage(entry, "disk", "maxdisk"),
        uptime_s=whole(entry.get("uptime")),
    )


def _guest(entry: Mapping[str, Any], kind: str, node: str, vmid: int) -> Guest:
    """Return a guest."""
    return Guest(
        vmid=vmid,
        name=text(entry.get("name")) or str(vmid),
        kind=kind,
        node=node,
        status=text(entry.get("status")) or "unknown",
        is_template=flag(entry.get("template")) is True,
        cpu_percent=_cpu_percent(entry),
        memory=_usage(entry, "mem", "maxmem"),
        # Without an agent in the guest, nobody knows: the API says 0 of every virtual machine.
        disk=_usage(entry, "disk", "maxdisk") if kind == "lxc" else Usage(),
        uptime_s=whole(entry.get("uptime")),
        ha_state=text(entry.get("hastate")),
        lock=text(entry.get("lock")),
    )


def _storage(entry: Mapping[str, Any], name: str, node: str) -> Storage:
    """Return a storage."""
    return Storage(
        name=name,
        node=node,
        kind=text(entry.get("plugintype")),
        is_shared=flag(entry.get("shared")) is True,
        status=text(entry.get("status")) or "unknown",
        usage=_usage(entry, "disk", "maxdisk"),
    )


def _once(storages: Mapping[tuple[str, str], Storage]) -> tuple[Storage, ...]:
    """Return every storage once: a shared one is the same on all nodes."""
    found: dict[tuple[str, str], Storage] = {}
    for key in sorted(storages):
        storage = storages[key]
        place = (storage.name, "" if storage.is_shared else storage.node)
        known = found.get(place)
        if known is None or (known.status != "available" and storage.status == "available"):
            found[place] = storage
    return tuple(found.values())


def _usage(entry: Mapping[str, Any], used: str, total: str) -> Usage:
    """Return how much of something is in use."""
    return Usage(used_bytes=whole(entry.get(used)), total_bytes=whole(entry.get(total)) or None)


def _cpu_percent(entry: Mapping[str, Any]) -> float | None:
    """Return the load of all processors together; the API gives a fraction of 1."""
    found = number(entry.get("cpu"), at_most=1000)
    return None if found is None else round(found * _FRACTION, 2)
