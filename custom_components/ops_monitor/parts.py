"""What of a reading gets a device of its own, and what its values are: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    SIGNAL_STRENGTH_DECIBELS,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
)

from .client import Health, Reading, Value

_KINDS: Final = {
    "host": "Host",
    "nvme": "Drive",
    "fritz": "FRITZ!Box",
    "proxmox": "Proxmox node",
    "docker": "Containers",
    "homeassistant": "Home Assistant",
    "ports": "Ports",
}
_NAMES: Final = {
    "host": "Host",
    "nvme": "Drives",
    "fritz": "FRITZ!Box",
    "proxmox": "Proxmox",
    "docker": "Containers",
    "homeassistant": "Home Assistant",
    "ports": "Ports",
}
_NOT_SHOWN: Final = {"proxmox": {"guests", "storages"}}
"""Of these there may be hundreds, and Home Assistant has integrations of its own for them."""
_GUEST: Final = re.compile(r"guests\.(\d+)")
_RUNNING: Final = "running"
MOST_GUESTS: Final = 200
"""Of more, those with the lowest numbers have devices."""


@dataclass(frozen=True, slots=True)
class Part:
    """A device: a reading, or one of the things that it is about."""

    id: str
    reading: str
    name: str
    model: str
    prefix: str = ""
    """What the names of its values begin with, in the reading."""
    is_guest: bool = False
    """Whether it is a virtual machine or a container of Proxmox."""
    via: str | None = None
    """The id of the part that it is on, where that is not the whole."""

    @property
    def probe(self) -> str:
        """Return the name of the probe that reads it."""
        return self.reading.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKind:
    """What a value is, and how it is shown."""

    is_binary: bool = False
    binary_class: BinarySensorDeviceClass | None = None
    sensor_class: SensorDeviceClass | None = None
    state_class: SensorStateClass | None = None
    unit: str | None = None
    precision: int | None = None
    options: tuple[str, ...] | None = None
    """All that it may be, of a value that is one of a few words."""
    category: EntityCategory | None = None
    is_default: bool = False


def parts_of(reading: Reading, *, with_guests: bool = False) -> dict[str, Part]:
    """Return the devices of a reading by their ids; the first one stands for all of it.

    What a device is on comes before it.
    """
    title = _NAMES.get(reading.probe, reading.probe.capitalize())
    whole = Part(
        id=reading.name,
        reading=reading.name,
        name=f"{title} {reading.thing}".strip(),
        model=_KINDS.get(reading.probe, title) if reading.probe != "nvme" else "Drives",
    )
    parts = {whole.id: whole}
    if reading.probe not in {"nvme", "proxmox"}:
        return parts
    for name in reading.values:
        thing, dot, _ = name.partition(".")
        if dot and thing not in _NOT_SHOWN.get(reading.probe, ()):
            part = Part(
                id=f"{reading.name}.{thing}",
                reading=reading.name,
                name=thing,
                model=_KINDS[reading.probe],
                prefix=f"{thing}.",
            )
            parts.setdefault(part.id, part)
    if with_guests:
        parts |= {part.id: part for part in _guests_of(reading, parts)}
    return parts


def _guests_of(reading: Reading, nodes: Mapping[str, Part]) -> Iterator[Part]:
    """Yield the guests of a cluster; an id follows from the number, so it outlives a migration.

    All that is known of one may be who it is: its node does not answer, but the cluster does.
    """
    found = map(_GUEST.match, (*reading.about, *reading.values))
    numbers = sorted({int(number[1]) for number in found if number})
    for number in numbers[:MOST_GUESTS]:
        about = reading.about.get(f"guests.{number}")
        node = f"{reading.name}.{about.via}" if about else ""
        yield Part(
            id=f"{reading.name}.guests.{number}",
            reading=reading.name,
            name=(about and about.name) or f"Guest {number}",
            model="Proxmox guest",
            prefix=f"guests.{number}.",
            is_guest=True,
            via=node if node in nodes else None,
        )


def values_of(reading: Reading, part: Part) -> Iterator[str]:
    """Yield the names of the values of a part, without what they begin with."""
    for name in reading.values:
        if part.prefix:
            if name.startswith(part.prefix):
                value = name.removeprefix(part.prefix)
                # That a guest runs is what its main entity says.
                if not (part.is_guest and value == _RUNNING):
                    yield value
        elif reading.probe in {"host", "fritz"} or "." not in name:
            yield name


_DEFAULTS: Final = re.compile(
    r"cpu_percent|memory_percent|disk_percent|disk\.\w+\.used_percent|uptime_s|updates"
    r"|reboot_required|failed_units|temperature_c|wear_percent|passing|wan_up|reachable"
    r"|latency_ms|device_count|connection_uptime_s|update_available|online|nodes_online|quorate"
    r"|backup_ended|guests_running|running|unhealthy|updates_pending|entities_unavailable|down_average_mbit_s|up_average_mbit_s|unavailable"
)
_DIAGNOSTIC: Final = re.compile(
    r".*uptime_s|wear_percent|.*_version|reboot_required|power_.*|.*errors|.*sectors|external_.*"
)
_PROBLEMS: Final = {"reboot_required", "critical_warning"}
_CONNECTIVITY: Final = {"wan_up", "reachable", "online", "logged_in"}
_MEASUREMENT: Final = SensorStateClass.MEASUREMENT
_TOTAL: Final = SensorStateClass.TOTAL_INCREASING
_COUNTERS: Final = re.compile(
    r"(received|sent|read|written)_bytes|.*errors|power_cycles|unsafe_shutdowns|resyncs|restarts"
)
_SUFFIXES: Final[Mapping[str, ValueKind]] = {
    "_percent": ValueKind(unit=UnitOfRatio.PERCENTAGE, state_class=_MEASUREMENT, precision=1),
    "_bytes_per_s": ValueKind(
        sensor_class=SensorDeviceClass.DATA_RATE,
        unit=UnitOfDataRate.BYTES_PER_SECOND,
        state_class=_MEASUREMENT,
        precision=0,
    ),
    "_mbit_s": ValueKind(
        sensor_class=SensorDeviceClass.DATA_RATE,
        unit=UnitOfDataRate.MEGABITS_PER_SECOND,
        state_class=_MEASUREMENT,
        precision=1,
    ),
    "_bytes": ValueKind(
        sensor_class=SensorDeviceClass.DATA_SIZE,
        unit=UnitOfInformation.BYTES,
        state_class=_MEASUREMENT,
        precision=0,
    ),
    "uptime_s": ValueKind(sensor_class=SensorDeviceClass.UPTIME),
    "temperature_c": ValueKind(
        sensor_class=SensorDeviceClass.TEMPERATURE,
        unit=UnitOfTemperature.CELSIUS,
        state_class=_MEASUREMENT,
        precision=1,
    ),
    "_ms": ValueKind(
        sensor_class=SensorDeviceClass.DURATION,
        unit=UnitOfTime.MILLISECONDS,
        state_class=_MEASUREMENT,
        precision=1,
    ),
    "_dbm": ValueKind(
        sensor_class=SensorDeviceClass.SIGNAL_STRENGTH,
        unit=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=_MEASUREMENT,
        precision=1,
    ),
    "_db": ValueKind(
        sensor_class=SensorDeviceClass.SIGNAL_STRENGTH,
        unit=SIGNAL_STRENGTH_DECIBELS,
        state_class=_MEASUREMENT,
        precision=1,
    ),
    "_on_h": ValueKind(
        sensor_class=SensorDeviceClass.DURATION,
        unit=UnitOfTime.HOURS,
        state_class=_TOTAL,
        precision=0,
    ),
    "_days": ValueKind(
        sensor_class=SensorDeviceClass.DURATION,
        unit=UnitOfTime.DAYS,
        state_class=_MEASUREMENT,
        precision=0,
    ),
    "_s": ValueKind(
        sensor_class=SensorDeviceClass.DURATION,
        unit=UnitOfTime.SECONDS,
        state_class=_MEASUREMENT,
        precision=0,
    ),
}


HEALTHS: Final = tuple(health.value for health in Health if health is not Health.UNKNOWN)
"""What the state of something can be; Home Assistant has a word of its own for what is unknown."""
_VERDICT: Final = ValueKind(sensor_class=SensorDeviceClass.ENUM, options=HEALTHS)


_MOMENT: Final = ValueKind(sensor_class=SensorDeviceClass.TIMESTAMP, is_default=True)


def kind_of_value(name: str, value: Value) -> ValueKind:
    """Return what a value is, by its name and by what it is now."""
    last = name.rpartition(".")[2]
    is_default = _DEFAULTS.fullmatch(name) is not None
    category = EntityCategory.DIAGNOSTIC if _DIAGNOSTIC.fullmatch(name) else None
    if isinstance(value, bool):
        return ValueKind(
            is_binary=True,
            binary_class=_binary_class(last),
            category=category,
            is_default=is_default,
        )
    if last == "verdict":
        return _VERDICT
    if last == "backup_ended":
        return _MOMENT
    found = next((kind for end, kind in _SUFFIXES.items() if last.endswith(end)), None)
    if found is None:
        is_number = isinstance(value, int | float)
        found = ValueKind(state_class=_MEASUREMENT if is_number else None)
    counts = _COUNTERS.fullmatch(last) is not None
    return ValueKind(
        sensor_class=found.sensor_class,
        state_class=_TOTAL if counts else found.state_class,
        unit=found.unit,
        precision=found.precision,
        category=category,
        is_default=is_default,
    )


def _binary_class(last: str) -> BinarySensorDeviceClass | None:
    """Return what being true means."""
    if last in _CONNECTIVITY:
        return BinarySensorDeviceClass.CONNECTIVITY
    if last == "running":
        return BinarySensorDeviceClass.RUNNING
    if last == "update_available":
        return BinarySensorDeviceClass.UPDATE
    return BinarySensorDeviceClass.PROBLEM if last in _PROBLEMS else None
