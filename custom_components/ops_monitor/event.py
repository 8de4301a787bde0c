"""Event entities: what happened to one check, and to all of them."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adding_checks import keep_adding_checks
from .client import Transition
from .const import EVENT
from .coordinator import OpsMonitorConfigEntry
from .entity import CheckEntity, HubEntity
from .occurrence import OF_CHECKS, OF_THINGS, Kind, describe, kind_of

PARALLEL_UPDATES = 0

_TYPES: Final = [kind.value for kind in OF_CHECKS]
_FROM_THE_BUS: Final = [*(kind.value for kind in OF_THINGS.values()), Kind.TEST.value]
INCIDENT: Final = EventEntityDescription(
    key="incident", translation_key="incident", event_types=[*_TYPES, *_FROM_THE_BUS]
)
OCCURRENCE: Final = EventEntityDescription(
    key="occurrence",
    translation_key="occurrence",
    event_types=_TYPES,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of the daemon and of its checks."""
    async_add_entities([HubEvent(entry, INCIDENT)])
    keep_adding_checks(
        entry, async_add_entities, lambda check: [CheckEvent(entry, check, OCCURRENCE)]
    )


class HubEvent(HubEntity, EventEntity):
    """What happened to any check, and to anything that is polled."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for events."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_event_listener(self._handle_event))
        self.async_on_remove(self.hass.bus.async_listen(EVENT, self._handle_other))

    @callback
    def _handle_other(self, event: Event[Mapping[str, Any]]) -> None:
        """Show what became of something that is polled, or that a test was sent."""
        told = dict(event.data)
        kind = told.pop("type", None)
        if kind in _FROM_THE_BUS and told.get("entry_id") == self.coordinator.config_entry.entry_id:
            self._trigger_event(kind, told)
            self.async_write_ha_state()

    @callback
    def _handle_event(self, transition: Transition) -> None:
        """Show an event."""
        if kind := kind_of(transition):
            entry = self.coordinator.config_entry
            details = describe(entry, transition, kind)
            self._trigger_event(details.pop("type"), details)
            self.async_write_ha_state()

    @override
    def _to_show(self) -> object:
        """Return nothing: an event is shown when it happens, not when something else changes."""
        return None


class CheckEvent(CheckEntity, EventEntity):
    """What happened to one check."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for events."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_event_listener(self._handle_event))

    @callback
    def _handle_event(self, transition: Transition) -> None:
        """Show an event of this check."""
        if transition.check_id == self._check.id and (kind := kind_of(transition)):
            entry = self.coordinator.config_entry
            details = describe(entry, transition, kind)
            self._trigger_event(details.pop("type"), details)
            self.async_write_ha_state()

    @override
    def _to_show(self) -> object:
        """Return nothing: an event is shown when it happens, not when something else changes."""
        return None
