"""Disk checks on real folders, on mounts that are missing, and on one that hangs."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
import re
import threading
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.disk import CHECK, DiskJudge
from opsmonitor.models.check import Verdict
from opsmonitor.util.disk import DiskUsage, Mount, find_mount
from tests.daemon.checks.conftest import MakeProbe

_MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:50 / /mnt rw,relatime - autofs systemd-1 rw,fd=39
31 30 0:51 / /mnt/my\\040nas rw shared:9 master:2 - nfs4 nas:/volume1 rw,vers=4.2
32 30 0:52 / /mnt/my\\040nas rw - cifs //nas/share rw
garbage
"""


def options(**keys: Any) -> Any:
    """Return the options that these keys become."""
    return CHECK.options(**vol.Schema(dict(CHECK.schema))({"path": "/srv", **keys}))


def usage(*, used: int = 50, free: int = 50, inodes: int = 100, inodes_free: int = 90) -> DiskUsage:
    """Return figures of a disk of a hundred bytes, ten of which are the system's."""
    return DiskUsage(
        total=used + free + 10 if used + free else 0,
        used=used,
        free=free,
        inodes=inodes,
        inodes_free=inodes_free,
        is_read_only=False,
        mount=Mount(point="/srv", kind="ext4", source="/dev/sdb1"),
        is_mount_point=True,
        took_ms=0.1,
    )


async def test_a_disk_with_room_is_ok(make_probe: MakeProbe, tmp_path: Path) -> None:
    """The figures are those of the system, and can be written as JSON."""
    probe = make_probe(CHECK, path=str(tmp_path), used_percent=None, inodes_percent=None)

    outcome = await probe()

    figures = os.statvfs(tmp_path)
    assert outcome.verdict is Verdict.OK
    assert outcome.data["total_bytes"] == figures.f_blocks * figures.f_frsize
    assert outcome.latency_ms is not None
    assert json.dumps(dict(outcome.data))


async def test_a_full_disk_fails(make_probe: MakeProbe) -> None:
    """At the limit is beyond it."""
    outcome = await make_probe(CHECK, path="/", used_percent={"crit": 0})()

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code == "disk_full"
    assert outcome.error is not None
    assert outcome.error.startswith("used space of /: ")
    assert outcome.error.endswith("the limit is 0.0 %")


@pytest.mark.parametrize(
    ("keys", "verdict", "error"),
    [
        ({}, Verdict.OK, None),
        (
            {"used_percent": {"warn": 50, "crit": 51}},
            Verdict.DEGRADED,
            "used space of /srv: 50.0 %, the limit is 50.0 %",
        ),
        (
            {"used_percent": {"warn": 10, "crit": 50}},
            Verdict.FAIL,
            "used space of /srv: 50.0 %, the limit is 50.0 %",
        ),
        ({"free": {"warn": "49 B"}}, Verdict.OK, None),
        (
            {"free": {"warn": "1 kB", "crit": 10}},
            Verdict.DEGRADED,
            "free space of /srv: 50 B, the limit is 1.0 kB",
        ),
        (
            {"free": {"crit": "1 KiB"}},
            Verdict.FAIL,
            "free space of /srv: 50 B, the limit is 1.0 kB",
        ),
        (
            {"inodes_percent": {"warn": 10}},
            Verdict.DEGRADED,
            "used inodes of /srv: 10.0 %, the limit is 10.0 %",
        ),
    ],
)
def test_limits(keys: dict[str, Any], verdict: Verdict, error: str | None) -> None:
    """Each limit is judged by itself, the worst speaks; percentages are those of df."""
    outcome = DiskJudge(options(**keys))(usage())

    assert (outcome.verdict, outcome.error) == (verdict, error)


def test_without_inodes_there_is_no_limit_to_them() -> None:
    """File systems such as btrfs have no fixed number."""
    outcome = DiskJudge(options(inodes_percent={"crit": 0}))(usage(inodes=0, inodes_free=0))

    assert outcome.verdict is Verdict.OK


def test_without_a_size_a_limit_cannot_hold() -> None:
    """A file system that tells no size is not taken for an empty one."""
    outcome = DiskJudge(options())(usage(used=0, free=0))

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "size_unknown")


@given(used=st.integers(0, 10**15), free=st.integers(0, 10**15), crit=st.floats(0, 100))
def test_fuller_is_never_better(used: int, free: int, crit: float) -> None:
    """A disk fails exactly when its share of used space reaches the limit."""
    outcome = DiskJudge(options(used_percent={"crit": crit}))(usage(used=used, free=free))

    usable = used + free
    is_full = not usable or 100 * used / usable >= crit
    assert (outcome.verdict is Verdict.FAIL) is is_full


