"""The Proxmox probe against an API that answers, and misbehaves; and against `proxmox-stats`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from typing import Any, cast
from urllib.parse import unquote

from hypothesis import given
import pytest
import voluptuous as vol

from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.parts.proxmox_backups import read_backups, read_results, read_unsaved
from opsmonitor.parts.proxmox_cluster import read_cluster, read_resources
from opsmonitor.parts.proxmox_judge import ProxmoxLimits, ProxmoxState, judge_cluster
from opsmonitor.parts.proxmox_node import (
    NodeDetails,
    read_drives,
    read_node_status,
    read_pools,
)
from opsmonitor.parts.proxmox_shown import cluster_reading
from opsmonitor.parts.proxmox_stats import stats_reading
from opsmonitor.probes.base import Poll, ProbeContext
from opsmonitor.probes.proxmox import PROBE
from opsmonitor.util.clock import FakeClock
from tests.daemon.odd import ODD, odd_documents
from tests.daemon.probes.box_double import Box, fingerprint, hang, raw, reset, status
from tests.daemon.probes.conftest import MakePolls
from tests.daemon.probes.proxmox_cluster import (
    CLUSTER,
    DRIVE,
    GIB,
    LOGIN,
    NOW_S,
    POOL,
    RESOURCES,
    STATUS,
    TASK,
    Cluster,
    keys,
)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Return a cluster that listens with a self-signed certificate, as all of them do."""
    double = Cluster()
    async with double.serving(certificate="self-signed") as address:
        double.url = address
        yield double


@pytest.fixture
def poll(make_polls: MakePolls, cluster: Cluster) -> Poll:
    """Return the poll of the cluster."""
    return make_polls(PROBE, **keys(cluster))[""]


def told(reading: Reading) -> list[tuple[str, str]]:
    """Return what is wrong, and how bad."""
    return [(issue.kind, issue.status.value) for issue in reading.issues]


async def test_a_cluster_that_is_well(poll: Poll) -> None:
    """Everything is shown, in units, and nothing is wrong."""
    reading = await poll()

    assert (reading.status, reading.issues, reading.note) == (ReadingStatus.OK, (), None)
    data = cast("dict[str, Any]", reading.data)
    assert data["cluster"] == {"name": "home", "quorate": True, "nodes": 2}
    assert data["nodes"]["pve1"] == {
        "online": True,
        "cpu_percent": 3.1,
        "cpus": 8,
        "memory_used_bytes": 8 * GIB,
        "memory_total_bytes": 32 * GIB,
        "memory_percent": 25.0,
        "disk_used_bytes": 10 * GIB,
        "disk_total_bytes": 100 * GIB,
        "disk_percent": 10.0,
        "uptime_s": 874373,
        "version": "pve-manager/8.2.4/faa83925c9641325",
        "kernel": "Linux 6.8.8-2-pve",
        "load": [0.22, 0.18, 0.11],
        "iowait_percent": 0.4,
        "swap_percent": 0.0,
        "disks": [
            {
                "device": "/dev/nvme0n1",
                "model": "Samsung SSD 980",
                "type": "nvme",
                "size_bytes": 1000204886016,
                "healthy": None,
                "wear_percent": None,
            }
        ],
        "zfs": [
            {
                "name": "rpool",
                "health": "ONLINE",
                "used_percent": 40.0,
                "fragmentation_percent": 12.0,
            }
        ],
        "details_ts": "2023-11-14T22:13:20.000Z",
        "details_error": None,
    }
    assert [guest["vmid"] for guest in data["guests"]] == [100, 111, 900]
    assert data["backups"]["missing"] == []
    assert data["backups"]["latest"][0]["ended"] == "2023-11-14T21:13:20.000Z"


async def test_values_have_dotted_names(poll: Poll) -> None:
    """Metric checks find them; templates are no guests, and a shared storage is one."""
    values = (await poll()).values

    assert values["nodes_online"] == 2
    assert values["quorate"] is True
    assert (values["guests"], values["guests_running"]) == (2, 2)
    assert values["pve1.cpu_percent"] == 3.1
    assert values["pve2.zfs.rpool.online"] is True
    assert values["storages.shared.nas.used_percent"] == 20.0
    assert values["storages.pve1.local.used_percent"] == 20.0
    assert values["guests.111.disk_percent"] == 50.0
    assert "guests.100.disk_percent" not in values
    assert values["guests.100.uptime_s"] == values["guests.111.uptime_s"] == 1000
    assert "guests.900.running" not in values


