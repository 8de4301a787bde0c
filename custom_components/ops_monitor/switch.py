"""Switches: whether a check is run."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asking import tell
from .coordinator import OpsMonitorConfigEntry
from .entity import CheckEntity, keep_adding_checks

PARALLEL_UPDATES = 1

MONITORING: Final = SwitchEntityDescription(
    key="monitoring", translation_key="monitoring", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of the checks."""
    keep_adding_checks(
        entry, async_add_entities, lambda check: [MonitoringSwitch(entry, check, MONITORING)]
    )


class MonitoringSwitch(CheckEntity, SwitchEntity):
    """Whether a check is run, or paused. Its other entities stay while it is paused."""

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
        if self._check.is_paused:
            await tell(self.coordinator, f"api/checks/{self._check.id}/resume")

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.is_on
