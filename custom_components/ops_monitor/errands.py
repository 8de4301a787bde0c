"""Does what the daemon asks for when a check fails: only if a person has allowed it."""

from http import HTTPMethod
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceNotFound
from homeassistant.util import dt as dt_util
import probatio as vol

from .client import ActionFrame, OpsMonitorError
from .const import CONF_ALLOW_ACTIONS
from .coordinator import OpsMonitorConfigEntry

_LOGGER = logging.getLogger(__name__)

_NOT_ALLOWED: Final = (
    "it is not allowed: turn on 'Allow actions' in the preferences of the integration"
)


@callback
def run_errands(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Perform the actions that the daemon asks for, and tell how they went."""

    async def run(errand: ActionFrame) -> None:
        """Perform one action."""
        problem = await _try(hass, errand)
        await _answer(entry, errand, problem)

    @callback
    def take(errand: ActionFrame) -> None:
        """Take an action in, or refuse it; one that comes too late is left alone."""
        if errand.expires and errand.expires <= dt_util.utcnow():
            return
        if entry.options.get(CONF_ALLOW_ACTIONS, False):
            _LOGGER.info(
                "%s asks for %s because %s fails", entry.title, errand.action, errand.check_id
            )
            job = run(errand)
        else:
            job = _answer(entry, errand, _NOT_ALLOWED)
        entry.async_create_background_task(hass, job, name=f"{entry.title} errand")

    entry.async_on_unload(entry.runtime_data.async_add_errand_listener(take))


async def _try(hass: HomeAssistant, errand: ActionFrame) -> str | None:
    """Perform an action; return why it could not be done."""
    domain, _, service = errand.action.partition(".")
    try:
        await hass.services.async_call(
            domain,
            service,
            dict(errand.data),
            blocking=True,
            target=dict(errand.target) or None,
        )
    except ServiceNotFound:
        return f"there is no action {errand.action}"
    except (HomeAssistantError, vol.Invalid, ValueError) as err:
        return str(err) or type(err).__name__
    except Exception as err:  # whatever an integration gets wrong, the daemon must hear of it
        _LOGGER.debug("The action %s failed", errand.action, exc_info=True)
        return f"{type(err).__name__}: {err}"
    return None


async def _answer(entry: OpsMonitorConfigEntry, errand: ActionFrame, problem: str | None) -> None:
    """Tell the daemon how it went."""
    body = {"ok": problem is None} | ({"message": problem[:200]} if problem else {})
    try:
        await entry.runtime_data.client.send(
            HTTPMethod.POST, f"api/remediations/{errand.id}/result", body
        )
    except OpsMonitorError as err:
        _LOGGER.debug("How %s went could not be told: %s", errand.action, err)
