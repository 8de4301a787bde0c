"""Know which checks are in maintenance, and see to what follows when that begins and ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.occurrences import Occurrence, occurrence
from opsmonitor.engine.state_machine import Cover
from opsmonitor.models.check import Maintenance, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from opsmonitor.config.settings import CheckSettings, Settings
    from opsmonitor.engine.host import Host
    from opsmonitor.models.maintenance import Window
    from opsmonitor.util.clock import Clock

_NEVER_MS: Final = 2**62
_SET_BACK_MS: Final = 2000
_KEPT_MS: Final = 7 * 86_400_000
"""A window that was open once is shown for so long after its end."""


@dataclass(slots=True)
class _Planned:
    """A window, and when it is or will be open."""

    window: Window
    when: Occurrence | None


class MaintenancePlan:
    """The windows of the configuration, and those that people opened by the API."""

    def __init__(self, host: Host, clock: Clock, added: Iterable[Window]) -> None:
        """Take who runs the checks, and the windows that outlived a restart."""
        self._host = host
        self._clock = clock
        self._added = {window.id: window for window in added}
        self._configured: Mapping[str, Window] = {}
        self._checks: Mapping[str, CheckSettings] = {}
        self._zone: tzinfo | None = None
        self._planned: list[_Planned] = []
        self._covers: dict[str, Cover] = {}
        self.is_empty = True
        """Whether no check is in maintenance now."""
        self._looked_ms = 0
        self._next_ms = _NEVER_MS
        self._is_running = False
        self.turn = asyncio.Lock()
        """Taken by whoever changes the windows: what is written is made of what there is."""

    def start(self) -> None:
        """Draw consequences from now on."""
        self._is_running = True
        self._look(self._clock.now_ms())

    def apply(self, settings: Settings) -> None:
        """Take over the windows of a configuration, and its checks."""
        self._configured = {window.id: window for window in settings.maintenance}
        self._checks = settings.checks
        self._zone = settings.zone
        self._plan()

    def windows(self) -> list[tuple[Window, bool, Occurrence | None]]:
        """Return every window, whether it comes from the configuration, and when it is open."""
        now_ms = self._clock.now_ms()
        zone = self._zone
        return [
            (window, window.id in self._configured, occurrence(window, now_ms, zone))
            for window in self._all()
            if zone is not None
        ]

    def knows(self, window_id: str) -> bool:
        """Tell whether there is a window of this id."""
        return window_id in self._configured or window_id in self._added

    def is_configured(self, window_id: str) -> bool:
        """Tell whether a window can be changed in the configuration only."""
        return window_id in self._configured

    def added(self) -> list[Window]:
        """Return the windows that are not of the configuration, without those long over."""
        oldest_ms = self._clock.now_ms() - _KEPT_MS
        return [
            window
            for window in self._added.values()
            if window.to_ms is None or window.to_ms > oldest_ms
        ]

    def add(self, window: Window) -> None:
        """Add a window, which may be open at once."""
        self._added[window.id] = window
        self._plan()

    def remove(self, window_id: str) -> None:
        """Remove a window that was added; if it is open, that is its end."""
        self._added.pop(window_id, None)
        self._plan()

    def cover(self, check_id: str) -> Cover | None:
        """Return what is shown of a check in maintenance."""
        return self._covers.get(check_id)

    def look_around(self) -> None:
        """Open and close the windows whose time has come."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._next_ms or now_ms < self._looked_ms - _SET_BACK_MS:
            self._look(now_ms)

    def _all(self) -> list[Window]:
        """Return all windows; one of the configuration wins by its id."""
        return list({**self._added, **self._configured}.values())

    def _plan(self) -> None:
        """Find out anew when the windows are open."""
        self._planned = [_Planned(window, None) for window in self._all()]
        self._look(self._clock.now_ms())

    def _look(self, now_ms: int) -> None:
        """Find out who is in maintenance now, and until when that stays so."""
        self._looked_ms = now_ms
        if self._zone is None:
            return
        covers: dict[str, Cover] = {}
        next_ms = _NEVER_MS
        for planned in self._planned:
            planned.when = when = occurrence(planned.window, now_ms, self._zone)
            if when is None:
                continue
            if when.start_ms > now_ms:
                next_ms = min(next_ms, when.start_ms)
                continue
            next_ms = min(next_ms, when.end_ms)
            self._spread(covers, planned.window, when)
        before, self._covers, self._next_ms = self._covers, covers, next_ms
        self.is_empty = not covers
        if self._is_running:
            for check_id in before.keys() | covers.keys():
                if check_id in self._host.states:
                    self._host.reconsider(check_id, now_ms)

    def _spread(self, covers: dict[str, Cover], window: Window, when: Occurrence) -> None:
        """Cover the checks of an open window; of several the one that ends last is told."""
        for check in self._checks.values():
            if not _holds_for(window, check):
                continue
            known = covers.get(check.id)
            is_shorter = known is not None and known.maintenance is not None
            if is_shorter and known.maintenance.until_ms >= when.end_ms:  # type: ignore[union-attr]
                continue
            why = f": {window.reason}" if window.reason else ""
            covers[check.id] = Cover(
                status=Status.MAINTENANCE,
                error=f"maintenance{why}",
                error_code="maintenance",
                maintenance=Maintenance(
                    window_id=window.id, reason=window.reason, until_ms=when.end_ms
                ),
            )


def _holds_for(window: Window, check: CheckSettings) -> bool:
    """Tell whether a window is about a check."""
    return (
        window.everything
        or check.id in window.checks
        or check.site in window.sites
        or any(tag in window.tags for tag in check.tags)
    )
