"""The nvme probe with drives that answer, refuse, hang, vanish and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
import errno
import json
from pathlib import Path
import re
from threading import Event
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.clients.sysfs_drives import Places
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.parts.drive_judge import ISSUES
from opsmonitor.parts.drive_reader import NO_PERMISSION, Ways
from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.nvme import PROBE, DriveWatch
from opsmonitor.util.clock import FakeClock, iso_utc
from tests.daemon.drives import (
    Kernel,
    health_log,
    install,
    plug_in_disk,
    plug_in_nvme,
    put,
    sample,
)

_DAY_S = 86_400


class House:
    """A machine with drives."""

    def __init__(self, root: Path, context: ProbeContext) -> None:
        """Begin without drives, and with the right to read their health."""
        self.root = root
        self.context = context
        self.kernel = Kernel(health_log())
        self.timeout_s = 20.0

    def watch(self, **keys: Any) -> DriveWatch:
        """Return the probe as the configuration's keys make it."""
        options = PROBE.options(**vol.Schema(dict(PROBE.schema))(keys))
        ways = Ways(
            places=Places(sys=self.root / "sys", dev=self.root / "dev"),
            timeout_s=self.timeout_s,
            sudo=options.sudo,
            ioctl=self.kernel,
            path=f"{self.root / 'bin'}",
        )
        return DriveWatch(options, self.context, ways)

    def program(self, name: str, output: str) -> Path:
        """Install a program that prints something."""
        return install(self.root / "bin", name, output)

    def calls(self, name: str) -> list[str]:
        """Return how a program was called."""
        return (self.root / "bin" / f"{name}.calls").read_text("utf-8").splitlines()


@pytest.fixture
def house(tmp_path: Path, context: ProbeContext) -> House:
    """Return a machine without drives."""
    return House(tmp_path, context)


def drives(reading: Reading) -> dict[str, Any]:
    """Return the drives of a reading by name, as JSON has them."""
    found: list[dict[str, Any]] = json.loads(json.dumps(reading.data))["drives"]
    return {each["name"]: each for each in found}


def json_copy(reading: Reading) -> Reading:
    """Return a reading as it comes back from the store."""
    return replace(reading, data=json.loads(json.dumps(reading.data)))


async def test_a_machine_without_drives(house: House) -> None:
    """That is no mistake: it is unsupported, and says why."""
    reading = await house.watch().poll()

    assert reading.status is ReadingStatus.UNSUPPORTED
    assert reading.data == {"drives": [], "drive_count": 0, "past_wear": []}
    assert reading.note is not None
    assert "no NVMe, SATA or SAS drive was found" in reading.note


async def test_a_drive_whose_health_may_be_read(house: House) -> None:
    """The kernel's files and the drive's log together tell all there is."""
    plug_in_nvme(house.root)

    reading = await house.watch().poll()

    drive = drives(reading)["nvme0"]
    assert (drive["verdict"], drive["source"], drive["state"]) == ("ok", "ioctl", "read")
    assert (drive["model"], drive["serial"]) == ("Example NVMe 1TB", "SN-nvme0")
    assert (drive["temperature_c"], drive["temperature_crit_c"]) == (41, 84.8)
    assert drive["written_bytes"] == 20_480_000_000_000
    assert reading.status is ReadingStatus.OK
    assert reading.values["nvme0.wear_percent"] == 7
    assert reading.values["nvme0.health_percent"] == 93
    assert reading.values["nvme0.verdict"] == "ok"


async def test_the_page_shows_what_the_api_does(house: House) -> None:
    """Its example of a drive has the same keys."""
    page = (Path(__file__).parents[3] / "docs" / "probes.md").read_text("utf-8")
    block = re.search(r"One of `drives`.*?```json\n(.*?)```", page, re.DOTALL)
    assert block is not None
    plug_in_nvme(house.root)

    drive = drives(await house.watch().poll())["nvme0"]

    assert json.loads(block[1]).keys() == drive.keys()
    assert {each for each in ISSUES if f"`{each}`" not in page} == set()