async def test_few_requests_are_made(poll: Poll, cluster: Cluster, clock: FakeClock) -> None:
    """A poll makes two; what changes slowly is asked every five minutes, and wakes no drive."""
    await poll()
    first = len(cluster.asked)
    assert not [path for path in cluster.asked if "disks/list" in path and "skipsmart" not in path]
    cluster.asked.clear()

    clock.advance(60)
    await poll()
    assert cluster.asked == [
        "GET /api2/json/cluster/resources",
        "GET /api2/json/cluster/status",
    ]
    cluster.asked.clear()

    clock.advance(240)
    await poll()
    assert (len(cluster.asked), first) == (11, 13)


async def test_smart_values_are_asked_rarely(
    make_polls: MakePolls, cluster: Cluster, clock: FakeClock
) -> None:
    """Only who wants it has drives woken, and then every six hours; wear stays known between."""
    wanted = "/nodes/pve1/disks/list"
    cluster.data[wanted] = [{**DRIVE, "wearout": 3}]
    poll = make_polls(PROBE, **keys(cluster, smart=True))[""]

    assert told(await poll()) == [("disk_wear", "crit")]
    cluster.data[f"{wanted}?skipsmart=1"] = [{**DRIVE, "health": "UNKNOWN", "wearout": "N/A"}]
    clock.advance(300)
    reading = await poll()

    assert told(reading) == [("disk_wear", "crit")]
    assert reading.values["pve1.disks.nvme0n1.wear_percent"] == 97.0
    full = [path for path in cluster.asked if path.endswith(f"{wanted}")]
    assert len(full) == 1


@pytest.mark.parametrize(
    ("match", "change", "expected"),
    [
        ({"node": "pve2", "type": "node"}, {"status": "offline"}, ("node_offline", "crit")),
        ({"node": "pve2", "type": "node"}, {"status": "unknown"}, ("node_offline", "crit")),
        ({"node": "pve1", "type": "node"}, {"mem": 30 * GIB}, ("node_memory_high", "warn")),
        ({"node": "pve1", "type": "node"}, {"mem": 32 * GIB}, ("node_memory_high", "crit")),
        ({"node": "pve1", "type": "node"}, {"disk": 96 * GIB}, ("node_disk_high", "crit")),
        ({"vmid": "111"}, {"disk": str(7.4 * GIB)}, ("ct_disk_high", "warn")),
        ({"vmid": "111"}, {"disk": 8 * GIB}, ("ct_disk_high", "crit")),
        ({"vmid": 100}, {"hastate": "error"}, ("guest_ha_error", "crit")),
        ({"storage": "local"}, {"disk": 90 * GIB}, ("storage_high", "warn")),
        ({"storage": "local"}, {"status": "unknown"}, ("storage_unavailable", "warn")),
    ],
)
async def test_what_is_wrong_is_told(
    poll: Poll,
    cluster: Cluster,
    match: dict[str, Any],
    change: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    """Each trouble has a kind, and the worst one is the status."""
    cluster.entry(**match).update(change)

    reading = await poll()

    assert told(reading) == [expected]
    assert reading.status.value == expected[1]


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("/cluster/status", [{**CLUSTER[0], "quorate": 0}], [("quorum_lost", "crit")]),
        ("/nodes/pve1/disks/list", [{**DRIVE, "health": "FAILED!"}], [("disk_health", "crit")]),
        ("/nodes/pve1/disks/list", [{**DRIVE, "wearout": -5}], [("disk_wear", "crit")]),
        ("/nodes/pve1/disks/list", [{**DRIVE, "wearout": "18.5"}], [("disk_wear", "warn")]),
        ("/nodes/pve1/disks/zfs", [{**POOL, "health": "DEGRADED"}], [("zfs_degraded", "warn")]),
        ("/nodes/pve1/disks/zfs", [{**POOL, "health": "FAULTED"}], [("zfs_degraded", "crit")]),
        (
            "/nodes/pve1/tasks",
            [{**TASK, "status": "job errors"}, {**TASK, "endtime": NOW_S - 99999}],
            [("backup_failed", "warn")],
        ),
        (
            "/nodes/pve1/tasks",
            [{**TASK, "status": "job errors", "endtime": NOW_S - 99999}, TASK],
            [],
        ),
        ("/nodes/pve1/tasks", [{**TASK, "status": "WARNINGS: 2"}], []),
        ("/nodes/pve1/tasks", [{"type": "vzdump", "starttime": NOW_S, "node": "pve1"}], []),
        (
            "/cluster/backup-info/not-backed-up",
            [{"vmid": 100, "name": "router", "type": "qemu"}, {"vmid": 900, "name": "template"}],
            [("backup_missing", "warn")],
        ),
    ],
)
async def test_what_is_asked_rarely_is_judged_too(
    poll: Poll, cluster: Cluster, path: str, data: Any, expected: list[tuple[str, str]]
) -> None:
    """Quorum, drives, pools and backups; running backups and templates are no trouble."""
    cluster.data[path] = data

    assert told(await poll()) == expected


