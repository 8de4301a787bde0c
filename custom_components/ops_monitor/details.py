"""Decides which checks get the entities that are off at first: with many checks they add up."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_DETAILS, DOMAIN, Details
from .coordinator import OpsMonitorConfigEntry

DETAILED_CHECKS: Final = 300
"""For no more checks than these, unless a person wants it otherwise.

Home Assistant keeps three to four kilobytes for each that is off, and a check has eight of them.
"""


@callback
def wanted_details(entry: OpsMonitorConfigEntry) -> Details:
    """Return what a person prefers."""
    return Details(entry.options.get(CONF_DETAILS, Details.AUTOMATIC))


@callback
def has_details(entry: OpsMonitorConfigEntry) -> bool:
    """Tell whether checks that come get the entities that are off at first."""
    wanted = wanted_details(entry)
    if wanted is Details.AUTOMATIC:
        return sum(1 for _ in entry.runtime_data.shown) <= DETAILED_CHECKS
    return wanted is Details.ALWAYS


@callback
def is_kept(hass: HomeAssistant, domain: str, unique_id: str) -> bool:
    """Tell whether a person has an entity, or had it turned on when its device went.

    What somebody may have built upon is there again, however many checks there are by now.
    """
    registry = er.async_get(hass)
    if registry.async_get_entity_id(domain, DOMAIN, unique_id):
        return True
    gone = registry.deleted_entities.get((domain, DOMAIN, unique_id))
    return gone is not None and gone.disabled_by is None