@pytest.mark.parametrize(
    ("log", "kinds", "status"),
    [
        ({"warning": 1, "spare": 5}, ["critical_warning", "spare_low"], "crit"),
        ({"warning": 8}, ["critical_warning"], "crit"),
        ({"warning": 2}, ["critical_warning"], "warn"),
        ({"warning": 64}, ["critical_warning"], "warn"),
        ({"kelvin": 273 + 82}, ["temperature_high"], "warn"),
        ({"kelvin": 273 + 85}, ["temperature_high"], "crit"),
        ({"wear": 80}, ["wear_high"], "warn"),
        ({"wear": 130}, ["wear_high"], "crit"),
        ({"media_errors": 7}, ["media_errors"], "warn"),
    ],
)
async def test_a_drive_that_is_not_well(
    house: House, log: dict[str, int], kinds: list[str], status: str
) -> None:
    """Each trouble has a name, a sentence and a weight."""
    plug_in_nvme(house.root)
    house.kernel.log = health_log(**log)

    reading = await house.watch().poll()

    assert [each.kind for each in reading.issues] == kinds
    assert reading.status.value == status
    assert drives(reading)["nvme0"]["verdict"] == status
    assert len(drives(reading)["nvme0"]["reasons"]) == len(kinds)


async def test_limits_can_be_set(house: House) -> None:
    """Who lives with three unreadable blocks says so; who wants it cooler, too."""
    plug_in_nvme(house.root)
    house.kernel.log = health_log(media_errors=3)

    reading = await house.watch(media_errors={"warn": 10}, temperature_c={"crit": 40}).poll()

    assert [(each.kind, each.message) for each in reading.issues] == [
        ("temperature_high", "nvme0: temperature of 41 °C (limit 40)")
    ]


async def test_issues_can_be_ignored(house: House) -> None:
    """Of all drives, or of the one whose trouble is known."""
    for name in ("nvme0", "nvme1"):
        plug_in_nvme(house.root, name)
    house.kernel.log = health_log(media_errors=3, wear=90)

    reading = await house.watch(ignore=["wear_high", "media_errors:nvme1"]).poll()

    assert [each.message for each in reading.issues] == ["nvme0: unreadable blocks: 3 (limit 1)"]
    assert drives(reading)["nvme1"]["verdict"] == "ok"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
async def test_a_missing_permission_is_no_failed_drive(house: House, number: int) -> None:
    """The temperature needs none and is there; the remedy is named."""
    plug_in_nvme(house.root)
    house.kernel.error = number

    reading = await house.watch().poll()

    drive = drives(reading)["nvme0"]
    assert (drive["state"], drive["temperature_c"], drive["wear_percent"]) == ("partly", 41, None)
    assert drive["note"] == reading.note == NO_PERMISSION
    assert reading.status is ReadingStatus.OK
    assert reading.issues == ()


async def test_a_container_sees_drives_but_not_their_devices(house: House) -> None:
    """They are not gone; what is known without their devices is shown."""
    plug_in_nvme(house.root)
    plug_in_disk(house.root, "sda")
    for name in ("nvme0", "sda"):
        (house.root / "dev" / name).unlink()
    house.program("smartctl", sample("smartctl_no_permission.json"))

    reading = await house.watch().poll()

    states = {name: each["state"] for name, each in drives(reading).items()}
    assert states == {"nvme0": "partly", "sda": "unsupported"}
    assert reading.issues == ()
    assert reading.note is not None
    assert "its device file is not here" in reading.note


async def test_an_old_smartctl_does_not_hide_what_is_missing(house: House) -> None:
    """The permission is what is missing; the version of a program is not."""
    plug_in_nvme(house.root)
    house.kernel.error = errno.EACCES
    house.program("smartctl", "smartctl 6.6 2017-11-05")

    reading = await house.watch().poll()

    assert (drives(reading)["nvme0"]["state"], reading.note) == ("partly", NO_PERMISSION)


