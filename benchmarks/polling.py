"""A program of its own: what polling the machine costs, and what hanging things do to the loop.

It prints one line of JSON; `benchmarks.probes` starts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import resource
from statistics import median
import sys
import threading
import time
from types import MappingProxyType
from typing import Any, Final

import psutil
import voluptuous as vol

from opsmonitor.config.settings import ProbeSettings, Settings
from opsmonitor.engine.poller import Poller
from opsmonitor.models.reading import ReadingChange
from opsmonitor.parts.host_mounts import MountPoint, parse_mounts
from opsmonitor.probes import fritz, host, ports, proxmox
from opsmonitor.probes.base import ProbeContext, ProbeType
from opsmonitor.util.clock import SystemClock
from opsmonitor.util.garbage import settle_collector
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.sock_diag import ask_kernel

SOCKETS: Final = 10_000
_SPARE: Final = 500
"""Files that are open beside the sockets."""
_POLLS: Final = 15
_LAG_STEP_S: Final = 0.005
_HUNG: Final = "/hung"
_PROBES: Final[dict[str, ProbeType[Any]]] = {
    probe.name: probe for probe in (fritz.PROBE, host.PROBE, ports.PROBE, proxmox.PROBE)
}


class Nowhere:
    """Keeps nothing: what the database costs is measured elsewhere."""

    def record_reading(self, change: ReadingChange) -> None:
        """Keep nothing."""

    def forget_readings(self, names: frozenset[str], at_ms: int) -> None:
        """Forget nothing."""


async def main(seconds: float) -> dict[str, float]:
    """Measure everything."""
    resolver = Resolver()
    http = HttpTransport(resolver)
    found: dict[str, float] = {}
    async with many_sockets() as count:
        found["sockets"] = count
        # The thousands of connections are this program's own: to look through them for garbage now
        # and then is no cost of a poll.
        settle_collector()
        context = ProbeContext(clock=SystemClock(), http=http, resolver=resolver)
        found |= await measure_polls(context)
        found["floor"] = measure_floor()
        found["psutil"] = measure_psutil()
    found["lag_floor"] = await lag_p99(seconds)
    async with hanging_things(resolver, http) as polls:
        found["lag"] = await lag_p99(seconds)
        found["polls"] = polls()
    await http.close()
    await resolver.close()
    return found


@asynccontextmanager
async def many_sockets() -> AsyncIterator[int]:
    """Hold thousands of open connections, both ends of each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS + _SPARE if most == resource.RLIM_INFINITY else min(most, SOCKETS + _SPARE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    accepted: list[asyncio.StreamWriter] = []

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep the connection."""
        accepted.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    opened = []
    for _ in range((wanted - _SPARE) // 2):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
    yield len(opened) * 2
    for writer in (*opened, *accepted):
        writer.transport.abort()
    server.close()
    await asyncio.sleep(0.2)


async def measure_polls(context: ProbeContext) -> dict[str, float]:
    """Poll the machine and its ports, first of all and then again and again; milliseconds."""
    polls: list[Callable[[], Awaitable[object]]] = [
        host.PROBE.compile(host.HostOptions(), context)[""],
        ports.PROBE.compile(ports.PortsOptions(), context)[""],
    ]
    cpu_ms: list[float] = []
    loop_ms: list[float] = []
    for _ in range(_POLLS + 1):
        cpu, loop = time.process_time(), time.thread_time()
        for poll in polls:
            await poll()
        cpu_ms.append((time.process_time() - cpu) * 1000)
        loop_ms.append((time.thread_time() - loop) * 1000)
        await asyncio.sleep(0.05)
    return {
        "first_cpu": cpu_ms[0],
        "cpu": median(cpu_ms[1:]),
        "loop": median(loop_ms[1:]),
        "loop_max": max(loop_ms),
    }


def measure_floor() -> float:
    """Ask the kernel for the same facts and make nothing of them; milliseconds of CPU time."""
    costs = []
    names = ("stat", "meminfo", "loadavg", "diskstats", "net/dev", "self/mountinfo")
    for _ in range(_POLLS):
        cpu = time.process_time()
        ask_kernel()
        for name in names:
            Path("/proc", name).read_bytes()
        os.statvfs("/")
        os.listdir("/proc")  # noqa: PTH208 - as the probe does
        costs.append((time.process_time() - cpu) * 1000)
    return median(costs)


def measure_psutil() -> float:
    """Ask psutil for the listeners alone, as predecessors did; milliseconds of CPU time."""
    cpu = time.process_time()
    psutil.net_connections("inet")
    return (time.process_time() - cpu) * 1000


@asynccontextmanager
async def hanging_things(
    resolver: Resolver, http: HttpTransport
) -> AsyncIterator[Callable[[], int]]:
    """Poll a router and a cluster that never answer, and a network drive that is gone."""
    release = threading.Event()
    real = os.statvfs

    def statvfs(path: str) -> os.statvfs_result:
        """Hang as for a server that is gone: nothing here can mount one."""
        if path == _HUNG:
            release.wait()
        return real("/")

    def mounts(text: str) -> list[MountPoint]:
        """Add the drive to those that are really mounted."""
        gone = MountPoint(point=_HUNG, kind="nfs4", source="nas:/gone", device="0:99")
        return [*parse_mounts(text), gone]

    setattr(os, "statvfs", statvfs)  # noqa: B010 - a stand-in, which types do not allow
    setattr(host, "parse_mounts", mounts)  # noqa: B010 - as above
    # It accepts, and never says a word.
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    sections: dict[str, dict[str, Any]] = {
        "fritz": {"boxes": {"home": {"host": "127.0.0.1", "port": port}}},
        "host": {},
        "ports": {},
        "proxmox": {"url": f"https://127.0.0.1:{port}", "token": "a@pve!b=1234-5678"},
    }
    poller = Poller(
        probe_types=_PROBES,
        keeper=Nowhere(),
        clock=SystemClock(),
        http=http,
        resolver=resolver,
        known={},
    )
    told: list[ReadingChange] = []
    poller.subscribe(told.append)
    poller.apply(Settings(checks={}, probes=MappingProxyType(_settings(sections))))
    poller.start()
    yield lambda: len(told)
    release.set()
    await poller.stop()
    server.close()


def _settings(sections: dict[str, dict[str, Any]]) -> dict[str, ProbeSettings]:
    """Return what the configuration would make of some sections."""
    found = {}
    for name, keys in sections.items():
        probe = _PROBES[name]
        options = probe.options(**vol.Schema(dict(probe.schema))(keys))
        found[name] = ProbeSettings(name=name, options=options, interval_s=1.0, timeout_s=5.0)
    return found


async def lag_p99(seconds: float) -> float:
    """Return how late the loop was to wake up, as the 99th percentile; milliseconds."""
    late: list[float] = []
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    while loop.time() < end_s:
        due_s = loop.time() + _LAG_STEP_S
        await asyncio.sleep(_LAG_STEP_S)
        late.append((loop.time() - due_s) * 1000)
    return sorted(late)[int(len(late) * 0.99)]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(float(sys.argv[1])))), flush=True)