async def test_guests_of_a_node_that_is_offline(poll: Poll, cluster: Cluster) -> None:
    """Whether they run is not known; that their node is offline is told once."""
    cluster.entry(node="pve2", type="node")["status"] = "offline"
    cluster.entry(vmid="111").update(status="unknown", disk=None, mem=None)

    reading = await poll()

    assert told(reading) == [("node_offline", "crit")]
    assert reading.values["guests.111.running"] is None
    assert reading.values["nodes_online"] == 1


async def test_backups_grow_old(make_polls: MakePolls, cluster: Cluster, clock: FakeClock) -> None:
    """With limits, the age of the latest good backup is judged."""
    poll = make_polls(PROBE, **keys(cluster, backup_age_h={"warn": 26, "crit": 50}))[""]

    assert told(await poll()) == []
    clock.advance(26 * 3600)
    assert told(await poll()) == [("backup_old", "warn")]
    clock.advance(26 * 3600)
    assert told(await poll()) == [("backup_old", "crit")]


async def test_no_good_backup_is_too_old(make_polls: MakePolls, cluster: Cluster) -> None:
    """Where none is known though the tasks are readable, that is beyond every limit."""
    for node in ("pve1", "pve2"):
        cluster.data[f"/nodes/{node}/tasks"] = []
    poll = make_polls(PROBE, **keys(cluster, backup_age_h={"warn": 26, "crit": 50}))[""]

    reading = await poll()

    assert told(reading) == [("backup_old", "crit")]
    assert reading.issues[0].message == "no good backup is known"
    assert told(await make_polls(PROBE, **keys(cluster))[""]()) == []


async def test_backups_that_cannot_be_read_are_not_old(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """Neither without the right to see tasks, nor while a node has not been asked."""
    denied = status(403, reason="Permission check failed (/nodes/pve1, Sys.Audit)")
    limits = {"backup_age_h": {"warn": 26, "crit": 50}}
    cluster.misbehave["/api2/json/nodes/pve1/tasks"] = denied
    cluster.misbehave["/api2/json/nodes/pve2/tasks"] = denied
    assert told(await make_polls(PROBE, **keys(cluster, **limits))[""]()) == []

    del cluster.misbehave["/api2/json/nodes/pve1/tasks"]
    cluster.data["/nodes/pve1/tasks"] = []
    cluster.misbehave["/api2/json/nodes/pve2/tasks"] = reset
    reading = await make_polls(PROBE, **keys(cluster, **limits))[""]()
    assert told(reading) == [("node_unreachable", "warn")]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([{**TASK, "id": "100"}, {**TASK, "id": "111", "endtime": NOW_S - 720 * 3600}], 720),
        ([{**TASK, "id": "100"}, {**TASK, "id": "111", "status": "job errors"}], None),
    ],
)
async def test_a_fresh_backup_hides_no_old_one_of_another_guest(
    make_polls: MakePolls,
    cluster: Cluster,
    clock: FakeClock,
    tasks: list[dict[str, Any]],
    expected: float | None,
) -> None:
    """Guests that runs name are judged one by one; those that are no more are not."""
    cluster.data["/nodes/pve1/tasks"] = []
    gone = {**TASK, "id": "555", "endtime": NOW_S - 720 * 3600}
    cluster.data["/nodes/pve2/tasks"] = [*tasks, gone]
    poll = make_polls(
        PROBE, **keys(cluster, backup_age_h={"warn": 26, "crit": 50}, ignore=["backup_failed"])
    )[""]

    reading = await poll()

    assert told(reading) == [("backup_old", "crit")]
    assert (reading.issues[0].data["vmid"], reading.issues[0].data["age_h"]) == (111, expected)
    assert "the container 111 (dashboards)" in reading.issues[0].message
    clock.advance(26 * 3600)
    assert told(await poll()) == [("backup_old", "crit"), ("backup_old", "warn")]
    clock.advance(26 * 3600)
    assert told(await poll()) == [("backup_old", "crit")]


