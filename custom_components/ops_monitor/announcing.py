"""Puts what happens on the event bus, for automations and the logbook."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .client import Overall, Reading, ReadingEventFrame, Snapshot, Transition
from .const import EVENT
from .coordinator import OpsMonitorConfigEntry
from .identifiers import check_identifier, hub_identifier, part_identifier
from .occurrence import OF_THINGS, Kind, describe, describe_thing, kind_of
from .wellbeing import Aspect, aspects_of


@callback
def announce_occurrences(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Put what happens on the event bus from now on, until the entry is unloaded."""
    coordinator = entry.runtime_data
    announcer = _Announcer(hass, entry)
    announcer.of_things()
    for end in (
        coordinator.async_add_event_listener(announcer.of_check),
        coordinator.async_add_news_listener(announcer.of_reading),
        # An automation looks at what the entities show: they come first.
        coordinator.async_add_onlooker(announcer.of_state),
    ):
        entry.async_on_unload(end)


class _Announcer:
    """Tells what happened, and remembers how things were before."""

    def __init__(self, hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
        """Begin with how everything is: what is seen first is no news."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._overall = self._coordinator.data.summary.overall
        self._known: dict[tuple[str, Aspect], bool] = {}
        self._seen: dict[str, Reading] = {}
        self._readings: Mapping[str, Reading] | None = None

    @callback
    def of_state(self, data: Snapshot) -> None:
        """Tell of the whole, and of what is polled."""
        self.of_the_whole()
        if data.readings is not self._readings:
            self._readings = data.readings
            self.of_things()

    @callback
    def _fire(self, identifier: tuple[str, str], told: dict[str, Any]) -> None:
        """Tell of something that happened to a device."""
        entry_id = self._entry.entry_id
        # What was removed meanwhile has no device.
        device = dr.async_get(self._hass).async_get_device_by_identifier(identifier, entry_id)
        device_id = device.id if device else None
        self._hass.bus.async_fire(EVENT, {"entry_id": entry_id, "device_id": device_id, **told})

    @callback
    def of_check(self, transition: Transition) -> None:
        """Tell of a check."""
        if kind := kind_of(transition):
            identifier = check_identifier(self._coordinator.data, transition.check_id)
            self._fire(identifier, describe(self._entry, transition, kind))

    @callback
    def of_reading(self, news: ReadingEventFrame) -> None:
        """Tell of what happened to something that is polled, such as a drive that was replaced."""
        if not self._coordinator.shows_reading(news.name):
            return
        self._fire(
            part_identifier(self._coordinator.data, news.name),
            {
                "type": news.kind,
                "reading": news.name,
                "name": news.name,
                "message": news.message,
                "at": news.at.isoformat() if news.at else None,
            },
        )

    @callback
    def of_the_whole(self) -> None:
        """Tell when the whole became critical."""
        data = self._coordinator.data
        before, self._overall = self._overall, data.summary.overall
        if self._overall is Overall.CRIT and before is not Overall.CRIT:
            self._fire(
                hub_identifier(data),
                {
                    "type": Kind.BECAME_CRITICAL.value,
                    "name": self._coordinator.name,
                    "status": self._overall.value,
                    "previous": before.value,
                },
            )

    @callback
    def of_things(self) -> None:
        """Tell what became of things that are polled."""
        for reading in self._coordinator.shown_readings:
            if self._seen.get(reading.name) is not reading:
                self._seen[reading.name] = reading
                self._compare(reading)

    def _compare(self, reading: Reading) -> None:
        """Tell what is otherwise than before; what nobody knows now is as it was."""
        data = self._coordinator.data
        for found in aspects_of(reading):
            key = (found.part.id, found.aspect)
            before = self._known.get(key)
            if found.is_good is None:
                continue
            self._known[key] = found.is_good
            if before is not None and before is not found.is_good:
                kind = OF_THINGS[found.aspect, found.is_good]
                told = describe_thing(reading, found, kind)
                self._fire(part_identifier(data, found.part.id), told)
