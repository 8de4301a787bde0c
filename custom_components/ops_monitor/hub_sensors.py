"""Which sensors the daemon itself has, and what each shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.typing import StateType

from .client import Alerts, Check, Overall, Snapshot
from .coordinator import OpsMonitorCoordinator
from .topics import Topic

_NOTHING_KNOWN: Final = Alerts(open=None, last_opened_at=None, muted=None, channels=())


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor of the daemon."""

    value_fn: Callable[[OpsMonitorCoordinator], StateType | datetime]
    attributes_fn: Callable[[OpsMonitorCoordinator], Mapping[str, Any]] | None = None
    topic: Topic = Topic.HUB
    """What its value follows from."""


def _names_down(coordinator: OpsMonitorCoordinator) -> dict[str, Any]:
    """List the checks that are down by the names that people gave them."""
    data = coordinator.data
    checks = (data.checks.get(check_id) for check_id in data.summary.down_ids)
    return {"checks": [check.name for check in checks if check]}


def _overall(data: Snapshot) -> str | None:
    """Return the status of the whole; None for one that only a newer release knows."""
    overall = data.summary.overall
    return None if overall is Overall.UNKNOWN else overall.value


def _core_down(data: Snapshot) -> int:
    """Count the checks that are down and critical for the whole."""
    down = (data.checks.get(check_id) for check_id in data.summary.down_ids)
    return sum(check.is_core for check in down if check)


def _alerts(data: Snapshot) -> Alerts:
    """Return what there is to tell; of an older daemon nothing is known of that."""
    return data.alerts or _NOTHING_KNOWN


def _first_to_expire(coordinator: OpsMonitorCoordinator) -> Check | None:
    """Return the check whose certificate expires before all others."""
    dated = [(check.certificate_expires, check) for check in coordinator.shown]
    known = [(expires, check) for expires, check in dated if expires]
    return min(known, key=lambda item: item[0])[1] if known else None


def _next_expiry(coordinator: OpsMonitorCoordinator) -> datetime | None:
    """Return when the next certificate expires."""
    check = _first_to_expire(coordinator)
    return check.certificate_expires if check else None


def _whose_expiry(coordinator: OpsMonitorCoordinator) -> dict[str, Any]:
    """Name the check that this is about."""
    check = _first_to_expire(coordinator)
    return {"check": check.name if check else None}


def _count(
    key: str, value_fn: Callable[[Snapshot], int | None], **more: Any
) -> HubSensorDescription:
    """Describe a number of checks."""
    return HubSensorDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda coordinator: value_fn(coordinator.data),
        **more,
    )


_DETAIL: Final = {
    "entity_category": EntityCategory.DIAGNOSTIC,
    "entity_registry_enabled_default": False,
}
HUB_SENSORS: Final = (
    HubSensorDescription(
        key="overall_status",
        translation_key="overall_status",
        device_class=SensorDeviceClass.ENUM,
        options=[overall.value for overall in Overall if overall is not Overall.UNKNOWN],
        value_fn=lambda coordinator: _overall(coordinator.data),
    ),
    _count("checks_down", lambda data: data.summary.down, attributes_fn=_names_down),
    _count("checks_up", lambda data: data.summary.up, entity_category=EntityCategory.DIAGNOSTIC),
    _count(
        "checks_total", lambda data: data.summary.total, entity_category=EntityCategory.DIAGNOSTIC
    ),
    _count("checks_degraded", lambda data: data.summary.degraded, **_DETAIL),
    _count("checks_paused", lambda data: data.summary.paused, **_DETAIL),
    _count("checks_unreachable", lambda data: data.summary.unreachable, **_DETAIL),
    _count("checks_maintenance", lambda data: data.summary.maintenance, **_DETAIL),
    _count("checks_no_network", lambda data: data.summary.no_network, **_DETAIL),
    _count("checks_unknown", lambda data: data.summary.unknown, **_DETAIL),
    _count("core_checks_down", _core_down, **_DETAIL),
    HubSensorDescription(
        key="open_incidents",
        translation_key="open_incidents",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda coordinator: _alerts(coordinator.data).open,
    ),
    HubSensorDescription(
        key="last_incident",
        translation_key="last_incident",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: _alerts(coordinator.data).last_opened_at,
    ),
    HubSensorDescription(
        key="daemon_started",
        translation_key="daemon_started",
        device_class=SensorDeviceClass.UPTIME,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: coordinator.data.started_at or coordinator.info.started_at,
    ),
    HubSensorDescription(
        key="next_certificate_expiry",
        translation_key="next_certificate_expiry",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_next_expiry,
        attributes_fn=_whose_expiry,
        topic=Topic.CERTIFICATES,
    ),
)
