"""What the runs of a bucket of time add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opsmonitor.models.history import LatencySummary, Point
from opsmonitor.store.histogram import Histogram, add_blob, encode, percentile_us
from opsmonitor.store.rows import to_ms

if TYPE_CHECKING:
    from opsmonitor.store.rows import Row

_PERCENTILES: Final = (0.5, 0.95, 0.99)


@dataclass(slots=True)
class Aggregate:
    """Counts and latencies of runs; latencies are those of the runs that measured one."""

    runs: int = 0
    failed: int = 0
    low_us: int | None = None
    sum_us: int = 0
    high_us: int | None = None
    histogram: Histogram = field(default_factory=Counter)

    def add_counts(
        self,
        runs: int,
        failed: int,
        low_us: int | None,
        sum_us: int | None,
        high_us: int | None,
    ) -> None:
        """Add runs, without their place in the histogram."""
        self.runs += runs
        self.failed += failed
        if low_us is not None and high_us is not None:
            self.low_us = low_us if self.low_us is None else min(self.low_us, low_us)
            self.high_us = high_us if self.high_us is None else max(self.high_us, high_us)
            self.sum_us += sum_us or 0

    def add_row(self, row: Row) -> None:
        """Add the columns `runs` to `histogram` of a roll-up."""
        self.add_counts(*row[:5])
        add_blob(self.histogram, row[5])

    def add_slot(self, slot: int | None, row: Row) -> None:
        """Add the runs of one histogram bucket; None: those without a latency."""
        self.add_counts(*row)
        if slot is not None:
            self.histogram[slot] += row[0]

    def merge(self, other: Aggregate) -> None:
        """Add all runs of another aggregate."""
        self.add_counts(other.runs, other.failed, other.low_us, other.sum_us, other.high_us)
        self.histogram.update(other.histogram)

    def row(self) -> Row:
        """Return the columns `runs` to `histogram` of a roll-up."""
        sum_us = None if self.low_us is None else self.sum_us
        counts = (self.runs, self.failed, self.low_us, sum_us, self.high_us)
        return (*counts, encode(self.histogram))

    def latency(self) -> LatencySummary:
        """Return the latencies for people."""
        count = sum(self.histogram.values())
        if not count or self.low_us is None or self.high_us is None:
            return LatencySummary()
        low_us, high_us = self.low_us, self.high_us
        p50, p95, p99 = (
            percentile_us(self.histogram, share, low_us, high_us) / 1000 for share in _PERCENTILES
        )
        return LatencySummary(
            count=count,
            min_ms=to_ms(low_us),
            avg_ms=to_ms(self.sum_us / count),
            max_ms=to_ms(high_us),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
        )

    def point(self, at_ms: int) -> Point:
        """Return the bucket that begins at a moment."""
        latency = self.latency()
        return Point(
            at_ms=at_ms,
            count=self.runs,
            failed=self.failed,
            latency_min_ms=latency.min_ms,
            latency_avg_ms=latency.avg_ms,
            latency_max_ms=latency.max_ms,
            p50_ms=latency.p50_ms,
            p95_ms=latency.p95_ms,
            p99_ms=latency.p99_ms,
        )