async def test_a_job_of_several_guests_counts_for_those_of_its_node(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """A guest that was once saved by hand is saved by the job too, as far as anybody knows."""
    once = {**TASK, "id": "111", "endtime": NOW_S - 720 * 3600}
    cluster.data["/nodes/pve2/tasks"].append(once)
    poll = make_polls(PROBE, **keys(cluster, backup_age_h={"warn": 26, "crit": 50}))[""]

    assert told(await poll()) == []


def job(node: str, number: int, result: str = "OK", hours: float = 1) -> dict[str, Any]:
    """Return the task of a job of several guests that has ended so many hours ago."""
    ended = NOW_S - round(hours * 3600)
    upid = f"UPID:{node}:0020C066:042DF204:{number:08X}:vzdump::root@pam:"
    return {**TASK, "upid": upid, "node": node, "endtime": ended, "status": result}


def log(*texts: str) -> list[dict[str, Any]]:
    """Return a log as the API does."""
    return [{"n": number, "t": words} for number, words in enumerate(texts, 1)]


def path_of(task: dict[str, Any]) -> str:
    """Return where the log of a task is."""
    return f"/nodes/{task['node']}/tasks/{task['upid']}/log"


_SAVED_100 = (
    "INFO: Starting Backup of VM 100 (qemu)",
    "INFO: Finished Backup of VM 100 (00:01:23)",
)
_LOST_111 = (
    "INFO: Starting Backup of VM 111 (lxc)",
    "INFO: tar: Error is not recoverable: exiting now",
    "ERROR: Backup of VM 111 failed - no space left on device",
    "INFO: Failed at 2026-10-06 21:00:09",
)


async def test_a_job_tells_which_guest_failed(poll: Poll, cluster: Cluster) -> None:
    """The result of the whole job is that of nobody; its log tells whose backup is missing."""
    failed = job("pve2", 1, "job errors")
    cluster.data["/nodes/pve2/tasks"] = [failed]
    cluster.data[path_of(failed)] = log("INFO: starting new backup job", *_SAVED_100, *_LOST_111)

    reading = await poll()

    (issue,) = reading.issues
    assert "the container 111 (dashboards) on the node pve2 failed" in issue.message
    assert issue.message.endswith(": no space left on device")
    assert issue.data["vmid"] == "111"
    assert reading.values["guests.100.backup_ok"] is True
    assert reading.values["guests.111.backup_ok"] is False
    assert reading.values["guests.111.backup_ended"] == "2023-11-14T21:13:20.000Z"


async def test_a_later_backup_mends_a_failed_one(poll: Poll, cluster: Cluster) -> None:
    """Wherever the guest was moved to, and whether it was saved alone or by a job."""
    failed = job("pve2", 1, "job errors", hours=2)
    cluster.data["/nodes/pve2/tasks"] = [failed]
    cluster.data[path_of(failed)] = log(*_LOST_111)
    cluster.data["/nodes/pve1/tasks"] = [{**TASK, "id": "111"}]

    reading = await poll()

    assert told(reading) == []
    assert reading.values["guests.111.backup_ok"] is True


async def test_a_job_does_not_hide_the_failure_of_another(poll: Poll, cluster: Cluster) -> None:
    """Two jobs of a node save different guests: the latest of each guest counts."""
    failed, good = job("pve2", 1, "job errors", hours=5), job("pve2", 2)
    cluster.data["/nodes/pve2/tasks"] = [good, failed]
    cluster.data[path_of(failed)] = log(*_LOST_111)
    cluster.data[path_of(good)] = log(*_SAVED_100)

    assert [issue.data["vmid"] for issue in (await poll()).issues] == ["111"]


@pytest.mark.parametrize("answer", ["forbidden", "gone", "silent", "empty"])
async def test_a_job_whose_log_says_nothing(answer: str, poll: Poll, cluster: Cluster) -> None:
    """Then the job as a whole has failed, which is told as before."""
    failed = job("pve2", 1, "job errors")
    cluster.data["/nodes/pve2/tasks"] = [failed]
    path = f"/api2/json{path_of(failed)}"
    if answer == "empty":
        cluster.data[path_of(failed)] = log("no content")
    elif answer == "gone":
        cluster.misbehave[path] = status(500, reason="unable to open file")
    elif answer == "silent":
        cluster.misbehave[path] = reset
    else:
        cluster.misbehave[path] = status(403, reason="Permission check failed (/, Sys.Audit)")

    reading = await poll()

    assert [issue.message for issue in reading.issues] == [
        "the latest backup job on the node pve2 failed: job errors"
    ]
    assert reading.values["pve2.zfs.rpool.online"] is True


async def test_a_guest_that_a_job_leaves_out_grows_old(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """That the job ran well says nothing of guests that it no longer saves."""
    before, now = job("pve2", 1, hours=720), job("pve2", 2)
    cluster.data["/nodes/pve2/tasks"] = [now, before]
    cluster.data[path_of(before)] = log(*_SAVED_100, "INFO: Finished Backup of VM 111 (00:00:10)")
    cluster.data[path_of(now)] = log(*_SAVED_100)
    poll = make_polls(PROBE, **keys(cluster, backup_age_h={"warn": 26, "crit": 50}))[""]

    reading = await poll()

    assert [(issue.kind, issue.data["vmid"]) for issue in reading.issues] == [("backup_old", 111)]


async def test_logs_are_read_once_and_a_few_at_a_time(
    poll: Poll, cluster: Cluster, clock: FakeClock
) -> None:
    """The latest first; each look goes on where the one before stopped."""
    tasks = [job("pve2", number, hours=number) for number in range(1, 6)]
    cluster.data["/nodes/pve2/tasks"] = tasks
    cluster.data["/nodes/pve1/tasks"] = []
    cluster.data |= {path_of(task): log(*_SAVED_100) for task in tasks}
    asked: list[list[str]] = []
    for _ in range(3):
        await poll()
        asked.append([path for path in cluster.asked if "/log" in path])
        cluster.asked.clear()
        clock.advance(300)

    wanted = [f"GET /api2/json{path_of(task)}?start=0&limit=10000" for task in tasks]
    assert [len(found) for found in asked] == [3, 2, 0]
    assert [unquote(path) for path in (*asked[0], *asked[1])] == wanted


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (_SAVED_100, {100: "OK"}),
        (_LOST_111, {111: "no space left on device"}),
        (_LOST_111[:1], {111: "it was not finished"}),
        (("ERROR: Backup of VM 9 failed - unable to find VM '9'",), {9: "unable to find VM '9'"}),
        (("INFO: status = Finished Backup of VM 100",), None),
        ((), None),
    ],
)
def test_the_log_of_a_job(texts: tuple[str, ...], expected: dict[int, str] | None) -> None:
    """What begins and does not end was not finished; what says nothing of guests is nothing."""
    assert read_results(log(*texts), 100) == expected


