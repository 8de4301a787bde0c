"""Keep the latest report of Home Assistant, for the probe that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.models.house_beat import HouseBeat


class HouseBeats:
    """Knows what Home Assistant reported last; nothing, after a restart."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        """Know nothing yet."""
        self._latest: HouseBeat | None = None

    def take(self, beat: HouseBeat) -> None:
        """Take in a report."""
        self._latest = beat

    def latest(self) -> HouseBeat | None:
        """Return the latest report."""
        return self._latest
