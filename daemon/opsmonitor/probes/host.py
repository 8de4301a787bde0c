"""Host probe: how is the machine on which the daemon runs?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading, ReadingEvent
from opsmonitor.parts import host_facts as facts
from opsmonitor.parts.fields import optional
from opsmonitor.parts.host_counters import disk_rates, net_rates, parse_diskstats, parse_net_dev
from opsmonitor.parts.host_cpu import parse_stat, usage
from opsmonitor.parts.host_disks import DiskSpace, ask_disks
from opsmonitor.parts.host_judge import HostLimits, judge
from opsmonitor.parts.host_limits import Limits as Allowance, container_kind, parse_limits
from opsmonitor.parts.host_memory import memory, parse_arcstats, parse_table
from opsmonitor.parts.host_mounts import parse_mounts, worth_watching
from opsmonitor.parts.host_pressure import parse_pressure
from opsmonitor.parts.host_sensors import Fan, Temperature, read_sensors
from opsmonitor.parts.host_shape import Machine, machine_json, machine_values
from opsmonitor.parts.issues import worst
from opsmonitor.parts.limits import Limits, percent, upper_limits
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.host_files import HostFiles, read_host_files
from opsmonitor.util.lenient import label

_FIRST_GAP_S: Final = 0.5
"""The first poll reads the counters twice, so that it can tell rates as well."""
_SENSORS_S: Final = 3.0
"""Some drivers take their time; a bus that hangs must not hide the rest."""
_SAME_BOOT_MS: Final = 60_000
"""The time of the start wanders with the clock by less than this."""
_ROOT: Final = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """Where the machine is, what is left out, and from when on something is worrying."""

    root: Path = _ROOT
    ignore_mounts: tuple[str, ...] = ()
    cpu_percent: Limits = field(default_factory=Limits)
    memory_percent: Limits = field(default_factory=lambda: HostLimits().memory_percent)
    swap_percent: Limits = field(default_factory=Limits)
    disk_percent: Limits = field(default_factory=lambda: HostLimits().disk_percent)
    inodes_percent: Limits = field(default_factory=lambda: HostLimits().inodes_percent)
    temperature_c: Limits | None = None


class HostWatch:
    """Polls this machine, and remembers its counters."""

    def __init__(self, options: HostOptions, context: ProbeContext) -> None:
        """Begin without counters."""
        self._options = options
        self._context = context
        self._lanes = context.lanes
        self._root = context.folder / options.root if options.root != _ROOT else _ROOT
        self._before: HostFiles | None = None
        self._boot_ms: int | None = None
        self._uptime_s: float | None = None
        known = context.known.get("")
        self._known_boot_id = None if known is None else label(known.data.get("boot_id"))
        self._limits = HostLimits(
            cpu_percent=options.cpu_percent,
            memory_percent=options.memory_percent,
            swap_percent=options.swap_percent,
            disk_percent=options.disk_percent,
            inodes_percent=options.inodes_percent,
            temperature_c=options.temperature_c,
        )

    async def poll(self) -> Reading:
        """Read the machine.

        Raises:
            ProbeError: It shows nothing of itself, as without /proc.

        """
        if self._before is None:
            self._before = await self._files()
            await asyncio.sleep(_FIRST_GAP_S)
        files = await self._files()
        if not files.proc:
            raise ProbeError(
                f"there is nothing to read in {self._root / 'proc'}: is it Linux, and is the "
                "machine's root mounted there?",
                code="no_proc",
            )
        mounts = parse_mounts(files.proc.get("self/mountinfo", ""))
        groups = worth_watching(mounts, self._options.ignore_mounts)
        disks, (temperatures, fans), users = await asyncio.gather(
            ask_disks(groups, lanes=self._lanes, root=self._root),
            self._sensors(),
            self._users(files),
        )
        machine = self._machine(self._before, files, disks, (temperatures, fans), users)
        self._before = files
        issues = tuple(judge(machine, self._limits))
        return Reading(
            data=machine_json(machine),
            values=machine_values(machine),
            status=worst(issues),
            issues=issues,
            events=self._events(machine),
        )

    async def _files(self) -> HostFiles:
        """Read the files in a thread."""
        return await self._lanes.call(
            ("host files", self._root), partial(read_host_files, self._root)
        )

    async def _sensors(self) -> tuple[list[Temperature], list[Fan]]:
        """Read the sensors; those on a bus that hangs are left out until it answers."""
        key = ("host sensors", self._root)
        if self._lanes.busy_s(key) > _SENSORS_S:
            return [], []
        try:
            async with asyncio.timeout(_SENSORS_S):
                return await self._lanes.call(key, partial(read_sensors, self._root / "sys"))
        except (TimeoutError, OSError):
            return [], []

    async def _users(self, files: HostFiles) -> list[str] | None:
        """Return who is logged in: as logind knows, or else as the old list has it."""
        if files.sessions is not None or self._root != _ROOT:
            return facts.users(files.sessions)
        try:
            return await self._lanes.call("host users", _old_users)
        except OSError:
            return None

    def _machine(
        self,
        before: HostFiles,
        files: HostFiles,
        disks: list[DiskSpace],
        sensors: tuple[list[Temperature], list[Fan]],
        users: list[str] | None,
    ) -> Machine:
        """Make sense of what was read."""
        proc, elapsed_s = files.proc, files.at_s - before.at_s
        old_cpu, new_cpu = parse_stat(before.proc.get("stat", "")), parse_stat(proc.get("stat", ""))
        container = container_kind(
            marks=files.marks,
            systemd=files.texts.get("run/systemd/container"),
            environment=proc.get("1/environ"),
            cgroup=proc.get("self/cgroup", ""),
        )
        allowed = parse_limits(files.cgroup) if container else Allowance()
        net = parse_net_dev(proc.get("net/dev", ""))
        uptime_s = facts.uptime_s(proc.get("uptime", ""))
        updates, security = facts.updates(files.texts)
        return Machine(
            hostname=files.hostname,
            system=facts.os_name(files.texts),
            kernel=label(proc.get("sys/kernel/osrelease")),
            architecture=files.machine,
            container=container,
            boot_id=label(proc.get("sys/kernel/random/boot_id")),
            uptime_s=uptime_s,
            boot_ms=self._boot(uptime_s),
            cpu=usage(old_cpu, new_cpu),
            core_count=len(new_cpu.cores) or None,
            running=new_cpu.running,
            blocked=new_cpu.blocked,
            load=facts.loads(proc.get("loadavg", "")),
            memory=memory(
                parse_table(proc.get("meminfo", "")),
                # In a container the cache is the machine's, which does not count here.
                arc=0 if container else parse_arcstats(proc.get("spl/kstat/zfs/arcstats", "")),
                limit=allowed.memory,
                current=allowed.memory_used,
                reclaimable=allowed.memory_cache,
            ),
            limits=allowed,
            limit_percent=_limit_percent(before, allowed, elapsed_s),
            disks=disks,
            disk_rates=disk_rates(
                parse_diskstats(before.proc.get("diskstats", ""), before.disks),
                parse_diskstats(proc.get("diskstats", ""), files.disks),
                elapsed_s,
            ),
            net=net,
            net_rates=net_rates(parse_net_dev(before.proc.get("net/dev", "")), net, elapsed_s),
            links=files.links,
            pressure=_pressure(files, is_container=container is not None),
            temperatures=sensors[0],
            fans=sensors[1],
            processes=files.processes,
            threads=facts.threads(proc.get("loadavg", "")),
            users=users,
            updates=updates,
            security_updates=security,
            reboot_required=files.marks.get("/run/reboot-required"),
            reboot_packages=files.texts.get("run/reboot-required.pkgs", "").split(),
        )

    def _boot(self, uptime_s: float | None) -> int | None:
        """Return when the machine was started: the same moment until it really was again."""
        if uptime_s is None:
            return self._boot_ms
        boot_ms = round((self._context.clock.now_ms() - uptime_s * 1000) / 1000) * 1000
        if self._boot_ms is None or abs(boot_ms - self._boot_ms) > _SAME_BOOT_MS:
            self._boot_ms = boot_ms
        return self._boot_ms

    def _events(self, machine: Machine) -> tuple[ReadingEvent, ...]:
        """Tell that the machine was started anew since it was last read."""
        before, self._uptime_s = self._uptime_s, machine.uptime_s
        known, self._known_boot_id = self._known_boot_id, machine.boot_id
        was_reset = before is not None and (machine.uptime_s or before) < before
        if not was_reset and (known is None or known == machine.boot_id):
            return ()
        message = f"{machine.hostname} was started anew"
        return (ReadingEvent(kind="reboot", message=message, data={"boot_id": machine.boot_id}),)


def _limit_percent(before: HostFiles, allowed: Allowance, elapsed_s: float) -> float | None:
    """Return how much of the processors it may use a container used."""
    old_s = parse_limits(before.cgroup).cpu_s
    if not allowed.cores or allowed.cpu_s is None or old_s is None or elapsed_s <= 0:
        return None
    return max(0.0, 100 * (allowed.cpu_s - old_s) / elapsed_s / allowed.cores)


def _pressure(files: HostFiles, *, is_container: bool) -> dict[str, dict[str, dict[str, float]]]:
    """Return the pressure on each resource; a container has its own."""
    found = {}
    for name in ("cpu", "memory", "io"):
        own = files.cgroup.get(f"{name}.pressure") if is_container else None
        parsed = parse_pressure(own or files.proc.get(f"pressure/{name}", ""))
        if name == "cpu":
            # Of the whole machine it means nothing. Source: Documentation/accounting/psi.rst.
            parsed.pop("full", None)
        if parsed:
            found[name] = parsed
    return found


def _old_users() -> list[str]:
    """Return who is logged in by utmp; blocks."""
    return sorted({user.name for user in psutil.users()})


def compile_host(options: HostOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the poll of this machine."""
    return {"": HostWatch(options, context).poll}


_PERCENT: Final = upper_limits(percent)
_DEGREES: Final = upper_limits(cv.number(at_least=1, at_most=150))
PROBE: Final = ProbeType(
    name="host",
    options=HostOptions,
    schema={
        vol.Optional("root"): cv.path,
        vol.Optional("ignore_mounts"): cv.list_of(cv.text),
        vol.Optional("cpu_percent"): _PERCENT,
        vol.Optional("memory_percent"): _PERCENT,
        vol.Optional("swap_percent"): _PERCENT,
        vol.Optional("disk_percent"): _PERCENT,
        vol.Optional("inodes_percent"): _PERCENT,
        vol.Optional("temperature_c"): optional(_DEGREES),
    },
    compile=compile_host,
    interval_s=30.0,
    timeout_s=15.0,
    example={"disk_percent": {"warn": 80, "crit": 90}, "ignore_mounts": ["/mnt/backup"]},
    is_default=True,
)
