"""Conditions for automations: whether checks are up, how the whole is, whether work goes on."""

from typing import Any, Final, Unpack, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, CONF_OPTIONS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .client import Check, Overall, Status
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .devices import check_identifier

_TEXTS: Final = vol.All(cv.ensure_list, [cv.string])
_DAEMON: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}


class _DaemonCondition(Condition):
    """Judges by what the daemons tell."""

    schema: vol.Schema

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the options."""
        valid: ConfigType = cls.schema(config)
        return valid

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take the options."""
        super().__init__(hass, config)
        self._options: dict[str, Any] = config.options or {}

    def _coordinators(self) -> list[OpsMonitorCoordinator]:
        """Return the daemons that can be heard: the one that is meant, or all."""
        entries: list[OpsMonitorConfigEntry] = self._hass.config_entries.async_loaded_entries(
            DOMAIN
        )
        wanted = self._options.get(ATTR_CONFIG_ENTRY_ID)
        return [
            entry.runtime_data
            for entry in entries
            if wanted in {None, entry.entry_id} and entry.runtime_data.last_update_success
        ]


class IsCheckUpCondition(_DaemonCondition):
    """Whether checks are up: any of those that are chosen, or all."""

    schema = vol.Schema(
        {
            vol.Required(CONF_OPTIONS): {
                vol.Required(ATTR_DEVICE_ID): _TEXTS,
                vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ALL): vol.In(
                    [BEHAVIOR_ANY, BEHAVIOR_ALL]
                ),
            }
        }
    )

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look at the checks; one that nothing is known of is not up."""
        known = self._checks_by_identifier()
        devices = dr.async_get(self._hass)
        states = []
        for device_id in self._options[ATTR_DEVICE_ID]:
            device = devices.async_get(device_id)
            identifiers = device.identifiers if device else set()
            states.append(any(known[it].ok is True for it in identifiers & known.keys()))
        return any(states) if self._options[ATTR_BEHAVIOR] == BEHAVIOR_ANY else all(states)

    def _checks_by_identifier(self) -> dict[tuple[str, str], Check]:
        """Return the checks by what their devices are known by."""
        return {
            check_identifier(coordinator.data, check_id): check
            for coordinator in self._coordinators()
            for check_id, check in coordinator.data.checks.items()
        }


class IsStatusCondition(_DaemonCondition):
    """Whether the whole has a status."""

    schema = vol.Schema(
        {
            vol.Required(CONF_OPTIONS): {
                vol.Required("status"): vol.All(
                    cv.ensure_list,
                    [vol.In([it.value for it in Overall if it is not Overall.UNKNOWN])],
                ),
                **_DAEMON,
            }
        }
    )

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look at the daemons."""
        wanted = self._options["status"]
        return any(it.data.summary.overall in wanted for it in self._coordinators())


class IsMaintenanceActiveCondition(_DaemonCondition):
    """Whether any check is in maintenance."""

    schema = vol.Schema({vol.Required(CONF_OPTIONS, default={}): _DAEMON})

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look at all checks."""
        return any(
            check.status is Status.MAINTENANCE
            for coordinator in self._coordinators()
            for check in coordinator.data.checks.values()
        )


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_check_up": IsCheckUpCondition,
    "is_status": IsStatusCondition,
    "is_maintenance_active": IsMaintenanceActiveCondition,
}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