async def test_nothing_may_be_read_at_all(house: House) -> None:
    """Without even a temperature it is unknown how the drive is."""
    put(house.root / "sys/class/nvme/nvme0", model="Example")
    put(house.root / "dev", nvme0="")
    house.kernel.error = errno.EACCES

    reading = await house.watch().poll()

    assert drives(reading)["nvme0"]["state"] == "no_permission"
    assert reading.status is ReadingStatus.UNKNOWN
    assert reading.note == NO_PERMISSION


async def test_smartctl_helps_where_the_kernel_does_not(house: House) -> None:
    """By sudo if that is allowed; what only the kernel knows is kept."""
    plug_in_nvme(house.root)
    house.kernel.error = errno.EACCES
    house.program("smartctl", sample("smartctl_nvme.json"))
    sudo = house.root / "bin" / "sudo"
    sudo.write_text(f'#!/bin/sh\necho "called: $*" >> {sudo}.calls\nshift\nexec "$@"\n', "utf-8")
    sudo.chmod(0o755)

    drive = drives(await house.watch(sudo=True).poll())["nvme0"]

    assert (drive["source"], drive["state"], drive["wear_percent"]) == ("smartctl", "read", 7)
    assert drive["temperature_warn_c"] == 81.8
    assert drive["note"] is None
    assert house.calls("sudo")[0].startswith(f"called: -n {house.root}/bin/smartctl --json=c")


async def test_sudo_that_wants_a_password(house: House) -> None:
    """That is not a drive that cannot be read."""
    plug_in_disk(house.root, "sda")
    house.program("smartctl", sample("smartctl_ssd.json"))
    sudo = house.root / "bin" / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n", "utf-8")
    sudo.chmod(0o755)

    reading = await house.watch(sudo=True).poll()

    assert drives(reading)["sda"]["state"] == "no_permission"
    assert reading.note is not None
    assert reading.note.startswith("sudo does not allow this user")
    assert reading.issues == ()


async def test_nvme_cli_helps_where_smartctl_does_not(house: House) -> None:
    """It is the last way that is tried."""
    plug_in_nvme(house.root)
    house.kernel.error = errno.ENOTTY
    house.program("smartctl", sample("smartctl_no_permission.json"))
    house.program("nvme", sample("nvme_smart_log.json"))

    drive = drives(await house.watch().poll())["nvme0"]

    assert (drive["source"], drive["wear_percent"], drive["serial"]) == ("nvme", 7, "SN-nvme0")


async def test_disks_are_read_by_smartctl(house: House) -> None:
    """A failing disk beside a healthy drive: each has its own verdict, the whole the worse one."""
    plug_in_nvme(house.root)
    plug_in_disk(house.root, "sdb")
    house.program("smartctl", sample("smartctl_hdd_failing.json"))

    reading = await house.watch(
        devices=["/dev/nvme0", {"device": "/dev/sdb", "type": "sat"}]
    ).poll()

    found = drives(reading)
    assert (found["nvme0"]["verdict"], found["sdb"]["verdict"]) == ("ok", "crit")
    assert found["sdb"]["reasons"][0] == "the drive says that it is failing"
    assert reading.status is ReadingStatus.CRIT
    assert house.calls("smartctl")[0].endswith(f"--device sat {house.root}/dev/sdb")


async def test_drives_behind_an_adapter(house: House) -> None:
    """Several have one device; the kernel's word on that is about the adapter's volume."""
    plug_in_disk(house.root, "sda")
    house.program("smartctl", sample("smartctl_ssd.json"))
    devices = [{"device": "/dev/sda", "type": f"megaraid,{n}"} for n in range(2)]
    devices.append({"device": "/dev/bus/0", "type": "megaraid,2"})

    ignored = ["wear_high:sda_megaraid_1", "wear_high:bus_0_megaraid_2"]
    watch = house.watch(devices=devices, wear_percent={"warn": 10}, ignore=ignored)
    found = drives(await watch.poll())

    assert [each["verdict"] for each in found.values()] == ["warn", "ok", "ok"]
    assert list(found) == ["sda_megaraid_0", "sda_megaraid_1", "bus_0_megaraid_2"]
    assert {each["model"] for each in found.values()} == {"Example SSD 500GB"}
    assert min(house.calls("smartctl")).endswith("--device megaraid,0 /dev/sda")