async def test_a_mount_that_is_there(make_probe: MakeProbe) -> None:
    """A path at which something is mounted is shown with what it is."""
    probe = make_probe(CHECK, path="/proc", mount_required=True, used_percent=None)

    outcome = await probe()

    assert outcome.verdict is Verdict.OK
    assert outcome.data["file_system"] == "proc"
    assert [assertion.name for assertion in outcome.assertions] == ["mounted"]


async def test_a_mount_that_is_missing(make_probe: MakeProbe, tmp_path: Path) -> None:
    """An empty folder in a drive's place fails, and the disk beneath is not taken for the drive."""
    probe = make_probe(CHECK, path=str(tmp_path), mount_required=True, used_percent={"crit": 0})

    outcome = await probe()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "mount_missing")
    assert outcome.error == f"nothing is mounted at {tmp_path}"
    assert not outcome.data


@pytest.mark.parametrize(("required", "code"), [(False, "path_missing"), (True, "mount_missing")])
async def test_a_path_that_is_missing(
    make_probe: MakeProbe,
    tmp_path: Path,
    required: bool,  # noqa: FBT001  # a parameter of the test
    code: str,
) -> None:
    """Without even the folder, the drive is missing if one is needed there."""
    probe = make_probe(CHECK, path=str(tmp_path / "away"), mount_required=required)

    outcome = await probe()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.EACCES, "permission_denied", "may not look"),
        (errno.ENOTCONN, "disk_unreadable", "transport endpoint is not connected"),
        (errno.ESTALE, "disk_unreadable", "stale"),
        (errno.EIO, "disk_unreadable", "input/output error"),
    ],
)
async def test_a_disk_that_cannot_be_read(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch, number: int, code: str, words: str
) -> None:
    """A dead drive is told by the system's own words."""

    def refuse(_path: str) -> None:
        """Refuse as the system does."""
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "statvfs", refuse)

    outcome = await make_probe(CHECK, path="/")()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert outcome.error is not None
    assert words in outcome.error


async def test_a_drive_that_hangs_holds_up_nothing_else(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A dead network drive costs its own check the time-out, once and one thread for all runs."""
    release = threading.Event()
    asked: list[str] = []
    real = os.statvfs

    def answer(path: str) -> os.statvfs_result:
        """Hang on one path."""
        asked.append(path)
        if path == "/dead":
            release.wait(60)
        return real("/")

    monkeypatch.setattr(os, "statvfs", answer)
    probe = make_probe(CHECK, path="/dead", timeout_s=0.05)

    outcomes = [await probe(), await probe()]
    other = await make_probe(CHECK, path=str(tmp_path), used_percent=None, inodes_percent=None)()
    release.set()

    assert [outcome.error_code for outcome in outcomes] == ["timeout", "timeout"]
    assert re.match(r"/dead has not answered for \d+ s", str(outcomes[0].error))
    assert other.verdict is Verdict.OK
    assert asked.count("/dead") == 1


@pytest.mark.parametrize(
    ("path", "point", "kind", "source"),
    [
        ("/", "/", "ext4", "/dev/vda1"),
        ("/home/me", "/", "ext4", "/dev/vda1"),
        ("/proc/1", "/proc", "proc", "proc"),
        ("/process", "/", "ext4", "/dev/vda1"),
        ("/mnt", "/mnt", "autofs", "systemd-1"),
        ("/mnt/my nas", "/mnt/my nas", "cifs", "//nas/share"),
        ("/mnt/my nas/films", "/mnt/my nas", "cifs", "//nas/share"),
        ("/mnt/my nas 2", "/mnt", "autofs", "systemd-1"),
    ],
)
def test_finding_the_mount(path: str, point: str, kind: str, source: str) -> None:
    """The deepest mount that holds a path counts, and of two in one place the later one."""
    assert find_mount(_MOUNTS, path) == Mount(point=point, kind=kind, source=source)


def test_without_any_mount() -> None:
    """A list without a root is an error, not a guess."""
    with pytest.raises(OSError, match="nothing is mounted"):
        find_mount("", "/srv")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"path": "srv"}, "begins with /"),
        ({"used_percent": {"warn": 90, "crit": 80}}, "must not be above"),
        ({"used_percent": {"warn": 101}}, "from 0 to 100"),
        ({"used_percent": 90}, "expected warn and crit"),
        ({"free": {"warn": "1 GB", "crit": "2 GB"}}, "must not be below"),
        ({"free": {"warn": "many"}}, "expected a size"),
        ({"free": {"warn": "5 iB"}}, "expected a size"),
        ({"free": {"warn": -1}}, "expected a whole number"),
    ],
)
def test_keys_that_make_no_sense(keys: dict[str, Any], message: str) -> None:
    """Mistakes are told when the configuration is loaded."""
    with pytest.raises(vol.Invalid) as caught:
        options(**keys)

    assert message in str(caught.value)
