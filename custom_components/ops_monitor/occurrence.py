"""What happened, as automations, the logbook and event entities are told of it."""

from enum import StrEnum
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .client import Overall, ReadingEventFrame, Status, Transition
from .const import EVENT
from .coordinator import OpsMonitorConfigEntry
from .devices import check_identifier, hub_identifier, part_identifier
from .topics import Topic


class Kind(StrEnum):
    """The kinds of occurrence."""

    DOWN = "down"
    UNREACHABLE = "unreachable"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    FLAPPING = "flapping"
    DEADLINE_MISSED = "deadline_missed"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    MAINTENANCE = "maintenance"
    PAUSED = "paused"
    RESUMED = "resumed"
    ACKNOWLEDGED = "acknowledged"
    REMEDIATION_STARTED = "remediation_started"
    REMEDIATION_SUCCEEDED = "remediation_succeeded"
    REMEDIATION_FAILED = "remediation_failed"
    REMEDIATION_GIVEN_UP = "remediation_given_up"
    BECAME_CRITICAL = "became_critical"
    """The whole is critical now."""


OF_CHECKS: Final = tuple(kind for kind in Kind if kind is not Kind.BECAME_CRITICAL)
_IN_TROUBLE: Final = {Status.DOWN, Status.UNREACHABLE, Status.DEGRADED}
_KINDS: Final = {
    "DOWN": Kind.DOWN,
    "UNREACHABLE": Kind.UNREACHABLE,
    "DEGRADED": Kind.DEGRADED,
    "FLAPPING": Kind.FLAPPING,
    "DEADLINE_MISSED": Kind.DEADLINE_MISSED,
    "CERTIFICATE_EXPIRING": Kind.CERTIFICATE_EXPIRING,
    "MAINTENANCE": Kind.MAINTENANCE,
    "PAUSED": Kind.PAUSED,
    "RESUMED": Kind.RESUMED,
    "ACKNOWLEDGED": Kind.ACKNOWLEDGED,
    "ACTION_STARTED": Kind.REMEDIATION_STARTED,
    "ACTION_DONE": Kind.REMEDIATION_SUCCEEDED,
    "ACTION_FAILED": Kind.REMEDIATION_FAILED,
    "ACTION_GIVEN_UP": Kind.REMEDIATION_GIVEN_UP,
}
_FIRST_JUDGEMENTS: Final = {
    Status.DOWN: Kind.DOWN,
    Status.UNREACHABLE: Kind.UNREACHABLE,
    Status.DEGRADED: Kind.DEGRADED,
}


def kind_of(transition: Transition) -> Kind | None:
    """Return what an event of the daemon is to people; None for what is no news to them."""
    if transition.event == "UP":
        return Kind.RECOVERED if transition.previous in _IN_TROUBLE else None
    if transition.event == "INIT":
        return _FIRST_JUDGEMENTS.get(transition.status)
    return _KINDS.get(transition.event)


def describe(entry: OpsMonitorConfigEntry, transition: Transition, kind: Kind) -> dict[str, Any]:
    """Return what is told of an event of a check."""
    data = entry.runtime_data.data
    check = data.checks.get(transition.check_id)
    return {
        "type": kind.value,
        "check_id": transition.check_id,
        "name": check.name if check else transition.check_id,
        "status": transition.status.value,
        "previous": transition.previous.value,
        "error": transition.error,
        "severity": check.severity if check else None,
        "tags": list(check.tags) if check else [],
        "core": check.is_core if check else False,
        "at": transition.at.isoformat() if transition.at else None,
    }


@callback
def announce_occurrences(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Put what happens on the event bus, for automations and the logbook."""
    coordinator = entry.runtime_data
    overall = coordinator.data.summary.overall

    @callback
    def fire(identifier: tuple[str, str], told: dict[str, Any]) -> None:
        """Tell of something that happened to a device."""
        # What is not shown has no device.
        device = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
        device_id = device.id if device else None
        hass.bus.async_fire(EVENT, {"entry_id": entry.entry_id, "device_id": device_id, **told})

    @callback
    def of_check(transition: Transition) -> None:
        """Tell of a check."""
        if kind := kind_of(transition):
            identifier = check_identifier(coordinator.data, transition.check_id)
            fire(identifier, describe(entry, transition, kind))

    @callback
    def of_reading(news: ReadingEventFrame) -> None:
        """Tell of something that is polled, such as a router that connected anew."""
        fire(
            part_identifier(coordinator.data, news.name),
            {
                "type": news.kind,
                "reading": news.name,
                "name": news.name,
                "message": news.message,
                "at": news.at.isoformat() if news.at else None,
            },
        )

    @callback
    def of_the_whole() -> None:
        """Tell when the whole became critical."""
        nonlocal overall
        before, overall = overall, coordinator.data.summary.overall
        if overall is Overall.CRIT and before is not Overall.CRIT:
            fire(
                hub_identifier(coordinator.data),
                {
                    "type": Kind.BECAME_CRITICAL.value,
                    "name": coordinator.name,
                    "status": overall.value,
                    "previous": before.value,
                },
            )

    entry.async_on_unload(coordinator.async_add_event_listener(of_check))
    entry.async_on_unload(coordinator.async_add_news_listener(of_reading))
    entry.async_on_unload(coordinator.async_add_listener(of_the_whole, Topic.HUB))
