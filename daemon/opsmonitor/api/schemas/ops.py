"""The view of an operator: everything at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.engine.summary import Overall
from opsmonitor.models.check import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesBody:
    """The checks."""

    up: int
    down: int
    down_list: Annotated[tuple[str, ...], Doc("Ids of the checks that are down")]
    unknown: int
    degraded: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxmoxBody:
    """The virtualisation host."""

    status: Literal["ok", "warn", "crit", "unknown", "unavailable"] = "unknown"
    issues: tuple[Mapping[str, Any], ...] = ()
    last_fetch_ts: Timestamp | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerBody:
    """The containers."""

    status: Literal["ok", "warn", "crit", "unknown", "unavailable"] = "unavailable"
    note: str | None = "not configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentEvent:
    """A change of a check's status, in short."""

    ts: Timestamp
    id: str
    event: EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsSummaryBody:
    """Everything at a glance, from what is already known."""

    timestamp: Timestamp
    overall: Overall
    services: ServicesBody
    proxmox: ProxmoxBody
    docker: DockerBody
    recent_events: tuple[RecentEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyBody:
    """One thing that the daemon itself depends on."""

    status: Literal["ok", "warn", "crit", "unknown", "unavailable"]
    last_fetch_ts: Timestamp | None = None
    last_error: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsHealthBody:
    """How the things are that the daemon depends on, from what is already known."""

    timestamp: Timestamp
    dependencies: Mapping[str, DependencyBody]
