"""Where Home Assistant reports that it lives: a dead man's switch without a token of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer, to_json
from opsmonitor.api.keys import CLIENT, DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.home_assistant import VITAL_SIGNS, CountedBody
from opsmonitor.api.scope import Scope
from opsmonitor.models.heartbeat import Ping, PingKind

if TYPE_CHECKING:
    from aiohttp import web

CHECK_ID: Final = "home-assistant"
"""The check that counts it, unless the report names another one."""

_PROBE: Final = "homeassistant"
_REMEDY: Final = (
    "add a check of type heartbeat with the id {}, or the section `homeassistant: {{}}`, to "
    "checks.yml"
)

routes = Routes("heartbeat")


@routes.post(
    "/api/homeassistant/heartbeat",
    scope=Scope.ADMIN,
    body=VITAL_SIGNS,
    answers={200: Answer(body=CountedBody)},
)
async def beat(request: web.Request) -> web.Response:
    """Take in that Home Assistant lives, and how it is doing."""
    deps = request.app[DEPS]
    signs = await read_json(request, VITAL_SIGNS)
    check_id = signs.check_id or CHECK_ID
    is_read = check_id == CHECK_ID and _PROBE in deps.readings.probes
    if is_read:
        deps.hear_house(signs.as_beat(deps.clock.now_ms(), deps.clock.monotonic()))
    if deps.heartbeats.push(check_id) is None:
        note = None if is_read else _REMEDY.format(check_id)
        return json_answer(CountedBody(counted=is_read, check_id=check_id, note=note))
    await deps.heartbeats.receive(
        Ping(
            check_id=check_id,
            at_ms=deps.clock.now_ms(),
            kind=PingKind.SUCCESS,
            body=to_json(signs.figures()).decode(),
            source=str(request[CLIENT].address),
        )
    )
    return json_answer(CountedBody(counted=True, check_id=check_id, note=None))
