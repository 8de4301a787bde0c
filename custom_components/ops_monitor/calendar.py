"""Calendars: of what went wrong, and of maintenance."""

from datetime import datetime
from http import HTTPMethod
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.components.calendar.const import CalendarEntityFeature
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .asking import ask_list, tell
from .calendar_events import (
    SHORTEST_EVENT,
    announcement,
    end_of_day,
    incident_event,
    is_made_up,
    maintenance_event,
    overlaps,
    require_event,
    sites_of,
)
from .coordinator import OpsMonitorConfigEntry
from .entity import HubEntity
from .incidents import incidents_of

PARALLEL_UPDATES = 0

INCIDENTS: Final = CalendarEntityDescription(
    key="incidents", translation_key="incidents", entity_registry_enabled_default=False
)
MAINTENANCE: Final = CalendarEntityDescription(key="maintenance", translation_key="maintenance")
_PATH: Final = "api/maintenance"


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendars of the daemon."""
    async_add_entities([IncidentCalendar(entry, INCIDENTS)])
    if "maintenance" in entry.runtime_data.info.capabilities:
        async_add_entities([MaintenanceCalendar(entry, MAINTENANCE)])


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
            end=max(end_of_day(), start + SHORTEST_EVENT),
            summary=f"{check.name} is down",
            description=check.error,
            uid=f"{check.id} {start.isoformat()}",
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what was wrong within a range of time."""
        found = await incidents_of(self.coordinator)
        events = (incident_event(item) for item in found)
        return sorted(
            (event for event in events if event and overlaps(event, start_date, end_date)),
            key=lambda event: event.start_datetime_local,
        )

    @override
    def _to_show(self) -> object:
        """Return what the state is about."""
        event = self.event
        return (event.uid, event.description) if event else None


class MaintenanceCalendar(HubEntity, CalendarEntity):
    """When work goes on; a new event announces work."""

    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT
        | CalendarEntityFeature.DELETE_EVENT
        | CalendarEntityFeature.UPDATE_EVENT
    )

    def __init__(
        self, entry: OpsMonitorConfigEntry, description: CalendarEntityDescription
    ) -> None:
        """Begin without any: they are asked for."""
        super().__init__(entry, description)
        self._windows: list[CalendarEvent] = []
        self._told: list[dict[str, Any]] = []
        """The same as the daemon tells it."""
        self._known: object = None

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return what is under way, or comes next."""
        now = dt_util.utcnow()
        coming = [event for event in self._windows if event.end_datetime_local > now]
        return min(coming, key=lambda event: event.start_datetime_local, default=None)

    @override
    async def async_added_to_hass(self) -> None:
        """Ask for what there is."""
        await super().async_added_to_hass()
        self._ask_soon()

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Ask again when work began, ended or was configured anew."""
        super()._handle_coordinator_update()
        self._ask_soon()

    @callback
    def _ask_soon(self) -> None:
        """Ask if it may be another answer than last time."""
        data = self.coordinator.data
        known = (data.summary.maintenance, data.summary.total, data.problems)
        if known != self._known and self.coordinator.last_update_success:
            self._known = known
            self.coordinator.config_entry.async_create_background_task(
                self.hass, self._ask(), name="maintenance"
            )

    async def _ask(self) -> None:
        """Ask for all maintenance; without an answer it is asked for the next time."""
        try:
            found = await ask_list(self.coordinator, _PATH)
        except HomeAssistantError:
            self._known = None
            return
        windows = (maintenance_event(item) for item in found)
        self._windows = [window for window in windows if window]
        self._told = found
        self.async_write_ha_state()

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the maintenance of a range of time; of what recurs, the next one."""
        await self._ask()
        return sorted(
            (event for event in self._windows if overlaps(event, start_date, end_date)),
            key=lambda event: event.start_datetime_local,
        )

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Announce work once, on the checks and tags that the description lists, or on `all`.

        Raises:
            ServiceValidationError: It recurs, or does not say what the work is on.

        """
        await tell(self.coordinator, _PATH, announcement(kwargs, self._check_ids()))
        await self._ask()

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Change work that was announced, be it under way or not.

        Raises:
            ServiceValidationError: There is none of this id, it recurs, or does not say what the
                work is on.

        """
        # It becomes part of a path.
        require_event(uid, self._windows)
        changed = announcement(event, self._check_ids(), sites_of(uid, self._told))
        if is_made_up(uid, changed["reason"], self._told):
            del changed["reason"]
        await tell(self.coordinator, f"{_PATH}/{uid}", changed, method=HTTPMethod.PATCH)
        await self._ask()

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """End work, or call it off.

        Raises:
            ServiceValidationError: There is none of this id.

        """
        # It becomes part of a path.
        require_event(uid, self._windows)
        await tell(self.coordinator, f"{_PATH}/{uid}", method=HTTPMethod.DELETE)
        await self._ask()

    def _check_ids(self) -> set[str]:
        """Return the ids of the daemon's checks; one that cannot be read is there all the same."""
        data = self.coordinator.data
        return {*data.checks, *data.unreadable}

    @override
    def _to_show(self) -> object:
        """Return what the state is about."""
        event = self.event
        return event.uid if event else None
