"""Choose who is told: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.config.settings import AlertSettings, CheckSettings


def channels_for(check: CheckSettings, alerts: AlertSettings) -> tuple[str, ...]:
    """Return the channels that are told of a check's troubles."""
    whom = check.notify
    return tuple(
        name for name in alerts.channels if whom is True or (whom is not False and name in whom)
    )
