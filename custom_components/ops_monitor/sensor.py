"""Sensors: response times, states and counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .adding_checks import keep_adding_checks
from .check_sensors import CHECK_SENSORS, LONGEST_STATE, CheckSensorDescription
from .client import Health
from .coordinator import OpsMonitorConfigEntry
from .described import described
from .entity import CheckEntity, HubEntity, OpsMonitorEntity
from .exports import keep_exports
from .hub_sensors import HUB_SENSORS, HubSensorDescription
from .parts import Part, ValueKind
from .reading_entity import ReadingEntity, ValueEntity, keep_adding_readings
from .topics import Topic

PARALLEL_UPDATES = 0

UPTIME_SENSORS: Final = tuple(
    SensorEntityDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=is_default,
    )
    for key, is_default in (("uptime_24h", False), ("uptime_7d", False), ("uptime_30d", True))
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the daemon and of its checks."""
    async_add_entities(HubSensor(entry, description) for description in HUB_SENSORS)
    async_add_entities(FleetUptimeSensor(entry, description) for description in UPTIME_SENSORS)
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [
            kind(entry, check, description, hears_every_run=description.hears_every_run)
            for kind, description in _CHECK_KINDS
            if description.exists_fn(check)
        ],
    )
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [kind(entry, check, description) for kind, description in _UPTIME_KINDS],
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
        self._attr_options = [it.value for it in Health if it != Health.UNKNOWN]

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


class _HearsUptimes(OpsMonitorEntity):
    """Is told of the uptimes, too, which are asked for now and then."""

    @override
    def _topics(self) -> Iterable[object]:
        """Return what is listened for."""
        return (*super()._topics(), Topic.UPTIMES)

    @property
    def _window(self) -> str:
        """Return the span, which the description's key ends with."""
        return self.entity_description.key.removeprefix("uptime_")


class UptimeSensor(_HearsUptimes, CheckEntity, SensorEntity):
    """For how much of a span of time a check was up."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the percentage."""
        return self.coordinator.uptimes.data.get(self._check.id, {}).get(self._window)

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


class FleetUptimeSensor(_HearsUptimes, HubEntity, SensorEntity):
    """For how much of a span of time the checks were up, on the average."""

    def __init__(self, entry: OpsMonitorConfigEntry, description: SensorEntityDescription) -> None:
        """Be about the checks that there are."""
        super().__init__(entry, description, Topic.DEVICES)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the percentage: the mean of those checks of which one is known."""
        known = self.coordinator.uptimes.data
        found = [known.get(check.id, {}).get(self._window) for check in self.coordinator.shown]
        percents = [percent for percent in found if percent is not None]
        return fmean(percents) if percents else None

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
_UPTIME_KINDS: Final = [(described(UptimeSensor, it), it) for it in UPTIME_SENSORS]
