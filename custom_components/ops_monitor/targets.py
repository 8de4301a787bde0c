"""Finds the checks that an action is meant for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .client import Check
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .identifiers import check_identifier

ATTR_CHECK: Final = "check"
_NAMING: Final = (ATTR_CHECK, *map(str, cv.TARGET_FIELDS))


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """A check, and the daemon that has it."""

    coordinator: OpsMonitorCoordinator
    check: Check


@callback
def daemon_of(hass: HomeAssistant, data: Mapping[str, Any]) -> OpsMonitorCoordinator:
    """Return the daemon that an action names; the only one where it names none."""
    entry: OpsMonitorConfigEntry = async_get_config_entry(
        hass, DOMAIN, data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry.runtime_data


@callback
def checks_of(call: ServiceCall) -> list[TargetCheck]:
    """Return the checks that an action is meant for, by target or by their ids."""
    found = _by_target(call.hass, call.data)
    if ids := call.data.get(ATTR_CHECK, ()):
        coordinator = daemon_of(call.hass, call.data)
        found += [_by_id(coordinator, check_id) for check_id in ids]
    if not found:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_check_given")
    return list({(item.coordinator, item.check.id): item for item in found}.values())


@callback
def the_check_of(call: ServiceCall) -> TargetCheck:
    """Return the one check that an action is meant for."""
    found = checks_of(call)
    if len(found) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="one_check_only",
            translation_placeholders={"count": str(len(found))},
        )
    return found[0]


@callback
def names_checks(call: ServiceCall) -> bool:
    """Tell whether an action says which checks it is meant for, by target or by their ids."""
    return any(call.data.get(key) for key in _NAMING)


@callback
def the_daemon_of(call: ServiceCall, found: list[TargetCheck]) -> OpsMonitorCoordinator:
    """Return the one daemon that an action on these checks is meant for.

    It is the one that the action names, or else the one whose checks they are. The id of a check
    means nothing to another daemon, or means another check.
    """
    if found and ATTR_CONFIG_ENTRY_ID not in call.data:
        coordinator = found[0].coordinator
    else:
        coordinator = daemon_of(call.hass, call.data)
    for item in found:
        if item.coordinator is not coordinator:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="one_daemon_only",
                translation_placeholders={
                    "check": item.check.name,
                    "name": coordinator.name,
                    "other": item.coordinator.name,
                },
            )
    return coordinator


def _by_id(coordinator: OpsMonitorCoordinator, check_id: str) -> TargetCheck:
    """Return the check of an id."""
    if check := coordinator.data.checks.get(check_id):
        return TargetCheck(coordinator, check)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="unknown_check",
        translation_placeholders={"check": check_id},
    )


def _by_target(hass: HomeAssistant, data: Mapping[str, Any]) -> list[TargetCheck]:
    """Return the checks whose devices, or entities, are targeted."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(dict(data)))
    entities = er.async_get(hass)
    device_ids = set(selected.referenced_devices)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entity = entities.async_get(entity_id)
        if entity and entity.platform == DOMAIN and entity.device_id:
            device_ids.add(entity.device_id)
    entries: list[OpsMonitorConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    known = {
        check_identifier(entry.runtime_data.data, check_id): TargetCheck(entry.runtime_data, check)
        for entry in entries
        for check_id, check in entry.runtime_data.data.checks.items()
    }
    devices = dr.async_get(hass)
    return [
        known[identifier]
        for device_id in sorted(device_ids)
        if (device := devices.async_get(device_id))
        for identifier in device.identifiers & known.keys()
    ]
