"""Asks a daemon to do something, and tells people why it does not."""

from collections.abc import Mapping
from http import HTTPMethod
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .client import OpsMonitorError, OpsMonitorForbiddenError, OpsMonitorRefusalError
from .const import DOMAIN
from .coordinator import OpsMonitorCoordinator
from .issues import raise_read_only_token


async def ask(
    coordinator: OpsMonitorCoordinator, path: str, params: Mapping[str, str] | None = None
) -> Any:
    """Return what a daemon answers to a question."""
    try:
        return await coordinator.client.get(path, params)
    except OpsMonitorError as err:
        raise _as_action_error(err) from err


async def ask_list(
    coordinator: OpsMonitorCoordinator, path: str, params: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the objects that a daemon answers to a question.

    Raises:
        HomeAssistantError: The daemon does not answer, or not with a list.

    """
    found = await ask(coordinator, path, params)
    if not isinstance(found, list):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unreadable_answer")
    return [item for item in found if isinstance(item, dict)]


async def tell(
    coordinator: OpsMonitorCoordinator,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    method: HTTPMethod = HTTPMethod.POST,
    params: Mapping[str, str] | None = None,
    so_already: str | None = None,
) -> Any:
    """Ask a daemon to change or start something; return what it answers.

    A refusal with the code `so_already` says that it is as it was to be; None is returned then.
    """
    known = {key: value for key, value in (body or {}).items() if value is not None}
    try:
        return await coordinator.client.send(method, path, known, params)
    except OpsMonitorError as err:
        if isinstance(err, OpsMonitorForbiddenError):
            raise_read_only_token(coordinator.hass, coordinator.config_entry)
        if so_already and isinstance(err, OpsMonitorRefusalError) and err.code == so_already:
            return None
        raise _as_action_error(err) from err


async def resume(coordinator: OpsMonitorCoordinator, check_id: str) -> None:
    """End the pause of a check; one that is not paused stays as it is.

    Whether it is paused only the daemon knows: what we were told may be older than our last wish.
    """
    await tell(coordinator, f"api/checks/{check_id}/resume", so_already="not_paused")


def require(coordinator: OpsMonitorCoordinator, capability: str) -> None:
    """Refuse what the daemon cannot do, before it is asked."""
    if capability not in coordinator.info.capabilities:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_supported",
            translation_placeholders={
                "capability": capability,
                "name": coordinator.name,
                "version": coordinator.data.version,
            },
        )


def _as_action_error(error: OpsMonitorError) -> HomeAssistantError:
    """Return what a person is shown: a mistake of the caller, or trouble with the daemon."""
    kind = (
        ServiceValidationError if isinstance(error, OpsMonitorRefusalError) else HomeAssistantError
    )
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders={"error": str(error)},
    )
