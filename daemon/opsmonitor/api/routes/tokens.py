"""Tokens that programs have: told and revoked, never shown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS, GRANT, STREAM
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.schemas.tokens import TokenBody
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

_LOGGER = logging.getLogger(__name__)

_ONE: Final = Answer(body=TokenBody)
_UNKNOWN: Final = Answer(body=ErrorBody, description="There is none of this id")
_FIXED: Final = Answer(body=ErrorBody, description="It is none that was given out")

routes = Routes("tokens")


@routes.get("/api/tokens", scope=Scope.ADMIN, answers={200: Answer(body=tuple[TokenBody, ...])})
async def tokens(request: web.Request) -> web.Response:
    """Return every token that was given to a program."""
    return json_answer(tuple(TokenBody.of(token) for token in request.app[DEPS].tokens.all))


@routes.delete("/api/tokens/{id}", scope=Scope.ADMIN, answers={200: _ONE, 404: _UNKNOWN})
async def revoke(request: web.Request) -> web.Response:
    """Revoke a token: what is open with it ends."""
    return await _revoke(request, request.match_info["id"])


@routes.delete("/api/token", scope=Scope.READ, answers={200: _ONE, 409: _FIXED})
async def give_back(request: web.Request) -> web.Response:
    """Revoke the token that this request shows: its program needs it no more."""
    token = request[GRANT].token
    if token is None:
        raise ApiError(409, "configured", "this is no token that was given to a program")
    return await _revoke(request, token.id)


async def _revoke(request: web.Request, token_id: str) -> web.Response:
    """Revoke a token, and end the streams that were opened with it."""
    try:
        token = await request.app[DEPS].tokens.revoke(token_id)
    finally:
        request.app[STREAM].end_invalid()
    _LOGGER.info("The token %s of %r was revoked", token.id, token.name)
    return json_answer(TokenBody.of(token))
