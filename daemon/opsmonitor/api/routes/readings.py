"""What is polled in the background: every answer is from what is already known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from opsmonitor.api.body import read_query
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.headers import POLICY
from opsmonitor.api.identities import reading_frame
from opsmonitor.api.keys import DEPS, READINGS
from opsmonitor.api.routing import Answer, Handler, Routes
from opsmonitor.api.schemas.reading_requests import FORMAT_QUERY, READING_EVENTS_QUERY, VALUES_QUERY
from opsmonitor.api.schemas.readings import (
    ReadingBody,
    ReadingEventBody,
    ReadingFrame,
    ValuesBody,
)
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope
from opsmonitor.parts.port_page import POLICY as PAGE_POLICY, port_page
import opsmonitor.probes
from opsmonitor.probes.base import ProbeType
from opsmonitor.registry import load_plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsmonitor.models.history import ValueHistory
    from opsmonitor.models.reading import ReadingState

PROBES: Final[dict[str, ProbeType[Any]]] = load_plugins(opsmonitor.probes, "PROBE", ProbeType)
_ALIASES: Final = {
    "host": ("/host/status",),
    "ports": ("/api/host/ports", "/host/ports"),
    "nvme": ("/nvme/status",),
    "fritz": ("/fritz/status",),
    "homeassistant": ("/ha/status",),
}
"""Further paths: those of predecessors, whose users' scripts keep working."""
_PORTS: Final = "ports"
_MINUTE_MS: Final = 60_000
_UNCONFIGURED: Final = Answer(body=ErrorBody, description="It is not configured")

routes = Routes("readings")


@routes.get("/api/readings", scope=Scope.READ, answers={200: Answer(body=tuple[ReadingFrame, ...])})
async def readings(request: web.Request) -> web.Response:
    """Return everything that is polled, in short."""
    deps = request.app[DEPS]
    now_ms = deps.clock.now_ms()
    return json_answer([reading_frame(state, now_ms) for state in deps.readings.states.values()])


@routes.get(
    "/api/readings/events",
    scope=Scope.READ,
    query=READING_EVENTS_QUERY,
    answers={200: Answer(body=tuple[ReadingEventBody, ...])},
)
async def reading_events(request: web.Request) -> web.Response:
    """Return what happened between readings, newest first."""
    query = read_query(request, READING_EVENTS_QUERY)
    found = await request.app[DEPS].store.reading_events(
        limit=query.limit, since_ms=query.since, name=query.name
    )
    return json_answer([ReadingEventBody.of(moment) for moment in found])


@routes.get(
    "/api/values",
    scope=Scope.READ,
    query=VALUES_QUERY,
    answers={
        200: Answer(body=ValuesBody),
        404: Answer(body=ErrorBody, description="There is no such value"),
    },
)
async def values(request: web.Request) -> web.Response:
    """Return one value that is polled, and how it was over a range of time."""
    deps = request.app[DEPS]
    query = read_query(request, VALUES_QUERY)
    to_ms = deps.clock.now_ms()
    from_ms = max(0, to_ms - query.range_minutes * _MINUTE_MS)
    latest = deps.readings.latest(query.name)
    history: ValueHistory | None = None
    thing, _, value = query.name.rpartition(".")
    while thing and (history is None or not history.points):
        history = await deps.store.value_history(thing, value, from_ms, to_ms, query.resolution)
        if not history.points:
            thing, _, head = thing.rpartition(".")
            value = f"{head}.{value}"
    if history is None or (latest is None and not history.points):
        raise ApiError(
            404, "unknown_value", f"nothing is known of {query.name!r}: see /api/readings"
        )
    return json_answer(
        ValuesBody.of(
            query.name,
            history,
            value=None if latest is None else latest.value,
            at_ms=None if latest is None else latest.at_ms,
            stale=latest is None or latest.is_stale,
        )
    )


def _teller(probe: ProbeType[Any]) -> Handler:
    """Return the handler that tells of a probe; that of the ports has a page for people, too."""
    is_page = probe.name == _PORTS

    async def tell(request: web.Request) -> web.Response:
        wants_page = is_page and read_query(request, FORMAT_QUERY).format == "html"
        if probe.name not in request.app[DEPS].readings.probes:
            remedy = (
                f"it is switched off by `enabled: false` in the section `{probe.name}`"
                if probe.is_default
                else f"add a section `{probe.name}` to checks.yml"
            )
            raise ApiError(404, "not_configured", f"`{probe.name}` is not polled: {remedy}")
        if wants_page:
            return _page_of_ports(request.app[READINGS].of(probe.name))
        return request.app[READINGS].body(probe.name, probe.collection).answer(request)

    tell.__doc__ = f"Return what the probe {probe.name} read."
    return tell


def _page_of_ports(states: Sequence[ReadingState]) -> web.Response:
    """Return the latest report of ports as a page."""
    reading = states[0].reading if states else None
    if reading is None:
        raise ApiError(503, "not_read_yet", "the ports were not read yet: try again in a moment")
    response = web.Response(text=port_page(reading.data), content_type="text/html")
    response[POLICY] = PAGE_POLICY
    return response


for _probe in PROBES.values():
    for _path in (f"/api/{_probe.name}", *_ALIASES.get(_probe.name, ())):
        routes.get(
            _path,
            scope=Scope.READ,
            query=FORMAT_QUERY if _probe.name == _PORTS else None,
            answers={200: Answer(body=ReadingBody), 404: _UNCONFIGURED},
        )(_teller(_probe))
