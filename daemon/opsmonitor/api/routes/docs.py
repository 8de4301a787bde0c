"""The description of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsmonitor.api.keys import DOCUMENT
from opsmonitor.api.pages import page
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.scope import Kind, Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("daemon")


@routes.get("/openapi.json", scope=Scope.READ, answers={200: Answer(body=dict[str, Any])})
async def document(request: web.Request) -> web.Response:
    """Return this description as an OpenAPI document."""
    body = await request.app[DOCUMENT].body()
    return body.answer(request)


@routes.get(
    "/docs",
    scope=Scope.READ,
    kind=Kind.PAGE,
    answers={200: Answer(content_type="text/html", description="A page for people")},
)
async def docs(request: web.Request) -> web.Response:
    """Show this description as a page."""
    return page(await request.app[DOCUMENT].page())
