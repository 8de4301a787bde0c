"""Sensors of values that checks read beside what they judge; they come and go with checks.yml."""

from datetime import date, datetime
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .client import Check, Export
from .coordinator import OpsMonitorConfigEntry
from .entity import CheckEntity
from .export_kinds import kind_of_export, shown_value
from .identifiers import check_identifier, orphaned_checks
from .topics import Topic

_PREFIX = "export_"


class ExportSensor(CheckEntity, SensorEntity):
    """A value that a check reads beside what it judges."""

    def __init__(self, entry: OpsMonitorConfigEntry, check: Check, export: Export) -> None:
        """Show the value in the way that the daemon's configuration says."""
        description = SensorEntityDescription(key=f"{_PREFIX}{export.key}", name=export.name)
        super().__init__(entry, check, description, hears_every_run=True)
        self._key = export.key
        self._kind = kind = kind_of_export(export)
        self._attr_device_class = kind.device_class
        self._attr_state_class = kind.state_class
        self._attr_native_unit_of_measurement = kind.unit
        self._attr_suggested_display_precision = kind.precision

    @property
    @override
    def native_value(self) -> StateType | date | datetime:
        """Return the value of the latest run."""
        return shown_value(self._kind, self._check.exported.get(self._key))

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


@callback
def keep_exports(
    entry: OpsMonitorConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add and remove the sensors of exports, now and whenever the configuration changes."""
    coordinator = entry.runtime_data
    known: dict[tuple[str, str], Export] = {}

    @callback
    def update() -> None:
        """Add what is new; remove what the checks that are there no longer have."""
        shown = {
            (check.id, export.key): (check, export)
            for check in coordinator.shown
            for export in check.exports
        }
        _remove_stale(entry)
        unsure = coordinator.data.unreadable.keys() | orphaned_checks(
            coordinator, {check_id for check_id, _ in known}
        )
        for key in [key for key in known if key not in shown and key[0] not in unsure]:
            del known[key]
        if any(known.get(key, export) != export for key, (_, export) in shown.items()):
            # Home Assistant wants to know unit and class when it gets to know an entity.
            coordinator.hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        new = {key: found for key, found in shown.items() if key not in known}
        known.update({key: export for key, (_, export) in new.items()})
        async_add_entities(ExportSensor(entry, *found) for found in new.values())

    update()
    entry.async_on_unload(coordinator.async_add_listener(update, Topic.DEVICES))


def _remove_stale(entry: OpsMonitorConfigEntry) -> None:
    """Remove the entities of exports that checks no longer have, also from before a restart.

    Those of a check that is gone, or cannot be read, share the fate of its device.
    """
    data = entry.runtime_data.data
    registry, devices = er.async_get(entry.runtime_data.hass), dr.async_get(entry.runtime_data.hass)
    checks = {check_identifier(data, check.id): check for check in data.checks.values()}
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if f"_{_PREFIX}" not in entity.unique_id:
            continue
        device = devices.async_get(entity.device_id or "")
        for identifier in device.identifiers & checks.keys() if device else ():
            start = f"{identifier[1]}_{_PREFIX}"
            keys = {f"{start}{export.key}" for export in checks[identifier].exports}
            if entity.unique_id.startswith(start) and entity.unique_id not in keys:
                registry.async_remove(entity.entity_id)
