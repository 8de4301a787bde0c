"""Put what was read of a machine into the shape in which it is told: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsmonitor.models.reading import Scalar
from opsmonitor.parts.host_counters import DiskRates, NetCounters, NetRates
from opsmonitor.parts.host_cpu import CpuUsage
from opsmonitor.parts.host_disks import DiskSpace
from opsmonitor.parts.host_limits import Limits
from opsmonitor.parts.host_memory import Memory
from opsmonitor.parts.host_mounts import value_name
from opsmonitor.parts.host_sensors import Fan, Temperature
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.lenient import text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything that is known of a machine."""

    hostname: str
    system: str | None
    kernel: str | None
    architecture: str
    container: str | None
    boot_id: str | None
    uptime_s: float | None
    boot_ms: int | None
    cpu: CpuUsage
    core_count: int | None
    running: int | None
    blocked: int | None
    load: tuple[float, float, float] | None
    memory: Memory
    limits: Limits
    limit_percent: float | None
    """How much of the processors it may use the container uses."""
    disks: Sequence[DiskSpace]
    disk_rates: Mapping[str, DiskRates]
    net: Mapping[str, NetCounters]
    net_rates: Mapping[str, NetRates]
    links: Mapping[str, tuple[str | None, str | None]]
    pressure: Mapping[str, Mapping[str, Mapping[str, float]]]
    temperatures: Sequence[Temperature]
    fans: Sequence[Fan]
    processes: int | None
    threads: int | None
    users: Sequence[str] | None
    updates: int | None
    security_updates: int | None
    reboot_required: bool | None
    reboot_packages: Sequence[str]


def machine_json(machine: Machine) -> dict[str, object]:
    """Return what the API tells."""
    memory, cpu = machine.memory, machine.cpu
    return {
        "hostname": machine.hostname,
        "os": machine.system,
        "kernel": machine.kernel,
        "architecture": machine.architecture,
        "container": machine.container,
        "uptime_s": _rounded(machine.uptime_s, 0),
        "boot_ts": None if machine.boot_ms is None else iso_utc(machine.boot_ms),
        "boot_id": machine.boot_id,
        "cpu": {
            "percent": _rounded(cpu.percent),
            "user_percent": _rounded(cpu.user_percent),
            "system_percent": _rounded(cpu.system_percent),
            "iowait_percent": _rounded(cpu.iowait_percent),
            "steal_percent": _rounded(cpu.steal_percent),
            "count": machine.core_count,
            "cores_percent": [_rounded(core) for core in cpu.cores],
        },
        "load": _load(machine),
        "memory": {
            "total_bytes": memory.total,
            "used_bytes": memory.used,
            "available_bytes": memory.available,
            "percent": _rounded(memory.percent),
            "zfs_cache_bytes": memory.arc,
            "is_container_limit": memory.is_limited,
        },
        "swap": {
            "total_bytes": memory.swap_total,
            "free_bytes": memory.swap_free,
            "percent": _rounded(memory.swap_percent),
        },
        "limits": {
            "memory_bytes": machine.limits.memory,
            "cpu_cores": _rounded(machine.limits.cores, 2),
            "cpu_percent": _rounded(machine.limit_percent),
        },
        "disks": [_disk(disk) for disk in machine.disks],
        "disk_io": {
            name: {
                "read_bytes_per_s": _rounded(rates.read_bytes_per_s, 0),
                "write_bytes_per_s": _rounded(rates.write_bytes_per_s, 0),
                "busy_percent": _rounded(rates.busy_percent),
            }
            for name, rates in machine.disk_rates.items()
        },
        "network": {name: _interface(machine, name) for name in machine.net},
        "pressure": machine.pressure or None,
        "temperatures": [
            {
                "chip": each.chip,
                "label": each.label,
                "temperature_c": _rounded(each.celsius),
                "high_c": each.high,
                "critical_c": each.critical,
            }
            for each in machine.temperatures
        ],
        "fans": [
            {"chip": each.chip, "label": each.label, "rpm": each.rpm} for each in machine.fans
        ],
        "processes": {
            "total": machine.processes,
            "threads": machine.threads,
            "running": machine.running,
            "blocked": machine.blocked,
        },
        "users": machine.users,
        "updates": {
            "available": machine.updates,
            "security": machine.security_updates,
            "reboot_required": machine.reboot_required,
            "reboot_packages": machine.reboot_packages,
        },
    }


