"""Shows what an Ops Monitor daemon knows as devices and entities."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .access import client_for, give_token_back
from .announcing import announce_occurrences
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .devices import keep_devices
from .errands import run_errands
from .frontend import async_register_frontend, async_unregister_frontend
from .heartbeat import keep_beating
from .identifiers import is_present
from .issues import keep_issues
from .recognition import keep_knowing
from .restarting import keep_quiet_while_restarting
from .services import async_register_actions

_PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer what all entries share."""
    async_register_actions(hass)
    await async_register_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> bool:
    """Connect to one daemon and show what it knows."""
    coordinator = OpsMonitorCoordinator(hass, entry, client_for(hass, entry.data))
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    keep_devices(hass, entry)
    announce_occurrences(hass, entry)
    keep_issues(hass, entry)
    run_errands(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, _PLATFORMS)
    keep_beating(hass, entry)
    keep_quiet_while_restarting(hass, entry)
    entry.async_create_background_task(
        hass, coordinator.uptimes.async_refresh(), name=f"{entry.title} uptime"
    )
    entry.async_on_unload(coordinator.uptimes.async_shutdown)
    entry.async_create_background_task(
        hass, keep_knowing(hass, entry, coordinator.info), name=f"{entry.title} recognition"
    )
    entry.async_create_background_task(
        hass, coordinator.async_listen(), name=f"{entry.title} stream"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> bool:
    """Take the entities of one daemon away; its stream ends with the entry's tasks."""
    return await hass.config_entries.async_unload_platforms(entry, _PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Leave nothing behind: no issue, no token of ours, and of the last one no module."""
    for kind in ("read_only_token", "tls_certificate", "unsupported_version"):
        ir.async_delete_issue(hass, DOMAIN, f"{kind}_{entry.entry_id}")
    await give_token_back(hass, entry.data)
    if not hass.config_entries.async_entries(DOMAIN):
        await async_unregister_frontend(hass)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: OpsMonitorConfigEntry, device: DeviceEntry
) -> bool:
    """Allow a person to delete a device unless the daemon is known to have it."""
    return entry.state is not ConfigEntryState.LOADED or not is_present(entry, device)
