"""The page on which a person lets programs in, and shuts them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from aiohttp import web

from opsmonitor.api.body import read_bytes
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS, GRANT, PAIR, STREAM
from opsmonitor.api.pages import page, render
from opsmonitor.api.routing import Routes
from opsmonitor.api.schemas.tokens import TokenBody
from opsmonitor.api.scope import Kind, Scope
from opsmonitor.exceptions import UnknownTokenError
from opsmonitor.models.token import TokenScope, TokenWish
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from opsmonitor.api.deps import ApiDeps

_PATH: Final = "/pair"
_MOST_FIELDS: Final = 10

routes = Routes("page")


@routes.get(_PATH, scope=Scope.ADMIN, kind=Kind.PAGE)
async def show(request: web.Request) -> web.Response:
    """Show which programs have a token; looking at it makes no code."""
    return page(_text(request.app[DEPS]))


@routes.post(_PATH, scope=Scope.ADMIN, kind=Kind.PAGE)
async def act(request: web.Request) -> web.Response:
    """Show a code, or revoke a token: whichever button was pressed."""
    deps = request.app[DEPS]
    fields = await _read_form(request)
    if "revoke" in fields:
        await _revoke(request, fields["revoke"])
        raise web.HTTPSeeOther(_PATH)
    scope = TokenScope.READ if fields.get("scope") == TokenScope.READ else TokenScope.ADMIN
    code, expires_ms = request.app[PAIR].open_code(TokenWish(name="", scope=scope), request[GRANT])
    digits = code.reveal()
    return page(
        _text(
            deps,
            code=f"{digits[:3]} {digits[3:]}",
            until=_spoken(iso_utc(expires_ms)),
            scope=scope.value,
        )
    )


async def _revoke(request: web.Request, token_id: str) -> None:
    """Revoke a token; that it is gone already is just as well."""
    try:
        await request.app[DEPS].tokens.revoke(token_id)
    except UnknownTokenError:
        return
    finally:
        request.app[STREAM].end_invalid()


def _text(deps: ApiDeps, *, code: str = "", until: str = "", scope: str = "") -> str:
    """Return the page."""
    tokens = [
        {
            "id": token.id,
            "name": token.name,
            "scope": "read" if token.scope is TokenScope.READ else "read and change",
            "last_used_at": token.last_used_at and _spoken(token.last_used_at),
            "expires_at": token.expires_at and _spoken(token.expires_at),
        }
        for token in map(TokenBody.of, deps.tokens.all)
    ]
    return render("pair.html", tokens=tokens, code=code, until=until, scope=scope)


def _spoken(timestamp: str) -> str:
    """Return a timestamp to the minute."""
    return timestamp[:16].replace("T", " ")


async def _read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of the form.

    Raises:
        ApiError: There is no such form.

    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise ApiError(415, "unsupported_media_type", "the body must be a form")
    try:
        fields = parse_qs((await read_bytes(request)).decode(), max_num_fields=_MOST_FIELDS)
    except ValueError as err:
        raise ApiError(400, "malformed_form", "the form cannot be read") from err
    return {name: values[0] for name, values in fields.items()}
