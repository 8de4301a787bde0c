"""Signing in and out with a browser."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import parse_qs

from aiohttp import hdrs, web

from opsmonitor.api.auth import needs_login
from opsmonitor.api.body import read_bytes
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import CLIENT, DEPS, GRANT, LOGIN, STREAM
from opsmonitor.api.pages import page, render
from opsmonitor.api.routing import Routes
from opsmonitor.api.scope import Kind, Scope

_LOGGER = logging.getLogger(__name__)

_HOME: Final = "/"
_MOST_FIELDS: Final = 10

routes = Routes("page")


@routes.get("/login", scope=Scope.PUBLIC, kind=Kind.PAGE)
async def form(request: web.Request) -> web.Response:
    """Show where to sign in, to whoever has to."""
    if request[GRANT].scope >= Scope.READ:
        raise web.HTTPSeeOther(_HOME)
    if not needs_login(request.app[DEPS].settings().server):
        text = "Through a proxy nobody is let in until server.token is set in checks.yml"
        return page(render("login.html", error=text), 403)
    return page(render("login.html", error=""))


@routes.post("/login", scope=Scope.PUBLIC, kind=Kind.PAGE)
async def sign_in(request: web.Request) -> web.Response:
    """Open a session for the right token."""
    client = request[CLIENT]
    desk = request.app[LOGIN]
    # The token comes first, so that many at once are not all let pass before one is wrong.
    token = await _read_token(request)
    wait_s = desk.wait_s(client)
    if wait_s:
        text = render("login.html", error=f"Too many wrong tokens: wait {wait_s} s")
        return page(text, 429, {hdrs.RETRY_AFTER: str(wait_s)})
    answer = web.HTTPSeeOther(_HOME)
    if desk.sign_in(request, answer, client, token):
        raise answer
    _LOGGER.warning("Wrong token at the sign-in page from %s", client.address)
    return page(render("login.html", error="This is not the token"), 401)


@routes.post("/logout", scope=Scope.PUBLIC, kind=Kind.PAGE)
async def sign_out(request: web.Request) -> web.Response:
    """End the session, and the streams that were opened with it."""
    answer = web.HTTPSeeOther("/login")
    request.app[LOGIN].sign_out(request, answer)
    request.app[STREAM].end_invalid()
    raise answer


async def _read_token(request: web.Request) -> str:
    """Return the token in the form.

    Raises:
        ApiError: There is no such form.

    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise ApiError(415, "unsupported_media_type", "the body must be a form")
    try:
        text = (await read_bytes(request)).decode()
        fields = parse_qs(text, max_num_fields=_MOST_FIELDS)
    except ValueError as err:
        raise ApiError(400, "malformed_form", "the form cannot be read") from err
    return fields.get("token", [""])[0].strip()
