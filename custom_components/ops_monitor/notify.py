"""Notify: send a message through the channels of the daemon, or through one of them."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription
from homeassistant.components.notify.const import DOMAIN as NOTIFY, NotifyEntityFeature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asking import tell
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .entity import HubEntity
from .topics import Topic

PARALLEL_UPDATES = 1

ALERT: Final = NotifyEntityDescription(key="alert", translation_key="alert")
_SEVERITY: Final = "P3"
_CHANNEL: Final = "channel_"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the notify entity of the daemon, and one for each of its channels as they come."""
    async_add_entities([AlertNotify(entry, ALERT)])
    coordinator = entry.runtime_data
    known: tuple[str, ...] | None = None

    @callback
    def keep_up() -> None:
        """Add what is new, and remove what is gone."""
        nonlocal known
        alerts = coordinator.data.alerts
        if alerts is None or alerts.channels == known:
            return
        before, known = known or (), alerts.channels
        _forget_others(hass, coordinator, known)
        async_add_entities(ChannelNotify(entry, name) for name in known if name not in before)

    keep_up()
    entry.async_on_unload(coordinator.async_add_listener(keep_up, Topic.HUB))


@callback
def _forget_others(
    hass: HomeAssistant, coordinator: OpsMonitorCoordinator, names: Iterable[str]
) -> None:
    """Remove the entities of channels that the daemon has no more."""
    registry = er.async_get(hass)
    prefix = f"{coordinator.data.instance_id}_hub_{_CHANNEL}"
    expected = {f"{prefix}{name}" for name in names}
    entry_id = coordinator.config_entry.entry_id
    for item in er.async_entries_for_config_entry(registry, entry_id):
        is_channel = item.domain == NOTIFY and item.unique_id.startswith(prefix)
        if item.platform == DOMAIN and is_channel and item.unique_id not in expected:
            registry.async_remove(item.entity_id)


class AlertNotify(HubEntity, NotifyEntity):
    """Sends through all of the daemon's channels."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a message; the title says what it is about."""
        await tell(self.coordinator, "api/alerts", self._alert(message, title))

    def _alert(self, message: str, title: str | None) -> dict[str, Any]:
        """Return what the daemon is to send."""
        return {
            "service_name": title or "Home Assistant",
            "severity": _SEVERITY,
            "message": message,
        }

    @override
    def _to_show(self) -> object:
        """Return nothing: the state is when something was last sent."""
        return None


class ChannelNotify(AlertNotify):
    """Sends through one of them."""

    def __init__(self, entry: OpsMonitorConfigEntry, channel: str) -> None:
        """Belong to a channel."""
        description = NotifyEntityDescription(
            key=f"{_CHANNEL}{channel}",
            translation_key="channel",
            entity_registry_enabled_default=False,
        )
        super().__init__(entry, description)
        self._attr_translation_placeholders = {"name": channel}
        self._channel = channel

    @override
    def _alert(self, message: str, title: str | None) -> dict[str, Any]:
        """Return what the daemon is to send, and by which way."""
        return {**super()._alert(message, title), "channels": [self._channel]}
