"""Sensors of the past: uptimes, mean response times, and what is left of an agreed downtime."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfRatio, UnitOfTime

from .coordinator import OpsMonitorConfigEntry
from .described import described
from .entity import CheckEntity, HubEntity, OpsMonitorEntity
from .topics import Topic
from .uptimes import Past


@dataclass(frozen=True, kw_only=True)
class PastSensorDescription(SensorEntityDescription):
    """A sensor of a check's past."""

    figure_fn: Callable[[Past], float | None]


def _uptime(window: str, *, is_default: bool = False) -> PastSensorDescription:
    """Describe the uptime of a window."""
    return PastSensorDescription(
        key=f"uptime_{window}",
        translation_key=f"uptime_{window}",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=is_default,
        figure_fn=lambda past: past.percent.get(window),
    )


_UPTIMES: Final = (_uptime("24h"), _uptime("7d"), _uptime("30d", is_default=True))
_CHECK_PAST: Final = (
    *_UPTIMES,
    PastSensorDescription(
        key="average_response_time_24h",
        translation_key="average_response_time_24h",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        figure_fn=lambda past: past.latency_avg_ms,
    ),
)
_BUDGET: Final = PastSensorDescription(
    key="sla_budget_30d",
    translation_key="sla_budget_30d",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_unit_of_measurement=UnitOfTime.MINUTES,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=1,
    entity_registry_enabled_default=False,
    figure_fn=lambda past: past.sla_remaining_s,
)


def build_fleet_past(entry: OpsMonitorConfigEntry) -> Iterator[SensorEntity]:
    """Yield the sensors of the past of all checks together."""
    for description in _UPTIMES:
        yield FleetUptimeSensor(entry, description, Topic.DEVICES)
    yield BudgetSensor(entry, _BUDGET, Topic.DEVICES)


class _HearsUptimes(OpsMonitorEntity):
    """Is told of the past, too, which is asked for now and then."""

    @override
    def _topics(self) -> Iterable[object]:
        """Return what is listened for."""
        return (*super()._topics(), Topic.UPTIMES)


class PastSensor(_HearsUptimes, CheckEntity, SensorEntity):
    """A figure of one check's past."""

    entity_description: PastSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the figure."""
        past = self.coordinator.uptimes.data.get(self._check.id)
        return self.entity_description.figure_fn(past) if past else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


PAST_KINDS: Final = [(described(PastSensor, it), it) for it in _CHECK_PAST]


class _FleetSensor(_HearsUptimes, HubEntity, SensorEntity):
    """A figure that follows from those of the checks that are shown."""

    entity_description: PastSensorDescription

    def _figures(self) -> list[tuple[float, str]]:
        """Return the figures of those checks of which one is known, with their names."""
        known = self.coordinator.uptimes.data
        found = [(known.get(check.id), check) for check in self.coordinator.shown]
        figures = [
            (self.entity_description.figure_fn(past), check.name) for past, check in found if past
        ]
        return [(figure, name) for figure, name in figures if figure is not None]


class FleetUptimeSensor(_FleetSensor):
    """For how much of a window the checks were up, on the average."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the percentage: the mean of those checks of which one is known."""
        percents = [percent for percent, _ in self._figures()]
        return fmean(percents) if percents else None

    @override
    def _to_show(self) -> object:
        """Return the state."""
        return self.native_value


class BudgetSensor(_FleetSensor):
    """What is left of an agreed downtime: of the check that has the least."""

    _unrecorded_attributes = frozenset({"check"})

    @property
    @override
    def native_value(self) -> float | None:
        """Return the time that is left; less than nothing when an agreement is broken."""
        return min(self._figures(), default=(None, None))[0]

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Name the check that this is about."""
        return {"check": min(self._figures(), default=(None, None))[1]}

    @override
    def _to_show(self) -> object:
        """Return the state and its details."""
        return (self.native_value, self.extra_state_attributes)