def test_a_log_that_is_too_long_says_nothing() -> None:
    """What is beyond its end may be a failure."""
    assert read_results(log(*_SAVED_100), 2) is None


async def test_guests_that_are_to_run(make_polls: MakePolls, cluster: Cluster) -> None:
    """They are named by name or number; others may be stopped."""
    cluster.entry(vmid=100)["status"] = "stopped"
    cluster.entry(vmid="111")["status"] = "stopped"
    poll = make_polls(PROBE, **keys(cluster, guests_running=[100, "nas"]))[""]

    reading = await poll()

    assert [issue.message for issue in reading.issues] == [
        "the VM 100 (router) is to run: it is stopped",
        "the guest nas is to run: it does not exist, or the token may not see it",
    ]
    assert reading.status is ReadingStatus.CRIT


async def test_known_trouble_can_be_ignored(make_polls: MakePolls, cluster: Cluster) -> None:
    """By its kind, or by its kind and what it is about."""
    cluster.data["/cluster/backup-info/not-backed-up"] = [
        {"vmid": 100, "name": "router"},
        {"vmid": 111, "name": "dashboards"},
    ]
    cluster.entry(storage="local")["disk"] = 99 * GIB
    ignore = ["backup_missing:100", "storage_high"]
    poll = make_polls(PROBE, **keys(cluster, ignore=ignore))[""]

    reading = await poll()

    assert told(reading) == [("backup_missing", "warn")]
    assert reading.issues[0].data["vmid"] == 111


