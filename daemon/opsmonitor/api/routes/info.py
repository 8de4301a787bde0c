"""Who this daemon is."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from opsmonitor import __version__
from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS, GRANT
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.service import InfoBody
from opsmonitor.api.schemas.tokens import TokenBody
from opsmonitor.api.scope import Scope
from opsmonitor.api.version import API_VERSION, CAPABILITIES, MIN_CLIENT_VERSION
from opsmonitor.exceptions import StoreError
from opsmonitor.models.token import TokenScope
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("daemon")


@routes.get("/api/info", scope=Scope.READ, answers={200: Answer(body=InfoBody)})
async def info(request: web.Request) -> web.Response:
    """Return who this daemon is and what it can do.

    A daemon that cannot read who it was does not say that it is somebody else.
    """
    deps = request.app[DEPS]
    if not deps.store.has_past:
        raise StoreError("who this daemon is cannot be read")
    grant = request[GRANT]
    return json_answer(
        InfoBody(
            instance_id=deps.store.instance_id,
            name=f"Ops Monitor ({socket.gethostname()})",
            version=__version__,
            api_version=API_VERSION,
            min_client_version=MIN_CLIENT_VERSION,
            capabilities=CAPABILITIES,
            started_at=iso_utc(deps.started_ms),
            scope=TokenScope.ADMIN if grant.scope >= Scope.ADMIN else TokenScope.READ,
            token=None if grant.token is None else TokenBody.of(grant.token),
        )
    )