def machine_values(machine: Machine) -> dict[str, Scalar]:
    """Return the values by name; what is not known is left out."""
    memory, cpu, load = machine.memory, machine.cpu, machine.load
    found: dict[str, Scalar] = {
        "cpu_percent": _rounded(cpu.percent),
        "memory_percent": _rounded(memory.percent),
        "disk_percent": _rounded(_highest([disk.used_percent for disk in machine.disks])),
        "load_1m": load and load[0],
        "load_5m": load and load[1],
        "load_15m": load and load[2],
        "swap_percent": _rounded(memory.swap_percent),
        "temperature_c": _rounded(_highest([each.celsius for each in machine.temperatures])),
        "uptime_s": _rounded(machine.uptime_s, 0),
        "memory_available_bytes": memory.available,
        "cpu_iowait_percent": _rounded(cpu.iowait_percent),
        "cpu_steal_percent": _rounded(cpu.steal_percent),
        "cpu_limit_percent": _rounded(machine.limit_percent),
        "processes": machine.processes,
        "processes_blocked": machine.blocked,
        "users": None if machine.users is None else len(machine.users),
        "updates": machine.updates,
        "security_updates": machine.security_updates,
        "reboot_required": machine.reboot_required,
    }
    taken: set[str] = set()
    for disk in machine.disks:
        name = value_name(disk.mount.point, taken)
        taken.add(name)
        found[f"disk.{name}.used_percent"] = _rounded(disk.used_percent)
        found[f"disk.{name}.free_bytes"] = disk.free
        found[f"disk.{name}.inodes_percent"] = _rounded(disk.inodes_percent)
        found[f"disk.{name}.responsive"] = not disk.is_unresponsive
    for device, rates in machine.disk_rates.items():
        found[f"disk_io.{device}.read_bytes_per_s"] = _rounded(rates.read_bytes_per_s, 0)
        found[f"disk_io.{device}.write_bytes_per_s"] = _rounded(rates.write_bytes_per_s, 0)
        found[f"disk_io.{device}.busy_percent"] = _rounded(rates.busy_percent)
    for device, moved in machine.net_rates.items():
        found[f"network.{device}.receive_bytes_per_s"] = _rounded(moved.receive_bytes_per_s, 0)
        found[f"network.{device}.send_bytes_per_s"] = _rounded(moved.send_bytes_per_s, 0)
    for resource, kinds in machine.pressure.items():
        found[f"pressure.{resource}_percent"] = kinds.get("some", {}).get("avg60")
    return {name: value for name, value in found.items() if value is not None}


def _load(machine: Machine) -> dict[str, object] | None:
    """Tell the load, and what it is for each processor."""
    if machine.load is None:
        return None
    one, five, fifteen = machine.load
    per_core = one / machine.core_count if machine.core_count else None
    return {"1m": one, "5m": five, "15m": fifteen, "1m_per_core": _rounded(per_core, 2)}


def _disk(disk: DiskSpace) -> dict[str, object]:
    """Tell how full a file system is."""
    return {
        "mount": disk.mount.point,
        "device": text(disk.mount.source),
        "fstype": disk.mount.kind,
        "total_bytes": disk.total,
        "used_bytes": disk.used,
        "free_bytes": disk.free,
        "used_percent": _rounded(disk.used_percent),
        "inodes_percent": _rounded(disk.inodes_percent),
        "is_read_only": disk.mount.is_read_only,
        "is_responsive": not disk.is_unresponsive,
        "error": disk.error,
    }


def _interface(machine: Machine, name: str) -> dict[str, Any]:
    """Tell what an interface does."""
    rates, counters = machine.net_rates.get(name), machine.net[name]
    state, speed = machine.links.get(name, (None, None))
    return {
        "state": text(state),
        # Drivers say -1 where there is no link.
        "speed_mbit_per_s": whole(speed, at_least=1),
        "receive_bytes_per_s": _rounded(rates.receive_bytes_per_s, 0) if rates else None,
        "send_bytes_per_s": _rounded(rates.send_bytes_per_s, 0) if rates else None,
        "received_bytes": counters.received_bytes,
        "sent_bytes": counters.sent_bytes,
        "errors": counters.errors,
        "dropped": counters.dropped,
    }


def _highest(found: Sequence[float | None]) -> float | None:
    """Return the highest of those that are known."""
    return max((each for each in found if each is not None), default=None)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    """Return a number without digits that nobody measured."""
    if value is None:
        return None
    return round(value, digits) if digits else round(value)