@pytest.mark.parametrize(
    "trouble",
    [
        reset,
        status(595, reason="No route to host"),
        status(500, reason="hostname lookup 'pve2' failed"),
        raw(b"<html>"),
    ],
)
async def test_one_bad_node_hides_no_other(
    poll: Poll, cluster: Cluster, clock: FakeClock, trouble: Any
) -> None:
    """It is told, what it said before stays, and it is not asked on after its first failure."""
    await poll()
    clock.advance(300)
    cluster.asked.clear()
    cluster.misbehave["/api2/json/nodes/pve2"] = trouble

    reading = await poll()

    assert told(reading) == [("node_unreachable", "warn")]
    data = cast("dict[str, Any]", reading.data)
    assert data["nodes"]["pve1"]["details_error"] is None
    assert data["nodes"]["pve2"]["details_error"]
    assert data["nodes"]["pve2"]["zfs"] is not None
    assert len([path for path in cluster.asked if "/nodes/pve2/" in path]) == 1


async def test_a_hung_node_hides_no_other(
    poll: Poll, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, make_polls: MakePolls
) -> None:
    """A node that never answers costs one time limit, and its own details only."""
    monkeypatch.setattr("opsmonitor.probes.proxmox._REQUEST_S", 0.5)
    poll = make_polls(PROBE, **keys(cluster))[""]
    cluster.misbehave["/api2/json/nodes/pve2"] = hang

    reading = await poll()

    assert told(reading) == [("node_unreachable", "warn")]
    assert reading.values["pve1.zfs.rpool.online"] is True
    assert reading.values["pve2.online"] is True


async def test_a_poll_makes_do_with_what_it_has(context: ProbeContext, cluster: Cluster) -> None:
    """Nodes that are slow with every answer cost a part of the poll's time, and are told."""
    cluster.misbehave["/api2/json/nodes/"] = hang
    options = PROBE.options(**vol.Schema(dict(PROBE.schema))(keys(cluster)))

    reading = await PROBE.compile(options, replace(context, timeout_s=2.5))[""]()

    assert told(reading) == [("node_unreachable", "warn"), ("node_unreachable", "warn")]
    assert reading.values["pve1.online"] is True
    assert "it takes too long to answer" in reading.issues[0].message


@pytest.mark.parametrize(
    "trouble", [reset, status(500, reason="got no cluster"), status(595), raw(b"<html>")]
)
async def test_a_cluster_that_does_not_tell_its_quorum_is_shown(
    poll: Poll, cluster: Cluster, trouble: Any
) -> None:
    """Nodes and guests are known without it; that it is not known is told."""
    cluster.misbehave["/api2/json/cluster/status"] = trouble

    reading = await poll()

    assert told(reading) == [("quorum_unknown", "warn")]
    assert reading.values["guests_running"] == 2
    assert "quorate" not in reading.values
    assert (cast("dict[str, Any]", reading.data)["cluster"], reading.note) == (None, None)


async def test_a_token_that_is_refused_for_the_quorum(poll: Poll, cluster: Cluster) -> None:
    """It was withdrawn a moment ago: that is told at once."""
    cluster.misbehave["/api2/json/cluster/status"] = status(401, reason="invalid token value!")

    with pytest.raises(ProbeError) as caught:
        await poll()

    assert caught.value.code == "unauthorized"


