"""Say which settings are in force, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from opsmonitor.config.settings import (
    EngineSettings,
    ProbeSettings,
    ServerSettings,
    StoreSettings,
    UpdateSettings,
)
from opsmonitor.util.secret import REDACTED, Secret


def public_settings(
    *,
    server: ServerSettings,
    store: StoreSettings,
    engine: EngineSettings,
    time_zone: str | None,
    updates: UpdateSettings,
    defaults: Mapping[str, Any],
    probes: Mapping[str, ProbeSettings],
) -> dict[str, Any]:
    """Return the settings of the daemon itself, JSON-serialisable."""
    return {
        "interval": defaults["interval_s"],
        "time_zone": time_zone,
        "server": {field.name: _shown(getattr(server, field.name)) for field in fields(server)},
        "store": {
            "path": str(store.path) if store.path else None,
            "retention": asdict(store.retention),
        },
        "engine": asdict(engine),
        "updates": asdict(updates),
        "portainer_base_url": _address(probes, "docker", "portainer", "url"),
        "proxmox_stats_url": _address(probes, "proxmox", "stats_url"),
        "probes": {name: dict(probe.public) for name, probe in probes.items()},
    }


def _address(probes: Mapping[str, ProbeSettings], name: str, *keys: str) -> Any:
    """Return what stands under some keys of a probe's section, None if there is nothing."""
    found: Any = probes[name].public if name in probes else None
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _shown(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Secret):
        return REDACTED
    return list(value) if isinstance(value, tuple) else value
