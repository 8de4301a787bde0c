"""Releases of the daemon itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RELEASES_URL: Final = "https://api.github.com/repos/ops-monitor/ops-monitor/releases?per_page=20"
"""Where the project publishes what it released; the only place that names it to the daemon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release that anybody can install."""

    version: str
    """Without the `v` before it."""
    url: str | None
    """Its page, for people."""
    notes: str
    """What is new, as Markdown; from outside, to be shown as text only."""
    published_at: str | None
    """As it was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateState:
    """What is known of newer releases."""

    latest: Release | None = None
    """None: nobody told yet, or there is none."""
    is_newer: bool = False
    """Whether it is newer than what runs."""
    checked_ms: int | None = None
    """When it was last told."""
    error: str | None = None
    """Why it could not be told the last time."""
