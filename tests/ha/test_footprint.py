"""What entities take: with a thousand checks every byte counts five thousand times.

How Python lays them out depends on what the process made before, so that only a process of its
own can show it: `benchmarks/run --only homeassistant` does.
"""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_platforms
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import DOMAIN
from custom_components.ops_monitor.entity import CheckEntity
from tests.ha.fake_daemon import FakeDaemon, make_check

IN_PLACE = 30
"""So many attributes Python keeps in the object: `SHARED_KEYS_MAX_SIZE` in its `dictobject.c`."""
MANY = 40


def entities_of_checks(hass: HomeAssistant) -> list[Entity]:
    """Return the entities of checks that are on."""
    return [
        entity
        for platform in async_get_platforms(hass, DOMAIN)
        for entity in platform.entities.values()
        if isinstance(entity, CheckEntity)
    ]


async def test_entities_of_checks_are_small(
    hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """They have so few attributes that Python needs no tables for them, and share texts."""
    daemon.checks = {f"check-{number}": make_check(f"check-{number}") for number in range(MANY)}

    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    entities = entities_of_checks(hass)
    assert len(entities) >= 5 * MANY
    assert max(len(vars(entity)) for entity in entities) <= IN_PLACE
    assert len({id(entity.name) for entity in entities}) == len(
        {entity.name for entity in entities}
    )
    await hass.config_entries.async_unload(entry.entry_id)
