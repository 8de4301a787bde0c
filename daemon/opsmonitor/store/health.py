"""How the store is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """How the store is."""

    mode: str
    """Where everything is kept: `disk`, or `memory` while the disk cannot be used."""
    writable: bool
    """Whether results reach the disk."""
    reason: str | None
    """Why they do not, for people."""
    size_bytes: int
    """The size of the database."""
    queued: int
    """How many results wait to be written to the disk."""
    dropped: int
    """How many were given up for lack of room since the start."""
    last_commit_ms: int | None
    """When something was last written to the disk."""
