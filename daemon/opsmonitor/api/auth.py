"""Find out what the sender of a request may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from opsmonitor.api.scope import Grant, Scope
from opsmonitor.engine.tokens import is_issued
from opsmonitor.exceptions import ConfigError, TokensUnreadError
from opsmonitor.models.config import ConfigProblem
from opsmonitor.models.token import TokenScope
from opsmonitor.util.net import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from opsmonitor.api.client import Client
    from opsmonitor.api.sessions import Sessions
    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.engine.tokens import Tokens
    from opsmonitor.util.secret import Secret

_STRANGER: Final = Grant(scope=Scope.PUBLIC)
_UNREAD: Final = Grant(scope=Scope.PUBLIC, is_unread=True)
_SCOPES: Final = {TokenScope.READ: Scope.READ, TokenScope.ADMIN: Scope.ADMIN}


def refuse_open_server(server: ServerSettings) -> None:
    """Check that a server others can reach asks for a token.

    Raises:
        ConfigError: It would not.

    """
    if is_loopback(server.host) or server.token:
        return
    raise ConfigError(
        [
            ConfigProblem(
                file="",
                path="server.token",
                message=f"a token is needed to listen on {server.host}: set server.token",
            )
        ]
    )


def needs_login(server: ServerSettings) -> bool:
    """Tell whether callers have to say who they are."""
    return bool(server.token) or bool(server.read_token) or not is_loopback(server.host)


def match_token(server: ServerSettings, presented: str) -> tuple[Scope, Secret] | None:
    """Return what a token is for; every configured one is compared, in constant time."""
    try:
        presented.encode()
    except UnicodeEncodeError:
        return None
    found: tuple[Scope, Secret] | None = None
    for scope, token in ((Scope.READ, server.read_token), (Scope.ADMIN, server.token)):
        if token and token.matches(presented):
            found = scope, token
    return found


def _bearer(header: str) -> str:
    """Return the token in an Authorization header; nothing if it holds something else."""
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


class Authenticator:
    """Turn credentials into grants."""

    def __init__(
        self,
        server: Callable[[], ServerSettings],
        tokens: Tokens,
        sessions: Sessions,
        cookie: str,
    ) -> None:
        """Take the settings in force, the tokens of programs, the sessions and their cookie."""
        self._server = server
        self._tokens = tokens
        self._sessions = sessions
        self._cookie = cookie

    def grant(self, request: web.Request, client: Client) -> Grant:
        """Return what the sender of a request may do."""
        header = request.headers.get(hdrs.AUTHORIZATION)
        if not needs_login(self._server()):
            token = "" if header is None else _bearer(header)
            if is_issued(token):
                # Whoever says who he is may do what he was let in for, wherever he is.
                return self._by_issued(token)
            # A proxy in front of a daemon without a token must not open it to the world.
            return self._by_place() if client.is_local else _STRANGER
        if header is not None:
            return self._by_token(_bearer(header))
        session_id = request.cookies.get(self._cookie)
        return self._by_session(session_id) if session_id else _STRANGER

    def _by_place(self) -> Grant:
        """Return the grant of whoever uses this machine, as long as nobody has to say who he is."""
        return Grant(scope=Scope.ADMIN, is_valid=lambda: not needs_login(self._server()))

    def _by_token(self, token: str) -> Grant:
        """Return the grant of a token, whoever made it."""
        match = match_token(self._server(), token)
        if match is None:
            return self._by_issued(token)
        return Grant(scope=match[0], is_valid=lambda: match_token(self._server(), token) == match)

    def _by_issued(self, presented: str) -> Grant:
        """Return the grant of a program that was paired."""
        try:
            token = self._tokens.find(presented)
        except TokensUnreadError:
            return _UNREAD
        if token is None:
            return _STRANGER
        return Grant(
            scope=_SCOPES[token.scope], is_valid=lambda: self._tokens.holds(token), token=token
        )

    def _by_session(self, session_id: str) -> Grant:
        """Return the grant of a session cookie."""
        scope = self._sessions.use(session_id)
        if scope is None:
            return _STRANGER
        return Grant(
            scope=scope,
            # An open page is a session in use.
            is_valid=lambda: self._sessions.use(session_id) is scope,
            uses_cookie=True,
            session_id=session_id,
        )
