"""The floor of the benchmark: what Home Assistant itself takes for so many devices and entities."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .sensor import Value

DOMAIN: Final = "ops_monitor_floor"
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
_BATCH_S: Final = 0.05
"""As long as the integration gathers what comes together."""


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the action by which states are written."""

    @callback
    def write(call: ServiceCall) -> None:
        """Write so many states a second, for some time."""
        [entry] = hass.config_entries.async_loaded_entries(DOMAIN)
        _Writer(hass, entry.runtime_data, call.data["per_s"], call.data["seconds"])

    hass.services.async_register(DOMAIN, "write", write)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[list[Value]]) -> bool:
    """Make the devices and entities."""
    entry.runtime_data = []
    await hass.config_entries.async_forward_entry_setups(entry, [Platform.SENSOR])
    return True


class _Writer:
    """Writes the states of all entities in turn, in small batches."""

    def __init__(
        self, hass: HomeAssistant, values: list[Value], per_s: int, seconds: float
    ) -> None:
        """Begin."""
        self._loop = hass.loop
        self._turn = cycle(values)
        self._per_s = per_s
        self._begun_s = self._loop.time()
        self._ends_s = self._begun_s + seconds
        self._written = 0
        self._write()

    @callback
    def _write(self) -> None:
        """Write what is due by now."""
        now_s = self._loop.time()
        due = int(self._per_s * (now_s - self._begun_s))
        for number, value in enumerate(islice(self._turn, due - self._written)):
            value.show(self._written + number)
        self._written = due
        if now_s < self._ends_s:
            self._loop.call_later(_BATCH_S, self._write)
