"""Absolute times as text, in UTC or in the configured zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


class TimeText:
    """Write epoch milliseconds for people, each second only once: a page writes thousands."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        """Use this zone, or UTC, which the page's script then turns into the viewer's own."""
        self._zone = zone or UTC
        self._known: dict[int, str] = {}

    def stamp(self, at_ms: int) -> str:
        """Return such as `2026-11-21 07:06:24 UTC`."""
        second = at_ms // 1000
        text = self._known.get(second)
        if text is None:
            moment = datetime.fromtimestamp(second, self._zone)
            text = self._known[second] = moment.strftime("%Y-%m-%d %H:%M:%S %Z")
        return text
