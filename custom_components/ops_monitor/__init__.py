"""Shows what an Ops Monitor daemon knows as devices and entities."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceEntry

from .client import OpsMonitorClient
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .devices import is_present, keep_devices

_PLATFORMS = [Platform.BINARY_SENSOR, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> bool:
    """Connect to one daemon and show what it knows."""
    client = OpsMonitorClient(
        async_get_clientsession(hass, verify_ssl=entry.data[CONF_VERIFY_SSL]),
        entry.data[CONF_URL],
        entry.data.get(CONF_TOKEN),
    )
    coordinator = OpsMonitorCoordinator(hass, entry, client)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    keep_devices(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, _PLATFORMS)
    entry.async_create_background_task(
        hass, coordinator.async_listen(), name=f"{entry.title} stream"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> bool:
    """Take the entities of one daemon away; its stream ends with the entry's tasks."""
    return await hass.config_entries.async_unload_platforms(entry, _PLATFORMS)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: OpsMonitorConfigEntry, device: DeviceEntry
) -> bool:
    """Allow a person to delete a device unless the daemon is known to have it."""
    return entry.state is not ConfigEntryState.LOADED or not is_present(entry, device)
