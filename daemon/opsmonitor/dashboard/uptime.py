"""Which uptimes are worth telling: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.models.history import Uptime

DAY_S: Final = 86_400
WINDOWS: Final = (
    ("24h", "24 h", DAY_S),
    ("7d", "7 d", 7 * DAY_S),
    ("30d", "30 d", 30 * DAY_S),
    ("90d", "90 d", 90 * DAY_S),
)
"""Key, label and length in seconds of each."""
LONGEST_S: Final = WINDOWS[-1][2]

Uptimes: TypeAlias = dict[str, float | None]
"""Percent by window; None where there is nothing to tell."""


def recorded_s(uptime: Uptime) -> float:
    """Return for how long anything is known of a check; time it was not judged in yet is not."""
    return (
        uptime.up_s
        + uptime.degraded_s
        + uptime.down_s
        + uptime.unreachable_s
        + uptime.no_network_s
        + uptime.maintenance_s
        + uptime.paused_s
        + uptime.unmonitored_s
    )


def worth_telling(percent: Mapping[str, float | None], known_s: float) -> Uptimes:
    """Leave out the windows that reach so far back that they only repeat a shorter one.

    A check of yesterday has no uptime of 90 days, least of all one of 100 %.
    """
    told: Uptimes = {}
    shorter_s = 0
    for key, _, length_s in WINDOWS:
        told[key] = percent.get(key) if known_s > shorter_s else None
        shorter_s = length_s
    return told
