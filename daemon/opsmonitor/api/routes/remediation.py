"""What is done about checks that fail, and how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.body import read_json, read_query
from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS
from opsmonitor.api.one_check import UNKNOWN, known_id
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.check_requests import ATTEMPTS_QUERY, REMEDIATE, RESULT
from opsmonitor.api.schemas.remediation import AttemptBody, ResultBody
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

_CONFLICT: Final = "It has no such action, one is under way, or it ran often enough in this hour"

routes = Routes("remediation")


@routes.get(
    "/api/remediations",
    scope=Scope.READ,
    query=ATTEMPTS_QUERY,
    answers={200: Answer(body=tuple[AttemptBody, ...])},
)
async def attempts(request: web.Request) -> web.Response:
    """Return what was done about checks that failed, newest first."""
    query = read_query(request, ATTEMPTS_QUERY)
    store = request.app[DEPS].store
    found = await store.attempts(limit=query.limit, check_id=query.check_id)
    return json_answer([AttemptBody.of(attempt) for attempt in found])


@routes.post(
    "/api/checks/{id}/remediate",
    scope=Scope.ADMIN,
    body=REMEDIATE,
    answers={
        200: Answer(body=AttemptBody),
        404: UNKNOWN,
        409: Answer(body=ErrorBody, description=_CONFLICT),
    },
)
async def remediate(request: web.Request) -> web.Response:
    """Begin one of the actions of a check now, whatever its state; return before it ends."""
    check_id = known_id(request)
    wish = await read_json(request, REMEDIATE)
    attempt = request.app[DEPS].remedies.begin_now(check_id, wish.action)
    return json_answer(AttemptBody.of(attempt))


@routes.post(
    "/api/remediations/{id}/result",
    scope=Scope.ADMIN,
    body=RESULT,
    answers={
        200: Answer(body=ResultBody),
        404: Answer(body=ErrorBody, description="Nobody waits for it, any more or at all"),
    },
)
async def result(request: web.Request) -> web.Response:
    """Say how it went what the stream's event named action asked for."""
    said = await read_json(request, RESULT)
    request.app[DEPS].remedies.answer(
        request.match_info["id"], is_done=said.ok, message=said.message
    )
    return json_answer(ResultBody(ok=True))
