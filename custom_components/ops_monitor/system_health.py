"""Says on one page how the connections to the daemons are doing."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry


@callback
def async_register(_hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer the information."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is known of each daemon that is set up."""
    entries: list[OpsMonitorConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    info: dict[str, Any] = {"daemons": len(entries)}
    for number, entry in enumerate(entries, 1):
        # Of the only daemon the values go by their plain names, which are translated.
        suffix = "" if len(entries) == 1 else f"_{number}"
        info |= {f"{key}{suffix}": value for key, value in _of_one(hass, entry).items()}
    return info


def _of_one(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> dict[str, Any]:
    """Return what is known of one daemon."""
    coordinator = entry.runtime_data
    statistics = coordinator.subscription.statistics
    heard_at = statistics.last_frame_at
    age = dt_util.utcnow() - heard_at if heard_at else None
    return {
        "reachable": system_health.async_check_can_reach_url(
            hass, f"{entry.data[CONF_URL]}/health"
        ),
        "version": coordinator.data.version,
        "api_version": coordinator.data.api_version,
        "stream": statistics.transport if coordinator.is_streaming else "polling",
        "last_frame_age": None if age is None else f"{age.total_seconds():.0f} s",
        "connections": statistics.connections,
        "checks": len(coordinator.data.checks),
    }
