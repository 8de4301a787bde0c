"""Conditions for automations: whether checks and things are well, how the whole is, and so on."""

from abc import abstractmethod
from collections.abc import Iterator
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

from .client import Overall, Status
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .identifiers import check_identifier, part_identifier
from .wellbeing import Aspect, aspects_of

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


class _DeviceCondition(_DaemonCondition):
    """Judges by devices: any of those that are chosen, or all."""

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

    @abstractmethod
    def _good(self, coordinator: OpsMonitorCoordinator) -> Iterator[tuple[str, str]]:
        """Yield what those devices of a daemon are known by of which the condition holds."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look at the devices; of one that nothing is known of it does not hold."""
        good = {it for coordinator in self._coordinators() for it in self._good(coordinator)}
        devices = dr.async_get(self._hass)
        found = map(devices.async_get, self._options[ATTR_DEVICE_ID])
        states = [
            device is not None and not good.isdisjoint(device.identifiers) for device in found
        ]
        return any(states) if self._options[ATTR_BEHAVIOR] == BEHAVIOR_ANY else all(states)


class IsCheckUpCondition(_DeviceCondition):
    """Whether checks are up."""

    @override
    def _good(self, coordinator: OpsMonitorCoordinator) -> Iterator[tuple[str, str]]:
        """Yield the checks that are up."""
        data = coordinator.data
        for check_id, check in data.checks.items():
            if check.ok is True:
                yield check_identifier(data, check_id)


class _ThingCondition(_DeviceCondition):
    """Whether things that are polled are well, in one respect."""

    aspect: Aspect

    @override
    def _good(self, coordinator: OpsMonitorCoordinator) -> Iterator[tuple[str, str]]:
        """Yield those that are well."""
        data = coordinator.data
        for reading in data.readings.values():
            for found in aspects_of(reading):
                if found.aspect is self.aspect and found.is_good is True:
                    yield part_identifier(data, found.part.id)


class IsHostOnlineCondition(_ThingCondition):
    """Whether hosts and services answer that are polled."""

    aspect = Aspect.REACHABLE


class IsDriveHealthyCondition(_ThingCondition):
    """Whether nothing is wrong with drives."""

    aspect = Aspect.HEALTHY


class IsInternetConnectedCondition(_ThingCondition):
    """Whether routers are connected to the Internet."""

    aspect = Aspect.CONNECTED


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
    "is_host_online": IsHostOnlineCondition,
    "is_drive_healthy": IsDriveHealthyCondition,
    "is_internet_connected": IsInternetConnectedCondition,
    "is_status": IsStatusCondition,
    "is_maintenance_active": IsMaintenanceActiveCondition,
}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
