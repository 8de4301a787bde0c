"""Triggers for automations: what became of checks, of what is polled, and of the whole.

They listen on the event bus, so they outlive a reload of the entry, and need nothing of it.
"""

from typing import Any, Final, override

from homeassistant.const import ATTR_DEVICE_ID, CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .const import EVENT
from .occurrence import Kind

_TEXTS: Final = vol.All(cv.ensure_list, [cv.string])
_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_OPTIONS, default={}): {
            vol.Optional(ATTR_DEVICE_ID): _TEXTS,
            vol.Optional("severity"): _TEXTS,
            vol.Optional("tags"): _TEXTS,
        }
    }
)


class _OccurrenceTrigger(Trigger):
    """Triggers when something of certain kinds happens."""

    kinds: frozenset[Kind]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the options."""
        valid: ConfigType = _SCHEMA(config)
        return valid

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take the options."""
        super().__init__(hass, config)
        self._options: dict[str, Any] = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action whenever it happens."""

        @callback
        def handle(event: Event[dict[str, Any]]) -> None:
            """Run the action if this is what is waited for."""
            if self._is_meant(event.data):
                run_action(dict(event.data), f"{event.data.get('name')}: {event.data['type']}")

        return self._hass.bus.async_listen(EVENT, handle)

    def _is_meant(self, data: dict[str, Any]) -> bool:
        """Tell whether an event is of our kinds and passes the options."""
        options = self._options
        return (
            data.get("type") in self.kinds
            and (ATTR_DEVICE_ID not in options or data.get("device_id") in options[ATTR_DEVICE_ID])
            and ("severity" not in options or data.get("severity") in options["severity"])
            and ("tags" not in options or not set(options["tags"]).isdisjoint(data.get("tags", ())))
        )


class CheckFailedTrigger(_OccurrenceTrigger):
    """Triggers when a check goes down."""

    kinds = frozenset({Kind.DOWN})


class CheckRecoveredTrigger(_OccurrenceTrigger):
    """Triggers when a check is up again."""

    kinds = frozenset({Kind.RECOVERED})


class CheckDegradedTrigger(_OccurrenceTrigger):
    """Triggers when a check works, but worse than it should."""

    kinds = frozenset({Kind.DEGRADED})


class HostWentOfflineTrigger(_OccurrenceTrigger):
    """Triggers when something that is polled answers no more."""

    kinds = frozenset({Kind.HOST_OFFLINE})


class HostCameOnlineTrigger(_OccurrenceTrigger):
    """Triggers when it answers again."""

    kinds = frozenset({Kind.HOST_ONLINE})


class DriveBecameUnhealthyTrigger(_OccurrenceTrigger):
    """Triggers when something is wrong with a drive."""

    kinds = frozenset({Kind.DRIVE_WARNING})


class DriveRecoveredTrigger(_OccurrenceTrigger):
    """Triggers when a drive is well again."""

    kinds = frozenset({Kind.DRIVE_RECOVERED})


class InternetDisconnectedTrigger(_OccurrenceTrigger):
    """Triggers when a router has lost the Internet."""

    kinds = frozenset({Kind.INTERNET_DOWN})


class InternetConnectedTrigger(_OccurrenceTrigger):
    """Triggers when it is connected again."""

    kinds = frozenset({Kind.INTERNET_UP})


class StatusBecameCriticalTrigger(_OccurrenceTrigger):
    """Triggers when the whole becomes critical."""

    kinds = frozenset({Kind.BECAME_CRITICAL})


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "check_failed": CheckFailedTrigger,
    "check_recovered": CheckRecoveredTrigger,
    "check_degraded": CheckDegradedTrigger,
    "host_went_offline": HostWentOfflineTrigger,
    "host_came_online": HostCameOnlineTrigger,
    "drive_became_unhealthy": DriveBecameUnhealthyTrigger,
    "drive_recovered": DriveRecoveredTrigger,
    "internet_disconnected": InternetDisconnectedTrigger,
    "internet_connected": InternetConnectedTrigger,
    "status_became_critical": StatusBecameCriticalTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
