"""Newer releases of the daemon: from what is known, never by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.daemon import UpdateBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("daemon")


@routes.get("/api/update", scope=Scope.READ, answers={200: Answer(body=UpdateBody)})
async def update(request: web.Request) -> web.Response:
    """Return what is known of newer releases."""
    return json_answer(UpdateBody.of(request.app[DEPS].wellbeing.update))
