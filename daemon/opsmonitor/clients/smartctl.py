"""Ask smartctl about a drive, and understand its JSON."""

from __future__ import annotations

from collections.abc import Mapping
import json
import re
from typing import Any, Final

from opsmonitor.clients.smart_attributes import ata_facts
from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.util.lenient import flag, items, mapping, mappings, number, scaled, text, whole

_COULD_NOT_OPEN: Final = 2
_FAILING: Final = 8
"""Bits of the exit status. Source: smartctl(8), EXIT STATUS; from bit 3 on all was read."""
_UNIT_BYTES: Final = 512_000
"""NVMe counts in thousands of 512 bytes. Source: NVM Express Base Specification, SMART log."""
_KINDS: Final = {"NVMe": DriveKind.NVME, "ATA": DriveKind.SATA, "SCSI": DriveKind.SAS}
_SELF_TEST_FAULTS: Final = frozenset({5, 6, 7})
"""Source: NVM Express Base Specification 2.0, Device Self-test log; others were broken off."""
_MAX_C: Final = 200
_MAX_HOURS: Final = 1_000_000
_ASLEEP: Final = re.compile(r"\bin (?:STANDBY|SLEEP)\w* mode\b")
_SAYINGS: Final = (
    (_ASLEEP, DriveState.ASLEEP, "the drive sleeps and was not woken"),
    (
        re.compile(r"permission denied|operation not permitted", re.IGNORECASE),
        DriveState.NO_PERMISSION,
        None,
    ),
    (
        re.compile(r"no such (?:file|device)", re.IGNORECASE),
        DriveState.GONE,
        "the drive is not there any more",
    ),
    (
        re.compile(r"specify device type|unable to detect device type", re.IGNORECASE),
        DriveState.UNSUPPORTED,
        "smartctl does not know this adapter: name its type, such as {type: sat}",
    ),
)
_HEALTH: Final = (
    "smart_status",
    "nvme_smart_health_information_log",
    "ata_smart_attributes",
    "scsi_grown_defect_list",
    "scsi_error_counter_log",
)


def smartctl_arguments(program: str, device: str, device_type: str | None) -> list[str]:
    """Return the command line; a drive that sleeps is left asleep."""
    chosen = ["--device", device_type] if device_type else []
    wanted = ["--info", "--health", "--attributes", "--nocheck=standby", "--log=selftest"]
    return [program, "--json=c", *wanted, *chosen, device]


def parse_smartctl(output: str, *, name: str, device: str) -> Drive:
    """Return what smartctl says of a drive; text that is no JSON says nothing."""
    try:
        found = mapping(json.loads(output))
    except (ValueError, RecursionError):
        found = mapping(None)
    if not found:
        note = "smartctl gave no JSON: version 7.0 or newer is needed"
        return Drive(name=name, device=device, state=DriveState.ERROR, note=note)
    return read_smartctl(found, name=name, device=device)


def read_smartctl(found: Mapping[str, Any], *, name: str, device: str) -> Drive:
    """Return the drive that a JSON document of smartctl describes."""
    run = mapping(found.get("smartctl"))
    messages = [text(mapping(each).get("string")) for each in items(run.get("messages"))]
    said = "; ".join(each for each in messages if each)
    state, note = _state(found, whole(run.get("exit_status")) or 0, said)
    about = {**_identity(found), **_figures(found)}
    about.update({key: value for key, value in _nvme(found).items() if value is not None})
    about.update({key: value for key, value in _scsi(found).items() if value is not None})
    for key, value in ata_facts(found).items():
        if about.get(key) is None:
            about[key] = value
    exit_status = whole(run.get("exit_status")) or 0
    if about["is_passing"] is None and exit_status & _FAILING:
        about["is_passing"] = False
    return Drive(name=name, device=device, source="smartctl", state=state, note=note, **about)


def _state(found: Mapping[str, Any], status: int, said: str) -> tuple[DriveState, str | None]:
    """Return whether the drive could be read, and what smartctl says if not."""
    has_health = any(key in found for key in _HEALTH)
    if has_health and not _ASLEEP.search(said):
        return DriveState.READ, None
    for pattern, state, note in _SAYINGS:
        if pattern.search(said):
            return state, note
    support = mapping(found.get("smart_support"))
    if flag(support.get("available")) is False:
        return DriveState.UNSUPPORTED, "the drive keeps no account of its health (no SMART)"
    if flag(support.get("enabled")) is False:
        note = "SMART is switched off in the drive: switch it on with smartctl --smart=on"
        return DriveState.UNSUPPORTED, note
    if status & _COULD_NOT_OPEN or said:
        return DriveState.ERROR, said or "smartctl could not open the drive"
    return DriveState.UNSUPPORTED, "smartctl learnt nothing of the drive's health"