async def test_another_node_is_asked_while_one_is_away(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """Each node answers for all; the one that did is asked first the next time."""
    other = Cluster()
    async with other.serving(certificate="localhost") as address:
        urls = [address, cluster.url]
        tls = {"fingerprint": [fingerprint(), fingerprint("localhost")]}
        poll = make_polls(PROBE, **keys(cluster, url=urls, tls=tls))[""]
        await poll()
        assert cluster.asked == []
        other.misbehave["/"] = reset

        reading = await poll()
        asked = len(other.asked)
        await poll()

    assert reading.status is ReadingStatus.OK
    assert len(other.asked) == asked
    cluster.misbehave["/"] = reset
    with pytest.raises(ProbeError):
        await poll()


async def test_a_token_with_few_rights(poll: Poll, cluster: Cluster) -> None:
    """What it may not see is unknown, and the note says what to do."""
    denied = status(403, reason="Permission check failed (/nodes/pve1, Sys.Audit)")
    for path in ("status", "nodes/pve1/disks"):
        cluster.misbehave[f"/api2/json/{path}"] = denied
    cluster.misbehave["/api2/json/cluster/status"] = denied
    cluster.misbehave["/api2/json/cluster/backup-info"] = denied

    reading = await poll()

    assert reading.status is ReadingStatus.OK
    assert reading.note == (
        "the token may not see disks, zfs, quorum: give it the role PVEAuditor on the path /"
    )
    assert cast("dict[str, Any]", reading.data)["backups"]["missing"] is None


async def test_a_token_without_any_right(poll: Poll, cluster: Cluster) -> None:
    """It sees the nodes' names and no guest: that is said, and not taken for an empty cluster."""
    cluster.data["/cluster/resources"] = [{"type": "node", "node": "pve1", "status": "online"}]

    reading = await poll()

    assert reading.note is not None
    assert "PVEAuditor" in reading.note


async def test_a_wrong_token_is_not_tried_again_at_once(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """It is told apart from a cluster that is down, and the secret is not repeated."""
    poll = make_polls(PROBE, **{**keys(cluster), "token": "monitor@pve!ops=hunter2"})[""]

    with pytest.raises(ProbeError) as caught:
        await poll()

    assert caught.value.code == "unauthorized"
    assert caught.value.wait_s > 0
    assert "invalid token value" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (reset, "connection_closed"),
        (status(500, reason="internal"), "http_status"),
        (status(403, reason="no"), "forbidden"),
        (status(302), "redirected"),
        (raw(b"<html>"), "invalid_response"),
        (raw(b"[1, 2"), "invalid_response"),
        (raw(b"[1, 2]"), "invalid_response"),
    ],
)
async def test_a_cluster_that_cannot_be_asked(
    poll: Poll, cluster: Cluster, trouble: Any, code: str
) -> None:
    """Each way to fail has its code; the last good reading is not this probe's to keep."""
    cluster.misbehave["/api2/json/cluster/resources"] = trouble

    with pytest.raises(ProbeError) as caught:
        await poll()

    assert caught.value.code == code


async def test_another_certificate_gets_no_token(make_polls: MakePolls, cluster: Cluster) -> None:
    """With a fingerprint, the token is only sent to the server that it was made for."""
    pinned = keys(cluster, tls={"fingerprint": "ab" * 32})
    with pytest.raises(ProbeError) as caught:
        await make_polls(PROBE, **pinned)[""]()

    assert caught.value.code == "tls_fingerprint"
    assert cluster.asked == []


async def test_a_self_signed_certificate_is_not_trusted_by_itself(
    make_polls: MakePolls, cluster: Cluster
) -> None:
    """Without a word in the configuration it is refused, and said so."""
    with pytest.raises(ProbeError) as caught:
        await make_polls(PROBE, url=cluster.url, token=LOGIN)[""]()

    assert caught.value.code == "tls_self_signed"


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"url": "https://pve.lan:8006"},
        {"url": "https://pve.lan:8006", "token": "1234"},
        {"url": "ftp://pve.lan", "token": LOGIN},
        {"url": [], "token": LOGIN},
        {"stats_url": "http://pve.lan", "storage_percent": {"warn": 90, "crit": 80}},
    ],
)
def test_wrong_sections_are_refused(make_polls: MakePolls, section: dict[str, Any]) -> None:
    """A section must say where Proxmox is, and how to log in."""
    with pytest.raises(vol.Invalid):
        make_polls(PROBE, **section)


# proxmox-stats

_HEALTH = "/api/metrics/health-summary"
_PAYLOAD = {
    "status": "warn",
    "issues": [
        {"kind": "ct_disk_high", "vmid": 111, "name": "dashboards", "usage_percent": 91.65},
        "not an object",
    ],
}


@asynccontextmanager
async def stats(answer: Any, path: str = _HEALTH) -> AsyncIterator[tuple[Box, str]]:
    """Serve `proxmox-stats`; what is yielded is the service and its address."""
    box = Box({path: answer}, {})
    async with box.serving() as address:
        yield box, address


