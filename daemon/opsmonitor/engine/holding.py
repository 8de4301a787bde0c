"""Hold back what is decided in quiet hours, or while alerts are muted: without clock or I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from opsmonitor.engine.routing import is_quiet
from opsmonitor.models.alert import Delivery, DeliveryState, Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsmonitor.config.settings import Settings


class Holding:
    """What waits for the end of quiet hours, oldest first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held: dict[tuple[str, str], Delivery] = {}

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return bool(self._held)

    def count(self) -> Counter[str]:
        """Return how much waits for each channel."""
        return Counter(item.channel for item in self._held.values())

    def put(self, item: Delivery) -> None:
        """Hold a delivery back, after those before it."""
        self._held[item.key] = item

    def pass_on(
        self, notice: Notice, channel: str, settings: Settings, now_ms: int, *, is_muted: bool
    ) -> Delivery | None:
        """Return the delivery of a notice, held back if it must be; None: it is not needed."""
        item = Delivery(notice=notice, channel=channel, queued_ms=now_ms)
        local = datetime.fromtimestamp(now_ms / 1000, settings.zone)
        is_held = is_muted or is_quiet(notice.severity, channel, settings.alerts, local)
        # Nothing overtakes what happened before it.
        is_held |= any(
            other.notice.alert_id == notice.alert_id and other.channel == channel
            for other in self._held.values()
        )
        if not is_held:
            return item
        if notice.kind is NoticeKind.REMINDER:
            # When it is over, the digest tells what is still wrong.
            return None
        item = replace(item, notice=replace(notice, is_held=True), state=DeliveryState.HELD)
        self.put(item)
        return item

    def release(self, settings: Settings, now_ms: int) -> list[Delivery]:
        """Return what was held back where quiet hours are over, in its order."""
        local = datetime.fromtimestamp(now_ms / 1000, settings.zone)
        over: list[Delivery] = []
        stays: set[tuple[str, str]] = set()
        for item in self._held.values():
            thread = (item.notice.alert_id, item.channel)
            # Nothing overtakes what happened before it.
            if thread in stays or is_quiet(
                item.notice.severity, item.channel, settings.alerts, local
            ):
                stays.add(thread)
            else:
                over.append(item)
        for item in over:
            del self._held[item.key]
        return [
            # Their order must outlast a restart.
            replace(item, state=DeliveryState.QUEUED, queued_ms=now_ms + position)
            for position, item in enumerate(over)
        ]

    def give_up(self, alert_ids: Collection[str], why: str, now_ms: int) -> list[Delivery]:
        """Return what was held back of some alerts, dropped."""
        gone = [item for item in self._held.values() if item.notice.alert_id in alert_ids]
        for item in gone:
            del self._held[item.key]
        return [
            replace(item, state=DeliveryState.DROPPED, error=why, done_ms=now_ms) for item in gone
        ]
