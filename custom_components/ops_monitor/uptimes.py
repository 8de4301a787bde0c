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
        self.unreadable: set[str] = set()
        """The checks whose uptime could not be read the last time."""

    @override
    async def _async_update_data(self) -> Uptimes:
        """Return the uptimes; those of before while they cannot be had.

        That the daemon is away is noticed, and told, by its stream.
        """
        try:
            answer = Fields.of(await self._client.get("api/status/uptime"), "uptime").values
        except OpsMonitorError as err:
            _LOGGER.debug("The uptime cannot be had: %s", err)
            return self.data
        uptimes: dict[str, Mapping[str, float | None]] = {}
        unreadable: set[str] = set()
        for check_id, value in answer.items():
            try:
                uptimes[check_id] = _windows(value)
            except OpsMonitorError as err:
                unreadable.add(check_id)
                if check_id in self.data:
                    uptimes[check_id] = self.data[check_id]
                if check_id not in self.unreadable:
                    _LOGGER.warning("The uptime of %s cannot be read: %s", check_id, err)
        self.unreadable = unreadable
        return uptimes


def _windows(value: object) -> dict[str, float | None]:
    """Return the percentages of one check."""
    fields = Fields.of(value, "uptime")
    return {window: fields.number(window) for window in ("24h", "7d", "30d")}
