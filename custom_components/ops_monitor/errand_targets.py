"""Finds out what an action would pass over.

Home Assistant skips targets that do not exist or are unavailable, and reports success. Whoever
waits for a plug to be switched has to know better.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

_MOST: Final = 3
_FOR_WHAT_IS_DEAD: Final = frozenset(
    {"homeassistant.reload_config_entry", "homeassistant.update_entity"}
)
"""What helps just those entities that are unavailable."""


@callback
def what_is_missing(hass: HomeAssistant, action: str, data: Mapping[str, Any]) -> str | None:
    """Return what is not there of the targets in the data of an action; None: all is."""
    selection = TargetSelection(dict(data))
    if not selection.has_any_target:
        return None
    found = async_extract_referenced_entity_ids(hass, selection)
    unknown = (
        found.missing_devices
        | found.missing_areas
        | found.missing_floors
        | found.missing_labels
        | {entity_id for entity_id in found.referenced if hass.states.get(entity_id) is None}
    )
    if unknown:
        return f"there is no {_listed(unknown)}"
    if action in _FOR_WHAT_IS_DEAD:
        return None
    entity_ids = found.referenced | found.indirectly_referenced
    dead = {entity_id for entity_id in entity_ids if _is_dead(hass, entity_id)}
    # Of those that were named all have to be there; of a device or an area, any.
    if wrong := dead & found.referenced or (dead if dead == entity_ids else set()):
        return f"unavailable: {_listed(wrong)}"
    return None


def _is_dead(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity can do nothing now."""
    state = hass.states.get(entity_id)
    return state is None or state.state == STATE_UNAVAILABLE


def _listed(names: Iterable[str]) -> str:
    """Return names for a sentence, and not too many of them."""
    ordered = sorted(names)
    return ", ".join(ordered[:_MOST]) + (" ..." if len(ordered) > _MOST else "")