def _identity(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what drive it is."""
    about = mapping(found.get("device"))
    model = text(found.get("model_name")) or text(found.get("scsi_model_name"))
    rotation = whole(found.get("rotation_rate"))
    capacity = mapping(found.get("user_capacity")).get("bytes")
    return {
        "kind": _KINDS.get(str(about.get("protocol")), DriveKind.UNKNOWN),
        "model": model or text(found.get("product")),
        "serial": text(found.get("serial_number")),
        "firmware": text(found.get("firmware_version")) or text(found.get("revision")),
        "capacity_bytes": whole(found.get("nvme_total_capacity")) or whole(capacity),
        "is_rotating": None if rotation is None else rotation > 0,
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what smartctl tells in the same way of all drives."""
    heat = mapping(found.get("temperature"))
    spare = mapping(found.get("spare_available"))
    endurance = mapping(found.get("endurance_used"))
    return {
        "is_passing": flag(mapping(found.get("smart_status")).get("passed")),
        # 0 is what drives say that have no sensor.
        "temperature_c": number(heat.get("current"), at_least=-60, at_most=_MAX_C) or None,
        "temperature_warn_c": number(heat.get("op_limit_max"), at_least=1, at_most=_MAX_C),
        "temperature_crit_c": number(heat.get("critical_limit_max"), at_least=1, at_most=_MAX_C)
        or number(heat.get("drive_trip"), at_least=1, at_most=_MAX_C),
        "power_on_h": whole(mapping(found.get("power_on_time")).get("hours"), at_most=_MAX_HOURS),
        "power_cycles": whole(found.get("power_cycle_count")),
        "wear_percent": number(endurance.get("current_percent"), at_most=255),
        "spare_percent": number(spare.get("current_percent"), at_most=100),
        "spare_threshold_percent": number(spare.get("threshold_percent"), at_most=100),
    }


def _nvme(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the health log of an NVMe drive says."""
    log = mapping(found.get("nvme_smart_health_information_log"))
    sensors = (
        number(each, at_least=-60, at_most=_MAX_C) for each in items(log.get("temperature_sensors"))
    )
    return {
        "temperature_c": number(log.get("temperature"), at_least=-60, at_most=_MAX_C) or None,
        "sensors_c": tuple(each for each in sensors if each) or None,
        "critical_warning": whole(log.get("critical_warning"), at_most=255),
        "wear_percent": number(log.get("percentage_used"), at_most=255),
        "spare_percent": number(log.get("available_spare"), at_most=100),
        "spare_threshold_percent": number(log.get("available_spare_threshold"), at_most=100),
        "read_bytes": scaled(_large(log, "data_units_read"), _UNIT_BYTES),
        "written_bytes": scaled(_large(log, "data_units_written"), _UNIT_BYTES),
        "power_on_h": _large(log, "power_on_hours"),
        "power_cycles": _large(log, "power_cycles"),
        "unsafe_shutdowns": _large(log, "unsafe_shutdowns"),
        "media_errors": _large(log, "media_errors"),
        "error_log_entries": _large(log, "num_err_log_entries"),
        "self_test_failed": _self_test_failed(found),
    }


def _self_test_failed(found: Mapping[str, Any]) -> bool | None:
    """Tell whether the latest self-test of an NVMe drive that ended found something."""
    log = mapping(found.get("nvme_self_test_log"))
    for each in mappings(log.get("table")):
        result = whole(mapping(each.get("self_test_result")).get("value"), at_most=15)
        if result == 0 or result in _SELF_TEST_FAULTS:
            return result != 0
    return None


def _large(log: Mapping[str, Any], key: str) -> int | None:
    """Return a counter of 128 bits; smartctl gives huge ones as text beside the number."""
    return whole(log.get(f"{key}_s")) if f"{key}_s" in log else whole(log.get(key))


def _scsi(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a SAS drive says."""
    log = mapping(found.get("scsi_error_counter_log"))
    errors = [
        whole(mapping(log.get(way)).get("total_uncorrected_errors"))
        for way in ("read", "write", "verify")
    ]
    known = [each for each in errors if each is not None]
    processed = mapping(log.get("write")).get("gigabytes_processed")
    written = number(processed, at_most=1e9)
    return {
        "reallocated_sectors": whole(found.get("scsi_grown_defect_list")),
        "media_errors": sum(known) if known else None,
        "wear_percent": number(found.get("scsi_percentage_used_endurance_indicator"), at_most=255),
        "written_bytes": None if written is None else round(written * 1e9),
    }
