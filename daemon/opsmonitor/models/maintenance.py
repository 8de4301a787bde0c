"""When somebody works on something, so that nobody is told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A maintenance window: once, on certain days, or as cron says. JSON-serialisable."""

    id: str
    reason: str | None = None
    checks: tuple[str, ...] = ()
    """Ids of checks; it holds for whatever one of these four names."""
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    everything: bool = False
    from_ms: int | None = None
    """Once: from here, epoch milliseconds, UTC."""
    to_ms: int | None = None
    start: int | None = None
    """On certain days: from here, in minutes after midnight of the wall clock."""
    end: int | None = None
    """Up to here; on the next day, unless it is later than the start."""
    weekdays: tuple[int, ...] = ()
    """The days on which it begins, 0 for Monday; with `days` empty as well: every day."""
    days: tuple[int, ...] = ()
    """Days of the month, -1 for the last."""
    cron: str | None = None
    """As cron says: it begins then."""
    duration_s: int | None = None
    """And lasts so long."""
