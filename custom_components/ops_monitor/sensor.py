"""Sensors: response times, states and counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .client import Check, Health, Overall, Snapshot, Status
from .coordinator import OpsMonitorConfigEntry
from .entity import CheckEntity, HubEntity, keep_adding_checks
from .parts import Part, ValueKind
from .reading_entity import ReadingEntity, ValueEntity, keep_adding_readings

PARALLEL_UPDATES = 0

_MAX_STATE_LENGTH: Final = 255


@dataclass(frozen=True, kw_only=True)
class CheckSensorDescription(SensorEntityDescription):
    """A sensor of a check."""

    value_fn: Callable[[Check], StateType | datetime]
    hears_every_run: bool = False
    """Whether its value is another one after every run."""


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor of the daemon."""

    value_fn: Callable[[Snapshot], StateType | datetime]
    attributes_fn: Callable[[Snapshot], Mapping[str, Any]] | None = None


def _known[T: (Status, Overall, Health)](value: T) -> str | None:
    """Return a state's name; None for one that only a newer release knows."""
    return None if value == "unknown" else value.value


def _names_down(data: Snapshot) -> dict[str, Any]:
    """List the checks that are down by the names that people gave them."""
    checks = (data.checks.get(check_id) for check_id in data.summary.down_ids)
    return {"checks": [check.name for check in checks if check]}


CHECK_SENSORS: Final = (
    CheckSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in Status if status is not Status.UNKNOWN],
        value_fn=lambda check: _known(check.status),
    ),
    CheckSensorDescription(
        key="response_time",
        translation_key="response_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=lambda check: check.latency_ms,
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="last_change",
        translation_key="last_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda check: check.last_change,
    ),
    CheckSensorDescription(
        key="last_error",
        translation_key="last_error",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda check: check.error[:_MAX_STATE_LENGTH] if check.error else None,
    ),
    CheckSensorDescription(
        key="consecutive_failures",
        translation_key="consecutive_failures",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda check: check.fail_streak,
    ),
)


UPTIME_SENSORS: Final = tuple(
    SensorEntityDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=is_default,
    )
    for key, is_default in (("uptime_24h", False), ("uptime_7d", False), ("uptime_30d", True))
)


def _count(
    key: str, value_fn: Callable[[Snapshot], int | None], **more: Any
) -> HubSensorDescription:
    """Describe a number of checks."""
    return HubSensorDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=value_fn,
        **more,
    )


_DETAIL: Final = {
    "entity_category": EntityCategory.DIAGNOSTIC,
    "entity_registry_enabled_default": False,
}
HUB_SENSORS: Final = (
    HubSensorDescription(
        key="overall_status",
        translation_key="overall_status",
        device_class=SensorDeviceClass.ENUM,
        options=[overall.value for overall in Overall if overall is not Overall.UNKNOWN],
        value_fn=lambda data: _known(data.summary.overall),
    ),
    _count("checks_down", lambda data: data.summary.down, attributes_fn=_names_down),
    _count("checks_up", lambda data: data.summary.up, entity_category=EntityCategory.DIAGNOSTIC),
    _count(
        "checks_total", lambda data: data.summary.total, entity_category=EntityCategory.DIAGNOSTIC
    ),
    _count("checks_degraded", lambda data: data.summary.degraded, **_DETAIL),
    _count("checks_paused", lambda data: data.summary.paused, **_DETAIL),
    _count("checks_unreachable", lambda data: data.summary.unreachable, **_DETAIL),
    _count("checks_maintenance", lambda data: data.summary.maintenance, **_DETAIL),
    _count("checks_no_network", lambda data: data.summary.no_network, **_DETAIL),
    _count("checks_unknown", lambda data: data.summary.unknown, **_DETAIL),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the daemon and of its checks."""
    async_add_entities(HubSensor(entry, description) for description in HUB_SENSORS)
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [
            CheckSensor(entry, check, description, hears_every_run=description.hears_every_run)
            for description in CHECK_SENSORS
        ],
    )
    keep_adding_checks(
        entry,
        async_add_entities,
        lambda check: [UptimeSensor(entry, check, description) for description in UPTIME_SENSORS],
    )
    keep_adding_readings(
        entry,
        async_add_entities,
        lambda part, name, kind: None if kind.is_binary else ValueSensor(entry, part, name, kind),
        lambda part, _reading: [ReadingStatusSensor(entry, part)] if not part.prefix else [],
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
        self._attr_suggested_display_precision = kind.precision

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value; of an uptime, when it began."""
        value = self.value
        if self.kind.sensor_class is not SensorDeviceClass.UPTIME:
            return value[:_MAX_STATE_LENGTH] if isinstance(value, str) else value
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
        return None if reading is None or reading.is_stale else _known(reading.health)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return what is not as it should be."""
        return {"issues": list(self.reading.issues) if self.reading else []}

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.native_value, self.extra_state_attributes)


class UptimeSensor(CheckEntity, SensorEntity):
    """For how much of a span of time a check was up."""

    def __init__(
        self, entry: OpsMonitorConfigEntry, check: Check, description: SensorEntityDescription
    ) -> None:
        """Take the span, which the description's key ends with."""
        super().__init__(entry, check, description)
        self._window = description.key.removeprefix("uptime_")

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for what is asked for now and then."""
        await super().async_added_to_hass()
        uptimes = self.coordinator.uptimes
        self.async_on_remove(uptimes.async_add_listener(self._handle_coordinator_update))

    @property
    @override
    def native_value(self) -> float | None:
        """Return the percentage."""
        return self.coordinator.uptimes.data.get(self._check.id, {}).get(self._window)

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

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the description."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the details."""
        attributes_fn = self.entity_description.attributes_fn
        return attributes_fn(self.coordinator.data) if attributes_fn else None

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.native_value, self.extra_state_attributes)
