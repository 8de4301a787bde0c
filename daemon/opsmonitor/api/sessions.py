"""Browser sessions: kept in memory, ended by time, by logging out or by a new token."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.secret import Secret

IDLE_S: Final = 12 * 3600.0
"""A session that nobody used for so long is over."""
LONGEST_S: Final = 14 * 86400.0
"""A session ends at this age however much it is used."""
_MOST: Final = 1000


@dataclass(slots=True, kw_only=True)
class Session:
    """One browser that logged in."""

    scope: Scope
    secret: Secret
    """The token it logged in with: another one in force ends the session."""
    opened_s: float
    used_s: float


class Sessions:
    """All open sessions, by the digest of their ids."""

    def __init__(self, server: Callable[[], ServerSettings], clock: Clock) -> None:
        """Take the settings in force and the clock."""
        self._server = server
        self._clock = clock
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, scope: Scope, secret: Secret) -> str:
        """Begin a session and return its id, which is told to the browser only."""
        session_id = secrets.token_urlsafe(32)
        now_s = self._clock.monotonic()
        self._sessions[_digest(session_id)] = Session(
            scope=scope, secret=secret, opened_s=now_s, used_s=now_s
        )
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return session_id

    def use(self, session_id: str) -> Scope | None:
        """Return what a session may do, and count it as used; None if it is over."""
        key = _digest(session_id)
        session = self._sessions.get(key)
        if session is None:
            return None
        now_s = self._clock.monotonic()
        if not self._holds(session, now_s):
            del self._sessions[key]
            return None
        session.used_s = now_s
        self._sessions.move_to_end(key)
        return session.scope

    def close(self, session_id: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(session_id), None)

    def _holds(self, session: Session, now_s: float) -> bool:
        """Tell whether neither time nor a new token has ended a session."""
        server = self._server()
        token = server.token if session.scope is Scope.ADMIN else server.read_token
        return (
            now_s - session.used_s < IDLE_S
            and now_s - session.opened_s < LONGEST_S
            and token == session.secret
        )


def _digest(session_id: str) -> bytes:
    """Return what a session is found by: comparing digests tells nothing about the id."""
    return hashlib.sha256(session_id.encode("utf-8", "replace")).digest()
