"""Find the drives of this machine, and read what the kernel tells of them to everybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
import re
from typing import Final

from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.util.lenient import number, scaled, text, whole

_CONTROLLER: Final = re.compile(r"nvme\d+")
_NAMESPACE: Final = re.compile(r"(nvme\d+)(?:c\d+)?(n\d+)")
_PARTITION: Final = re.compile(r"(nvme\d+)n\d+(?:p\d+)?")
_DISK: Final = re.compile(r"(sd[a-z]+)\d*")
_SENSOR: Final = re.compile(r"temp(\d+)_input")
_USB: Final = re.compile(r"usb\d+")
"""In the path of a device that hangs on a USB port."""
_SECTOR: Final = 512
_MAX_C: Final = 150
"""Thresholds above mean that there is none; some drives say 65261 degrees."""
_COMPOSITE: Final = "Composite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the kernel shows its devices."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")


def drive_name(device: str) -> str | None:
    """Return the name of the drive that a device lies on: /dev/nvme0n1p2 on nvme0; None if none."""
    name = device.rpartition("/")[2]
    if match := _PARTITION.fullmatch(name):
        return match[1]
    if _CONTROLLER.fullmatch(name):
        return name
    match = _DISK.fullmatch(name)
    return match[1] if match else None


def find_drives(places: Places) -> list[str]:
    """Return the names of the NVMe and SATA drives that are built in, sorted."""
    controllers = [
        each for each in _names(places.sys / "class/nvme") if _CONTROLLER.fullmatch(each)
    ]
    blocks = places.sys / "block"
    disks = [each for each in _names(blocks) if re.fullmatch(r"sd[a-z]+", each)]
    fixed = [
        each
        for each in disks
        if _read(blocks / each / "removable") != "1" and _read(blocks / each / "size") != "0"
    ]
    return sorted(controllers, key=_by_number) + sorted(fixed, key=_by_number)


def read_sysfs(name: str, places: Places) -> Drive | None:
    """Return what needs no privilege, None without such a drive; a dying drive can block this."""
    if _CONTROLLER.fullmatch(name):
        folder = places.sys / "class/nvme" / name
        return _nvme(name, folder, places) if folder.is_dir() else None
    folder = places.sys / "block" / name
    return _disk(name, folder, places) if folder.is_dir() else None


def _nvme(name: str, folder: Path, places: Places) -> Drive:
    """Return what the kernel tells of an NVMe drive."""
    matches = [_NAMESPACE.fullmatch(each) for each in _names(folder)]
    # With several paths to a drive, the controller's folder has nvme0c1n1 in place of nvme0n1.
    spaces = sorted({f"{match[1]}{match[2]}" for match in matches if match})
    sizes = [_size(places.sys / "block" / each) for each in spaces]
    known = [each for each in sizes if each is not None]
    drive = Drive(
        name=name,
        device=str(places.dev / name),
        kind=DriveKind.NVME,
        state=DriveState.PARTLY,
        source="sysfs",
        model=_read(folder / "model"),
        serial=_read(folder / "serial"),
        firmware=_read(folder / "firmware_rev"),
        namespaces=tuple(str(places.dev / each) for each in spaces),
        capacity_bytes=sum(known) if known else None,
        is_rotating=False,
    )
    if (_read(folder / "device/power_state") or "").startswith("D3"):
        note = "the drive sleeps and was not woken"
        return replace(drive, state=DriveState.ASLEEP, note=note)
    return _with_heat(drive, [folder, folder / "device/hwmon", folder / "hwmon"])


def _disk(name: str, folder: Path, places: Places) -> Drive:
    """Return what the kernel tells of a SATA or SAS drive."""
    rotating = whole(_read(folder / "queue/rotational"))
    drive = Drive(
        name=name,
        device=str(places.dev / name),
        kind=DriveKind.SATA if _read(folder / "device/vendor") == "ATA" else DriveKind.UNKNOWN,
        state=DriveState.PARTLY,
        source="sysfs",
        model=_read(folder / "device/model"),
        capacity_bytes=_size(folder),
        is_rotating=None if rotating is None else rotating > 0,
        is_external=any(_USB.fullmatch(part) for part in folder.resolve().parts),
    )
    return _with_heat(drive, [folder / "device/hwmon"])


def _with_heat(drive: Drive, folders: list[Path]) -> Drive:
    """Add the temperatures of the first sensor that is found.

    Source: the kernel's Documentation/hwmon/sysfs-interface.rst; newer kernels hang the sensor of
    an NVMe drive below its controller, older ones below its PCI device.
    """
    found = (
        folder / each for folder in folders for each in _names(folder) if each.startswith("hwmon")
    )
    sensor = next(found, None)
    if sensor is None:
        return drive
    numbers = sorted(int(match[1]) for match in map(_SENSOR.fullmatch, _names(sensor)) if match)
    degrees = {each: _degrees(sensor / f"temp{each}_input", at_least=-60) for each in numbers}
    labels = {each: _read(sensor / f"temp{each}_label") for each in numbers}
    main = next((each for each in numbers if labels[each] == _COMPOSITE), 1)
    others = [degrees[each] for each in numbers if each != main]
    return replace(
        drive,
        temperature_c=degrees.get(main),
        temperature_warn_c=_degrees(sensor / f"temp{main}_max", at_least=1),
        temperature_crit_c=_degrees(sensor / f"temp{main}_crit", at_least=1),
        sensors_c=tuple(each for each in others if each is not None),
    )


def _degrees(path: Path, *, at_least: float) -> float | None:
    """Return degrees Celsius of a file with thousandths."""
    found = number(_read(path), at_least=at_least * 1000, at_most=_MAX_C * 1000)
    return None if found is None else round(found / 1000, 1)


def _size(block: Path) -> int | None:
    """Return the size of a block device in bytes."""
    return scaled(_read(block / "size"), _SECTOR)


def _read(path: Path) -> str | None:
    """Return what a file says, None if it says nothing; a sensor may refuse."""
    try:
        return text(path.read_text("utf-8", "replace"))
    except OSError:
        return None


def _names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; none if there is no such folder."""
    try:
        return sorted(each.name for each in folder.iterdir())
    except OSError:
        return []


def _by_number(name: str) -> tuple[int, str]:
    """Return what nvme2 sorts before nvme10 by, and sdz before sdaa."""
    return len(name), name
