"""What happened, as automations, the logbook and event entities are told of it: pure."""

from enum import StrEnum
from typing import Any, Final

from .client import Reading, Status, Transition
from .coordinator import OpsMonitorConfigEntry
from .wellbeing import Aspect, Finding


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
    HOST_OFFLINE = "host_offline"
    """Something that is polled answers no more."""
    HOST_ONLINE = "host_online"
    DRIVE_WARNING = "drive_warning"
    DRIVE_RECOVERED = "drive_recovered"
    INTERNET_DOWN = "internet_down"
    INTERNET_UP = "internet_up"
    TEST = "test"
    """A test alert was sent from here."""


OF_THINGS: Final = {
    (Aspect.REACHABLE, False): Kind.HOST_OFFLINE,
    (Aspect.REACHABLE, True): Kind.HOST_ONLINE,
    (Aspect.HEALTHY, False): Kind.DRIVE_WARNING,
    (Aspect.HEALTHY, True): Kind.DRIVE_RECOVERED,
    (Aspect.CONNECTED, False): Kind.INTERNET_DOWN,
    (Aspect.CONNECTED, True): Kind.INTERNET_UP,
}
"""What it is that something polled is no longer as it was."""
OF_CHECKS: Final = tuple(
    kind for kind in Kind if kind not in {Kind.BECAME_CRITICAL, Kind.TEST, *OF_THINGS.values()}
)
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


def describe_thing(reading: Reading, found: Finding, kind: Kind) -> dict[str, Any]:
    """Return what is told of something that is polled."""
    about = [issue for issue in reading.issues if issue.startswith(f"{found.part.name}:")]
    why = reading.last_error if reading.is_stale else "; ".join(about or reading.issues)
    return {
        "type": kind.value,
        "reading": reading.name,
        "name": found.part.name,
        "error": None if found.is_good else why or None,
        "at": reading.last_fetch.isoformat() if reading.last_fetch else None,
    }
