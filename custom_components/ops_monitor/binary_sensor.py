"""Binary sensors: whether a target works, whether the daemon can be heard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adding_checks import keep_adding_checks
from .client import Overall, Snapshot
from .coordinator import OpsMonitorConfigEntry
from .described import described
from .entity import CheckEntity, HubEntity
from .parts import Part, ValueKind
from .reading_entity import ReadingEntity, ValueEntity, keep_adding_readings
from .wellbeing import can_be_away, is_drive, is_healthy, is_reachable, is_running

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HubBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of the daemon."""

    value_fn: Callable[[Snapshot], bool | None]
    attributes_fn: Callable[[Snapshot], Mapping[str, Any]] | None = None


REACHABLE: Final = BinarySensorEntityDescription(key="reachable", name=None)
CONNECTED: Final = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
_MAIN: Final = frozenset({"online", "reachable"})
"""What is read and says the same as the main entity of a device."""
_PROBLEM_OF: Final = {Overall.OK: False, Overall.WARN: True, Overall.CRIT: True}
HUB_SENSORS: Final = (
    HubBinarySensorDescription(
        key="problem",
        translation_key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda data: _PROBLEM_OF.get(data.summary.overall),
    ),
    HubBinarySensorDescription(
        key="configuration_problem",
        translation_key="configuration_problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: bool(data.problems),
        attributes_fn=lambda data: {"problems": list(data.problems)},
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the daemon and of its checks."""
    async_add_entities(HubBinarySensor(entry, description) for description in HUB_SENSORS)
    async_add_entities([ConnectedBinarySensor(entry, CONNECTED)])
    keep_adding_checks(entry, async_add_entities, lambda check: [_Main(entry, check, REACHABLE)])
    keep_adding_readings(
        entry,
        async_add_entities,
        lambda part, name, kind: (
            ValueBinarySensor(entry, part, name, kind)
            if kind.is_binary and not (name in _MAIN and can_be_away(part))
            else None
        ),
        lambda part, _reading: _main_of(entry, part),
    )


def _main_of(entry: OpsMonitorConfigEntry, part: Part) -> list[BinarySensorEntity]:
    """Return what says in a word how something is that is polled."""
    if part.is_guest:
        return [RunningBinarySensor(entry, part, "running")]
    if can_be_away(part):
        return [ReachableBinarySensor(entry, part, "reachable")]
    return [HealthBinarySensor(entry, part, "health")] if is_drive(part) else []


class ReachableBinarySensor(ReadingEntity, BinarySensorEntity):
    """Whether something answers that is polled: the main entity of its device."""

    _attr_name = None
    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it answers."""
        return is_reachable(self.reading, self._part) if self.reading else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


class RunningBinarySensor(ReadingEntity, BinarySensorEntity):
    """Whether a guest runs: the main entity of its device."""

    _attr_name = None
    _attr_device_class = BinarySensorDeviceClass.RUNNING

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it runs."""
        return is_running(self.reading, self._part) if self.reading else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


class HealthBinarySensor(ReadingEntity, BinarySensorEntity):
    """Whether something is wrong with a drive."""

    _attr_translation_key = "health"
    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it has a problem."""
        is_good = is_healthy(self.reading, self._part) if self.reading else None
        return None if is_good is None else not is_good

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


class ValueBinarySensor(ValueEntity, BinarySensorEntity):
    """Something that was read and is so, or not."""

    def __init__(
        self, entry: OpsMonitorConfigEntry, part: Part, name: str, kind: ValueKind
    ) -> None:
        """Take what it means."""
        super().__init__(entry, part, name, kind)
        self._attr_device_class = kind.binary_class

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what was read."""
        return self.value if isinstance(self.value, bool) else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


class CheckBinarySensor(CheckEntity, BinarySensorEntity):
    """Whether a target works: the main entity of a check's device."""

    capability_attributes = None
    state_attributes = None
    unit_of_measurement = None

    @property
    @override
    def device_class(self) -> BinarySensorDeviceClass:
        """Reachability reads as connected or not, anything else as a problem or none."""
        if self._check.is_reachability:
            return BinarySensorDeviceClass.CONNECTIVITY
        return BinarySensorDeviceClass.PROBLEM

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the daemon's judgement, in the sense of the device class."""
        if self._check.ok is None:
            return None
        return self._check.ok is self._check.is_reachability

    @override
    def _to_show(self) -> object:
        """Return the state and its meaning."""
        return (self.is_on, self.device_class)


class HubBinarySensor(HubEntity, BinarySensorEntity):
    """A judgement about the whole."""

    entity_description: HubBinarySensorDescription
    _unrecorded_attributes = frozenset({"problems"})

    @property
    @override
    def is_on(self) -> bool | None:
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
        return (self.is_on, self.extra_state_attributes)


class ConnectedBinarySensor(HubEntity, BinarySensorEntity):
    """Whether the daemon can be heard: watches the watcher."""

    @property
    @override
    def available(self) -> bool:
        """Be there above all when the daemon is not."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the stream is up."""
        return self.coordinator.last_update_success

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


_Main: Final = described(CheckBinarySensor, REACHABLE)
