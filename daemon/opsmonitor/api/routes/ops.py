"""The view of an operator: from what is already known, never by asking anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS, STATES
from opsmonitor.api.ops_readings import (
    docker_body,
    polled_dependency,
    portainer_dependency,
    proxmox_body,
    proxmox_dependency,
)
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.ops import (
    DependencyBody,
    OpsHealthBody,
    OpsSummaryBody,
    RecentEvent,
    ServicesBody,
)
from opsmonitor.api.scope import Scope
from opsmonitor.engine.shortage import REMEDY
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.size import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from opsmonitor.api.deps import ReadingsView, StoreHealthView
    from opsmonitor.engine.stats import EngineStats
    from opsmonitor.engine.summary import Summary
    from opsmonitor.models.alert import ChannelHealth, Mute
    from opsmonitor.models.space import Space

_RECENT: Final = 10
_POLLED: Final = ("docker", "homeassistant")
_NOT_CONFIGURED: Final = DependencyBody(status="unknown", note="not configured")

routes = Routes("operations")


@routes.get("/api/ops/summary", scope=Scope.READ, answers={200: Answer(body=OpsSummaryBody)})
async def ops_summary(request: web.Request) -> web.Response:
    """Return everything at a glance."""
    deps = request.app[DEPS]
    events = await deps.store.events(limit=_RECENT)
    counts = request.app[STATES].counts()
    body = OpsSummaryBody(
        timestamp=iso_utc(deps.clock.now_ms()),
        overall=counts.overall,
        services=_services(counts),
        proxmox=proxmox_body(deps.readings.states.get("proxmox")),
        docker=docker_body(deps.readings.states.get("docker")),
        recent_events=tuple(
            RecentEvent(ts=iso_utc(event.at_ms), id=event.check_id, event=event.event)
            for event in events
        ),
    )
    return json_answer(body)


@routes.get("/api/ops/health", scope=Scope.READ, answers={200: Answer(body=OpsHealthBody)})
async def ops_health(request: web.Request) -> web.Response:
    """Return how the things are that the daemon depends on."""
    deps = request.app[DEPS]
    dependencies = {
        "database": _database(deps.store.health(), deps.wellbeing.space),
        "ntfy": _NOT_CONFIGURED,
        **_engine(deps.monitor.stats()),
        **_polled(deps.readings, deps.clock.now_ms()),
        **_channels(deps.telling.health()),
        **_muted(deps.telling.state.mute),
    }
    return json_answer(
        OpsHealthBody(timestamp=iso_utc(deps.clock.now_ms()), dependencies=dependencies)
    )


def _engine(stats: EngineStats) -> dict[str, DependencyBody]:
    """Say that runs cannot be made for want of something here, while that is so."""
    if not stats.starved:
        return {}
    note = f"{stats.starved} checks could not be run and keep their status: {REMEDY}"
    return {"engine": DependencyBody(status="warn", last_error=stats.shortage, note=note)}


def _polled(readings: ReadingsView, now_ms: int) -> dict[str, DependencyBody]:
    """Tell of what is polled elsewhere; the old names are always there."""
    states = readings.states
    docker = states.get("docker")
    others = {name: state for name in _POLLED if (state := states.get(name)) is not None}
    return {
        "proxmox_stats": proxmox_dependency(states.get("proxmox"), now_ms),
        "portainer": portainer_dependency(readings.probes.get("docker"), docker, now_ms),
        **{name: polled_dependency(state, now_ms) for name, state in others.items()},
    }


def _services(counts: Summary) -> ServicesBody:
    """Tell of the checks."""
    return ServicesBody(
        up=counts.up,
        down=counts.down,
        down_list=counts.down_ids,
        unknown=counts.unknown,
        degraded=counts.degraded,
        total=counts.total,
    )


def _channels(channels: Sequence[ChannelHealth]) -> dict[str, DependencyBody]:
    """Tell of every way to reach people; ntfy keeps the name that older clients know."""
    found = {f"channel:{channel.name}": _channel(channel) for channel in channels}
    old = [_channel(channel) for channel in channels if channel.type == "ntfy"]
    return {**found, "ntfy": old[0]} if old else found


def _channel(channel: ChannelHealth) -> DependencyBody:
    """Tell of a way to reach people."""
    success_ms = channel.last_success_ms
    held = f", {channel.held} held back" if channel.held else ""
    is_unused = success_ms is None and channel.last_error is None
    return DependencyBody(
        status="crit" if channel.last_error else "unknown" if is_unused else "ok",
        last_fetch_ts=None if success_ms is None else iso_utc(success_ms),
        last_error=channel.last_error,
        note=f"{channel.type} channel, {channel.queued} waiting{held}",
    )


def _muted(mute: Mute | None) -> dict[str, DependencyBody]:
    """Say that nobody is told anything, while that is so."""
    if mute is None:
        return {}
    until = "" if mute.until_ms is None else f" until {iso_utc(mute.until_ms)}"
    reason = f": {mute.reason}" if mute.reason else ""
    return {"alerts": DependencyBody(status="warn", note=f"muted{until}{reason}")}


def _database(health: StoreHealthView, space: Space | None) -> DependencyBody:
    """Tell of the database, and of the room that it has."""
    committed_ms = health.last_commit_ms
    note = None
    if health.mode != "disk":
        note = "results are kept in memory only"
    elif space is not None and space.is_low:
        note = f"only {format_size(space.free_bytes)} are free on its disk"
    return DependencyBody(
        status="crit" if not health.writable else "ok" if note is None else "warn",
        last_fetch_ts=None if committed_ms is None else iso_utc(committed_ms),
        last_error=health.reason,
        note=note,
    )
