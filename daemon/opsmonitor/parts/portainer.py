"""What Portainer says of its environments and stacks: pure.

Sources: `GET /api/endpoints` and `GET /api/stacks` of Portainer's API. Environments hold secrets of
clouds and TLS, and stacks the variables of services: only what is named here is ever kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from opsmonitor.util.lenient import mappings, text, whole

# Source: EndpointType in Portainer's api/portainer.go.
_KINDS: Final = {
    1: "docker",
    2: "docker_agent",
    3: "azure",
    4: "docker_edge_agent",
    5: "kubernetes",
    6: "kubernetes_agent",
    7: "kubernetes_edge_agent",
}
_DOWN: Final = 2
_INACTIVE: Final = 2
_COMPOSE: Final = 2
"""The type of stacks whose containers carry its name as that of their project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortainerEnvironment:
    """One engine that Portainer manages."""

    id: int
    name: str
    kind: str
    is_down: bool
    """Portainer itself says that it cannot reach it."""

    @property
    def has_containers(self) -> bool:
        """Tell whether its containers can be asked for as those of an engine."""
        return self.kind.startswith("docker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Some containers that were brought up together."""

    name: str
    environment: int
    is_active: bool


def read_environments(data: Any) -> tuple[PortainerEnvironment, ...]:
    """Return the environments by number; names that occur twice get it behind them."""
    found: dict[int, PortainerEnvironment] = {}
    names: set[str] = set()
    for entry in sorted(mappings(data), key=lambda entry: whole(entry.get("Id")) or 0):
        number = whole(entry.get("Id"))
        if number is None or number in found:
            continue
        name = text(entry.get("Name")) or f"environment {number}"
        name = f"{name} ({number})" if name in names else name
        names.add(name)
        found[number] = PortainerEnvironment(
            id=number,
            name=name,
            kind=_KINDS.get(whole(entry.get("Type")) or 0, "unknown"),
            is_down=whole(entry.get("Status")) == _DOWN,
        )
    return tuple(found.values())


def read_stacks(data: Any) -> tuple[Stack, ...]:
    """Return the stacks of Compose; those of Swarm and Kubernetes are no containers' projects."""
    return tuple(
        Stack(
            name=name,
            environment=whole(entry.get("EndpointId")) or 0,
            is_active=whole(entry.get("Status")) != _INACTIVE,
        )
        for entry in mappings(data)
        if (name := text(entry.get("Name"))) is not None
        and whole(entry.get("Type")) in (None, _COMPOSE)
    )
