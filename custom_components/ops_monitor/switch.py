"""Switches: whether a check is run, whether people are told."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adding_checks import keep_adding_checks
from .asking import resume, tell
from .coordinator import OpsMonitorConfigEntry
from .described import described
from .entity import CheckEntity, HubEntity

PARALLEL_UPDATES = 1

MONITORING: Final = SwitchEntityDescription(
    key="monitoring", translation_key="monitoring", entity_category=EntityCategory.CONFIG
)
ALERTS: Final = SwitchEntityDescription(
    key="alerts", translation_key="alerts", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of the daemon and of its checks."""
    if "mute" in entry.runtime_data.info.capabilities:
        async_add_entities([AlertsSwitch(entry, ALERTS)])
    keep_adding_checks(
        entry, async_add_entities, lambda check: [_Monitoring(entry, check, MONITORING)]
    )


class AlertsSwitch(HubEntity, SwitchEntity):
    """Whether people are told what happens; while they are not, it is held back for them."""

    _unrecorded_attributes = frozenset({"reason"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether people are told."""
        alerts = self.coordinator.data.alerts
        return None if alerts is None else alerts.muted is None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return until when they are not, and why."""
        alerts = self.coordinator.data.alerts
        mute = alerts.muted if alerts else None
        return {
            "muted_until": mute.until if mute else None,
            "reason": mute.reason if mute else None,
        }

    @override
    async def async_turn_off(self, **_kwargs: Any) -> None:
        """Tell nobody anything until it is turned on."""
        await tell(self.coordinator, "api/alerts/mute", {"reason": "muted from Home Assistant"})

    @override
    async def async_turn_on(self, **_kwargs: Any) -> None:
        """Tell people again, beginning with what was held back."""
        await tell(self.coordinator, "api/alerts/unmute")

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.is_on, self.extra_state_attributes)


class MonitoringSwitch(CheckEntity, SwitchEntity):
    """Whether a check is run, or paused. Its other entities stay while it is paused."""

    capability_attributes = None
    state_attributes = None
    unit_of_measurement = None

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the check is run."""
        return not self._check.is_paused

    @override
    async def async_turn_off(self, **_kwargs: Any) -> None:
        """Pause the check until it is turned on."""
        body = {"reason": "paused from Home Assistant"}
        await tell(self.coordinator, f"api/checks/{self._check.id}/pause", body)

    @override
    async def async_turn_on(self, **_kwargs: Any) -> None:
        """Resume the check; one that is not paused stays as it is."""
        await resume(self.coordinator, self._check.id)

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on


_Monitoring: Final = described(MonitoringSwitch, MONITORING)
