"""What all entities have in common."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client import Check, Snapshot
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .described import share_texts
from .devices import check_device
from .identifiers import hub_identifier
from .topics import Topic, every_run

_NOTHING: Final = object()
"""What is shown of an entity that is not available."""


class OpsMonitorEntity(CoordinatorEntity[OpsMonitorCoordinator]):
    """An entity that writes its state only when what it shows changes."""

    # What is the same for all is said once for the class: Home Assistant would ask each entity, and
    # keep each answer with it. With a thousand checks these are megabytes.
    assumed_state = False
    attribution = None
    entity_picture = None
    entity_registry_visible_default = True
    force_update = False
    has_entity_name = True
    should_poll = False
    _shown: object = None

    @abstractmethod
    def _to_show(self) -> object:
        """Return all that the state consists of, to be compared with what is shown already."""

    def _topics(self) -> Iterable[object]:
        """Return what is listened for."""
        return (self.coordinator_context,)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for changes of what is written to begin with."""
        for topic in self._topics():
            self.coordinator.hear(topic, self._handle_coordinator_update)
        self.async_on_remove(self._stop_listening)
        self._shown = self._to_show() if self.available else _NOTHING

    @callback
    def _stop_listening(self) -> None:
        """Be told nothing any more."""
        for topic in self._topics():
            self.coordinator.forget(topic, self._handle_coordinator_update)

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Write the state if it differs."""
        to_show = self._to_show() if self.available else _NOTHING
        if to_show != self._shown:
            self._shown = to_show
            self.async_write_ha_state()


def check_unique_id(data: Snapshot, check_id: str, key: str) -> str:
    """Return what an entity of a check is known by."""
    return f"{data.instance_id}_check_{check_id}_{key}"


class CheckEntity(OpsMonitorEntity):
    """An entity of one check."""

    device_info = None
    """Its device is found instead of being described by each of its entities."""
    extra_state_attributes = None
    supported_features = None
    texts: ClassVar[dict[str, str] | None] = None
    """Those that all of its class have, where it is of one description."""
    _attr_translation_placeholders: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        entry: OpsMonitorConfigEntry,
        check: Check,
        description: EntityDescription,
        *,
        hears_every_run: bool = False,
    ) -> None:
        """Belong to a check's device, and listen for that check only.

        Most entities show nothing that is new after every run, and need not be asked then.
        """
        coordinator = entry.runtime_data
        topic = every_run(check.id) if hears_every_run else check.id
        super().__init__(coordinator, context=topic)
        if getattr(self, "entity_description", None) is not description:
            self.entity_description = description
        self._check = check
        self.device_entry = check_device(entry, check)

    @property
    @override
    def unique_id(self) -> str:
        """Return what it is known by; seldom asked for, and kept by the registry."""
        key = self.entity_description.key
        return check_unique_id(self.coordinator.data, self._check.id, key)

    @property
    def is_detail(self) -> bool:
        """Tell whether it is off until somebody turns it on."""
        return not self.entity_description.entity_registry_enabled_default

    @property
    @override
    def available(self) -> bool:
        """A target that is down is shown as such; only without news of it we know nothing."""
        coordinator = self.coordinator
        return coordinator.last_update_success and self._check.id in coordinator.data.checks

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with what is known now: the check may have changed since the entity was made."""
        self._take_over()
        await super().async_added_to_hass()
        if self.texts is not None:
            share_texts(self, self.texts)

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Show the check's new state."""
        self._take_over()
        super()._handle_coordinator_update()

    def _take_over(self) -> None:
        """Take the check's state from the coordinator; keep the last one if there is none."""
        self._check = self.coordinator.data.checks.get(self._check.id, self._check)


class HubEntity(OpsMonitorEntity):
    """An entity of the daemon itself."""

    def __init__(
        self,
        entry: OpsMonitorConfigEntry,
        description: EntityDescription,
        topic: Topic = Topic.HUB,
    ) -> None:
        """Belong to the hub, and listen for what concerns the whole, or some of that."""
        coordinator = entry.runtime_data
        super().__init__(coordinator, context=topic)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.data.instance_id}_hub_{description.key}"
        self._attr_device_info = dr.DeviceInfo(identifiers={hub_identifier(coordinator.data)})
