"""Know what people were told and what is not over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsmonitor.models.alert import AlertKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opsmonitor.models.alert import Alert, Delivery


class OpenAlerts:
    """One alert at most of each kind for each subject."""

    def __init__(self) -> None:
        """Begin with none."""
        self.told: dict[str, dict[AlertKind, Alert]] = {}
        """By subject."""
        self.last_opened_ms: int | None = None
        """When the latest alert began, be it over by now."""

    def __len__(self) -> int:
        """Return how many are open."""
        return sum(map(len, self.told.values()))

    def __iter__(self) -> Iterator[Alert]:
        """Go through all that are open."""
        return (alert for kinds in self.told.values() for alert in kinds.values())

    def remember(self, opened: Iterable[Alert], past: Iterable[Alert]) -> None:
        """Take over what was known before a restart."""
        for alert in past:
            self._note_opened(alert)
        for alert in opened:
            self.keep(alert)

    def keep(self, alert: Alert) -> None:
        """Hold an alert while it is open."""
        self._note_opened(alert)
        kinds = self.told.setdefault(alert.subject, {})
        if alert.resolved_ms is None:
            kinds[alert.kind] = alert
            return
        if (known := kinds.get(alert.kind)) is not None and known.id == alert.id:
            del kinds[alert.kind]
        if not kinds:
            del self.told[alert.subject]

    def without_channel(self, item: Delivery) -> list[Alert]:
        """Return the alert that a delivery was about, for all channels but its own."""
        return [
            replace(alert, channels=tuple(name for name in alert.channels if name != item.channel))
            for alert in self.told.get(item.notice.subject, {}).values()
            if alert.id == item.notice.alert_id
        ]

    def _note_opened(self, alert: Alert) -> None:
        """Remember when the latest alert began; what people sent by hand is none of these."""
        if alert.kind is not AlertKind.MANUAL:
            self.last_opened_ms = max(alert.opened_ms, self.last_opened_ms or 0)
