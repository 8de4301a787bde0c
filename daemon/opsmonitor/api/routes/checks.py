"""What people do with a check: run it, pause it, take note of its trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS
from opsmonitor.api.one_check import UNKNOWN, detail, known_id
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.check import CheckDetail
from opsmonitor.api.schemas.check_requests import ACKNOWLEDGE, PAUSE
from opsmonitor.api.schemas.requests import NO_BODY
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

_DONE: Final = Answer(body=CheckDetail)

routes = Routes("status")


@routes.post(
    "/api/checks/{id}/run",
    scope=Scope.ADMIN,
    body=NO_BODY,
    answers={200: _DONE, 404: UNKNOWN, 409: Answer(body=ErrorBody, description="It is paused")},
)
async def run(request: web.Request) -> web.Response:
    """Run one check now and return its state after the run."""
    check_id = known_id(request)
    await read_json(request, NO_BODY)
    result = await request.app[DEPS].monitor.run_now(check_id)
    return json_answer(await detail(request, result.state))


@routes.post(
    "/api/checks/{id}/pause",
    scope=Scope.ADMIN,
    body=PAUSE,
    answers={200: _DONE, 404: UNKNOWN},
)
async def pause(request: web.Request) -> web.Response:
    """Run one check no more, until it is resumed or the time is over."""
    check_id = known_id(request)
    wish = await read_json(request, PAUSE)
    interventions = request.app[DEPS].monitor.interventions
    state = interventions.pause(check_id, duration_s=wish.duration_s, reason=wish.reason)
    return json_answer(await detail(request, state))


@routes.post(
    "/api/checks/{id}/resume",
    scope=Scope.ADMIN,
    body=NO_BODY,
    answers={200: _DONE, 404: UNKNOWN, 409: Answer(body=ErrorBody, description="It is not paused")},
)
async def resume(request: web.Request) -> web.Response:
    """End the pause of one check, which then runs at once."""
    check_id = known_id(request)
    await read_json(request, NO_BODY)
    state = request.app[DEPS].monitor.interventions.resume(check_id)
    return json_answer(await detail(request, state))


@routes.post(
    "/api/checks/{id}/acknowledge",
    scope=Scope.ADMIN,
    body=ACKNOWLEDGE,
    answers={
        200: _DONE,
        404: UNKNOWN,
        409: Answer(body=ErrorBody, description="It is not in trouble"),
    },
)
async def acknowledge(request: web.Request) -> web.Response:
    """Note that somebody knows of the trouble of one check, until it recovers."""
    check_id = known_id(request)
    wish = await read_json(request, ACKNOWLEDGE)
    state = request.app[DEPS].monitor.interventions.acknowledge(
        check_id, by=wish.by, note=wish.note
    )
    return json_answer(await detail(request, state))


@routes.post(
    "/api/checks/{id}/unacknowledge",
    scope=Scope.ADMIN,
    body=NO_BODY,
    answers={
        200: _DONE,
        404: UNKNOWN,
        409: Answer(body=ErrorBody, description="It is not acknowledged"),
    },
)
async def unacknowledge(request: web.Request) -> web.Response:
    """Take an acknowledgement back: reminders and escalation go on."""
    check_id = known_id(request)
    await read_json(request, NO_BODY)
    state = request.app[DEPS].monitor.interventions.unacknowledge(check_id)
    return json_answer(await detail(request, state))
