"""Every change, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.api.keys import GRANT, STREAM
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.check import CheckBody
from opsmonitor.api.schemas.status import SummaryBody
from opsmonitor.api.schemas.stream import (
    ByeFrame,
    ConfigFrame,
    EventFrame,
    InventoryFrame,
    SnapshotFrame,
)
from opsmonitor.api.scope import Kind, Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("status")


@routes.get(
    "/api/stream",
    scope=Scope.READ,
    kind=Kind.STREAM,
    answers={
        200: Answer(
            content_type="text/event-stream",
            description=(
                "Server-sent events: `snapshot` first, then `check`, `event`, `summary`,"
                " `inventory` and `config` as they happen, `bye` at the end; a comment every 15 s."
                " `Last-Event-ID` resumes where the daemon still has what was missed"
            ),
            frames={
                "snapshot": SnapshotFrame,
                "check": CheckBody,
                "event": EventFrame,
                "summary": SummaryBody,
                "inventory": InventoryFrame,
                "config": ConfigFrame,
                "bye": ByeFrame,
            },
        )
    },
)
async def stream(request: web.Request) -> web.StreamResponse:
    """Stream every change as it happens."""
    return await request.app[STREAM].serve(request, request[GRANT].is_valid)
