"""Whatever the kernel's files hold, reading them never fails."""

from __future__ import annotations

import math

from hypothesis import given, strategies as st
import pytest

from opsmonitor.parts import host_facts
from opsmonitor.parts.host_counters import disk_rates, net_rates, parse_diskstats, parse_net_dev
from opsmonitor.parts.host_cpu import parse_stat, usage
from opsmonitor.parts.host_limits import container_kind, parse_limits
from opsmonitor.parts.host_memory import memory, parse_arcstats, parse_table
from opsmonitor.parts.host_mounts import parse_mounts, value_name, worth_watching
from opsmonitor.parts.host_pressure import parse_pressure
from tests.daemon.probes.machine import (
    ARCSTATS,
    DISKSTATS,
    LATER_STAT,
    MEMINFO,
    MOUNTINFO,
    NET_DEV,
    STAT,
)

_WORDS = st.sampled_from(
    [
        "0",
        "-1",
        "1" * 30,
        "9" * 5000,
        "nan",
        "inf",
        "\u0661",
        "x",
        "",
        " ",
        "\n",
        ":",
        "-",
        "=",
        "\0",
    ]
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """Return a text in which a few words were replaced, lost or repeated."""
    words = text.replace("\n", " \n ").split(" ")
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(words) - 1))
        words[at : at + 1] = draw(st.lists(_WORDS, max_size=3)) or ["7"]
    return " ".join(words)


@given(damaged(STAT), damaged(LATER_STAT))
def test_processors(before: str, after: str) -> None:
    """Shares are between 0 and 100, whatever was counted."""
    found = usage(parse_stat(before), parse_stat(after))

    for share in (found.percent, found.iowait_percent, found.steal_percent, *found.cores):
        assert share is None or 0 <= share <= 100


@given(damaged(MEMINFO), damaged(ARCSTATS), st.integers(0, 10**12), st.integers(0, 10**12))
def test_memory(meminfo: str, arc: str, limit: int, current: int) -> None:
    """What is used is never below nothing."""
    for found in (
        memory(parse_table(meminfo), arc=parse_arcstats(arc)),
        memory(parse_table(meminfo), limit=limit, current=current),
    ):
        assert found.used is None or found.used >= 0
        assert found.percent is None or math.isfinite(found.percent)
        assert found.swap_percent is None or 0 <= found.swap_percent <= 100


@given(damaged(DISKSTATS), damaged(DISKSTATS), damaged(NET_DEV), st.floats(0, 1e6))
def test_counters(before: str, after: str, net: str, elapsed_s: float) -> None:
    """Rates are never below nothing."""
    disks = disk_rates(parse_diskstats(before), parse_diskstats(after), elapsed_s)
    moved = net_rates(parse_net_dev(NET_DEV), parse_net_dev(net), elapsed_s)

    assert all(rate.read_bytes_per_s >= 0 and rate.busy_percent <= 100 for rate in disks.values())
    assert all(rate.send_bytes_per_s >= 0 for rate in moved.values())


@given(damaged(MOUNTINFO))
def test_mounts(text: str) -> None:
    """Each mount is told once, and every group has one that names it."""
    mounts = parse_mounts(text)

    assert len({mount.point for mount in mounts}) == len(mounts)
    assert all(worth_watching(mounts))


@given(st.text(), st.sets(st.text()))
def test_names_of_values(point: str, taken: set[str]) -> None:
    """They are never empty, never twice the same, and have no dot."""
    name = value_name(point, taken)

    assert name
    assert name not in taken
    assert "." not in name


@given(st.text() | damaged("some avg10=0.12 avg60=0.05 avg300=0.01 total=123\n"))
def test_pressure(text: str) -> None:
    """Shares are between 0 and 100."""
    for windows in parse_pressure(text).values():
        assert all(0 <= share <= 100 for share in windows.values())


_CGROUP = st.sampled_from(["memory.max", "memory.current", "memory.stat", "cpu.max", "cpu.stat"])


@given(st.dictionaries(_CGROUP, st.text() | _WORDS), st.text(), st.text())
def test_containers(files: dict[str, str], environment: str, cgroup: str) -> None:
    """Limits are above nothing, or not known."""
    found = parse_limits(files)

    assert found.cores is None or found.cores > 0
    container_kind(marks={}, systemd=None, environment=environment, cgroup=cgroup)


@given(st.text())
def test_facts(text: str) -> None:
    """Names, loads, updates and sessions are told or not, but never fail."""
    host_facts.os_name({"etc/os-release": text})
    host_facts.os_name({"etc/os-release": f"PRETTY_NAME={text}"})
    host_facts.loads(text)
    host_facts.threads(text)
    host_facts.uptime_s(text)
    host_facts.updates({"var/lib/update-notifier/updates-available": text})
    host_facts.users([text, f"USER={text}\nSTATE=active"])


@pytest.mark.parametrize(
    ("marks", "environment", "cgroup", "kind"),
    [
        ({}, "PATH=/bin\0container=lxc\0", "", "lxc"),
        ({"/run/.containerenv": True}, "", "", "podman"),
        ({"/.dockerenv": True}, None, "", "docker"),
        ({}, None, "0::/kubepods/besteffort/pod1", "kubernetes"),
        ({}, None, "0::/user.slice", None),
    ],
)
def test_kinds_of_containers(
    marks: dict[str, bool], environment: str | None, cgroup: str, kind: str | None
) -> None:
    """As systemd-detect-virt tells them."""
    found = container_kind(marks=marks, systemd=None, environment=environment, cgroup=cgroup)

    assert found == kind


def test_limits_of_the_first_version() -> None:
    """A number near 2**63 is no limit, a quota of -1 neither."""
    files = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.usage_in_bytes": "5\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
        "cpuacct/cpuacct.usage": "3000000000\n",
    }
    limited = {**files, "memory/memory.limit_in_bytes": "1000", "cpu/cpu.cfs_quota_us": "50000"}

    assert (parse_limits(files).memory, parse_limits(files).cores) == (None, None)
    assert parse_limits(files).cpu_s == 3.0
    assert (parse_limits(limited).memory, parse_limits(limited).cores) == (1000, 0.5)
