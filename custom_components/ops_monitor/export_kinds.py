"""How values are shown that checks read beside what they judge: pure.

People write units and classes by hand, and each release of Home Assistant has other ones. What does
not go together would be complained about in the log, or not shown at all: it is left out here.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from math import isfinite
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.sensor.const import (
    AMBIGUOUS_UNITS,
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    NON_NUMERIC_DEVICE_CLASSES,
    STATE_CLASS_UNITS,
)

from .check_sensors import LONGEST_STATE
from .client import Export, Exported

_MOMENTS: Final = {SensorDeviceClass.TIMESTAMP, SensorDeviceClass.UPTIME}
_MILLISECONDS: Final = 1e11
"""Larger numbers are not seconds since 1970: they would be after the year 5000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportKind:
    """What of an export Home Assistant can take."""

    device_class: SensorDeviceClass | None
    state_class: SensorStateClass | None
    unit: str | None
    precision: int | None

    @property
    def is_number(self) -> bool:
        """Tell whether Home Assistant takes numbers only."""
        is_plain = self.device_class is None or self.device_class in NON_NUMERIC_DEVICE_CLASSES
        return not is_plain or (self.state_class, self.unit, self.precision) != (None, None, None)


@lru_cache(maxsize=1024)
def kind_of_export(export: Export) -> ExportKind:
    """Return what goes together; the unit counts more than the class."""
    unit = AMBIGUOUS_UNITS.get(export.unit, export.unit)
    device_class = _member(SensorDeviceClass, export.device_class)
    # A list of all that it may be cannot be known.
    if device_class is SensorDeviceClass.ENUM:
        device_class = None
    if device_class in NON_NUMERIC_DEVICE_CLASSES:
        return ExportKind(device_class=device_class, state_class=None, unit=None, precision=None)
    if device_class and unit not in DEVICE_CLASS_UNITS.get(device_class, {unit}):
        device_class = None
    state_class = _member(SensorStateClass, export.state_class)
    if state_class and unit not in STATE_CLASS_UNITS.get(state_class, {unit}):
        state_class = None
    if state_class and device_class:
        possible = DEVICE_CLASS_STATE_CLASSES.get(device_class, {state_class})
        state_class = state_class if state_class in possible else None
    return ExportKind(
        device_class=device_class, state_class=state_class, unit=unit, precision=export.precision
    )


def shown_value(kind: ExportKind, value: Exported) -> float | str | date | datetime | None:
    """Return a value as a sensor of that kind can show it; None if it cannot."""
    if value is None:
        return None
    if kind.device_class in _MOMENTS:
        return _moment(value)
    if kind.device_class is SensorDeviceClass.DATE:
        return _day(value)
    if isinstance(value, bool):
        return None if kind.is_number else str(value).lower()
    if isinstance(value, str):
        return None if kind.is_number else value[:LONGEST_STATE]
    return value if isfinite(value) else None


def _moment(value: Exported) -> datetime | None:
    """Return a time in ISO 8601, or in seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else None
        if not isinstance(value, bool | None):
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)
    except ValueError, OverflowError, OSError:
        pass
    return None


def _day(value: Exported) -> date | None:
    """Return a day in ISO 8601."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _member[T: (SensorDeviceClass, SensorStateClass)](kind: type[T], word: str | None) -> T | None:
    """Return a class by its word; None for one that this release does not have."""
    try:
        return kind(word) if word else None
    except ValueError:
        return None
