"""Sends test alerts, and tells that one was sent: automations can be tried with it, too."""

from collections.abc import Mapping

from homeassistant.helpers import device_registry as dr

from .asking import tell
from .const import EVENT
from .coordinator import OpsMonitorCoordinator
from .identifiers import hub_identifier
from .occurrence import Kind


async def send_test(
    coordinator: OpsMonitorCoordinator, params: Mapping[str, str] | None = None
) -> list[str]:
    """Send a test through one channel or all; return the names of those that took it.

    Raises:
        HomeAssistantError: nobody took it; then nothing is told.
    """
    answer = await tell(coordinator, "api/alerts/test", params=params)
    channels = [name for name in str(answer.get("channel") or "").split(",") if name]
    hass, entry_id = coordinator.hass, coordinator.config_entry.entry_id
    device = dr.async_get(hass).async_get_device_by_identifier(
        hub_identifier(coordinator.data), entry_id
    )
    hass.bus.async_fire(
        EVENT,
        {
            "entry_id": entry_id,
            "device_id": device.id if device else None,
            "type": Kind.TEST.value,
            "name": coordinator.name,
            "channels": channels,
        },
    )
    return channels
