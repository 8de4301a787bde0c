"""Whether what is polled can be reached, and whether it is well: pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .client import Reading
from .parts import Part, parts_of

_HERE: Final = frozenset({"host", "nvme", "ports"})
"""What is read on the daemon's own machine can be reached as long as the daemon can."""
_WELL: Final = {"ok": True, "warn": False, "crit": False}


class Aspect(StrEnum):
    """What there is to say of a thing."""

    REACHABLE = "reachable"
    HEALTHY = "healthy"
    CONNECTED = "connected"
    """A router is, to the Internet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One aspect of one thing."""

    part: Part
    aspect: Aspect
    is_good: bool | None
    """None: nobody knows."""


def aspects_of(reading: Reading) -> Iterator[Finding]:
    """Yield all that there is to say of a reading and its parts."""
    for part in parts_of(reading).values():
        if can_be_away(part):
            yield Finding(part, Aspect.REACHABLE, is_reachable(reading, part))
        if is_drive(part):
            yield Finding(part, Aspect.HEALTHY, is_healthy(reading, part))
        if is_router(part):
            yield Finding(part, Aspect.CONNECTED, is_connected(reading, part))


def can_be_away(part: Part) -> bool:
    """Tell whether a thing is another machine or service than the daemon's own."""
    return part.probe not in _HERE


def is_running(reading: Reading, part: Part) -> bool | None:
    """Tell whether a guest runs; of one on a node that does not answer nobody knows."""
    return _flag(reading, part, "running")


def is_drive(part: Part) -> bool:
    """Tell whether a thing is a drive."""
    return part.probe == "nvme" and bool(part.prefix)


def is_router(part: Part) -> bool:
    """Tell whether a thing leads to the Internet."""
    return part.probe == "fritz"


def is_reachable(reading: Reading, part: Part) -> bool | None:
    """Tell whether a thing answers; a poll that fails once is no news."""
    if part.prefix:
        return _flag(reading, part, "online")
    if reading.last_fetch is None and reading.last_error is None:
        return None
    return not reading.is_stale


def is_healthy(reading: Reading, part: Part) -> bool | None:
    """Tell whether the daemon finds nothing wrong with a drive."""
    verdict = None if reading.is_stale else reading.values.get(f"{part.prefix}verdict")
    return _WELL.get(verdict) if isinstance(verdict, str) else None


def is_connected(reading: Reading, part: Part) -> bool | None:
    """Tell whether a router is connected to the Internet."""
    return _flag(reading, part, "wan_up")


def _flag(reading: Reading, part: Part, name: str) -> bool | None:
    """Return a value that is so or not, unless it is too old to go by."""
    value = None if reading.is_stale else reading.values.get(f"{part.prefix}{name}")
    return value if isinstance(value, bool) else None
