"""Tokens that the daemon gave to programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class TokenScope(StrEnum):
    """What a token is good for."""

    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a token is to be like."""

    name: str
    """Of the program that has it, for people."""
    scope: TokenScope
    lifetime_s: float | None = None
    """None: until it is revoked."""
    until_ms: int | None = None
    """It ends then at the latest, in epoch milliseconds: no token makes one that outlives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token that was given out; what it was is known to its owner only."""

    id: str
    name: str
    scope: TokenScope
    digest: str = field(repr=False)
    """A keyed hash of it."""
    created_ms: int
    expires_ms: int | None = None
    used_ms: int | None = None
    """When it was last seen; None: never."""

    def holds(self, now_ms: int) -> bool:
        """Tell whether it is still good."""
        return self.expires_ms is None or now_ms < self.expires_ms
