"""What all entities have in common."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client import Check
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .details import has_details, is_kept
from .devices import check_device, hub_identifier, orphaned_checks
from .topics import Topic, every_run


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

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for changes of what is written to begin with."""
        await super().async_added_to_hass()
        self._shown = (self.available, self._to_show())

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Write the state if it differs."""
        to_show = (self.available, self._to_show())
        if to_show != self._shown:
            self._shown = to_show
            self.async_write_ha_state()


class CheckEntity(OpsMonitorEntity):
    """An entity of one check."""

    device_info = None
    """Its device is found instead of being described by each of its entities."""
    extra_state_attributes = None

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
        self.entity_description = description
        self._check = check
        self.own_id = f"{coordinator.data.instance_id}_check_{check.id}_{description.key}"
        self.device_entry = check_device(entry, check)

    @property
    @override
    def unique_id(self) -> str:
        """Return what it is known by; not kept twice, as Home Assistant's own does."""
        return self.own_id

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


@callback
def keep_adding_checks(
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[Check], Iterable[CheckEntity]],
) -> None:
    """Add the entities of each check, now and whenever the daemon gets a new one.

    Must be called while a platform is set up: it is asked which one.
    """
    coordinator = entry.runtime_data
    domain = async_get_current_platform().domain
    known: set[str] = set()
    plain: set[str] = set()
    """Those of them that have no details but those that there were."""

    def is_there(entity: CheckEntity) -> bool:
        """Tell whether an entity is registered, or will be as it was."""
        return is_kept(coordinator.hass, domain, entity.own_id)

    @callback
    def add_new() -> None:
        """Add the entities of checks that have none, and details where they came to be wanted."""
        data = coordinator.data
        known.intersection_update(
            data.checks.keys() | data.unreadable.keys() | orphaned_checks(coordinator, known)
        )
        shown = {check.id: check for check in coordinator.shown}
        known.difference_update(data.checks.keys() - shown.keys())
        plain.intersection_update(known)
        new = [check for check_id, check in shown.items() if check_id not in known]
        known.update(shown)
        if not has_details(entry):
            plain.update(check.id for check in new)
            async_add_entities(
                entity
                for check in new
                for entity in build(check)
                if not entity.is_detail or is_there(entity)
            )
            return
        async_add_entities(entity for check in new for entity in build(check))
        lacking = [shown[check_id] for check_id in plain if check_id in shown]
        plain.difference_update(shown)
        async_add_entities(
            entity
            for check in lacking
            for entity in build(check)
            if entity.is_detail and not is_there(entity)
        )

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new, Topic.DEVICES))
