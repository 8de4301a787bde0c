"""Notify: send a message through the channels of the daemon."""

from typing import Final, override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription
from homeassistant.components.notify.const import NotifyEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asking import tell
from .coordinator import OpsMonitorConfigEntry
from .entity import HubEntity

PARALLEL_UPDATES = 1

ALERT: Final = NotifyEntityDescription(key="alert", translation_key="alert")
_SEVERITY: Final = "P3"


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the notify entity of the daemon."""
    async_add_entities([AlertNotify(entry, ALERT)])


class AlertNotify(HubEntity, NotifyEntity):
    """Sends through the daemon's channels, by its routes."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a message; the title says what it is about."""
        body = {
            "service_name": title or "Home Assistant",
            "severity": _SEVERITY,
            "message": message,
        }
        await tell(self.coordinator, "api/alerts", body)

    @override
    def _to_show(self) -> object:
        """Return nothing: the state is when something was last sent."""
        return None
