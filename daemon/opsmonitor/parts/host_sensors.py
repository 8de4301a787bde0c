"""Temperatures and fans, as drivers tell them below /sys/class/hwmon; blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

from opsmonitor.util.lenient import number

_INPUT: Final = re.compile(r"(temp|fan)(\d+)_input")
_HOTTEST_C: Final = 150.0
"""Limits above it, such as 65261.85, are the drivers' words for none."""
_COLDEST_C: Final = -60.0
_MOST_RPM: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """One sensor; degrees Celsius."""

    chip: str
    label: str
    celsius: float
    high: float | None = None
    """The driver's own limit from which on it is warm."""
    critical: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """One fan."""

    chip: str
    label: str
    rpm: float


def read_sensors(sys: Path) -> tuple[list[Temperature], list[Fan]]:
    """Return what can be read; a sensor that is asleep or broken is left out.

    Source: Documentation/hwmon/sysfs-interface.rst: thousandths of a degree, revolutions a minute.
    Where no driver tells, the zones of /sys/class/thermal do, as on small boards.
    """
    temperatures: list[Temperature] = []
    fans: list[Fan] = []
    for chip in _folders(sys / "class" / "hwmon"):
        name = _text(chip / "name") or chip.name
        for kind, index in sorted(_inputs(chip)):
            stem = f"{kind}{index}"
            label = _text(chip / f"{stem}_label") or stem
            if kind == "fan":
                rpm = number(_text(chip / f"{stem}_input"), at_most=_MOST_RPM)
                if rpm is not None:
                    fans.append(Fan(chip=name, label=label, rpm=rpm))
                continue
            celsius = _celsius(chip / f"{stem}_input")
            if celsius is not None:
                high, critical = _limit(chip / f"{stem}_max"), _limit(chip / f"{stem}_crit")
                temperatures.append(
                    Temperature(
                        chip=name, label=label, celsius=celsius, high=high, critical=critical
                    )
                )
    return temperatures or _zones(sys), fans


def _zones(sys: Path) -> list[Temperature]:
    """Return the temperatures of thermal zones."""
    found: list[Temperature] = []
    for zone in _folders(sys / "class" / "thermal"):
        celsius = _celsius(zone / "temp") if zone.name.startswith("thermal_zone") else None
        if celsius is not None:
            label = _text(zone / "type") or zone.name
            found.append(Temperature(chip="thermal", label=label, celsius=celsius))
    return found


def _folders(parent: Path) -> list[Path]:
    """Return what is in a folder, in a lasting order."""
    try:
        return sorted(parent.iterdir(), key=lambda path: (len(path.name), path.name))
    except OSError:
        return []


def _inputs(chip: Path) -> list[tuple[str, int]]:
    """Return kind and number of each input of a chip."""
    names = (_INPUT.fullmatch(path.name) for path in _folders(chip))
    return [(match[1], int(match[2][:9])) for match in names if match is not None]


def _text(path: Path) -> str | None:
    """Return what a file holds, None where there is none or the driver refuses."""
    try:
        return path.read_text("utf-8", "replace").strip() or None
    except OSError:
        return None


def _celsius(path: Path) -> float | None:
    """Return a temperature that can be one."""
    milli = number(_text(path), at_least=_COLDEST_C * 1000, at_most=_HOTTEST_C * 1000)
    return None if milli is None else milli / 1000


def _limit(path: Path) -> float | None:
    """Return a limit that means something: drivers put 0 and absurd figures for none."""
    celsius = _celsius(path)
    return celsius if celsius is not None and celsius > 0 else None
