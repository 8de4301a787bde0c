"""Tells the daemon that Home Assistant lives, so that it notices when it does not."""

from datetime import datetime, timedelta
from http import HTTPMethod
import logging
from typing import Any, Final

from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_HOMEASSISTANT_STOP,
    STATE_ON,
    STATE_UNAVAILABLE,
    __version__,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .client import OpsMonitorError, OpsMonitorForbiddenError
from .const import CONF_HEARTBEAT, CONF_HEARTBEAT_CHECK
from .coordinator import OpsMonitorConfigEntry
from .issues import raise_read_only_token
from .topics import Topic

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = timedelta(minutes=1)
PATH: Final = "api/homeassistant/heartbeat"


@callback
def keep_beating(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Report every minute and when Home Assistant starts and stops, if a person wants that."""
    if not entry.options.get(CONF_HEARTBEAT, False):
        return
    coordinator = entry.runtime_data
    client = coordinator.client
    told: set[str] = set()
    check_id = entry.options.get(CONF_HEARTBEAT_CHECK)
    named = {"check_id": check_id} if check_id else {}

    async def beat(_why: datetime | Event[Any] | None = None) -> None:
        """Report how Home Assistant is doing; what is in the way is logged once."""
        try:
            answer = await client.send(HTTPMethod.POST, PATH, {**vital_signs(hass), **named})
        except OpsMonitorError as err:
            if isinstance(err, OpsMonitorForbiddenError):
                raise_read_only_token(hass, entry)
            _LOGGER.debug("The heartbeat was not heard: %s", err)
            return
        if isinstance(answer, dict) and answer.get("counted") is False and not told:
            told.add("uncounted")
            _LOGGER.info("Nobody waits for the heartbeat: %s", answer.get("note"))

    was_heard = coordinator.last_update_success

    @callback
    def after_a_loss() -> None:
        """Report at once when the daemon is back: one that was restarted knows nothing of us."""
        nonlocal was_heard
        before, was_heard = was_heard, coordinator.last_update_success
        if was_heard and not before:
            entry.async_create_background_task(hass, beat(), name=f"{entry.title} heartbeat")

    entry.async_on_unload(coordinator.async_add_listener(after_a_loss, Topic.HUB))
    for event in (EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP):
        entry.async_on_unload(hass.bus.async_listen(event, beat))
    entry.async_on_unload(async_track_time_interval(hass, beat, INTERVAL))
    entry.async_create_background_task(hass, beat(), name=f"{entry.title} heartbeat")


@callback
def vital_signs(hass: HomeAssistant) -> dict[str, Any]:
    """Return how Home Assistant is doing."""
    states = hass.states.async_all()
    issues = ir.async_get(hass).issues.values()
    return {
        "version": __version__,
        "state": hass.state.value,
        "entities": len(states),
        "unavailable": sum(state.state == STATE_UNAVAILABLE for state in states),
        "updates": sum(state.domain == "update" and state.state == STATE_ON for state in states),
        "repairs": sum(issue.active and issue.dismissed_version is None for issue in issues),
    }
