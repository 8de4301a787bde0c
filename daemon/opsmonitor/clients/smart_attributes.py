"""Understand the attributes of ATA drives, whose meaning their makers chose."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any, Final

from opsmonitor.models.drive import SmartAttribute
from opsmonitor.util.lenient import flag, items, mapping, number, scaled, text, whole

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_SECTOR: Final = 512
_LEADING: Final = re.compile(r"\s*(\d{1,20})(?!\d)")

# Names of attributes in smartmontools' drivedb.h, which says for each model what they mean.
_RAW_COUNTS: Final = {
    "reallocated_sectors": ("Reallocated_Sector_Ct", "Reallocate_NAND_Blk_Cnt"),
    "pending_sectors": (
        "Current_Pending_Sector",
        "Pending_Sector_Count",
        "Current_Pending_ECC_Cnt",
    ),
    "media_errors": ("Reported_Uncorrect", "Uncorrectable_Error_Cnt", "Offline_Uncorrectable"),
    "crc_errors": ("UDMA_CRC_Error_Count", "CRC_Error_Count", "SATA_CRC_Error_Count"),
    "unsafe_shutdowns": ("Unsafe_Shutdown_Count", "Unexpect_Power_Loss_Ct", "POR_Recovery_Count"),
}
_LIFE_LEFT: Final = (
    "Percent_Lifetime_Remain",
    "Percent_Life_Remaining",
    "SSD_Life_Left",
    "Remaining_Lifetime_Perc",
    "Media_Wearout_Indicator",
    "Wear_Leveling_Count",
)
"""Their normalised value falls from 100 with the life that is left."""
_SPARE: Final = ("Available_Reservd_Space", "Perc_Avail_Resrvd_Space")
# In this order: some models count 32 MiB under the name of sectors, and have both.
_WRITTEN: Final = {
    "Host_Writes_32MiB": 32 * _MIB,
    "Host_Writes_GiB": _GIB,
    "Lifetime_Writes_GiB": _GIB,
    "Host_Writes_MiB": _MIB,
    "Total_LBAs_Written": _SECTOR,
}
_READ: Final = {
    "Host_Reads_32MiB": 32 * _MIB,
    "Host_Reads_GiB": _GIB,
    "Lifetime_Reads_GiB": _GIB,
    "Host_Reads_MiB": _MIB,
    "Total_LBAs_Read": _SECTOR,
}


def ata_facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a drive that its ATA attributes tell; none for other drives."""
    table = [
        mapping(each) for each in items(mapping(found.get("ata_smart_attributes")).get("table"))
    ]
    by_name: dict[str, Mapping[str, Any]] = {}
    for each in table:
        by_name.setdefault(str(each.get("name")), each)
    facts: dict[str, Any] = {
        key: _first_raw(by_name, names) for key, names in _RAW_COUNTS.items() if table
    }
    facts["failing"] = tuple(each for each in map(_failing, table) if each is not None)
    facts["self_test_failed"] = _self_test_failed(found)
    # The names are guesses where the model is not in smartmontools' list.
    if flag(found.get("in_smartctl_database")):
        facts["wear_percent"] = _wear(by_name)
        facts["spare_percent"] = _normalised(by_name, _SPARE)
        facts["written_bytes"] = _bytes(by_name, _WRITTEN)
        facts["read_bytes"] = _bytes(by_name, _READ)
    return facts


def _first_raw(by_name: Mapping[str, Mapping[str, Any]], names: tuple[str, ...]) -> int | None:
    """Return the count of the first of some attributes that the drive has."""
    return next((_raw(by_name[name]) for name in names if name in by_name), None)


def _raw(attribute: Mapping[str, Any]) -> int | None:
    """Return a count; some drives pack more into the number, which the text leaves out."""
    raw = mapping(attribute.get("raw"))
    if match := _LEADING.match(text(raw.get("string")) or ""):
        return int(match[1])
    return whole(raw.get("value"))


def _wear(by_name: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Return the used share of a drive's life."""
    left = _normalised(by_name, _LIFE_LEFT)
    return None if left is None else 100 - left


def _normalised(by_name: Mapping[str, Mapping[str, Any]], names: tuple[str, ...]) -> float | None:
    """Return the normalised value of the first of some attributes that has a valid one."""
    values = (number(by_name[name].get("value"), at_most=100) for name in names if name in by_name)
    return next((each for each in values if each is not None), None)


def _bytes(by_name: Mapping[str, Mapping[str, Any]], units: Mapping[str, int]) -> int | None:
    """Return an amount of data."""
    for name, unit in units.items():
        amount = scaled(_raw(by_name[name]), unit) if name in by_name else None
        if amount is not None:
            return amount
    return None


def _failing(attribute: Mapping[str, Any]) -> SmartAttribute | None:
    """Return an attribute that is or was at its threshold."""
    when = text(attribute.get("when_failed"))
    if when not in ("now", "past"):
        return None
    is_prefail = flag(mapping(attribute.get("flags")).get("prefailure")) is True
    name = (text(attribute.get("name")) or "unknown").replace("_", " ")
    return SmartAttribute(name=name, is_prefail=is_prefail, is_now=when == "now")


def _self_test_failed(found: Mapping[str, Any]) -> bool | None:
    """Tell whether the latest self-test that ended found something."""
    log = mapping(mapping(found.get("ata_smart_self_test_log")).get("standard"))
    for each in items(log.get("table")):
        passed = flag(mapping(mapping(each).get("status")).get("passed"))
        if passed is not None:
            return not passed
    return None
