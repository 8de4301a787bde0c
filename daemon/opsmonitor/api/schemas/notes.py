"""What a type alone does not say about a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias


@dataclass(frozen=True, slots=True)
class Doc:
    """Describe a value for people."""

    text: str


@dataclass(frozen=True, slots=True)
class Format:
    """Name the format of a string, as JSON Schema does."""

    name: str


Timestamp: TypeAlias = Annotated[str, Format("date-time")]
"""ISO 8601 in UTC, ending in `Z`."""
