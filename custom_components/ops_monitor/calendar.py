"""Calendars: of what went wrong, and of maintenance."""

from datetime import date, datetime, timedelta
from http import HTTPMethod
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.components.calendar.const import CalendarEntityFeature
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .asking import ask, tell
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry
from .entity import HubEntity

PARALLEL_UPDATES = 0

INCIDENTS: Final = CalendarEntityDescription(
    key="incidents", translation_key="incidents", entity_registry_enabled_default=False
)
MAINTENANCE: Final = CalendarEntityDescription(key="maintenance", translation_key="maintenance")
_PATH: Final = "api/maintenance"
_MOST: Final = "500"
_ALL: Final = "all"
"""Says in place of checks and tags that all checks are meant."""
_SHORTEST: Final = timedelta(minutes=1)


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
            end=max(_midnight(), start + _SHORTEST),
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
        events = (_event(item) for item in _objects(found))
        return sorted(
            (event for event in events if event and _overlaps(event, start_date, end_date)),
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
        CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT
    )

    def __init__(
        self, entry: OpsMonitorConfigEntry, description: CalendarEntityDescription
    ) -> None:
        """Begin without any: they are asked for."""
        super().__init__(entry, description)
        self._windows: list[CalendarEvent] = []
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
            found = _objects(await ask(self.coordinator, _PATH))
        except HomeAssistantError:
            self._known = None
            return
        windows = (_window(item) for item in found)
        self._windows = [window for window in windows if window]
        self.async_write_ha_state()

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the maintenance of a range of time; of what recurs, the next one."""
        await self._ask()
        return sorted(
            (event for event in self._windows if _overlaps(event, start_date, end_date)),
            key=lambda event: event.start_datetime_local,
        )

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Announce work once, on the checks and tags that the description lists, or on `all`.

        Raises:
            ServiceValidationError: It recurs, or does not say what the work is on.

        """
        if kwargs.get("rrule"):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="recurring_maintenance"
            )
        words = [word.strip() for word in str(kwargs.get("description") or "").split(",")]
        names = [word for word in words if word]
        if not names:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="maintenance_of_what"
            )
        is_all = [name.casefold() for name in names] == [_ALL]
        known = {} if is_all else self.coordinator.data.checks
        checks = [name for name in names if name in known]
        await tell(
            self.coordinator,
            _PATH,
            {
                "from": _start_of(kwargs["dtstart"]).isoformat(),
                "to": _start_of(kwargs["dtend"]).isoformat(),
                "reason": kwargs.get("summary"),
                "checks": checks,
                "tags": [] if is_all else [name for name in names if name not in known],
                "all": is_all,
            },
        )
        await self._ask()

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """End work, or call it off."""
        await tell(self.coordinator, f"{_PATH}/{uid}", method=HTTPMethod.DELETE)
        await self._ask()

    @override
    def _to_show(self) -> object:
        """Return what the state is about."""
        event = self.event
        return event.uid if event else None


def _window(window: dict[str, Any]) -> CalendarEvent | None:
    """Return maintenance as an event; None if it is over for good."""
    start = dt_util.parse_datetime(str(window.get("start")))
    end = dt_util.parse_datetime(str(window.get("end")))
    if start is None or end is None:
        return None
    of = [
        *([_ALL] if window.get("all") else ()),
        *(window.get("checks") or ()),
        *(window.get("tags") or ()),
        *(window.get("sites") or ()),
    ]
    return CalendarEvent(
        start=start,
        end=max(end, start + _SHORTEST),
        summary=str(window.get("reason") or window.get("schedule") or window.get("id")),
        description=", ".join(map(str, of)) or None,
        uid=str(window.get("id")),
    )


def _objects(answer: object) -> list[dict[str, Any]]:
    """Return the objects of an answer.

    Raises:
        HomeAssistantError: It is no list.

    """
    if not isinstance(answer, list):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unreadable_answer")
    return [item for item in answer if isinstance(item, dict)]


def _midnight() -> datetime:
    """Return the end of this day.

    What is not over has no end yet. One that moved on all the time would be a new state each time.
    """
    return dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))


def _start_of(moment: datetime | date) -> datetime:
    """Return a moment; of a day, its beginning here."""
    return moment if isinstance(moment, datetime) else dt_util.start_of_local_day(moment)


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
