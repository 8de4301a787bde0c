"""Say in one word, and a few numbers, how everything is: pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import CheckState, Status
from opsmonitor.models.reading import ReadingStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Overall(StrEnum):
    """The state of the whole."""

    OK = "ok"
    WARN = "warn"
    CRIT = "crit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many checks are in which state."""

    total: int
    up: int
    """Judged good, degraded ones included."""
    down: int
    """By trouble of their own."""
    unreachable: int
    """Failing because something that they depend on is down."""
    unknown: int
    """Never judged."""
    degraded: int
    paused: int
    """Counted as nothing else, as are the next two."""
    maintenance: int
    no_network: int
    down_ids: tuple[str, ...]
    core_down_ids: tuple[str, ...]
    """Failing core checks, unreachable ones included."""
    overall: Overall


_ASIDE: Final = (Status.PAUSED, Status.MAINTENANCE, Status.NO_NETWORK)
"""Whatever was judged before, it counts for nothing now."""


def proxmox_weight(status: ReadingStatus | None, *, is_core: bool) -> Overall:
    """Return what Proxmox makes of the whole: with its `crit`, nothing is `ok`."""
    if status is ReadingStatus.CRIT:
        return Overall.CRIT if is_core else Overall.WARN
    return Overall.WARN if status is ReadingStatus.WARN else Overall.OK


def summarise(
    states: Iterable[CheckState], core_ids: Collection[str], *, beside: Overall = Overall.OK
) -> Summary:
    """Count the states: crit if a core check fails, warn if any other fails or is degraded.

    `beside` is what else there is makes of the whole.
    """
    total = up = unreachable = unknown = degraded = 0
    aside = dict.fromkeys(_ASIDE, 0)
    down_ids: list[str] = []
    core_down_ids: list[str] = []
    for state in states:
        total += 1
        if state.status in _ASIDE:
            aside[state.status] += 1
            continue
        up += state.ok is True
        unknown += state.ok is None
        degraded += state.status is Status.DEGRADED
        if state.ok is False:
            if state.id in core_ids:
                core_down_ids.append(state.id)
            if state.status is Status.UNREACHABLE:
                unreachable += 1
            else:
                down_ids.append(state.id)
    has_trouble = bool(down_ids or unreachable or degraded)
    return Summary(
        total=total,
        up=up,
        down=len(down_ids),
        unreachable=unreachable,
        unknown=unknown,
        degraded=degraded,
        paused=aside[Status.PAUSED],
        maintenance=aside[Status.MAINTENANCE],
        no_network=aside[Status.NO_NETWORK],
        down_ids=tuple(down_ids),
        core_down_ids=tuple(core_down_ids),
        overall=_overall(
            has_core_down=bool(core_down_ids) or beside is Overall.CRIT,
            has_trouble=has_trouble or beside is Overall.WARN,
        ),
    )


def _overall(*, has_core_down: bool, has_trouble: bool) -> Overall:
    """Return the one word."""
    if has_core_down:
        return Overall.CRIT
    return Overall.WARN if has_trouble else Overall.OK