async def test_disks_without_smartctl(house: House) -> None:
    """What is missing is named; the drive is not called bad."""
    plug_in_disk(house.root, "sda")

    reading = await house.watch().poll()

    assert reading.status is ReadingStatus.UNSUPPORTED
    assert reading.note == "its health is read by smartctl: install smartmontools"


async def test_a_sleeping_disk_is_left_asleep(house: House) -> None:
    """Nothing is known of it then, and nothing is wrong."""
    plug_in_disk(house.root, "sda")
    house.program("smartctl", sample("smartctl_asleep.json"))

    reading = await house.watch().poll()

    assert drives(reading)["sda"]["state"] == "asleep"
    assert reading.issues == ()


@pytest.fixture
def stuck(house: House) -> Iterator[Event]:
    """Let the kernel hang for the drive nvme1 until the event is set."""
    release = Event()
    answer = house.kernel

    def ask(descriptor: int, request: int, argument: bytearray) -> int:
        """Hang for one drive."""
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "nvme1":
            release.wait()
        return answer(descriptor, request, argument)

    house.kernel = ask  # type: ignore[assignment]  # a function does as well
    yield release
    release.set()


async def test_a_drive_that_hangs_does_not_hide_the_others(
    house: House, stuck: Event, clock: FakeClock
) -> None:
    """It is named after its time is up, given a rest, and read again when it answers."""
    for name in ("nvme0", "nvme1"):
        plug_in_nvme(house.root, name)
    house.timeout_s = 0.3
    watch = house.watch()

    first = await watch.poll()
    second = await watch.poll()
    stuck.set()
    clock.advance(301)
    await asyncio.sleep(0)
    third = await watch.poll()

    assert {name: each["state"] for name, each in drives(first).items()} == {
        "nvme0": "read",
        "nvme1": "hung",
    }
    assert [(each.kind, each.message) for each in first.issues] == [
        ("drive_hung", "nvme1: the drive has not answered within 0.3 s")
    ]
    assert "given a rest" in second.issues[0].message
    assert drives(third)["nvme1"]["verdict"] == "ok"


async def test_a_drive_that_hangs_keeps_its_last_figures(
    house: House, stuck: Event, clock: FakeClock
) -> None:
    """With the time they are of; nobody compares them as if they were of now."""
    plug_in_nvme(house.root, "nvme1")
    house.timeout_s = 0.3
    watch = house.watch(wear_percent={"warn": 5}, temperature_c={"warn": 40})
    stuck.set()
    first = await watch.poll()
    reads = drives(first)["nvme1"]
    read_ts = iso_utc(clock.now_ms())
    clock.advance(60)
    stuck.clear()

    for _ in range(2):
        reading = await watch.poll()

        hung = drives(reading)["nvme1"]
        assert (hung["state"], hung["figures_ts"]) == ("hung", read_ts)
        for key in ("wear_percent", "temperature_c", "media_errors", "wear_out", "serial"):
            assert hung[key] == reads[key] is not None
        assert [each.kind for each in reading.issues] == ["drive_hung", "wear_high"]
        assert set(reading.values) == {"drive_count", "nvme1.verdict"}
    assert [each.kind for each in first.issues] == ["temperature_high", "wear_high"]
    assert reads["figures_ts"] is None


async def test_a_drive_that_smartctl_cannot_open_keeps_its_last_figures(house: House) -> None:
    """It may be the very failure that was told of; another drive does not inherit them."""
    plug_in_disk(house.root, "sda")
    house.program("smartctl", sample("smartctl_hdd_failing.json"))
    watch = house.watch()
    first = await watch.poll()
    error = {"smartctl": {"exit_status": 2, "messages": [{"string": "input/output error"}]}}
    house.program("smartctl", json.dumps(error))

    second = await watch.poll()
    house.program("smartctl", json.dumps({**error, "serial_number": "another"}))
    third = await watch.poll()

    before, after = drives(first)["sda"], drives(second)["sda"]
    assert (after["state"], after["verdict"]) == ("error", "crit")
    assert after["power_on_h"] == before["power_on_h"] is not None
    assert drives(third)["sda"]["power_on_h"] is None


