"""What helps to find a fault, without what should stay private."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .const import CONF_PROOF_KEY
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .details import has_details, wanted_details
from .identifiers import check_identifier, part_identifier

# Targets and error messages contain addresses of the home network, and sometimes secrets.
_TO_REDACT: Final = {
    *(CONF_TOKEN, CONF_PROOF_KEY, CONF_URL, "error", "errors", "last_error", "problems"),
    *("external_ipv4", "issues", "serial"),
}


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: OpsMonitorConfigEntry
) -> dict[str, Any]:
    """Return all that the integration knows about one daemon."""
    coordinator = entry.runtime_data
    return _redact(
        {
            "entry": dict(entry.data),
            "options": dict(entry.options),
            "info": asdict(coordinator.info),
            **_connection(coordinator),
            "details": {
                "preference": wanted_details(entry).value,
                "for_new_checks": has_details(entry),
                "checks": sum(1 for _ in coordinator.shown),
            },
            "snapshot": asdict(coordinator.data),
            "recent_transitions": [asdict(item) for item in coordinator.recent_transitions],
        }
    )


async def async_get_device_diagnostics(
    _hass: HomeAssistant, entry: OpsMonitorConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return all that the integration knows about one device."""
    coordinator = entry.runtime_data
    checks = [
        check
        for check_id, check in coordinator.data.checks.items()
        if check_identifier(coordinator.data, check_id) in device.identifiers
    ]
    ids = {check.id for check in checks}
    readings = [
        reading
        for reading in coordinator.data.readings.values()
        if any(
            part_identifier(coordinator.data, part_id) in device.identifiers
            for part_id in coordinator.parts_of(reading)
        )
    ]
    return _redact(
        {
            "device": {"name": device.name, "model": device.model},
            **_connection(coordinator),
            "checks": [asdict(check) for check in checks],
            "readings": [asdict(reading) for reading in readings],
            "summary": None if checks or readings else asdict(coordinator.data.summary),
            "recent_transitions": [
                asdict(item) for item in coordinator.recent_transitions if item.check_id in ids
            ],
        }
    )


def _connection(coordinator: OpsMonitorCoordinator) -> dict[str, Any]:
    """Return how the connection is doing."""
    return {
        "connected": coordinator.last_update_success,
        "streaming": coordinator.is_streaming,
        "stream": asdict(coordinator.subscription.statistics),
        "unreadable": {
            "checks": len(coordinator.data.unreadable),
            "readings": len(coordinator.data.unreadable_readings),
            "uptimes": len(coordinator.uptimes.unreadable),
            "other": len(coordinator.data.all_flaws()),
        },
    }


def _redact(diagnostics: dict[str, Any]) -> dict[str, Any]:
    """Take out what should stay private; whether two targets are the same can still be seen."""
    redacted: dict[str, Any] = async_redact_data(_hash_targets(diagnostics), _TO_REDACT)
    return redacted


def _hash_targets(value: Any) -> Any:
    """Put a digest in the place of each target."""
    if isinstance(value, list):
        return [_hash_targets(item) for item in value]
    if isinstance(value, dict):
        return {key: _HIDING.get(key, _hash_targets)(item) for key, item in value.items()}
    return value


def _without_texts(values: Any) -> Any:
    """Take out the texts of exported values: nobody knows what they hold."""
    return {key: REDACTED if isinstance(item, str) else item for key, item in values.items()}


def _digest(target: object) -> str:
    """Return what tells one target from another, and nothing else."""
    return sha256(str(target).encode()).hexdigest()[:12]


_HIDING: Final[Mapping[str, Callable[[Any], Any]]] = {
    "target": _digest,
    "exported": _without_texts,
}
