"""Who may call a route, and who is calling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.models.token import IssuedToken


class Scope(IntEnum):
    """What a caller may do; each includes those before it."""

    PUBLIC = 0
    """Anybody, without a credential."""
    READ = 1
    """Whoever may see what the daemon knows."""
    ADMIN = 2
    """Whoever may change or start something."""


class Kind(Enum):
    """How a route is used: it decides about limits, headers and the answer to strangers."""

    API = "api"
    PAGE = "page"
    """For browsers: strangers are sent to the login page."""
    ASSET = "asset"
    """A static file: does not count against the rate limit."""
    LINK = "link"
    """A page whose address is the credential: it may be used from any other page."""
    PUSH = "push"
    """What others report: counted by who reports and not by where it comes from."""
    STREAM = "stream"
    """A long answer: does not count against the rate limit, and other origins are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the caller of one request may do."""

    scope: Scope
    is_valid: Callable[[], bool] = lambda: True
    """Whether the credential still holds; asked again while a stream is open."""
    uses_cookie: bool = False
    """Whether a browser sent the credential by itself."""
    session_id: str | None = None
    token: IssuedToken | None = None
    """The token that was given to the program which asks; None for any other credential."""
    is_unread: bool = False
    """Whether the credential may be good, which cannot be looked up yet."""
