"""What helps to find a fault, without what should stay private."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant

from .coordinator import OpsMonitorConfigEntry

# Targets and error messages contain addresses of the home network, and sometimes secrets.
_TO_REDACT: Final = {CONF_TOKEN, CONF_URL, "target", "error"}


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: OpsMonitorConfigEntry
) -> dict[str, Any]:
    """Return all that the integration knows about one daemon."""
    coordinator = entry.runtime_data
    diagnostics = {
        "entry": dict(entry.data),
        "info": asdict(coordinator.info),
        "connected": coordinator.last_update_success,
        "stream": asdict(coordinator.subscription.statistics),
        "snapshot": asdict(coordinator.data),
        "recent_transitions": [asdict(item) for item in coordinator.recent_transitions],
    }
    return async_redact_data(diagnostics, _TO_REDACT)
