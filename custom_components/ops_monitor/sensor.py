"""Sensors: response times, states and counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .adding_checks import keep_adding_checks
from .check_kinds import CheckKinds
from .check_sensors import CHECK_SENSORS, LONGEST_STATE, CheckSensorDescription, sensors_by
from .client import Health
from .coordinator import OpsMonitorConfigEntry
from .described import described
from .entity import CheckEntity, HubEntity
from .exports import keep_exports
from .hub_sensors import HUB_SENSORS, HubSensorDescription
from .parts import HEALTHS, Part, ValueKind
from .past_sensors import PAST_KINDS, build_fleet_past
from .reading_entity import ReadingEntity, ValueEntity, keep_adding_readings

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the daemon and of its checks."""
    async_add_entities(HubSensor(entry, description) for description in HUB_SENSORS)
    async_add_entities(build_fleet_past(entry))
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [
            kind(entry, check, description, hears_every_run=description.hears_every_run)
            for kind, description in _CHECK_KINDS
            if description.exists(check)
        ],
        CheckKinds(
            Platform.SENSOR,
            sensors_by,
            lambda check: (it.key for it in CHECK_SENSORS if not it.suits(check)),
        ),
    )
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [kind(entry, check, description) for kind, description in PAST_KINDS],
    )
    keep_exports(entry, async_add_entities)
    keep_adding_readings(
        entry,
        async_add_entities,
        lambda part, name, kind: None if kind.is_binary else ValueSensor(entry, part, name, kind),
        lambda part, _reading: (
            [] if part.prefix else [ReadingStatusSensor(entry, part), LastReadSensor(entry, part)]
        ),
    )


class ValueSensor(ValueEntity, SensorEntity):
    """A number or a text that was read."""

    def __init__(
        self, entry: OpsMonitorConfigEntry, part: Part, name: str, kind: ValueKind
    ) -> None:
        """Take how it is shown."""
        super().__init__(entry, part, name, kind)
        self._attr_device_class = kind.sensor_class
        self._attr_state_class = kind.state_class
        self._attr_native_unit_of_measurement = kind.unit
        self._attr_options = list(kind.options) if kind.options else None
        self._attr_suggested_display_precision = kind.precision

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value; of an uptime, when it began."""
        value = self.value
        if self.kind.options:
            return value if value in self.kind.options else None
        if self.kind.sensor_class is SensorDeviceClass.TIMESTAMP:
            return dt_util.parse_datetime(value) if isinstance(value, str) else None
        if self.kind.sensor_class is not SensorDeviceClass.UPTIME:
            return value[:LONGEST_STATE] if isinstance(value, str) else value
        at = self.reading.last_fetch if self.reading else None
        if at is None or isinstance(value, str | None):
            return None
        return at - timedelta(seconds=value)

    @override
    def _to_show(self) -> object:
        """Return the value as it was read: of an uptime only the beginning is shown."""
        return self.native_value


class ReadingStatusSensor(ReadingEntity, SensorEntity):
    """How well something is that is polled."""

    _attr_translation_key = "reading_status"
    _attr_device_class = SensorDeviceClass.ENUM
    _unrecorded_attributes = frozenset({"issues"})

    def __init__(self, entry: OpsMonitorConfigEntry, part: Part) -> None:
        """Show the status of the whole reading."""
        super().__init__(entry, part, "status")
        self._attr_options = list(HEALTHS)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the status; without a fresh reading it is unknown."""
        reading = self.reading
        if reading is None or reading.is_stale or reading.health is Health.UNKNOWN:
            return None
        return reading.health.value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return what is not as it should be."""
        return {"issues": list(self.reading.issues) if self.reading else []}

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.native_value, self.extra_state_attributes)


class LastReadSensor(ReadingEntity, SensorEntity):
    """When something was last read."""

    _attr_translation_key = "last_read"
    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, entry: OpsMonitorConfigEntry, part: Part) -> None:
        """Be about the whole reading."""
        super().__init__(entry, part, "last_read")

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return when that was; it stays while nothing can be read."""
        return self.reading.last_fetch if self.reading else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


class CheckSensor(CheckEntity, SensorEntity):
    """A value of one check."""

    entity_description: CheckSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the description."""
        return self.entity_description.value_fn(self._check)

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


class HubSensor(HubEntity, SensorEntity):
    """A value of the whole."""

    entity_description: HubSensorDescription
    _unrecorded_attributes = frozenset({"checks"})

    def __init__(self, entry: OpsMonitorConfigEntry, description: HubSensorDescription) -> None:
        """Listen for what the value follows from."""
        super().__init__(entry, description, description.topic)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the description."""
        return self.entity_description.value_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the details."""
        attributes_fn = self.entity_description.attributes_fn
        return attributes_fn(self.coordinator) if attributes_fn else None

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.native_value, self.extra_state_attributes)


_CHECK_KINDS: Final = [(described(CheckSensor, it), it) for it in CHECK_SENSORS]
