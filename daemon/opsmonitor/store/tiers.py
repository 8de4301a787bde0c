"""The tiers of history, from single runs to days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opsmonitor.models.history import Resolution

if TYPE_CHECKING:
    from opsmonitor.config.settings import RetentionSettings

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Tier:
    """One level of detail."""

    resolution: Resolution
    table: str
    width_ms: int
    """The length of a bucket; 1 for single runs."""
    prune_step_ms: int
    """How much time is deleted at once: few enough rows that a state change never waits long."""


RAW: Final = Tier(Resolution.RAW, "results", 1, 5 * MINUTE_MS)
FIVE_MINUTES: Final = Tier(Resolution.FIVE_MINUTES, "rollup_5m", 5 * MINUTE_MS, HOUR_MS // 2)
HOUR: Final = Tier(Resolution.HOUR, "rollup_1h", HOUR_MS, 6 * HOUR_MS)
DAY: Final = Tier(Resolution.DAY, "rollup_1d", DAY_MS, DAY_MS)

ROLLED: Final = (FIVE_MINUTES, HOUR, DAY)
"""Finest first; each is made from the one before, the first from single runs."""
FINER: Final = {FIVE_MINUTES: RAW, HOUR: FIVE_MINUTES, DAY: HOUR}


def kept_ms(tier: Tier, retention: RetentionSettings) -> int:
    """Return how long a tier is kept.

    No tier goes before the buckets that are made from it could need it again, hence the bucket's
    length on top.
    """
    seconds = {
        RAW: retention.raw_s,
        FIVE_MINUTES: retention.five_minutes_s,
        HOUR: retention.hour_s,
        DAY: retention.day_s,
    }
    coarser = {RAW: FIVE_MINUTES, FIVE_MINUTES: HOUR, HOUR: DAY}
    spare_ms = coarser[tier].width_ms if tier in coarser else 0
    return round(seconds[tier] * 1000) + spare_ms


def floor_to(moment_ms: int, width_ms: int) -> int:
    """Return the beginning of the bucket that holds a moment."""
    return moment_ms - moment_ms % width_ms


def ceil_to(moment_ms: int, width_ms: int) -> int:
    """Return the moment itself or the beginning of the next bucket."""
    return -(-moment_ms // width_ms) * width_ms
