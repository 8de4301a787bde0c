"""What Home Assistant reports of itself each minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INTERVAL_S: Final = 60.0
"""So often it reports."""
SILENT_S: Final = 3 * INTERVAL_S
"""Whoever has not reported for so long is taken to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseBeat:
    """One report; None where it did not say."""

    at_ms: int
    """When it came: epoch milliseconds, UTC."""
    mono_s: float
    """The same on the clock that is never set."""
    version: str | None = None
    state: str | None = None
    entities: int | None = None
    unavailable: int | None = None
    updates: int | None = None
    repairs: int | None = None
