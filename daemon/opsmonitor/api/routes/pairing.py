"""Pairing: a person shows a code, and a program gets a token of its own for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import CLIENT, DEPS, GRANT, PAIR
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.schemas.tokens import CODE_WISH, PAIRING, CodeBody, PairedBody
from opsmonitor.api.scope import Scope
from opsmonitor.models.token import TokenScope, TokenWish
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("tokens")


@routes.post(
    "/api/pair/code", scope=Scope.ADMIN, body=CODE_WISH, answers={200: Answer(body=CodeBody)}
)
async def open_code(request: web.Request) -> web.Response:
    """Make a code for one program; it is good once, for ten minutes."""
    wanted = await read_json(request, CODE_WISH)
    scope = TokenScope(wanted.scope)
    wish = TokenWish(name=wanted.name or "", scope=scope, lifetime_s=wanted.lifetime_s)
    code, expires_ms = request.app[PAIR].open_code(wish, request[GRANT])
    return json_answer(CodeBody(code=code.reveal(), expires_at=iso_utc(expires_ms), scope=scope))


@routes.post(
    "/api/pair",
    scope=Scope.PUBLIC,
    body=PAIRING,
    answers={
        200: Answer(body=PairedBody),
        404: Answer(body=ErrorBody, description="It is not the code that is open"),
        409: Answer(body=ErrorBody, description="There are too many tokens"),
        429: Answer(body=ErrorBody, description="There were too many wrong codes"),
    },
)
async def pair(request: web.Request) -> web.Response:
    """Give a program a token of its own in exchange for a code."""
    given = await read_json(request, PAIRING)
    token, secret = await request.app[PAIR].exchange(given.code, given.client, request[CLIENT])
    return json_answer(
        PairedBody(
            token=secret.reveal(),
            id=token.id,
            name=token.name,
            scope=token.scope,
            expires_at=None if token.expires_ms is None else iso_utc(token.expires_ms),
            instance_id=request.app[DEPS].store.instance_id,
        )
    )
