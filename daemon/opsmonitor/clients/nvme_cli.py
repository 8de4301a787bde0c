"""Ask nvme-cli for the health log of a drive, and understand its JSON."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any, Final

from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.util.lenient import flag, mapping, number, scaled, whole

_UNIT_BYTES: Final = 512_000
_MAX_KELVIN: Final = 473
_KELVIN: Final = 273
"""As nvme-cli itself subtracts."""
_SENSORS: Final = 8
# Source: nvme-cli's nvme-print-json.c: the object that verbose output has in place of the number.
_WARNING_BITS: Final = {
    "available_spare": 1,
    "temp_threshold": 2,
    "reliability_degraded": 4,
    "ro": 8,
    "vmbu_failed": 16,
    "pmr_ro": 32,
}


def nvme_commands(program: str, device: str) -> tuple[list[str], ...]:
    """Return the command lines to try in turn: version 3 renames what version 2 knows."""
    return (
        [program, "smart-log", device, "--output-format=json"],
        [program, "log", "smart", device, "--output-format=json"],
    )


def parse_nvme(output: str, *, name: str, device: str) -> Drive | None:
    """Return the drive that nvme-cli describes, None if it describes none."""
    try:
        log = mapping(json.loads(output))
    except (ValueError, RecursionError):
        return None
    if "percent_used" not in log and "temperature" not in log:
        return None
    return Drive(
        name=name,
        device=device,
        kind=DriveKind.NVME,
        source="nvme",
        state=DriveState.READ,
        temperature_c=_celsius(log.get("temperature")),
        sensors_c=_sensors(log),
        critical_warning=_warning(log.get("critical_warning")),
        wear_percent=number(log.get("percent_used"), at_most=255),
        spare_percent=number(log.get("avail_spare"), at_most=100),
        spare_threshold_percent=number(log.get("spare_thresh"), at_most=100),
        read_bytes=scaled(log.get("data_units_read"), _UNIT_BYTES),
        written_bytes=scaled(log.get("data_units_written"), _UNIT_BYTES),
        power_on_h=whole(log.get("power_on_hours")),
        power_cycles=whole(log.get("power_cycles")),
        unsafe_shutdowns=whole(log.get("unsafe_shutdowns")),
        media_errors=whole(log.get("media_errors")),
        error_log_entries=whole(log.get("num_err_log_entries")),
    )


def _celsius(value: Any) -> float | None:
    """Return degrees Celsius of Kelvin; 0 is what drives say that do not know."""
    kelvin = number(value, at_least=1, at_most=_MAX_KELVIN)
    return None if kelvin is None else round(kelvin - _KELVIN)


def _sensors(log: Mapping[str, Any]) -> tuple[float, ...]:
    """Return what the single sensors say."""
    found = (_celsius(log.get(f"temperature_sensor_{n}")) for n in range(1, _SENSORS + 1))
    return tuple(each for each in found if each is not None)


def _warning(value: Any) -> int | None:
    """Return the warning bits, of a number or of an object with a key for each."""
    if not isinstance(value, dict):
        return whole(value, at_most=255)
    if (number_of := whole(value.get("value"), at_most=255)) is not None:
        return number_of
    return sum(bit for key, bit in _WARNING_BITS.items() if flag(value.get(key)))
