"""What the values that are polled are called, in the language of whoever looks: pure."""

from dataclasses import dataclass
from typing import Final

_PREFIX: Final = "read_"
_UNITS: Final = (
    "_bytes_per_s",
    "_mbit_s",
    "_percent",
    "_bytes",
    "_ms",
    "_c",
    "_s",
    "_h",
    "_dbm",
    "_db",
)
_NUMBERS: Final = frozenset(
    [
        "backup_ended",
        "connection_uptime_s",
        "cpu_iowait_percent",
        "cpu_limit_percent",
        "cpu_percent",
        "cpu_steal_percent",
        "crc_errors",
        "critical_warning",
        "device_count",
        "disk_percent",
        "down_attenuation_db",
        "down_average_mbit_s",
        "down_noise_margin_db",
        "down_rate_mbit_s",
        "down_sync_mbit_s",
        "drive_count",
        "entities",
        "entities_unavailable",
        "entities_unknown",
        "environments_unreachable",
        "errored_seconds",
        "exited",
        "external_ipv4",
        "fec_errors",
        "fiber_received_dbm",
        "guests",
        "guests_running",
        "health_percent",
        "iowait_percent",
        "issues",
        "latency_ms",
        "load_15m",
        "load_1m",
        "load_5m",
        "media_errors",
        "memory_available_bytes",
        "memory_percent",
        "mesh_node_count",
        "nodes",
        "nodes_online",
        "open_to_others",
        "os_version",
        "paused",
        "pending_sectors",
        "power_cycles",
        "power_on_h",
        "pressure.cpu_percent",
        "pressure.io_percent",
        "pressure.memory_percent",
        "processes",
        "processes_blocked",
        "published_by_containers",
        "read_bytes",
        "reallocated_sectors",
        "received_bytes",
        "recorder_backlog",
        "repairs_open",
        "restarting",
        "resyncs",
        "running",
        "security_updates",
        "sent_bytes",
        "severely_errored_seconds",
        "spare_percent",
        "swap_percent",
        "tcp",
        "temperature_c",
        "total",
        "udp",
        "unhealthy",
        "unsafe_shutdowns",
        "up_attenuation_db",
        "up_average_mbit_s",
        "up_noise_margin_db",
        "up_rate_mbit_s",
        "up_sync_mbit_s",
        "update_version",
        "updates",
        "updates_available",
        "updates_pending",
        "uptime_s",
        "users",
        "verdict",
        "version",
        "wear_out_days",
        "wear_percent",
        "wlan_client_count",
        "written_bytes",
    ]
)
"""The names of numbers and texts that have a translation."""
_FLAGS: Final = frozenset(
    [
        "backup_ok",
        "logged_in",
        "online",
        "passing",
        "quorate",
        "reachable",
        "reboot_required",
        "recording",
        "reporting",
        "running",
        "update_available",
        "wan_up",
    ]
)
"""The names of what is so or not."""
_OF_PARTS: Final = frozenset(
    {
        ("disk", "used_percent", False),
        ("disk", "free_bytes", False),
        ("disk", "inodes_percent", False),
        ("disk", "responsive", True),
        ("disk_io", "read_bytes_per_s", False),
        ("disk_io", "write_bytes_per_s", False),
        ("disk_io", "busy_percent", False),
        ("network", "receive_bytes_per_s", False),
        ("network", "send_bytes_per_s", False),
        ("disks", "wear_percent", False),
        ("disks", "healthy", True),
        ("zfs", "used_percent", False),
        ("zfs", "online", True),
    }
)
"""Of which there are several: what they are, what is read of each, and whether it is a flag."""


@dataclass(frozen=True, slots=True)
class ValueName:
    """What a value is called."""

    translation_key: str
    placeholder: str | None = None
    """What is told apart by it, such as a mount point; of a name without translation, all of it."""


def name_of(name: str, *, is_flag: bool) -> ValueName:
    """Return what a value is called: the daemon may be newer than we are, and have others."""
    if name in (_FLAGS if is_flag else _NUMBERS):
        return ValueName(f"{_PREFIX}{name.replace('.', '_')}")
    thing, _, rest = name.partition(".")
    which, _, what = rest.rpartition(".")
    if which and (thing, what, is_flag) in _OF_PARTS:
        return ValueName(f"{_PREFIX}{thing}_{what}", _words(which))
    return ValueName("value", spoken(name))


def spoken(name: str) -> str:
    """Return the name of a value for people: `disk.root.used_percent` is `Disk root used`."""
    for unit in _UNITS:
        if name.endswith(unit):
            name = name.removesuffix(unit)
            break
    words = _words(name)
    return words[:1].upper() + words[1:]


def _words(name: str) -> str:
    """Return the words of a name."""
    return name.replace(".", " ").replace("_", " ")
