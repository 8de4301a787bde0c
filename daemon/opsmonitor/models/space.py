"""How much room there is for what the daemon keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The file system that holds the database; sizes in bytes."""

    free_bytes: int
    """What is left for ordinary users."""
    total_bytes: int
    is_low: bool
    """Whether a person should make room soon."""
