"""The past of the checks: asked for now and then, as it changes slowly and is costly to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Final, Self, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .client import OpsMonitorClient, OpsMonitorError
from .client.fields import Fields

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = timedelta(minutes=10)

type Uptimes = Mapping[str, Past]
"""By check."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a check's past."""

    percent: Mapping[str, float | None]
    """For how much of a window, such as `30d`, it was up."""
    latency_avg_ms: float | None = None
    """Of the last 24 hours."""
    sla_remaining_s: float | None = None
    """What is left of the downtime that was agreed for 30 days; None if nothing was."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read the past of one check; a daemon of before tells the uptime alone."""
        fields = Fields.of(value, "uptime")
        return cls(
            percent={window: fields.number(window) for window in ("24h", "7d", "30d")},
            latency_avg_ms=fields.number("latency_avg_ms"),
            sla_remaining_s=Fields(fields.mapping("sla"), "uptime: sla").number("remaining_s"),
        )


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
        uptimes: dict[str, Past] = {}
        unreadable: set[str] = set()
        for check_id, value in answer.items():
            try:
                uptimes[check_id] = Past.from_api(value)
            except OpsMonitorError as err:
                unreadable.add(check_id)
                if check_id in self.data:
                    uptimes[check_id] = self.data[check_id]
                if check_id not in self.unreadable:
                    _LOGGER.warning("The uptime of %s cannot be read: %s", check_id, err)
        self.unreadable = unreadable
        return uptimes
