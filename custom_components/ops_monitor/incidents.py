"""What went wrong, as the daemon keeps it."""

from datetime import datetime
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .asking import ask_list
from .coordinator import OpsMonitorCoordinator

_MOST: Final = 500


async def incidents_of(
    coordinator: OpsMonitorCoordinator, *, open_only: bool = False
) -> list[dict[str, Any]]:
    """Return what went wrong, newest first.

    Raises:
        HomeAssistantError: The daemon does not answer, or not with a list.

    """
    params = {"limit": str(_MOST)} | ({"resolved": "false"} if open_only else {})
    return await ask_list(coordinator, "api/alerts", params)


def lasted_until(incident: dict[str, Any], since: datetime) -> bool:
    """Tell whether an incident is open, or was at a time or later."""
    resolved = incident.get("resolved_at")
    if resolved is None:
        return True
    at = dt_util.parse_datetime(str(resolved))
    return at is not None and at >= since
