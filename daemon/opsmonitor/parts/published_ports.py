"""Which ports containers publish, as their engine lists them: pure.

Source: `GET /containers/json` of the Docker Engine API: one entry for each port and each family of
addresses; `PublicPort` is absent where a port is only exposed, `IP` may be absent or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from opsmonitor.parts.container_list import read_list
from opsmonitor.util.lenient import items, mappings, text, whole
from opsmonitor.util.sock_diag import plain_ip

_LARGEST: Final = 0xFFFF
_ID: Final = re.compile(r"(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:$|/)", re.MULTILINE)
_SHOWN: Final = 12
ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A container, as far as ports are concerned."""

    id: str
    name: str | None
    image: str | None

    @property
    def short_id(self) -> str:
        """Return the id as `docker ps` shows it."""
        return self.id[:_SHOWN]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A port of the machine that leads into a container."""

    proto: str
    ip: str
    port: int
    container_port: int
    holder: Holder

    @property
    def spec(self) -> str:
        """Return it as `docker ps` writes it."""
        ip = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{ip}:{self.port}->{self.container_port}/{self.proto}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """What is known of containers; `error` says why it is not more."""

    is_available: bool = False
    error: str | None = None
    holders: tuple[Holder, ...] = ()
    published: tuple[Published, ...] = ()

    @property
    def publishing(self) -> int:
        """Return how many containers publish a port."""
        return len({each.holder.id for each in self.published})


def read_containers(data: Any) -> Containers:
    """Return what an engine's list of running containers says."""
    listed = {each.id: each for each in read_list(data)}
    holders: dict[str, Holder] = {}
    published: dict[tuple[str, str, int, str], Published] = {}
    for entry in mappings(data):
        number = text(entry.get("Id")) or text(entry.get("ID")) or ""
        if number not in listed:
            continue
        one = listed[number]
        holder = holders[number] = Holder(id=number, name=one.name, image=one.image)
        for port in _ports(entry):
            found = _published(port, holder)
            if found is not None:
                published[(found.proto, found.ip, found.port, number)] = found
    return Containers(
        is_available=True, holders=tuple(holders.values()), published=tuple(published.values())
    )


def container_id(cgroup: str) -> str | None:
    """Return the container that a process is in, by its control group; None for none.

    Such as `0::/system.slice/docker-ID.scope`, `/docker/ID`, `libpod-ID.scope`, `/kubepods/.../ID`.
    """
    match = _ID.search(cgroup)
    return match[1] if match else None


def _ports(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the ports of a container."""
    return mappings(items(entry.get("Ports")))


def _published(port: Mapping[str, Any], holder: Holder) -> Published | None:
    """Return a port that is published; None for one that is only exposed."""
    public = whole(port.get("PublicPort"), at_least=1, at_most=_LARGEST)
    private = whole(port.get("PrivatePort"), at_least=1, at_most=_LARGEST)
    proto = (text(port.get("Type")) or "tcp").lower()
    if public is None or private is None or proto not in ("tcp", "udp", "sctp"):
        return None
    ip = plain_ip(text(port.get("IP")) or "0.0.0.0")  # noqa: S104 - told, not bound
    return Published(proto=proto, ip=ip, port=public, container_port=private, holder=holder)
