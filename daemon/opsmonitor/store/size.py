"""Tell how large the database will become."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from opsmonitor.store.tiers import DAY, DAY_MS, FIVE_MINUTES, HOUR, RAW, Tier, kept_ms

if TYPE_CHECKING:
    from opsmonitor.config.settings import RetentionSettings
    from opsmonitor.models.history import Resolution

# Measured by benchmarks/store_size.py on files filled in the order of time.
_RUN_BYTES: Final = 27.5
_ROLLED_BYTES: Final = 43.0
_SPREAD_BYTES: Final = 3.6
"""Added for each doubling of the runs: their latencies fill more buckets of the histogram."""


def estimate_size(
    checks: int, interval_s: float, retention: RetentionSettings, *, days: float | None = None
) -> dict[Resolution, int]:
    """Return how many bytes each tier will take.

    `days` is the age of the database; without it, every tier has reached its full length.
    """
    sizes: dict[Resolution, int] = {}
    for tier in (RAW, FIVE_MINUTES, HOUR, DAY):
        span_ms: float = kept_ms(tier, retention)
        if days is not None:
            span_ms = min(span_ms, days * DAY_MS)
        step_ms = max(tier.width_ms, interval_s * 1000)
        sizes[tier.resolution] = round(checks * span_ms / step_ms * _row_bytes(tier, interval_s))
    return sizes


def _row_bytes(tier: Tier, interval_s: float) -> float:
    """Return how much one row of a tier takes."""
    if tier is RAW:
        return _RUN_BYTES
    runs = max(1.0, tier.width_ms / 1000 / interval_s)
    return _ROLLED_BYTES + _SPREAD_BYTES * math.log2(runs + 1)
