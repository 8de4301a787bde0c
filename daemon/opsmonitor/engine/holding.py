"""Hold back what is decided in quiet hours, or while alerts are muted: without clock or I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from opsmonitor.engine.held import Held, dropped
from opsmonitor.engine.routing import is_quiet
from opsmonitor.models.alert import Alert, Delivery, DeliveryState, Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opsmonitor.config.settings import Settings


class Holding:
    """Decides what waits for the end of quiet hours or of muting, and what need not wait longer."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held = Held()

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return len(self._held) > 0

    def count(self) -> Counter[str]:
        """Return how much waits for each channel."""
        return Counter(item.channel for item in self._held)

    def put(self, item: Delivery, now_ms: int) -> list[Delivery]:
        """Hold a delivery back after those before it; return all that this changes."""
        return self._held.add(item, now_ms)

    def put_older(self, items: Iterable[Delivery], now_ms: int) -> list[Delivery]:
        """Hold back what was decided before all that waits; return all that this changes."""
        return self._held.add_older(items, now_ms)

    def pass_on(
        self, notice: Notice, channel: str, settings: Settings, now_ms: int, *, is_muted: bool
    ) -> list[Delivery]:
        """Return the delivery of a notice and all that it changes; nothing if it is not needed."""
        item = Delivery(notice=notice, channel=channel, queued_ms=now_ms)
        is_held = is_muted or _is_quiet(notice.severity, channel, settings, now_ms)
        # Nothing overtakes what happened before it.
        if not is_held and not self._held.holds(notice, channel):
            return [item]
        if notice.kind is NoticeKind.REMINDER:
            # Others are told it now, or what waits tells what is still wrong.
            return []
        return self.put(item, now_ms)

    def release(self, settings: Settings, now_ms: int) -> list[Delivery]:
        """Return what was held back where quiet hours are over, in its order."""
        over: list[Delivery] = []
        stays: set[tuple[str, str]] = set()
        for item in self._held:
            thread = (item.notice.alert_id, item.channel)
            # Nothing overtakes what happened before it.
            if thread in stays or _is_quiet(item.notice.severity, item.channel, settings, now_ms):
                stays.add(thread)
            else:
                over.append(item)
        for item in over:
            self._held.remove(item)
        return [
            # Their order must outlast a restart.
            replace(item, state=DeliveryState.QUEUED, queued_ms=now_ms + position)
            for position, item in enumerate(over)
        ]

    def give_up(self, alert_ids: Collection[str], why: str, now_ms: int) -> list[Delivery]:
        """Return what was held back of some alerts, dropped."""
        gone = [item for item in self._held if item.notice.alert_id in alert_ids]
        for item in gone:
            self._held.remove(item)
        return [dropped(item, why, now_ms) for item in gone]


def is_silent(alert: Alert, settings: Settings, now_ms: int, *, is_muted: bool) -> bool:
    """Tell whether none of those who know of an alert could be reminded of it now."""
    return bool(alert.channels) and all(
        is_muted or _is_quiet(alert.severity, name, settings, now_ms) for name in alert.channels
    )


def _is_quiet(severity: str, channel: str, settings: Settings, now_ms: int) -> bool:
    """Tell whether there are quiet hours now."""
    local = datetime.fromtimestamp(now_ms / 1000, settings.zone)
    return is_quiet(severity, channel, settings.alerts, local)
