"""The uptime of the checks: asked for now and then, as it changes slowly and is costly to know."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .client import OpsMonitorClient, OpsMonitorError
from .client.fields import Fields

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = timedelta(minutes=10)

type Uptimes = Mapping[str, Mapping[str, float | None]]
"""Percent by window, such as `30d`, by check."""


class UptimeCoordinator(DataUpdateCoordinator[Uptimes]):
    """Asks as long as anybody wants to know."""

    def __init__(self, hass: HomeAssistant, client: OpsMonitorClient, name: str) -> None:
        """Begin with nothing."""
        super().__init__(
            hass, _LOGGER, config_entry=None, name=f"{name} uptime", update_interval=INTERVAL
        )
        self.data = {}
        self._client = client

    @override
    async def _async_update_data(self) -> Uptimes:
        """Return the uptimes; those of before while they cannot be had.

        That the daemon is away is noticed, and told, by its stream.
        """
        try:
            answer = Fields.of(await self._client.get("api/status/uptime"), "uptime").values
            return {check_id: _windows(value) for check_id, value in answer.items()}
        except OpsMonitorError as err:
            _LOGGER.debug("The uptime cannot be had: %s", err)
            return self.data


def _windows(value: object) -> dict[str, float | None]:
    """Return the percentages of one check."""
    fields = Fields.of(value, "uptime")
    return {window: fields.number(window) for window in ("24h", "7d", "30d")}
