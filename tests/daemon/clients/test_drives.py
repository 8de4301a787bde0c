"""What is understood of the answers of drives, of the kernel and of programs."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from opsmonitor.clients.nvme_cli import parse_nvme
from opsmonitor.clients.nvme_log import parse_smart_log, read_smart_log
from opsmonitor.clients.smartctl import parse_smartctl, read_smartctl, smartctl_arguments
from opsmonitor.clients.sysfs_drives import Places, drive_name, find_drives, read_sysfs
from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.parts.drive_judge import DriveLimits, judge_drive
from opsmonitor.parts.drive_shape import drive_json, drive_values
from tests.daemon.drives import Kernel, health_log, plug_in_disk, plug_in_nvme, put, sample
from tests.daemon.odd import ODD, odd_documents

_HEALTH = {
    "temperature_c": 41,
    "wear_percent": 7,
    "spare_percent": 100,
    "spare_threshold_percent": 10,
    "read_bytes": 10_240_000_000_000,
    "written_bytes": 20_480_000_000_000,
    "power_on_h": 8760,
    "power_cycles": 120,
    "unsafe_shutdowns": 12,
    "media_errors": 0,
    "error_log_entries": 3,
    "critical_warning": 0,
}


def figures(drive: Drive | None) -> dict[str, object]:
    """Return the figures that all ways of reading an NVMe drive tell."""
    return {name: getattr(drive, name) for name in _HEALTH}


def by_smartctl(name: str) -> Drive:
    """Return the drive that a recorded answer of smartctl describes."""
    return parse_smartctl(sample(name), name="x", device="/dev/x")


def by_nvme(name: str) -> Drive | None:
    """Return the drive that a recorded answer of nvme-cli describes."""
    return parse_nvme(sample(name), name="x", device="/dev/x")


def test_all_ways_say_the_same_of_a_drive() -> None:
    """Kelvin, data units and names differ between the ways; what is shown does not."""
    log = parse_smart_log(health_log(), name="nvme0", device="/dev/nvme0")

    assert figures(log) == _HEALTH
    assert figures(by_smartctl("smartctl_nvme.json")) == _HEALTH
    assert figures(by_nvme("nvme_smart_log.json")) == _HEALTH
    assert log.sensors_c == (41.0, 55.0)
    assert by_smartctl("smartctl_nvme.json").sensors_c == (41.0, 55.0)


def test_nvme_cli_may_give_objects_floats_and_text() -> None:
    """The warning as an object means the same as the number; numbers come in three forms."""
    drive = by_nvme("nvme_smart_log_verbose.json")

    assert figures(drive) == {**_HEALTH, "critical_warning": 16}


def test_a_drive_that_does_not_know_its_temperature() -> None:
    """0 Kelvin is no temperature."""
    assert parse_smart_log(health_log(kelvin=0), name="x", device="x").temperature_c is None
    by_program = parse_nvme('{"temperature": 0, "percent_used": 1}', name="x", device="x")
    assert by_program is not None
    assert by_program.temperature_c is None


def test_wear_above_100_is_kept() -> None:
    """A drive may outlive what it was made for: its health is 0 then, not negative."""
    drive = parse_smart_log(health_log(wear=130), name="nvme0", device="/dev/nvme0")
    status, issues = judge_drive(drive, DriveLimits())

    assert drive.wear_percent == 130
    assert drive_json(drive, status, issues, None)["health_percent"] == 0


def test_the_command_asks_for_the_health_log(tmp_path: Path) -> None:
    """Get Log Page 02h of the whole drive, 512 bytes, into our buffer."""
    device = put(tmp_path, nvme0="") / "nvme0"
    kernel = Kernel(health_log())

    assert read_smart_log(str(device), kernel) == health_log()

    command = kernel.commands[0]
    assert kernel.requests == [0xC0484E41]
    assert (command[0], command[3], command[9], command[10]) == (2, 0xFFFFFFFF, 512, 0x007F0002)


def test_a_refusal_of_the_drive_is_an_error(tmp_path: Path) -> None:
    """The status of the drive is not taken for an empty log."""
    device = put(tmp_path, nvme0="") / "nvme0"

    with pytest.raises(OSError, match="refused to show its health log"):
        read_smart_log(str(device), Kernel(health_log(), status=0x4002))
    with pytest.raises(OSError, match="refused by the test"):
        read_smart_log(str(device), Kernel(error=errno.EACCES))
    with pytest.raises(OSError, match="empty"):
        parse_smart_log(bytes(512), name="x", device="x")


def test_a_solid_state_drive() -> None:
    """Attributes become figures: the normalised value is what is left, packed values are cut."""
    drive = by_smartctl("smartctl_ssd.json")

    assert drive.kind is DriveKind.SATA
    assert drive.is_rotating is False
    assert (drive.wear_percent, drive.written_bytes) == (12, 1_024_000_000_000)
    assert (drive.temperature_c, drive.power_on_h, drive.crc_errors) == (30, 21000, 2)
    assert drive.self_test_failed is False
    assert drive.is_passing is True


@pytest.mark.parametrize(
    ("results", "failed"),
    [
        ([0], False),
        ([7, 0], True),
        ([1, 15, 0], False),
        ([1], None),
        ([], None),
        ([None, "x"], None),
    ],
)
def test_the_latest_self_test_of_an_nvme_drive(*, results: list[Any], failed: bool | None) -> None:
    """One that was broken off says nothing; the one before it does."""
    found = json.loads(sample("smartctl_nvme.json"))
    found["nvme_self_test_log"] = {"table": [{"self_test_result": {"value": n}} for n in results]}

    assert read_smartctl(found, name="nvme0", device="/dev/nvme0").self_test_failed is failed


def test_attributes_of_an_unknown_model_are_no_figures() -> None:
    """Where smartmontools does not know the model, their names are guesses: wear is unknown."""
    found = json.loads(sample("smartctl_ssd.json"))
    found["in_smartctl_database"] = False

    drive = read_smartctl(found, name="sda", device="/dev/sda")

    assert (drive.wear_percent, drive.written_bytes, drive.reallocated_sectors) == (None, None, 0)


def test_a_failing_disk_is_called_failing() -> None:
    """Whatever smartctl's exit code is, all that it says is read."""
    drive = by_smartctl("smartctl_hdd_failing.json")
    status, issues = judge_drive(drive, DriveLimits())

    assert status.value == "crit"
    assert [(each.kind, each.status.value) for each in issues] == [
        ("drive_failing", "crit"),
        ("attribute_failing", "crit"),
        ("attribute_failing", "warn"),
        ("self_test_failed", "warn"),
        ("media_errors", "warn"),
        ("reallocated_sectors", "warn"),
        ("pending_sectors", "warn"),
    ]


