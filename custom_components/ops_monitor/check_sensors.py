"""Which sensors a check has, and what each shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfRatio, UnitOfTime
from homeassistant.helpers.typing import StateType

from .client import Check, Status

LONGEST_STATE: Final = 255
"""Home Assistant keeps no longer one."""
_JOB_STATES: Final = ("running", "succeeded", "failed")
_JOBS: Final = frozenset({"heartbeat", "job"})
_UNTIMED: Final = frozenset({"connectivity", "group", "heartbeat", "metric", "process", "systemd"})
"""Nothing is asked whose answer could be waited for."""


def _always(_check: Check) -> bool:
    """Tell nothing of a check."""
    return True


@dataclass(frozen=True, kw_only=True)
class CheckSensorDescription(SensorEntityDescription):
    """A sensor of a check."""

    value_fn: Callable[[Check], StateType | datetime]
    exists_fn: Callable[[Check], bool] = _always
    """Whether a check has such a value, where its type alone does not tell."""
    types: frozenset[str] | None = None
    """Those of which alone a check can have it; None: any."""
    hears_every_run: bool = False
    """Whether its value is another one after every run."""

    def suits(self, check: Check) -> bool:
        """Tell whether a check can have such a value, as far as its type tells."""
        return self.types is None or check.type in self.types

    def exists(self, check: Check) -> bool:
        """Tell whether a check has such a value, be it unknown now."""
        return self.suits(check) and self.exists_fn(check)


def _sees_certificate(check: Check) -> bool:
    """Tell whether the target of a check has a certificate."""
    return (
        check.type == "tls"
        or check.target.startswith("https:")
        or check.certificate_expires is not None
    )


CHECK_SENSORS: Final = (
    CheckSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in Status if status is not Status.UNKNOWN],
        value_fn=lambda check: None if check.status is Status.UNKNOWN else check.status.value,
    ),
    CheckSensorDescription(
        key="response_time",
        translation_key="response_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=lambda check: check.latency_ms,
        exists_fn=lambda check: check.type not in _UNTIMED or check.latency_ms is not None,
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="last_change",
        translation_key="last_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda check: check.last_change,
    ),
    CheckSensorDescription(
        key="last_error",
        translation_key="last_error",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda check: check.error[:LONGEST_STATE] if check.error else None,
    ),
    CheckSensorDescription(
        key="consecutive_failures",
        translation_key="consecutive_failures",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda check: check.fail_streak,
    ),
    CheckSensorDescription(
        key="status_code",
        translation_key="status_code",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda check: check.status_code,
        types=frozenset({"http"}),
    ),
    CheckSensorDescription(
        key="certificate_expires",
        translation_key="certificate_expires",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda check: check.certificate_expires,
        exists_fn=_sees_certificate,
    ),
    CheckSensorDescription(
        key="value",
        translation_key="measured_value",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda check: check.value,
        types=frozenset({"metric"}),
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="used",
        translation_key="used",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=lambda check: check.value,
        types=frozenset({"disk"}),
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="processes",
        translation_key="processes",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda check: check.value,
        types=frozenset({"process"}),
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="job_state",
        translation_key="job_state",
        device_class=SensorDeviceClass.ENUM,
        options=list(_JOB_STATES),
        value_fn=lambda check: check.job_state if check.job_state in _JOB_STATES else None,
        types=frozenset({"job"}),
    ),
    CheckSensorDescription(
        key="deadline",
        translation_key="deadline",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda check: check.deadline,
        types=frozenset({"heartbeat"}),
        hears_every_run=True,
    ),
    CheckSensorDescription(
        key="last_success",
        translation_key="last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda check: check.last_ok,
        types=_JOBS,
        hears_every_run=True,
    ),
)

_UNSURE: Final = tuple(it for it in CHECK_SENSORS if it.exists_fn is not _always)


def sensors_by(check: Check) -> tuple[object, ...]:
    """Return all by which a check has these sensors, or others."""
    return (check.type, *(it.exists_fn(check) for it in _UNSURE))
