"""Where jobs report that they ran, and what they reported."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import hdrs, web

from opsmonitor.api.body import read_query
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import CLIENT, DEPS, GRANT, PUSHES
from opsmonitor.api.one_check import known_id
from opsmonitor.api.ping_body import read_ping_body
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.check_requests import HEARTBEAT_QUERY, PING_QUERY
from opsmonitor.api.schemas.heartbeat import HeartbeatBody, PingBody
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Kind, Scope
from opsmonitor.models.heartbeat import Ping, PingKind

_PATH: Final = "/api/heartbeat/{token}"
_KINDS: Final = {"start": PingKind.START, "fail": PingKind.FAIL, "log": PingKind.LOG}
_EXIT_CODE: Final = re.compile(r"\d{1,3}", re.ASCII)
_MOST: Final = 255
_ANSWERS: Final = {
    200: Answer(content_type="text/plain", description="It counts: the body is `OK`"),
    404: Answer(body=ErrorBody, description="There is no such token, or no such signal"),
    405: Answer(body=ErrorBody, description="The check counts only POST"),
    429: Answer(body=ErrorBody, description="It comes too often"),
}

routes = Routes("heartbeat")


@routes.get(_PATH, scope=Scope.PUBLIC, kind=Kind.PUSH, query=PING_QUERY, answers=_ANSWERS)
@routes.post(_PATH, scope=Scope.PUBLIC, kind=Kind.PUSH, query=PING_QUERY, answers=_ANSWERS)
async def success(request: web.Request) -> web.Response:
    """Take in that a job ended well."""
    return await _take(request, PingKind.SUCCESS, None)


@routes.get(
    _PATH + "/{signal}", scope=Scope.PUBLIC, kind=Kind.PUSH, query=PING_QUERY, answers=_ANSWERS
)
@routes.post(
    _PATH + "/{signal}", scope=Scope.PUBLIC, kind=Kind.PUSH, query=PING_QUERY, answers=_ANSWERS
)
async def signal(request: web.Request) -> web.Response:
    """Take in that a job started, failed, ended with an exit code, or has something for the log."""
    word = request.match_info["signal"]
    kind, exit_code = _KINDS.get(word), None
    if _EXIT_CODE.fullmatch(word) and int(word) <= _MOST:
        exit_code = int(word)
        kind = PingKind.FAIL if exit_code else PingKind.SUCCESS
    return await _take(request, kind, exit_code)


async def _take(request: web.Request, kind: PingKind | None, exit_code: int | None) -> web.Response:
    """Take in a ping.

    Raises:
        ApiError: It is for nobody, or not as it should be.

    """
    deps = request.app[DEPS]
    check_id = request.app[PUSHES].admit(request.match_info["token"], request[CLIENT])
    if kind is None:
        raise ApiError(
            404, "unknown_signal", "expected start, fail, log or an exit code from 0 to 255"
        )
    push, check = deps.heartbeats.push(check_id), deps.monitor.checks.get(check_id)
    if push is not None and push.is_post_only and request.method != hdrs.METH_POST:
        raise ApiError(
            405, "post_only", "this check counts only POST", headers={hdrs.ALLOW: hdrs.METH_POST}
        )
    # Whatever else the address has is ignored: a ping must not be lost for that.
    query = PING_QUERY.parse({"rid": request.query["rid"]} if "rid" in request.query else {})
    body = await read_ping_body(request, () if check is None else check.secrets)
    await deps.heartbeats.receive(
        Ping(
            check_id=check_id,
            at_ms=deps.clock.now_ms(),
            kind=kind,
            exit_code=exit_code,
            run_id=query.rid,
            body=body.text,
            is_cut=body.is_cut,
            source=str(request[CLIENT].address),
        )
    )
    response = web.Response(text="OK")
    if not body.is_read:
        response.force_close()
    return response


@routes.get(
    "/api/checks/{id}/heartbeat",
    scope=Scope.READ,
    query=HEARTBEAT_QUERY,
    answers={
        200: Answer(body=HeartbeatBody),
        404: Answer(body=ErrorBody, description="No check has this id, or nobody reports to it"),
    },
)
async def heartbeat(request: web.Request) -> web.Response:
    """Return what a job reported and, for admins, the address that it must call."""
    deps = request.app[DEPS]
    check_id = known_id(request)
    query = read_query(request, HEARTBEAT_QUERY)
    pulse = deps.heartbeats.pulse(check_id)
    if pulse is None:
        raise ApiError(404, "not_a_heartbeat", f"nobody reports to the check {check_id!r}")
    url = None
    if request[GRANT].scope >= Scope.ADMIN:
        scheme = "https" if request[CLIENT].is_https else "http"
        url = f"{scheme}://{request.host}/api/heartbeat/{deps.heartbeats.token(check_id)}"
    pings = await deps.store.pings(check_id, limit=query.limit)
    return json_answer(HeartbeatBody.of(pulse, url, tuple(PingBody.of(ping) for ping in pings)))
