"""One of everything that a daemon can watch, as far as it can be played on one machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.daemon.drives import install, sample
from tests.daemon.fritz_box import PASSWORD, FritzBox, plugged_in
from tests.daemon.name_server import name_server
from tests.daemon.probes.box_double import Box, fingerprint
from tests.daemon.probes.container_engine import INSPECTED, Engine, listed
from tests.daemon.probes.house_double import LOGIN as HOUSE_LOGIN, HouseDouble
from tests.daemon.probes.machine import Machine
from tests.daemon.probes.proxmox_cluster import LOGIN as CLUSTER_LOGIN, Cluster
from tests.daemon.targets import AUTHORITY, hangs, serve, server_tls

NEVER_S: Final = 3600
"""What is polled so seldom stays as it is while it is compared."""
BACKUP: Final = "0123456789abcdefghijklmnopqrstuv"
"""The token by which the backup says that it lives."""

JOB: Final = {"state": "succeeded", "files": 1234}
RELEASE: Final = {
    "tag_name": "v99.1.0",
    "name": "Ops Monitor 99.1.0",
    "html_url": "https://example.org/releases/99.1.0",
    "body": "All is better.",
    "draft": False,
    "prerelease": False,
    "published_at": "2026-11-01T10:00:00Z",
}


@dataclass(frozen=True)
class Things:
    """What a daemon is to watch."""

    sections: dict[str, Any]
    """Of its configuration, but for the checks."""
    checks: list[dict[str, Any]]
    programs: Path
    """A folder that has to be on its path."""


@asynccontextmanager
async def running_things(folder: Path) -> AsyncIterator[Things]:
    """Let everything answer on this machine."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        machine = Machine(folder / "machine")
        install(folder / "bin", "smartctl", sample("smartctl_ssd.json"))
        box = await enter(plugged_in(FritzBox()))
        cluster = await enter(Cluster().serving(certificate="self-signed"))
        house = await enter(HouseDouble().serving())
        jobs = await enter(Box({"/jobs/last": JOB}, {}).serving())
        releases = await enter(Box({"/releases": [RELEASE]}, {}).serving())
        engine = Engine()
        engine.show([listed("db", "running", "Up 2 hours"), listed("cron", "exited", "Exited (0)")])
        engine.answers["/containers/db/json"] = INSPECTED
        socket = await enter(engine.serving_at(folder / "docker.sock"))
        names = await enter(name_server())
        secure = await enter(serve(hangs(), tls=server_tls("localhost")))
        probes: dict[str, dict[str, Any]] = {
            "host": {"root": str(machine.root)},
            # Behind an adapter: the kernel shows no such drive, and need not here.
            "nvme": {"devices": [{"device": "/dev/bus/0", "type": "megaraid,0"}]},
            "fritz": {"boxes": {"home": {"host": "127.0.0.1", "port": box, "password": PASSWORD}}},
            "proxmox": {
                "url": cluster,
                "token": CLUSTER_LOGIN,
                "tls": {"fingerprint": fingerprint()},
            },
            "docker": {"engine": socket},
            "homeassistant": {"url": house, "token": HOUSE_LOGIN},
        }
        checks: list[dict[str, Any]] = [
            {"type": "tcp", "host": "127.0.0.1", "port": box},
            {"type": "ping", "host": "127.0.0.1", "count": 1},
            {"type": "dns", "query": "nas.test", "resolver": f"127.0.0.1:{names}"},
            {"type": "tls", "host": "127.0.0.1", "port": secure, "ca_file": str(AUTHORITY)},
            {
                "type": "command",
                "command": ["/bin/echo", "well | load1=0.42"],
                "export": [{"name": "load1"}],
            },
            {
                "type": "connectivity",
                "gateway": False,
                "resolver": False,
                "outside": [f"127.0.0.1:{box}"],
            },
            {"type": "disk", "path": "/", "used_percent": {"warn": 100, "crit": 100}},
            {"type": "docker", "container": "db", "engine": socket},
            {"type": "group", "members": ["tcp", "dns"]},
            {"type": "heartbeat", "period": "1h", "token": BACKUP},
            {
                "type": "job",
                "status_url": f"{jobs}/jobs/last",
                "export": [{"name": "Files", "path": "$.files"}],
            },
            {"type": "metric", "metric": "host.memory_percent", "gt": 99},
            {"type": "process", "cmdline": "opsmonitor"},
        ]
        sections = {name: {"interval_s": NEVER_S, **keys} for name, keys in probes.items()}
        yield Things(
            sections={
                **sections,
                "commands": {"allow": ["/bin/echo"]},
                "updates": {"enabled": True, "url": f"{releases}/releases"},
            },
            checks=[{"id": each["type"], "retries": 0, **each} for each in checks],
            programs=folder / "bin",
        )
