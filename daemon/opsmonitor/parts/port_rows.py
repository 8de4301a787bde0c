"""Join listeners, their processes and the ports of containers into rows: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import ipaddress
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.parts.command_secrets import shown_command
from opsmonitor.parts.published_ports import ANY, Containers, Holder, Published, container_id
from opsmonitor.util.lenient import text

if TYPE_CHECKING:
    from opsmonitor.util.listeners import Listeners
    from opsmonitor.util.sock_diag import Bound
    from opsmonitor.util.socket_owners import Owner

SCHEMA_VERSION: Final = 1
_STATUS: Final = {"tcp": "LISTEN", "udp": "NONE"}
"""As psutil names them, which is what predecessors told."""
NAT: Final = "nat"
"""Published by a container without a process that listens: only the kernel's rules know of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRow:
    """One port of this machine, whichever addresses it is open at."""

    proto: str
    port: int
    addresses: tuple[str, ...]
    """The most open one first."""
    status: str
    pid: int | None = None
    user: str | None = None
    process: str | None = None
    command: str | None = None
    """Without secrets."""
    holder: Holder | None = None
    published: Published | None = None
    is_ephemeral: bool = False
    """The kernel may have chosen it: tomorrow it is another one."""

    @property
    def is_loopback_only(self) -> bool:
        """Tell whether only this machine itself can reach it."""
        return all(is_loopback(ip) for ip in self.addresses)


def join_rows(seen: Listeners, containers: Containers) -> list[PortRow]:
    """Return all rows by port; IPv4 and IPv6 of one process, or one container, are one row."""
    by_port: dict[tuple[str, int], list[Published]] = {}
    for each in containers.published:
        by_port.setdefault((each.proto, each.port), []).append(each)
    groups: dict[tuple[str, int, object], list[Bound]] = {}
    for bound in seen.sockets:
        owner = seen.owners.get(bound.inode)
        # An engine has a process of its own for each family of addresses.
        published = _match(by_port.get((bound.proto, bound.port), ()), [bound.ip])
        who: object = ("uid", bound.uid)
        if published is not None:
            who = ("container", published.holder.id)
        elif owner is not None:
            who = ("pid", owner.pid)
        groups.setdefault((bound.proto, bound.port, who), []).append(bound)
    holders = {holder.id: holder for holder in containers.holders}
    rows = [
        _row(group, seen, by_port.get((proto, port), ()), holders)
        for (proto, port, _), group in groups.items()
    ]
    rows += _nat_rows(containers.published, rows)
    return sorted(rows, key=lambda row: (row.port, row.proto, row.pid or 0))


def _row(
    group: Sequence[Bound],
    seen: Listeners,
    candidates: Sequence[Published],
    holders: dict[str, Holder],
) -> PortRow:
    """Return the row of the sockets that one process has at one port."""
    first = group[0]
    owner = seen.owners.get(first.inode)
    addresses = sort_addresses({bound.ip for bound in group})
    published = _match(candidates, addresses)
    low, high = seen.ephemeral
    return PortRow(
        proto=first.proto,
        port=first.port,
        addresses=addresses,
        status=_STATUS[first.proto],
        pid=None if owner is None else owner.pid,
        user=seen.users.get(first.uid, str(first.uid)),
        process=None if owner is None else text(owner.name),
        command=None if owner is None else shown_command(owner.arguments) or None,
        holder=published.holder if published else _holder(owner, holders),
        published=published,
        is_ephemeral=low <= first.port <= high and published is None,
    )


def _holder(owner: Owner | None, holders: dict[str, Holder]) -> Holder | None:
    """Return the container that a process is in: it shares the machine's network."""
    number = None if owner is None else container_id(owner.cgroup)
    if number is None:
        return None
    return holders.get(number) or Holder(id=number, name=None, image=None)


def _nat_rows(published: Iterable[Published], rows: Iterable[PortRow]) -> list[PortRow]:
    """Return what the rows of listeners leave over; each container has a row of its own."""
    listening: dict[tuple[str, int, str], list[str]] = {}
    for row in rows:
        if row.published is not None:
            key = (row.proto, row.port, row.published.holder.id)
            listening.setdefault(key, []).extend(row.addresses)
    left: dict[tuple[str, int, str], list[Published]] = {}
    for each in published:
        key = (each.proto, each.port, each.holder.id)
        addresses = listening.get(key)
        if addresses is None or not _is_at(each, addresses):
            left.setdefault(key, []).append(each)
    return [_nat_row(group) for group in left.values()]


def _nat_row(published: Sequence[Published]) -> PortRow:
    """Return the row of a container's port that no process listens at."""
    first = published[0]
    return PortRow(
        proto=first.proto,
        port=first.port,
        addresses=sort_addresses({each.ip for each in published}),
        status=NAT,
        holder=first.holder,
        published=first,
    )


def _match(candidates: Iterable[Published], addresses: Sequence[str]) -> Published | None:
    """Return the published port that is what listens at these addresses."""
    return next((each for each in candidates if _is_at(each, addresses)), None)


def _is_at(published: Published, addresses: Iterable[str]) -> bool:
    """Tell whether a published port is what listens at these addresses."""
    return published.ip in ANY or any(ip == published.ip or ip in ANY for ip in addresses)


def is_loopback(ip: str) -> bool:
    """Tell whether an address leads nowhere but to this machine."""
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def sort_addresses(found: Iterable[str]) -> tuple[str, ...]:
    """Return addresses, the most open one first."""
    return tuple(sorted(found, key=lambda ip: (ip not in ANY, is_loopback(ip), ":" in ip, ip)))


def row_json(row: PortRow) -> dict[str, Any]:
    """Return a row as it is told; the keys are those of predecessors, and some more."""
    published, holder = row.published, row.holder
    return {
        "proto": row.proto,
        "ip": row.addresses[0] if row.addresses else None,
        "port": row.port,
        "addresses": list(row.addresses),
        "status": row.status,
        "is_loopback_only": row.is_loopback_only,
        "is_ephemeral": row.is_ephemeral,
        "pid": row.pid,
        "user": row.user,
        "process": row.process,
        "cmdline": row.command,
        "docker_container_name": holder and holder.name,
        "docker_container_id": holder and holder.short_id,
        "docker_image": holder and holder.image,
        "docker_port_spec": published and published.spec,
        "docker_container_port": published and published.container_port,
    }


def report_json(
    rows: Sequence[PortRow],
    *,
    host: str,
    generated_at: str,
    ephemeral: tuple[int, int],
    containers: Containers,
) -> dict[str, Any]:
    """Return the whole report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "host": host,
        "generated_at": generated_at,
        "ip_local_port_range": {"low": ephemeral[0], "high": ephemeral[1]},
        "docker": {
            "available": containers.is_available,
            "error": containers.error,
            "containers_total": len(containers.holders),
            "containers_with_published_ports": containers.publishing,
        },
        "ports": [row_json(row) for row in rows],
    }


def users_of(
    rows: Iterable[PortRow], port: int, *, ip: str | None = None, proto: str | None = None
) -> list[PortRow]:
    """Return who keeps others from using a port, at one address or at any."""
    return [
        row
        for row in rows
        if row.port == port
        and proto in (None, row.proto)
        and (ip is None or ip in ANY or any(each == ip or each in ANY for each in row.addresses))
    ]
