"""Does what the daemon asks for when a check fails: only if a person has allowed it."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from http import HTTPMethod
import logging
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
import probatio as vol

from .client import ActionFrame, OpsMonitorError, OpsMonitorForbiddenError
from .const import CONF_ALLOW_ACTIONS, DOMAIN, EVENT
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .errand_targets import what_is_missing
from .identifiers import check_identifier
from .issues import raise_read_only_token
from .permitted import why_not

_LOGGER = logging.getLogger(__name__)

_KEPT_IDS: Final = 1000
_TAKEN: HassKey[deque[str]] = HassKey(f"{DOMAIN}_taken_errands")
"""Ids of what was taken on; outlives the entry, which may be reloaded while an action runs."""
_LONGEST: Final = 200
_LAST_MOMENT: Final = timedelta(seconds=6)
"""So long before the end: the daemon then waits five seconds more for somebody who does it."""
_NOT_ALLOWED: Final = (
    "it is not allowed: turn on 'Allow actions' in the preferences of the integration"
)
_TOO_LATE: Final = "it came too late to be done"


class Errand(StrEnum):
    """What became of an action, as automations and the logbook are told."""

    BEGUN = "errand_begun"
    FAILED = "errand_failed"
    REFUSED = "errand_refused"


@callback
def run_errands(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Perform the actions that the daemon asks for, and tell how they went.

    Where that is not allowed, this is said at the last moment: until then, another Home Assistant
    may be the one to do it.
    """
    # The entry forgets it when it is unloaded; what is under way then must still be told of.
    coordinator = entry.runtime_data
    is_allowed = entry.options.get(CONF_ALLOW_ACTIONS, False)
    taken = hass.data.setdefault(_TAKEN, deque(maxlen=_KEPT_IDS))

    @callback
    def take(errand: ActionFrame) -> None:
        """Take an action in, unless it was taken in before."""
        if errand.id in taken:
            return
        taken.append(errand.id)
        _LOGGER.info("%s asks for %s because %s fails", entry.title, errand.action, errand.check_id)
        name = f"{entry.title} errand"
        if is_allowed:
            # Not a task of the entry: unloading that must not leave a plug switched off halfway.
            hass.async_create_task(_run(coordinator, errand), name=name)
        else:
            entry.async_create_background_task(hass, _decline(coordinator, errand), name=name)

    entry.async_on_unload(coordinator.async_add_errand_listener(take))


async def _decline(coordinator: OpsMonitorCoordinator, errand: ActionFrame) -> None:
    """Say that it is not allowed, for the case that nobody else does it."""
    left = _time_left(coordinator, errand) - _LAST_MOMENT
    await asyncio.sleep(max(0.0, left.total_seconds()))
    await _answer(coordinator, errand, _NOT_ALLOWED)


async def _run(coordinator: OpsMonitorCoordinator, errand: ActionFrame) -> None:
    """Perform one action."""
    hass = coordinator.hass
    try:
        # Nothing is done of which the daemon could not be told. Its answer says, too, how far the
        # clock is from ours by which the time for this is over.
        await coordinator.client.probe_admin()
    except OpsMonitorError as err:
        _LOGGER.warning("%s is not done, for the daemon would not know: %s", errand.action, err)
        if isinstance(err, OpsMonitorForbiddenError):
            raise_read_only_token(hass, coordinator.config_entry)
        return
    context = Context()
    if problem := _refusal(coordinator, errand):
        outcome = Errand.REFUSED
    else:
        # What changes by it is shown in the logbook as caused by this event.
        _tell(coordinator, errand, Errand.BEGUN, errand.reason, context)
        problem = await _try(hass, errand, context)
        outcome = Errand.FAILED
    if problem:
        _LOGGER.warning("%s, asked for by %s: %s", errand.action, coordinator.name, problem)
        _tell(coordinator, errand, outcome, problem, context)
    await _answer(coordinator, errand, problem)


def _refusal(coordinator: OpsMonitorCoordinator, errand: ActionFrame) -> str | None:
    """Return why an action must not be performed; what has no end of its time is not either."""
    if _time_left(coordinator, errand) <= timedelta():
        return _TOO_LATE
    return why_not(errand.action)


def _time_left(coordinator: OpsMonitorCoordinator, errand: ActionFrame) -> timedelta:
    """Return how much time there is by the daemon's clock; none where it does not say."""
    if errand.expires is None:
        return timedelta()
    return errand.expires - dt_util.utcnow() - (coordinator.client.clock_skew or timedelta())


async def _try(hass: HomeAssistant, errand: ActionFrame, context: Context) -> str | None:
    """Perform an action; return why it could not be done."""
    domain, _, service = errand.action.partition(".")
    if not hass.services.has_service(domain, service):
        return f"there is no action {errand.action}"
    data = {**errand.data, **errand.target}
    try:
        if missing := what_is_missing(hass, errand.action, data):
            return missing
        must_answer = hass.services.supports_response(domain, service) is SupportsResponse.ONLY
        await hass.services.async_call(
            domain, service, data, blocking=True, context=context, return_response=must_answer
        )
    except (HomeAssistantError, vol.Invalid, ValueError) as err:
        return str(err) or type(err).__name__
    except Exception as err:  # whatever an integration gets wrong, the daemon must hear of it
        _LOGGER.debug("The action %s failed", errand.action, exc_info=True)
        return f"{type(err).__name__}: {err}"
    return None


async def _answer(
    coordinator: OpsMonitorCoordinator, errand: ActionFrame, problem: str | None
) -> None:
    """Tell the daemon how it went; it may have stopped waiting."""
    body = {"ok": problem is None} | ({"message": problem[:_LONGEST]} if problem else {})
    try:
        await coordinator.client.send(HTTPMethod.POST, f"api/remediations/{errand.id}/result", body)
    except OpsMonitorError as err:
        _LOGGER.debug("How %s went could not be told: %s", errand.action, err)


@callback
def _tell(
    coordinator: OpsMonitorCoordinator,
    errand: ActionFrame,
    kind: Errand,
    text: str,
    context: Context,
) -> None:
    """Put what becomes of an action on the event bus."""
    hass, entry, data = coordinator.hass, coordinator.config_entry, coordinator.data
    check = data.checks.get(errand.check_id)
    identifier = check_identifier(data, errand.check_id)
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    told: Mapping[str, Any] = {
        "entry_id": entry.entry_id,
        "device_id": device.id if device else None,
        "type": kind.value,
        "check_id": errand.check_id,
        "name": check.name if check else errand.check_id,
        "action": errand.action,
        "error": text,
    }
    hass.bus.async_fire(EVENT, told, context=context)
