"""Find the time zone in which people of this machine read the clock."""

from __future__ import annotations

from datetime import UTC, tzinfo
import os
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME: Final = Path("/etc/localtime")
_DATABASE: Final = "/zoneinfo/"


def local_zone(localtime: Path = _LOCALTIME) -> tzinfo:
    """Return the zone that `TZ` names, or else the system's, or else UTC; blocks."""
    named = os.environ.get("TZ", "").removeprefix(":") or _name_of(localtime)
    try:
        if named:
            return ZoneInfo(named)
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _name_of(localtime: Path) -> str:
    """Return the name of the zone that the link leads to, if it tells one."""
    return str(localtime.resolve()).partition(_DATABASE)[2]
