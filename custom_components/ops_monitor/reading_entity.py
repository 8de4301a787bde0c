"""Entities of what the daemon polls: one for each value, and one for how all of it is."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client import Reading, Value
from .coordinator import OpsMonitorConfigEntry
from .devices import part_device_info
from .entity import OpsMonitorEntity
from .identifiers import remaining_parts
from .parts import Part, ValueKind, kind_of_value, values_of
from .topics import Topic, reading_topic
from .value_names import name_of


class ReadingEntity(OpsMonitorEntity):
    """An entity of one part of a reading."""

    def __init__(self, entry: OpsMonitorConfigEntry, part: Part, key: str) -> None:
        """Belong to the part's device, and listen for its reading."""
        coordinator = entry.runtime_data
        super().__init__(coordinator, context=reading_topic(part.reading))
        self._part = part
        self._attr_unique_id = f"{coordinator.data.instance_id}_reading_{part.id}_{key}"
        self._attr_device_info = part_device_info(entry, part)

    @property
    @override
    def available(self) -> bool:
        """What does not answer is shown as such; only without a reading we know nothing."""
        return super().available and self.reading is not None

    @property
    def reading(self) -> Reading | None:
        """Return the latest reading."""
        return self.coordinator.data.readings.get(self._part.reading)


class ValueEntity(ReadingEntity):
    """A value of a reading."""

    def __init__(
        self, entry: OpsMonitorConfigEntry, part: Part, name: str, kind: ValueKind
    ) -> None:
        """Show what is read under that name."""
        super().__init__(entry, part, name)
        self._name = f"{part.prefix}{name}"
        self.kind = kind
        called = name_of(name, is_flag=kind.is_binary)
        self._attr_translation_key = called.translation_key
        if called.placeholder:
            self._attr_translation_placeholders = {"name": called.placeholder}
        self._attr_entity_registry_enabled_default = kind.is_default
        self._attr_entity_category = kind.category

    @property
    def value(self) -> Value | None:
        """Return what was read; None while it is not known, or too old to go by."""
        reading = self.reading
        return None if reading is None or reading.is_stale else reading.values.get(self._name)


@callback
def keep_adding_readings(
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build_value: Callable[[Part, str, ValueKind], Entity | None],
    build_part: Callable[[Part, Reading], Iterable[Entity]] = lambda _part, _reading: (),
) -> None:
    """Add the entities of each reading, now and whenever there is something new to read."""
    coordinator = entry.runtime_data
    known: set[tuple[str, str]] = set()

    @callback
    def add_new() -> None:
        """Add what has no entity yet."""
        current: set[tuple[str, str]] = set()
        added: list[Entity] = []
        for reading in coordinator.shown_readings:
            for part in coordinator.parts_of(reading).values():
                current.add((part.id, ""))
                if (part.id, "") not in known:
                    added += build_part(part, reading)
                for name in values_of(reading, part):
                    current.add((part.id, name))
                    if (part.id, name) in known:
                        continue
                    value = reading.values[f"{part.prefix}{name}"]
                    entity = build_value(part, name, kind_of_value(name, value))
                    added += [entity] if entity else []
        gone = {part_id for part_id, _ in known} - {part_id for part_id, _ in current}
        gone -= remaining_parts(coordinator, gone)
        known.difference_update({item for item in known if item[0] in gone})
        known.update(current)
        async_add_entities(added)

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new, Topic.DEVICES))
