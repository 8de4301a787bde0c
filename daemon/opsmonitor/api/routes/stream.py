"""Every change, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.body import read_query
from opsmonitor.api.keys import GRANT, STREAM
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.alerts import AlertsFrame
from opsmonitor.api.schemas.check import CheckBody
from opsmonitor.api.schemas.daemon import DaemonFrame
from opsmonitor.api.schemas.readings import ReadingEventBody, ReadingFrame
from opsmonitor.api.schemas.remediation import ActionFrame
from opsmonitor.api.schemas.requests import SINCE
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.schemas.status import SummaryBody
from opsmonitor.api.schemas.stream import (
    ByeFrame,
    ConfigFrame,
    EventFrame,
    InventoryFrame,
    MessageFrame,
    SnapshotFrame,
)
from opsmonitor.api.scope import Kind, Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("status")

_FRAMES: Final = {
    "snapshot": SnapshotFrame,
    "check": CheckBody,
    "event": EventFrame,
    "summary": SummaryBody,
    "inventory": InventoryFrame,
    "config": ConfigFrame,
    "action": ActionFrame,
    "reading": ReadingFrame,
    "reading_event": ReadingEventBody,
    "readings": tuple[ReadingFrame, ...],
    "alerts": AlertsFrame,
    "daemon": DaemonFrame,
    "bye": ByeFrame,
}


@routes.get(
    "/api/stream",
    scope=Scope.READ,
    kind=Kind.STREAM,
    answers={
        200: Answer(
            content_type="text/event-stream",
            description=(
                "Server-sent events: `snapshot` first, then `check`, `event`, `summary`,"
                " `inventory`, `config`, `action`, `reading` and `reading_event`"
                " as they happen, `alerts` when one begins or ends or all are muted,"
                " `daemon` when something about the daemon itself is otherwise,"
                " `readings` after a change of the configuration, `bye` at"
                " the end; a comment every 15 s."
                " `Last-Event-ID` resumes where the daemon still has what was missed"
            ),
            frames=_FRAMES,
        )
    },
)
async def stream(request: web.Request) -> web.StreamResponse:
    """Stream every change as it happens."""
    return await request.app[STREAM].serve(request, request[GRANT].is_valid)


@routes.get(
    "/api/ws",
    scope=Scope.READ,
    kind=Kind.STREAM,
    query=SINCE,
    answers={
        101: Answer(
            body=MessageFrame,
            description=(
                "A WebSocket with the frames of `/api/stream`: each message is an array of them,"
                " all that happened in one tick"
            ),
            frames=_FRAMES,
        ),
        426: Answer(body=ErrorBody, description="The request does not ask for a WebSocket"),
    },
)
async def socket(request: web.Request) -> web.StreamResponse:
    """Stream every change as it happens, over a WebSocket."""
    query = read_query(request, SINCE)
    return await request.app[STREAM].serve_socket(request, query.since, request[GRANT].is_valid)


@routes.get("/api/snapshot", scope=Scope.READ, answers={200: Answer(body=SnapshotFrame)})
async def snapshot(request: web.Request) -> web.StreamResponse:
    """Return everything that the stream begins with."""
    return request.app[STREAM].snapshot().answer(request)
