"""The host probe: this machine, and machines in a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import os
from pathlib import Path
import threading
from typing import Any

import pytest

from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.parts import host_disks
from opsmonitor.parts.limits import Limits
from opsmonitor.probes import host as probe_module
from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.host import PROBE, HostOptions, HostWatch
from opsmonitor.util.clock import FakeClock
from tests.daemon.probes.machine import ARCSTATS, LATER_STAT, MEMINFO, Machine


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first poll read its counters twice without a pause."""
    monkeypatch.setattr(probe_module, "_FIRST_GAP_S", 0.0)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a plain machine."""
    return Machine(tmp_path)


def context(known: Mapping[str, Reading] | None = None) -> ProbeContext:
    """Return what the probe works with; it asks nobody on the network."""
    nobody: Any = None
    return ProbeContext(clock=FakeClock(), http=nobody, resolver=nobody, known=known or {})


def watch(machine: Machine, **options: Any) -> HostWatch:
    """Return the probe of a machine."""
    return HostWatch(HostOptions(root=machine.root, **options), context())


async def test_this_machine() -> None:
    """Whatever runs the tests has processors, memory and a root file system."""
    reading = await PROBE.compile(HostOptions(), context())[""]()

    data: Any = reading.data
    assert data["hostname"] == os.uname().nodename
    assert data["kernel"] == os.uname().release
    assert 0 < reading.values["memory_percent"] <= 100  # type: ignore[operator]  # it is a number
    assert reading.values["processes"]
    assert data["cpu"]["count"] >= 1


async def test_a_machine_in_figures(machine: Machine) -> None:
    """All that its files say is told, with units in the keys."""
    polls = watch(machine)
    await polls.poll()
    machine.put("proc/stat", LATER_STAT)

    reading = await polls.poll()
    data: Any = reading.data

    assert data["hostname"] == "nas"
    assert data["os"] == "Debian GNU/Linux 12 (bookworm)"
    assert data["kernel"] == "6.1.0-13-amd64"
    assert data["container"] is None
    assert data["uptime_s"] == 3600
    assert data["boot_ts"] == "2023-11-14T21:13:20.000Z"
    assert data["cpu"] == {
        "percent": 45.0,
        "user_percent": 30.0,
        "system_percent": 10.0,
        "iowait_percent": 10.0,
        "steal_percent": 5.0,
        "count": 2,
        "cores_percent": [50.0, 40.0],
    }
    assert data["memory"]["percent"] == 75.0
    assert data["swap"]["percent"] == 25.0
    assert data["load"]["1m_per_core"] == 0.25
    assert data["processes"] == {"total": 2, "threads": 234, "running": 1, "blocked": 0}
    assert data["pressure"] == {
        "memory": {"some": {"avg10": 1.5, "avg60": 2.5, "avg300": 3.0}},
        "cpu": {"some": {"avg10": 1.0, "avg60": 2.0, "avg300": 3.0}},
    }
    assert data["network"]["eth0"]["speed_mbit_per_s"] == 1000
    assert list(data["network"]) == ["eth0"]
    assert data["updates"]["available"] is None
    assert reading.values["pressure.memory_percent"] == 2.5


async def test_mounts_are_told_once(machine: Machine) -> None:
    """A bind mount is no disk of its own, a ZFS pool is one, and virtual ones are none."""
    reading = await watch(machine, ignore_mounts=("/mnt/my disk",)).poll()

    disks: Any = reading.data["disks"]
    assert [disk["mount"] for disk in disks] == ["/", "/mnt/nas", "/tank"]
    assert disks[0]["is_read_only"] is False, "a service sees it mounted once more, read-only"
    assert "disk.mnt_nas.used_percent" in reading.values


async def test_seen_from_a_container(machine: Machine) -> None:
    """Mounts and interfaces are those of the machine's first process, not the container's own."""
    machine.put("proc/1/mountinfo", "27 1 8:1 / /srv rw - ext4 /dev/sda1 rw\n")
    machine.put("proc/1/net/dev", "  wan0: 1 1 0 0 0 0 0 0 2 2 0 0 0 0 0 0\n")
    (machine.root / "srv").mkdir(exist_ok=True)

    data: Any = (await watch(machine).poll()).data

    assert [disk["mount"] for disk in data["disks"]] == ["/srv"]
    assert list(data["network"]) == ["wan0"]


async def test_rates(machine: Machine) -> None:
    """What disks and interfaces moved is told per second; counters that start anew are not."""
    polls = watch(machine)
    await polls.poll()
    machine.put("proc/diskstats", "8 0 sda 100 0 4000 10 50 0 4000 20 0 500 30\n")
    machine.put("proc/net/dev", "  eth0: 10 10 1 2 0 0 0 0 20 20 3 4 0 0 0 0\n")

    reading = await polls.poll()

    assert reading.values["disk_io.sda.read_bytes_per_s"]
    assert reading.values["disk_io.sda.write_bytes_per_s"] == 0
    assert "network.eth0.send_bytes_per_s" not in reading.values


async def test_the_cache_of_zfs_is_not_used_memory(machine: Machine) -> None:
    """All that it would give back counts as available."""
    machine.put("proc/spl/kstat/zfs/arcstats", ARCSTATS)

    reading = await watch(machine).poll()

    memory: Any = reading.data["memory"]
    assert memory["zfs_cache_bytes"] == 5_120_000_000
    assert memory["available_bytes"] == 4_000_000 * 1024 + 5_120_000_000


async def test_limits_of_a_container(machine: Machine) -> None:
    """Memory is that of the limit, without the cache of files; processors are counted in shares."""
    machine.put(".dockerenv", "")
    machine.put("proc/spl/kstat/zfs/arcstats", ARCSTATS)
    machine.put("sys/fs/cgroup/memory.max", "1000000000\n")
    machine.put("sys/fs/cgroup/memory.current", "900000000\n")
    machine.put("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 400000000\n")
    machine.put("sys/fs/cgroup/cpu.max", "150000 100000\n")
    machine.put("sys/fs/cgroup/cpu.stat", "usage_usec 5000000\n")

    reading = await watch(machine).poll()

    data: Any = reading.data
    assert data["container"] == "docker"
    assert data["memory"]["is_container_limit"] is True
    assert data["memory"]["percent"] == 50.0
    assert data["limits"] == {"memory_bytes": 1_000_000_000, "cpu_cores": 1.5, "cpu_percent": 0.0}


async def test_a_container_without_limits(machine: Machine) -> None:
    """`max` is no limit: then the machine's own figures are told."""
    machine.put("run/systemd/container", "lxc\n")
    machine.put("sys/fs/cgroup/memory.max", "max\n")
    machine.put("sys/fs/cgroup/memory.current", "900000000\n")
    machine.put("sys/fs/cgroup/cpu.max", "max 100000\n")

    data: Any = (await watch(machine).poll()).data

    assert data["container"] == "lxc"
    assert data["memory"]["percent"] == 75.0
    assert data["limits"]["memory_bytes"] is None


