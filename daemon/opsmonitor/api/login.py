"""Let browsers in by a token, once, and remember them by a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.auth import match_token
from opsmonitor.api.ratelimit import LoginBackoff
from opsmonitor.api.sessions import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from opsmonitor.api.client import Client
    from opsmonitor.api.sessions import Sessions
    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.util.clock import Clock

_ID_DIGITS: Final = 8


def cookie_name(instance_id: str) -> str:
    """Return the name of the cookie: daemons on one host share cookies, whatever their ports."""
    return f"opsmonitor_{instance_id[:_ID_DIGITS]}"


class LoginDesk:
    """Open and end sessions."""

    def __init__(
        self, server: Callable[[], ServerSettings], sessions: Sessions, cookie: str, clock: Clock
    ) -> None:
        """Take the settings in force, the sessions, their cookie's name and the clock."""
        self._server = server
        self._sessions = sessions
        self._cookie = cookie
        self._backoff = LoginBackoff(clock)

    def wait_s(self, client: Client) -> int:
        """Return how long a client has to wait before it may try a token; 0 for not at all."""
        return self._backoff.wait_s(client.key)

    def sign_in(
        self, request: web.Request, response: web.StreamResponse, client: Client, token: str
    ) -> bool:
        """Open a session if the token is right, in place of one the browser may have."""
        match = match_token(self._server(), token)
        if match is None:
            self._backoff.failed(client.key)
            return False
        self._backoff.succeeded(client.key)
        self.sign_out(request, response)
        response.set_cookie(
            self._cookie,
            self._sessions.open(*match),
            max_age=int(LONGEST_S),
            httponly=True,
            samesite="Strict",
            secure=client.is_https,
        )
        return True

    def sign_out(self, request: web.Request, response: web.StreamResponse) -> None:
        """End the session of a browser, if it has one."""
        session_id = request.cookies.get(self._cookie)
        if session_id:
            self._sessions.close(session_id)
            response.del_cookie(self._cookie)