async def test_a_drive_that_vanishes_and_comes_back(house: House) -> None:
    """It is told as gone, keeps its name, and is well again when it is back."""
    folder = plug_in_nvme(house.root)
    watch = house.watch()
    first = await watch.poll()
    folder.rename(folder.with_name("unplugged"))

    gone = await watch.poll()
    still_gone = await watch.poll()
    folder.with_name("unplugged").rename(folder)
    back = await watch.poll()

    assert first.events == ()
    assert [each.kind for each in gone.events] == ["drive_gone"]
    assert [each.kind for each in gone.issues] == ["drive_gone"]
    assert drives(gone)["nvme0"]["model"] == "Example NVMe 1TB"
    assert still_gone.events == ()
    assert [each.kind for each in back.events] == ["drive_back"]
    assert back.status is ReadingStatus.OK


async def test_another_drive_in_its_place(house: House) -> None:
    """Its counters are its own: they did not grow."""
    plug_in_nvme(house.root)
    watch = house.watch()
    await watch.poll()
    put(house.root / "sys/class/nvme/nvme0", serial="another")
    house.kernel.log = health_log(media_errors=5)

    assert [each.kind for each in (await watch.poll()).events] == ["drive_replaced"]


async def test_disks_that_smartctl_may_not_open(house: House) -> None:
    """The remedy is the same as for NVMe drives."""
    plug_in_disk(house.root, "sda")
    house.program("smartctl", sample("smartctl_no_permission.json"))

    reading = await house.watch().poll()

    assert drives(reading)["sda"]["state"] == "no_permission"
    assert reading.note == NO_PERMISSION


async def test_a_usb_drive_may_be_taken_away(house: House) -> None:
    """That it is gone is told once; it is no trouble, and the next poll does not miss it."""
    real = house.root / "sys/devices/pci0000:00/usb2/2-1/host6/block/sda"
    plug_in_disk(house.root, "sda").rename(put(real.parent) / "sda")
    (house.root / "sys/block/sda").symlink_to(real)
    watch = house.watch()
    await watch.poll()
    (house.root / "sys/block/sda").unlink()

    gone = await watch.poll()
    later = await watch.poll()

    assert [each.kind for each in gone.events] == ["drive_gone"]
    assert gone.issues == ()
    assert later.data == {"drives": [], "drive_count": 0, "past_wear": []}


async def test_growing_errors_are_events(house: House) -> None:
    """What matters is not that there are some, but that there are more."""
    plug_in_nvme(house.root)
    house.kernel.log = health_log(media_errors=7)
    watch = house.watch()
    await watch.poll()
    house.kernel.log = health_log(media_errors=9)

    reading = await watch.poll()

    assert [(each.kind, each.message) for each in reading.events] == [
        ("drive_media_errors", "nvme0: 9 unreadable blocks, 2 more than before")
    ]


async def test_wear_is_foreseen_from_history(house: House, clock: FakeClock) -> None:
    """1 % in 30 days from 10 % on: the rest lasts for 2700 days from the latest change."""
    plug_in_nvme(house.root)
    watch = house.watch()
    readings: list[Reading] = []
    for wear in (7, 8, 9, 10):
        house.kernel.log = health_log(wear=wear)
        readings.append(await watch.poll())
        clock.advance(30 * _DAY_S)

    last = drives(readings[-1])["nvme0"]

    assert drives(readings[0])["nvme0"]["wear_out"]["basis"] == "lifetime"
    assert (last["wear_out"]["basis"], last["wear_out"]["days"]) == ("history", 2700)
    assert readings[-1].values["nvme0.wear_out_days"] == 2700
    assert [each["wear_percent"] for each in last["wear_history"]] == [7, 8, 9, 10]


