"""Announces maintenance while Home Assistant restarts, so that nobody is alarmed about it."""

from http import HTTPMethod
import logging
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .client import OpsMonitorError, OpsMonitorForbiddenError
from .const import CONF_RESTART_CHECKS
from .coordinator import OpsMonitorConfigEntry
from .issues import raise_read_only_token

_LOGGER = logging.getLogger(__name__)

DURATION: Final = "15m"
"""A restart that takes longer is worth an alarm."""
_PATH: Final = "api/maintenance"


@callback
def keep_quiet_while_restarting(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Put the chosen checks into maintenance when Home Assistant stops, until it is back."""
    checks: list[str] = entry.options.get(CONF_RESTART_CHECKS, [])
    if not checks:
        return
    coordinator = entry.runtime_data
    window = f"restart-{entry.entry_id}".lower()

    async def send(method: HTTPMethod, path: str, body: dict[str, Any] | None = None) -> None:
        """Tell the daemon; without it, an alarm too many is all that happens."""
        try:
            await coordinator.client.send(method, path, body)
        except OpsMonitorError as err:
            if isinstance(err, OpsMonitorForbiddenError):
                raise_read_only_token(hass, entry)
            _LOGGER.debug("The restart cannot be announced: %s", err)

    async def end(_hass: HomeAssistant | None = None) -> None:
        """Be back; after an orderly stop there is something to end, else nothing."""
        await send(HTTPMethod.DELETE, f"{_PATH}/{window}")

    async def begin(_event: Event) -> None:
        """Announce it; one that was left over from before is in the way."""
        await end()
        known = [check_id for check_id in checks if check_id in coordinator.data.checks]
        if known:
            now = dt_util.utcnow().isoformat(timespec="seconds")
            body = {
                "id": window,
                "checks": known,
                "from": now,
                "duration": DURATION,
                "reason": "Home Assistant restarts",
            }
            await send(HTTPMethod.POST, _PATH, body)

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, begin))
    entry.async_on_unload(async_at_started(hass, end))
