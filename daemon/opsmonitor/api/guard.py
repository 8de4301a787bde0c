"""Decide, before any handler runs, whether a request may pass: nothing is allowed by default."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from opsmonitor.api.auth import Authenticator
from opsmonitor.api.client import identify
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import CLIENT, GRANT
from opsmonitor.api.ratelimit import RateLimiter
from opsmonitor.api.routing import SPECS, RouteSpec
from opsmonitor.api.scope import Kind, Scope
from opsmonitor.exceptions import TokensUnreadError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opsmonitor.api.client import Client
    from opsmonitor.api.hosts import HostList
    from opsmonitor.api.scope import Grant
    from opsmonitor.api.sessions import Sessions
    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.engine.tokens import Tokens
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

_READING: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_FOREIGN_SITES: Final = frozenset({"cross-site", "same-site"})
_STUCK_MS: Final = 30_000
_TCP_USER_TIMEOUT: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)


class Guard:
    """The one place that every request has to pass."""

    def __init__(
        self,
        server: Callable[[], ServerSettings],
        hosts: HostList,
        tokens: Tokens,
        sessions: Sessions,
        cookie: str,
        clock: Clock,
    ) -> None:
        """Take the settings, our names, tokens, sessions, their cookie's name, and the clock."""
        self._server = server
        self._hosts = hosts
        self._limiter = RateLimiter(clock)
        self._authenticator = Authenticator(server, tokens, sessions, cookie)

    @web.middleware
    async def middleware(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Let a request pass, or say why not."""
        server = self._server()
        _cut_off_when_stuck(request)
        self._check_host(request)
        client = identify(request, server.trusted_proxies)
        spec = request.app[SPECS].get(request.match_info.route)
        grant = self._authenticator.grant(request, client)
        if not _is_uncounted(spec, grant):
            self._check_rate(client, server.rate_limit_per_minute)
        if spec is None:
            # The router's own answers (404, 405) tell nothing; another handler has no scope.
            if request.match_info.http_exception is None:
                raise ApiError(403, "forbidden", "this route is open to nobody")
            return await handler(request)
        self._check_origin(request, spec)
        _check_scope(spec, grant)
        _check_csrf(request, spec, grant)
        request[CLIENT] = client
        request[GRANT] = grant
        return await handler(request)

    def _check_host(self, request: web.Request) -> None:
        """Refuse a request that was addressed to somebody else."""
        hosts = request.headers.getall(hdrs.HOST, [])
        if len(hosts) != 1 or not self._hosts.allows(hosts[0]):
            raise ApiError(
                403,
                "host_not_allowed",
                "this daemon is not known by the name in the Host header;"
                " add the name to server.allowed_hosts in checks.yml",
            )

    def _check_rate(self, client: Client, per_minute: int) -> None:
        """Refuse an address that asks too often; this machine may."""
        if client.is_local:
            return
        wait_s = self._limiter.take(client.key, per_minute)
        if wait_s:
            raise ApiError(
                429,
                "too_many_requests",
                f"more than {per_minute} requests a minute; try again in {wait_s} s",
                headers={hdrs.RETRY_AFTER: str(wait_s)},
            )

    def _check_origin(self, request: web.Request, spec: RouteSpec) -> None:
        """Refuse changes and streams asked for by somebody else's page."""
        if request.method in _READING and spec.kind is not Kind.STREAM:
            return
        if spec.kind is Kind.LINK:
            # Whoever can name the address was given it; a browser adds nothing to that.
            return
        origins = request.headers.getall(hdrs.ORIGIN, ())
        if origins:
            host = request.headers[hdrs.HOST]
            is_foreign = not all(self._hosts.allows_origin(origin, host) for origin in origins)
        else:
            is_foreign = request.headers.get("Sec-Fetch-Site") in _FOREIGN_SITES
        if is_foreign:
            raise ApiError(403, "origin_not_allowed", "pages of other sites may not do this")


def _is_uncounted(spec: RouteSpec | None, grant: Grant) -> bool:
    """Tell whether a request leaves the limit alone.

    That is a file, what is counted otherwise, or a stream that is granted.
    """
    if spec is None:
        return False
    return spec.kind in (Kind.ASSET, Kind.PUSH) or (
        spec.kind is Kind.STREAM and grant.scope >= spec.scope
    )


def _check_scope(spec: RouteSpec, grant: Grant) -> None:
    """Refuse whoever may not call a route: 401 without a valid credential, else 403.

    Who shows a token that cannot be looked up yet is told to wait, not that it is wrong: he would
    throw it away.
    """
    if grant.scope >= spec.scope:
        return
    if grant.is_unread:
        raise TokensUnreadError("a token was shown")
    if grant.scope is not Scope.PUBLIC:
        raise ApiError(403, "forbidden", f"this needs the {spec.scope.name.lower()} token")
    if spec.kind is Kind.PAGE:
        raise web.HTTPSeeOther("/login")
    raise ApiError(
        401,
        "unauthorized",
        "a valid token is needed: send `Authorization: Bearer TOKEN`",
        headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
    )


def _check_csrf(request: web.Request, spec: RouteSpec, grant: Grant) -> None:
    """Refuse a change by cookie without the header that no form can send."""
    is_page = spec.kind in (Kind.PAGE, Kind.LINK)
    if request.method in _READING or not grant.uses_cookie or is_page:
        return
    if "X-Requested-With" not in request.headers:
        raise ApiError(
            403, "csrf", "a change by session cookie needs the header `X-Requested-With`"
        )


def _cut_off_when_stuck(request: web.Request) -> None:
    """Let the kernel drop a client that takes nothing of its answer for half a minute."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is not None and _TCP_USER_TIMEOUT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, _STUCK_MS)
