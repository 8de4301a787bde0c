"""The state of the checks, and what happened to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsmonitor.api.body import read_query
from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS, STATES, UPTIME
from opsmonitor.api.one_check import UNKNOWN, detail, known_id
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.check import CheckBody, CheckDetail
from opsmonitor.api.schemas.check_requests import EVENTS_QUERY, HISTORY_QUERY
from opsmonitor.api.schemas.history import HistoryBody
from opsmonitor.api.schemas.past import PastBody
from opsmonitor.api.schemas.status import EventBody, SummaryBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

_MINUTE_MS = 60_000

routes = Routes("status")


@routes.get(
    "/api/status/checks", scope=Scope.READ, answers={200: Answer(body=dict[str, CheckBody])}
)
async def checks(request: web.Request) -> web.Response:
    """Return the state of every check by id."""
    return request.app[STATES].checks().answer(request)


@routes.get("/api/status/summary", scope=Scope.READ, answers={200: Answer(body=SummaryBody)})
async def summary(request: web.Request) -> web.Response:
    """Return how many checks are in which state."""
    return request.app[STATES].summary().answer(request)


@routes.get("/api/status/uptime", scope=Scope.READ, answers={200: Answer(body=dict[str, PastBody])})
async def uptime(request: web.Request) -> web.Response:
    """Return uptime, mean response time and what is left of an agreed uptime of every check."""
    found = await request.app[UPTIME].get()
    return json_answer({key: PastBody.of(past) for key, past in found.items()})


@routes.get(
    "/api/status/checks/{id}",
    scope=Scope.READ,
    answers={200: Answer(body=CheckDetail), 404: UNKNOWN},
)
async def check(request: web.Request) -> web.Response:
    """Return all that is known of one check."""
    check_id = known_id(request)
    return json_answer(await detail(request, request.app[DEPS].monitor.states[check_id]))


@routes.get(
    "/api/status/events",
    scope=Scope.READ,
    query=EVENTS_QUERY,
    answers={200: Answer(body=tuple[EventBody, ...])},
)
async def events(request: web.Request) -> web.Response:
    """Return changes of status, newest first."""
    deps = request.app[DEPS]
    query = read_query(request, EVENTS_QUERY)
    found = await deps.store.events(
        limit=query.limit, since_ms=query.since, check_id=query.check_id
    )
    names = {check.id: check.name for check in deps.monitor.checks.values()}
    return json_answer([EventBody.of(transition, names) for transition in found])


@routes.get(
    "/api/history/{id}",
    scope=Scope.READ,
    query=HISTORY_QUERY,
    answers={200: Answer(body=HistoryBody), 404: UNKNOWN},
)
async def history(request: web.Request) -> web.Response:
    """Return latency, states and uptime of one check over a range of time."""
    deps = request.app[DEPS]
    check_id = known_id(request)
    query = read_query(request, HISTORY_QUERY)
    to_ms = deps.clock.now_ms()
    from_ms = max(0, to_ms - query.range_minutes * _MINUTE_MS)
    found = await deps.store.history(check_id, from_ms, to_ms, query.resolution)
    if not deps.monitor.checks[check_id].exclude_when_parent_down:
        found = replace(found, uptime=found.uptime.without_excuse())
    return json_answer(HistoryBody.of(found))