async def test_drives_can_be_chosen(house: House) -> None:
    """By `ignore`, or by `devices`: a list, or text with commas; a namespace is its drive."""
    for name in ("nvme0", "nvme1"):
        plug_in_nvme(house.root, name)

    assert set(drives(await house.watch(ignore=["/dev/nvme1"]).poll())) == {"nvme0"}
    assert set(drives(await house.watch(devices=["/dev/nvme1n1"]).poll())) == {"nvme1"}

    reading = await house.watch(devices="/dev/nvme1, /dev/nvme8").poll()
    assert {name: each["state"] for name, each in drives(reading).items()} == {
        "nvme1": "read",
        "nvme8": "gone",
    }


async def test_the_history_of_wear_survives_a_restart(house: House, clock: FakeClock) -> None:
    """It is in the reading that is kept; another drive in the same place does not inherit it."""
    plug_in_nvme(house.root)
    before = await house.watch().poll()
    clock.advance(40 * _DAY_S)
    house.context = replace(house.context, known={"": before})
    house.kernel.log = health_log(wear=8)

    reading = await house.watch().poll()
    put(house.root / "sys/class/nvme/nvme0", serial="another")
    exchanged = await house.watch().poll()

    history = drives(reading)["nvme0"]["wear_history"]
    assert [each["wear_percent"] for each in history] == [7, 8]
    assert len(drives(exchanged)["nvme0"]["wear_history"]) == 1


async def test_the_history_of_wear_survives_a_drive_that_is_away(
    house: House, clock: FakeClock
) -> None:
    """Over any number of restarts: one poll that sees it not, or not who it is, erases nothing."""
    for name in ("nvme0", "nvme1"):
        plug_in_nvme(house.root, name)
    folder = house.root / "sys/class/nvme"
    reading = await house.watch().poll()
    clock.advance(60 * _DAY_S)

    house.kernel.error = errno.EACCES
    (folder / "nvme0/serial").unlink()
    (folder / "nvme1").rename(house.root / "nvme1")
    for _ in range(2):
        house.context = replace(house.context, known={"": json_copy(reading)})
        reading = await house.watch().poll()
    blind = drives(reading)
    (folder / "nvme0").rename(house.root / "nvme0")
    house.context = replace(house.context, known={"": json_copy(reading)})
    empty = await house.watch().poll()
    for name in ("nvme0", "nvme1"):
        plug_in_nvme(house.root, name)
    house.kernel = Kernel(health_log(wear=8))
    house.context = replace(house.context, known={"": json_copy(empty)})
    back = await house.watch().poll()

    assert {name: each["wear_history"] for name, each in blind.items()} == {"nvme0": []}
    assert empty.data["drives"] == []
    for each in drives(back).values():
        assert [point["wear_percent"] for point in each["wear_history"]] == [7, 8]
    assert back.data["past_wear"] == []


async def test_the_wear_of_past_drives_is_bounded(house: House) -> None:
    """Those that were seen last are remembered."""
    history = [{"date": "2026-01-01", "wear_percent": 1.0}]
    many = [{"drive": f"SN-{n}", "wear_history": history} for n in range(100)]
    house.context = replace(house.context, known={"": Reading(data={"past_wear": many})})

    reading = await house.watch().poll()

    assert reading.data["past_wear"] == many[-64:]


@pytest.mark.parametrize(
    "keys",
    [
        {"devices": ["/dev/vda"]},
        {"devices": "/dev/nvme0, /dev/vda"},
        {"devices": 5},
        {"ignore": ["media_eror:nvme0"]},
        {"ignore": ["media_errors:vda"]},
        {"ignore": ["everything"]},
        {"devices": [{"type": "sat"}]},
        {"wear_percent": {"warn": 95, "crit": 80}},
        {"temperature_c": {"warn": 0}},
        {"sudo": "yes"},
    ],
)
def test_what_is_refused(keys: dict[str, Any]) -> None:
    """Mistakes are told when the configuration is read."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(PROBE.schema))(keys)
