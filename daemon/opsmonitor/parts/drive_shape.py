"""Show a drive to the API, to `metric` checks and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.models.drive import Drive
from opsmonitor.models.reading import Issue, ReadingStatus, Scalar
from opsmonitor.parts.drive_judge import warning_words
from opsmonitor.parts.wear import WearForecast
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIGURES: Final = (
    "temperature_c",
    "wear_percent",
    "spare_percent",
    "read_bytes",
    "written_bytes",
    "power_on_h",
    "power_cycles",
    "unsafe_shutdowns",
    "media_errors",
    "reallocated_sectors",
    "pending_sectors",
    "crc_errors",
)
_FULL: Final = 100


def drive_json(
    drive: Drive, status: ReadingStatus, issues: Sequence[Issue], foreseen: WearForecast | None
) -> dict[str, object]:
    """Return a drive as the API shows it; one that cannot be read with its last figures."""
    figures_ts = None if drive.last_ms is None else iso_utc(drive.last_ms)
    drive = drive.with_last
    return {
        "name": drive.name,
        "device": drive.device,
        "namespaces": list(drive.namespaces),
        "kind": drive.kind.value,
        "model": drive.model,
        "serial": drive.serial,
        "firmware": drive.firmware,
        "capacity_bytes": drive.capacity_bytes,
        "rotating": drive.is_rotating,
        "external": drive.is_external,
        "state": drive.state.value,
        "source": drive.source,
        "note": drive.note,
        "figures_ts": figures_ts,
        "verdict": status.value,
        "reasons": [each.message.removeprefix(f"{drive.name}: ") for each in issues],
        "passing": drive.is_passing,
        "critical_warning": drive.critical_warning,
        "critical_warnings": warning_words(drive.critical_warning),
        "temperature_warn_c": drive.temperature_warn_c,
        "temperature_crit_c": drive.temperature_crit_c,
        "sensors_c": list(drive.sensors_c),
        "spare_threshold_percent": drive.spare_threshold_percent,
        "health_percent": _health(drive),
        "error_log_entries": drive.error_log_entries,
        **{name: getattr(drive, name) for name in _FIGURES},
        "wear_out": None if foreseen is None else _forecast_json(foreseen),
    }


def drive_values(
    drive: Drive, status: ReadingStatus, foreseen: WearForecast | None
) -> Mapping[str, Scalar]:
    """Return what can be compared with a threshold, by the drive's name; only what is known now."""
    values: dict[str, Scalar] = {
        **{name: getattr(drive, name) for name in _FIGURES},
        "health_percent": _health(drive),
        "critical_warning": drive.critical_warning,
        "passing": drive.is_passing,
        "verdict": status.value,
        "wear_out_days": foreseen.days if foreseen and drive.wear_percent is not None else None,
    }
    return {f"{drive.name}.{key}": value for key, value in values.items() if value is not None}


def _health(drive: Drive) -> float | None:
    """Return what is left of a drive's life."""
    return None if drive.wear_percent is None else max(0.0, _FULL - drive.wear_percent)


def _forecast_json(foreseen: WearForecast) -> dict[str, object]:
    """Return a forecast as the API shows it."""
    return {
        "days": foreseen.days,
        "date": foreseen.on.isoformat(),
        "percent_per_year": foreseen.percent_per_year,
        "basis": foreseen.basis,
    }