async def test_sensors(machine: Machine) -> None:
    """A sensor that is asleep is left out, and so are limits that no sensor can mean."""
    chip = "sys/class/hwmon/hwmon0"
    machine.put(f"{chip}/name", "coretemp\n")
    machine.put(f"{chip}/temp1_input", "86500\n")
    machine.put(f"{chip}/temp1_label", "Package id 0\n")
    machine.put(f"{chip}/temp1_max", "80000\n")
    machine.put(f"{chip}/temp1_crit", "65261850\n")
    machine.put(f"{chip}/temp2_input", "")
    machine.put(f"{chip}/fan1_input", "1200\n")

    reading = await watch(machine).poll()

    data: Any = reading.data
    assert data["temperatures"] == [
        {
            "chip": "coretemp",
            "label": "Package id 0",
            "temperature_c": 86.5,
            "high_c": 80.0,
            "critical_c": None,
        }
    ]
    assert data["fans"] == [{"chip": "coretemp", "label": "fan1", "rpm": 1200.0}]
    assert reading.values["temperature_c"] == 86.5
    assert "coretemp Package id 0 has 86 °C" in [issue.message for issue in reading.issues]


async def test_small_boards_tell_by_zones(machine: Machine) -> None:
    """Where no driver tells temperatures, the thermal zones do."""
    machine.put("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    machine.put("sys/class/thermal/thermal_zone0/temp", "51234\n")

    assert (await watch(machine).poll()).values["temperature_c"] == 51.2


async def test_updates_and_reboot(machine: Machine) -> None:
    """They are read from the files that the system keeps anyway."""
    machine.put("run/reboot-required", "*** System restart required ***\n")
    machine.put("run/reboot-required.pkgs", "linux-image\nlibc6\n")
    machine.put(
        "var/lib/update-notifier/updates-available",
        "\n12 updates can be applied immediately.\n5 of these updates are standard security "
        "updates.\n",
    )

    reading = await watch(machine).poll()

    assert reading.data["updates"] == {
        "available": 12,
        "security": 5,
        "reboot_required": True,
        "reboot_packages": ["linux-image", "libc6"],
    }
    assert reading.values["updates"] == 12


async def test_users(machine: Machine) -> None:
    """People are counted once each, greeters and sessions that are over are not."""
    for number, values in enumerate(
        (
            "USER=ann\nCLASS=user\nSTATE=active\n",
            "USER=ann\nCLASS=user\nSTATE=online\n",
            "USER=gdm\nCLASS=greeter\nSTATE=active\n",
            "USER=bob\nCLASS=user\nSTATE=closing\n",
        )
    ):
        machine.put(f"run/systemd/sessions/{number}", values)

    assert (await watch(machine).poll()).data["users"] == ["ann"]


async def test_limits_make_issues(machine: Machine) -> None:
    """The worst comes first, and the reading is as bad as that."""
    reading = await watch(
        machine,
        memory_percent=Limits(warn=70, crit=90),
        swap_percent=Limits(warn=10, crit=20),
        disk_percent=Limits(),
        inodes_percent=Limits(),
    ).poll()

    assert [(issue.kind, issue.status) for issue in reading.issues] == [
        ("swap_high", ReadingStatus.CRIT),
        ("memory_high", ReadingStatus.WARN),
    ]
    assert reading.status is ReadingStatus.CRIT


async def test_a_dead_network_drive_hangs_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as unresponsive, asked by one thread only, and forgiven when it answers."""
    release, calls = threading.Event(), []
    real = os.statvfs

    def statvfs(path: str) -> os.statvfs_result:
        """Hang like a server that is gone."""
        if path.endswith("mnt/nas"):
            calls.append(path)
            release.wait(30)
        return real(path)

    monkeypatch.setattr(os, "statvfs", statvfs)
    monkeypatch.setattr(host_disks, "DEADLINE_S", 1.0)
    polls = watch(machine)

    reading = await polls.poll()
    reading = await polls.poll()
    hung = reading.values["disk.mnt_nas.responsive"]
    kinds = {issue.kind for issue in reading.issues}
    root = reading.values["disk.root.responsive"]
    asked = len(calls)
    release.set()
    monkeypatch.setattr(host_disks, "DEADLINE_S", 10.0)
    async with asyncio.timeout(60):
        while not (await polls.poll()).values["disk.mnt_nas.responsive"]:
            # Polling gives way by itself: it waits for threads.
            pass

    assert hung is False
    assert "disk_unresponsive" in kinds
    assert root is True
    assert asked == 1


async def test_a_reboot_is_an_event(machine: Machine) -> None:
    """Seen by the boot's own id, also when the daemon was started anew with the machine."""
    first = await watch(machine).poll()
    machine.put("proc/sys/kernel/random/boot_id", "second-boot\n")
    again = HostWatch(HostOptions(root=machine.root), context({"": first}))

    event = await again.poll()
    silence = await again.poll()

    assert first.events == ()
    assert [item.kind for item in event.events] == ["reboot"]
    assert silence.events == ()


async def test_the_time_of_the_start_stands_still(machine: Machine) -> None:
    """It wanders with the clock by less than a minute, and is told as it was."""
    made = context()
    polls = HostWatch(HostOptions(root=machine.root), made)
    first = await polls.poll()
    made.clock.advance(30)  # type: ignore[attr-defined]  # it is a FakeClock

    assert (await polls.poll()).data["boot_ts"] == first.data["boot_ts"]


async def test_without_proc(tmp_path: Path) -> None:
    """The error says what to look at."""
    with pytest.raises(ProbeError, match="is it Linux"):
        await HostWatch(HostOptions(root=tmp_path), context()).poll()


async def test_old_kernels(machine: Machine) -> None:
    """Without MemAvailable the free memory and the caches count."""
    machine.put("proc/meminfo", MEMINFO.replace("MemAvailable", "Other"))

    assert (await watch(machine).poll()).values["memory_percent"] == 80.6