async def test_the_documented_path_is_added(make_polls: MakePolls) -> None:
    """An address without a path is the service's base."""
    async with stats(_PAYLOAD) as (box, address):
        reading = await make_polls(PROBE, stats_url=f"{address}/")[""]()

    assert box.asked == [f"GET {_HEALTH}"]
    assert reading.status is ReadingStatus.WARN
    assert [dict(issue.data) for issue in reading.issues] == [
        {"kind": "ct_disk_high", "vmid": 111, "name": "dashboards", "usage_percent": 91.65}
    ]
    assert reading.issues[0].message == "ct disk high 111 dashboards: 91.65 %"


async def test_an_address_with_a_path_is_used_as_it_is(make_polls: MakePolls) -> None:
    """Older versions of the service answer elsewhere."""
    async with stats(_PAYLOAD, "/api/health/summary?full=1") as (box, address):
        await make_polls(PROBE, stats_url=f"{address}/api/health/summary?full=1")[""]()

    assert box.asked == ["GET /api/health/summary?full=1"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ok", ReadingStatus.OK),
        ("crit", ReadingStatus.CRIT),
        ("OK", ReadingStatus.OK),
        ("unknown", ReadingStatus.UNKNOWN),
        ("splendid", ReadingStatus.UNKNOWN),
        (None, ReadingStatus.UNKNOWN),
        (7, ReadingStatus.UNKNOWN),
    ],
)
def test_a_status_that_nobody_knows_is_unknown(word: Any, expected: ReadingStatus) -> None:
    """Nothing is guessed."""
    assert stats_reading({"status": word, "issues": None}).status is expected


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (status(500), "http_status"),
        (status(404, body={"status": "ok"}), "http_status"),
        (status(200, body=[]), "invalid_response"),
        (status(200, body={"status": "unavailable"}), "unavailable"),
        (status(200, body={"status": "ok", "error": "no token"}), "unavailable"),
        (raw(b"<html>"), "invalid_response"),
        (reset, "connection_closed"),
    ],
)
async def test_a_failed_poll_says_why(make_polls: MakePolls, answer: Any, code: str) -> None:
    """Whatever it is, the last good payload is left alone."""
    async with stats(answer) as (_, address):
        poll = make_polls(PROBE, stats_url=address, stats_timeout_s=60)[""]
        with pytest.raises(ProbeError) as caught:
            await poll()

    assert caught.value.code == code


async def test_stats_that_hang_are_given_up(make_polls: MakePolls) -> None:
    """The time-out of the setting holds."""
    async with stats(hang) as (_, address):
        poll = make_polls(PROBE, stats_url=address, stats_timeout_s=0.5)[""]
        with pytest.raises(ProbeError) as caught:
            await poll()

    assert caught.value.code == "timeout"


# Parsers

_DETAILS: list[Any] = [
    [DRIVE, POOL, TASK, {"vmid": 100, "name": "router"}, *log(*_LOST_111)],
    STATUS,
]


@given(
    odd_documents(RESOURCES) | ODD,
    odd_documents(CLUSTER) | ODD,
    odd_documents(*_DETAILS) | ODD,
)
def test_parsers_take_whatever_comes(resources: Any, cluster: Any, details: Any) -> None:
    """Whatever the API says, there is a reading, and it can be stored and sent anywhere."""
    found = read_resources(resources)
    node = NodeDetails(
        at_ms=0,
        status=read_node_status(details),
        drives=read_drives(details),
        pools=read_pools(details),
        backups=tuple(
            replace(run, guests=read_results(details, 1000)) for run in read_backups(details, "pve")
        ),
    )
    state = ProxmoxState(
        resources=found,
        cluster=read_cluster(cluster),
        details={each.name: node for each in found.nodes},
        unsaved=read_unsaved(details),
    )
    issues = judge_cluster(state, ProxmoxLimits(), ("nas",), NOW_S * 1000)

    reading = cluster_reading(state, issues, frozenset())

    kept = [reading.data, dict(reading.values), [dict(issue.data) for issue in reading.issues]]
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()


@given(odd_documents(_PAYLOAD, {**_PAYLOAD, "status": "crit"}))
def test_stats_take_whatever_comes(answer: dict[str, Any]) -> None:
    """Whatever the service says of its issues, there is a reading."""
    reading = stats_reading({"status": "ok", **answer})

    kept = [dict(issue.data) for issue in reading.issues]
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
