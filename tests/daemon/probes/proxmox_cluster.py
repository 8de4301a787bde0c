"""A cluster of Proxmox VE that answers."""

from __future__ import annotations

import copy
from typing import Any, cast

from aiohttp import web

from tests.daemon.probes.box_double import Box, fingerprint

LOGIN = "monitor@pve!ops=12345678-aaaa-bbbb-cccc-1234567890ab"
GIB = 1 << 30
NOW_S = 1_700_000_000
NODE = {
    "type": "node",
    "status": "online",
    "cpu": 0.031,
    "maxcpu": 8,
    "mem": 8 * GIB,
    "maxmem": 32 * GIB,
    "disk": 10 * GIB,
    "maxdisk": 100 * GIB,
    "uptime": 874373,
    "level": "",
}
# The shapes of the API: numbers as texts where it does so, keys left out where it does so.
RESOURCES: list[dict[str, Any]] = [
    {**NODE, "id": "node/pve1", "node": "pve1"},
    {**NODE, "id": "node/pve2", "node": "pve2"},
    {
        "id": "qemu/100",
        "type": "qemu",
        "vmid": 100,
        "name": "router",
        "node": "pve1",
        "status": "running",
        "template": 0,
        "cpu": 0.02,
        "maxcpu": 2,
        "mem": GIB,
        "maxmem": 2 * GIB,
        "disk": 0,
        "maxdisk": 32 * GIB,
        "uptime": 1000,
    },
    {
        "id": "lxc/111",
        "type": "lxc",
        "vmid": "111",
        "name": "dashboards",
        "node": "pve2",
        "status": "running",
        "cpu": 0.01,
        "mem": GIB,
        "maxmem": 2 * GIB,
        "disk": str(4 * GIB),
        "maxdisk": str(8 * GIB),
        "uptime": 1000,
    },
    {
        "id": "qemu/900",
        "type": "qemu",
        "vmid": 900,
        "name": "debian-template",
        "node": "pve1",
        "status": "stopped",
        "template": 1,
    },
    {
        "id": "storage/pve1/local",
        "type": "storage",
        "storage": "local",
        "node": "pve1",
        "status": "available",
        "plugintype": "dir",
        "shared": 0,
        "disk": 20 * GIB,
        "maxdisk": 100 * GIB,
    },
    {
        "id": "storage/pve1/nas",
        "type": "storage",
        "storage": "nas",
        "node": "pve1",
        "status": "available",
        "plugintype": "nfs",
        "shared": 1,
        "disk": 20 * GIB,
        "maxdisk": 100 * GIB,
    },
    {
        "id": "storage/pve2/nas",
        "type": "storage",
        "storage": "nas",
        "node": "pve2",
        "status": "available",
        "plugintype": "nfs",
        "shared": 1,
        "disk": 20 * GIB,
        "maxdisk": 100 * GIB,
    },
    {"id": "sdn/pve1/localnetwork", "type": "sdn", "sdn": "localnetwork", "node": "pve1"},
]
CLUSTER: list[dict[str, Any]] = [
    {"type": "cluster", "id": "cluster", "name": "home", "quorate": 1, "nodes": 2, "version": 4},
    {"type": "node", "id": "node/pve1", "name": "pve1", "online": 1, "local": 1, "nodeid": 1},
    {"type": "node", "id": "node/pve2", "name": "pve2", "online": 1, "local": 0, "nodeid": 2},
]
STATUS = {
    "pveversion": "pve-manager/8.2.4/faa83925c9641325",
    "kversion": "Linux 6.8.8-2-pve",
    "loadavg": ["0.22", "0.18", "0.11"],
    "wait": 0.004,
    "swap": {"used": 0, "free": GIB, "total": GIB},
    "cpuinfo": {"mhz": "2904.002", "cpus": 8},
}
DRIVE = {
    "devpath": "/dev/nvme0n1",
    "model": "Samsung SSD 980",
    "type": "nvme",
    "size": 1000204886016,
    "health": "PASSED",
    "wearout": 97,
    "serial": "S64DNX0R000000",
}
POOL = {
    "name": "rpool",
    "size": 100 * GIB,
    "alloc": 40 * GIB,
    "free": 60 * GIB,
    "frag": 12,
    "dedup": 1,
    "health": "ONLINE",
}
TASK = {
    "upid": "UPID:pve1:0020C066:042DF204:69C26EB0:vzdump::root@pam:",
    "node": "pve1",
    "type": "vzdump",
    "id": "",
    "user": "root@pam",
    "starttime": NOW_S - 7200,
    "endtime": NOW_S - 3600,
    "status": "OK",
}


def _cluster_answers() -> dict[str, Any]:
    """Return the answers of a small cluster that is well."""
    answers: dict[str, Any] = {
        "/cluster/resources": RESOURCES,
        "/cluster/status": CLUSTER,
        "/cluster/backup-info/not-backed-up": [],
    }
    for node in ("pve1", "pve2"):
        answers |= {
            f"/nodes/{node}/status": STATUS,
            f"/nodes/{node}/disks/list": [{**DRIVE, "health": "UNKNOWN", "wearout": "N/A"}],
            f"/nodes/{node}/disks/zfs": [POOL],
            f"/nodes/{node}/tasks": [{**TASK, "node": node}],
        }
    return copy.deepcopy(answers)


class Cluster(Box):
    """The API of Proxmox VE."""

    def __init__(self) -> None:
        """Be well."""
        super().__init__({}, {"Authorization": f"PVEAPIToken={LOGIN}"})
        self.data = _cluster_answers()
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Wrap what is known as the API does."""
        self.answers = {f"/api2/json{path}": {"data": found} for path, found in self.data.items()}
        return await super().answer(request)

    def unauthorized(self) -> web.Response:
        """Say so as the API does: beside the status."""
        return web.json_response({"data": None}, status=401, reason="invalid token value!")

    def unknown(self, request: web.Request) -> web.Response:
        """Say so as the API does."""
        reason = f"Method 'GET {request.path}' not implemented"
        return web.json_response({"data": None}, status=501, reason=reason)

    def entry(self, **match: Any) -> dict[str, Any]:
        """Return the first resource with these values, to be changed."""
        found = [
            each
            for each in self.data["/cluster/resources"]
            if all(each.get(key) == value for key, value in match.items())
        ]
        return cast("dict[str, Any]", found[0])


def keys(cluster: Cluster, **more: Any) -> dict[str, Any]:
    """Return the section for this cluster."""
    return {"url": cluster.url, "token": LOGIN, "tls": {"fingerprint": fingerprint()}, **more}
