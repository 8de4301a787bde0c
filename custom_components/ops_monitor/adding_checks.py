"""Adds the entities of checks to a platform, as the checks come."""

from collections.abc import Callable, Iterable, Iterator

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)

from .check_kinds import CheckKinds
from .client import Check
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry
from .details import has_details, is_kept
from .entity import CheckEntity
from .identifiers import orphaned_checks
from .topics import Topic


@callback
def keep_adding_checks(
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[Check], Iterable[CheckEntity]],
    kinds: CheckKinds | None = None,
) -> None:
    """Add the entities of each check, now and whenever the daemon gets a new one.

    Where they depend on the check, `kinds` tells of those that are of another kind now, as their
    type was changed or their certificate seen for the first time: what they lack is added.

    Must be called while a platform is set up: it is asked which one.
    """
    coordinator = entry.runtime_data
    platform = async_get_current_platform()
    domain = platform.domain
    registry = er.async_get(coordinator.hass)
    known: set[str] = set()
    plain: set[str] = set()
    """Those of them that have no details but those that there were."""

    def is_there(entity: CheckEntity) -> bool:
        """Tell whether an entity is registered, or will be as it was."""
        return is_kept(coordinator.hass, domain, entity.unique_id)

    def is_due(entity: CheckEntity) -> bool:
        """Tell whether an entity is to be added where there are no details."""
        return not entity.is_detail or is_there(entity)

    def is_shown(entity: CheckEntity) -> bool:
        """Tell whether an entity was added already."""
        return registry.async_get_entity_id(domain, DOMAIN, entity.unique_id) in platform.entities

    def add(checks: list[Check], wants: Callable[[CheckEntity], bool]) -> None:
        """Add what is wanted of the entities of some checks."""
        for batch in _batches(checks):
            async_add_entities(
                entity for check in batch for entity in build(check) if wants(entity)
            )

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
        changed = kinds.compare(coordinator.hass, data, shown, known) if kinds else []
        known.update(shown)
        with_details = has_details(entry)
        if changed:
            add(changed, lambda entity: not is_shown(entity) and (with_details or is_due(entity)))
        if not with_details:
            plain.update(check.id for check in new)
            add(new, is_due)
            return
        add(new, lambda _entity: True)
        lacking = [shown[check_id] for check_id in plain if check_id in shown]
        plain.difference_update(shown)
        add(lacking, lambda entity: entity.is_detail and not is_there(entity))

    add_new()
    for topic in (Topic.DEVICES,) if kinds is None else (Topic.DEVICES, Topic.CERTIFICATES):
        entry.async_on_unload(coordinator.async_add_listener(add_new, topic))


def _batches(checks: list[Check]) -> Iterator[list[Check]]:
    """Yield the first check of each type by itself, then all others.

    From the first object of a class that has all of its attributes Python learns how to lay out
    those that are made after it, in half the memory. Entities get most of theirs when they are
    added, so that a thousand that are made at one go teach nothing.
    """
    first = {check.type: check for check in reversed(checks)}
    for check in first.values():
        yield [check]
    yield [check for check in checks if first[check.type] is not check]
