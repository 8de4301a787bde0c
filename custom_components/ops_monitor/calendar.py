"""A calendar of what went wrong."""

from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .asking import ask
from .coordinator import OpsMonitorConfigEntry
from .entity import HubEntity

PARALLEL_UPDATES = 0

INCIDENTS: Final = CalendarEntityDescription(
    key="incidents", translation_key="incidents", entity_registry_enabled_default=False
)
_MOST: Final = "500"
_SHORTEST: Final = timedelta(minutes=1)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of the daemon."""
    async_add_entities([IncidentCalendar(entry, INCIDENTS)])


class IncidentCalendar(HubEntity, CalendarEntity):
    """What went wrong, from when until when."""

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return what has been wrong for the longest time now; asked of nobody."""
        data = self.coordinator.data
        down = [data.checks[it] for it in data.summary.down_ids if it in data.checks]
        began = [(check.last_change, check) for check in down if check.last_change]
        if not began:
            return None
        start, check = min(began, key=lambda item: item[0])
        return CalendarEvent(
            start=start,
            end=max(dt_util.utcnow(), start) + _SHORTEST,
            summary=f"{check.name} is down",
            description=check.error,
            uid=f"{check.id} {start.isoformat()}",
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what was wrong within a range of time."""
        found = await ask(self.coordinator, "api/alerts", {"limit": _MOST})
        events = (_event(item) for item in found if isinstance(item, dict))
        return sorted(
            (event for event in events if event and _overlaps(event, start_date, end_date)),
            key=lambda event: event.start_datetime_local,
        )

    @override
    def _to_show(self) -> object:
        """Return what the state is about."""
        event = self.event
        return (event.uid, event.description) if event else None


def _event(incident: dict[str, Any]) -> CalendarEvent | None:
    """Return an incident as an event; None if its beginning is not known."""
    start = dt_util.parse_datetime(str(incident.get("opened_at")))
    if start is None:
        return None
    end = dt_util.parse_datetime(str(incident.get("resolved_at"))) or dt_util.utcnow()
    return CalendarEvent(
        start=start,
        end=max(end, start + _SHORTEST),
        summary=f"{incident.get('name') or incident.get('check_id')}: {incident.get('kind')}",
        description=str(incident.get("message") or ""),
        uid=str(incident.get("id")),
    )


def _overlaps(event: CalendarEvent, start: datetime, end: datetime) -> bool:
    """Tell whether an event and a range of time have a moment in common."""
    return event.start_datetime_local < end and event.end_datetime_local > start