def test_a_sas_drive() -> None:
    """Defects and uncorrected errors are told under the same names as those of other drives."""
    drive = by_smartctl("smartctl_sas.json")

    assert drive.kind is DriveKind.SAS
    assert (drive.reallocated_sectors, drive.media_errors) == (56, 1)
    assert (drive.temperature_c, drive.temperature_crit_c) == (31, 60)
    assert (drive.written_bytes, drive.model) == (806_827_000_000, "EXAMPLE SAS600")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("smartctl_no_permission.json", DriveState.NO_PERMISSION),
        ("smartctl_asleep.json", DriveState.ASLEEP),
        ("smartctl_unknown_adapter.json", DriveState.UNSUPPORTED),
        ("smartctl_virtual.json", DriveState.UNSUPPORTED),
    ],
)
def test_why_smartctl_says_nothing(name: str, state: DriveState) -> None:
    """A missing right, a sleeping disk and a virtual one are told apart, and none is failing."""
    drive = by_smartctl(name)

    assert drive.state is state
    assert judge_drive(drive, DriveLimits())[1] == ()


@pytest.mark.parametrize(
    ("found", "state", "note"),
    [
        ({"smart_support": {"available": True, "enabled": False}}, "unsupported", "switched off"),
        ({"smartctl": {"exit_status": 2}}, "error", "could not open the drive"),
        ({"smartctl": {"messages": [{"string": "odd"}]}}, "error", "odd"),
        (
            {"smartctl": {"messages": [{"string": "/dev/x: No such device"}]}},
            *("gone", "not there any more"),
        ),
        ({"device": {"name": "/dev/x"}}, "unsupported", "learnt nothing"),
    ],
)
def test_what_else_smartctl_may_say(found: dict[str, Any], state: str, note: str) -> None:
    """Each has a sentence for people."""
    drive = read_smartctl(found, name="x", device="/dev/x")

    assert drive.state.value == state
    assert note in (drive.note or "")


def test_a_failure_that_only_the_exit_code_tells() -> None:
    """Older versions leave the verdict out of the JSON."""
    found = {"smartctl": {"exit_status": 8}, "ata_smart_attributes": {"table": []}}

    assert read_smartctl(found, name="x", device="/dev/x").is_passing is False


def test_text_that_is_no_json_says_what_is_needed() -> None:
    """Versions before 7.0 know no JSON."""
    drive = parse_smartctl("smartctl 6.6 2017-11-05", name="sda", device="/dev/sda")

    assert drive.state is DriveState.ERROR
    assert drive.note == "smartctl gave no JSON: version 7.0 or newer is needed"


def test_smartctl_is_told_not_to_wake_drives() -> None:
    """The type of a drive behind an adapter is passed on."""
    arguments = smartctl_arguments("/usr/sbin/smartctl", "/dev/sda", "sat")

    assert "--nocheck=standby" in arguments
    assert arguments[-3:] == ["--device", "sat", "/dev/sda"]


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("/dev/nvme0", "nvme0"),
        ("/dev/nvme0n1", "nvme0"),
        ("/dev/nvme12n1p3", "nvme12"),
        ("/dev/sda", "sda"),
        ("/dev/sdaa2", "sdaa"),
        ("sdb", "sdb"),
        ("/dev/vda", None),
        ("/dev/mapper/root", None),
        ("", None),
    ],
)
def test_the_drive_of_a_device(device: str, name: str | None) -> None:
    """Partitions and namespaces lead to their drive."""
    assert drive_name(device) == name


def test_the_kernel_shows_drives(tmp_path: Path) -> None:
    """Drives are found in their order; sticks, empty slots and virtual disks are none."""
    places = Places(sys=tmp_path / "sys", dev=tmp_path / "dev")
    for name in ("nvme10", "nvme2"):
        plug_in_nvme(tmp_path, name)
    for name in ("sdb", "sdaa"):
        plug_in_disk(tmp_path, name)
    put(plug_in_disk(tmp_path, "sdc"), removable="1")
    put(plug_in_disk(tmp_path, "sdd"), size="0")
    put(tmp_path / "sys/block/vda", size="100", removable="0")

    assert find_drives(places) == ["nvme2", "nvme10", "sdb", "sdaa"]
    assert find_drives(Places(sys=tmp_path / "nothing")) == []


def test_what_needs_no_privilege(tmp_path: Path) -> None:
    """Who the drive is, its temperature and its limits; a limit of 65261 degrees is none."""
    plug_in_nvme(tmp_path)
    drive = read_sysfs("nvme0", Places(sys=tmp_path / "sys", dev=tmp_path / "dev"))

    assert drive is not None
    assert (drive.model, drive.serial, drive.firmware) == ("Example NVMe 1TB", "SN-nvme0", "1.0.2")
    assert (drive.temperature_c, drive.temperature_warn_c, drive.temperature_crit_c) == (
        *(41.0, 81.8),
        84.8,
    )
    assert drive.sensors_c == (55.0,)
    assert drive.capacity_bytes == 1_000_204_886_016
    assert drive.namespaces == (str(tmp_path / "dev/nvme0n1"),)


def test_a_sensor_of_an_older_kernel(tmp_path: Path) -> None:
    """There it hangs below the PCI device, and a limit that cannot be is ignored."""
    folder = put(tmp_path / "sys/class/nvme/nvme0", model="Old")
    put(folder / "device/hwmon/hwmon0", temp1_input="38850", temp1_max="65261850", temp1_crit="0")

    drive = read_sysfs("nvme0", Places(sys=tmp_path / "sys"))

    assert drive is not None
    assert (drive.temperature_c, drive.temperature_warn_c, drive.temperature_crit_c) == (
        *(38.9, None),
        None,
    )


def test_a_sleeping_drive_is_not_asked(tmp_path: Path) -> None:
    """Reading its temperature would wake it."""
    put(plug_in_nvme(tmp_path) / "device", power_state="D3cold")

    drive = read_sysfs("nvme0", Places(sys=tmp_path / "sys"))

    assert drive is not None
    assert (drive.state, drive.temperature_c) == (DriveState.ASLEEP, None)


_DOCUMENTS = [json.loads(sample(f"smartctl_{each}.json")) for each in ("nvme", "ssd", "sas")]


@given(odd_documents(*_DOCUMENTS))
def test_no_answer_of_smartctl_raises(document: Any) -> None:
    """Missing keys, nulls, text for numbers and huge numbers: always a drive that can be shown."""
    drive = parse_smartctl(json.dumps(document), name="x", device="/dev/x")
    status, issues = judge_drive(drive, DriveLimits())

    shown = json.dumps(
        [drive_json(drive, status, issues, None), dict(drive_values(drive, status, None))]
    )

    assert all(-(1 << 63) <= each < 1 << 63 for each in _whole_numbers(json.loads(shown)))


def _whole_numbers(found: Any) -> list[int]:
    """Return all whole numbers of a JSON document."""
    if isinstance(found, dict | list):
        inner = found.values() if isinstance(found, dict) else found
        return [number for each in inner for number in _whole_numbers(each)]
    return [found] if isinstance(found, int) else []


@given(st.one_of(st.text(), odd_documents(*_DOCUMENTS).map(json.dumps), ODD.map(str)))
def test_no_answer_of_a_program_raises(output: str) -> None:
    """Half an answer, another program's, or none."""
    parse_smartctl(output, name="x", device="/dev/x")
    parse_nvme(output, name="x", device="/dev/x")


@given(st.dictionaries(st.sampled_from(sorted(json.loads(sample("nvme_smart_log.json")))), ODD))
def test_no_log_of_nvme_cli_raises(log: dict[str, Any]) -> None:
    """Whatever stands in the place of a number."""
    drive = parse_nvme(json.dumps(log), name="x", device="/dev/x")

    assert drive is None or judge_drive(drive, DriveLimits())


@given(st.binary(min_size=512, max_size=512).filter(any))
def test_no_log_of_a_drive_raises(log: bytes) -> None:
    """Even noise becomes figures that a database can hold, or unknown."""
    drive = parse_smart_log(log, name="nvme0", device="/dev/nvme0")
    status, issues = judge_drive(drive, DriveLimits())

    assert json.dumps(drive_json(drive, status, issues, None))
    assert all(
        value is None or value < 1 << 63 for value in (drive.written_bytes, drive.media_errors)
    )
