"""What the store tells of the past: runs, state intervals, uptime and latency over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.models.check import Status, Verdict


class Resolution(StrEnum):
    """How finely a history is told."""

    AUTO = "auto"
    """Whatever suits the length of the range and is still kept."""
    RAW = "raw"
    """One point a run."""
    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"
    """A day is a UTC day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRun:
    """One finished run, as it was kept."""

    check_id: str
    at_ms: int
    """When the run was started, epoch milliseconds, UTC."""
    verdict: Verdict
    latency_ms: float | None = None
    status_code: int | None = None
    error_code: str | None = None
    error: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of time in which a check's status stayed the same."""

    check_id: str
    start_ms: int
    end_ms: int | None
    """None: it goes on."""
    status: Status
    cause: str | None = None
    """Why, in one short sentence; None when there is nothing to explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How long a check was in each status within a range, in seconds."""

    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0
    unreachable_s: float = 0.0
    no_network_s: float = 0.0
    maintenance_s: float = 0.0
    paused_s: float = 0.0
    pending_s: float = 0.0
    unmonitored_s: float = 0.0

    @property
    def percent(self) -> float | None:
        """Return the share of the judged time in which the target worked; None if none was judged.

        Time in which nothing could be said of the target, or nobody looked, counts neither way.
        """
        good_s = self.up_s + self.degraded_s
        judged_s = good_s + self.down_s
        return 100 * good_s / judged_s if judged_s > 0 else None

    def without_excuse(self) -> Uptime:
        """Return the same with the time behind a check that was down counted as down."""
        return replace(self, down_s=self.down_s + self.unreachable_s, unreachable_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySummary:
    """The latencies of a range; all but the count are None when no run measured one."""

    count: int = 0
    """Runs that measured a latency."""
    min_ms: float | None = None
    avg_ms: float | None = None
    max_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The runs of one bucket of time."""

    at_ms: int
    """When the bucket begins; at resolution `raw`, when the run was started."""
    count: int
    failed: int
    latency_min_ms: float | None = None
    latency_avg_ms: float | None = None
    latency_max_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One check over a range of time."""

    check_id: str
    from_ms: int
    to_ms: int
    resolution: Resolution
    """The one that was used, never `auto`."""
    points: tuple[Point, ...]
    """Oldest first; buckets without a run are left out."""
    intervals: tuple[Interval, ...]
    """Oldest first; those that overlap the range, not clipped to it."""
    uptime: Uptime
    latency: LatencySummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePoint:
    """One value within one bucket of time."""

    at_ms: int
    """When the bucket begins; at resolution `raw`, when the value was measured."""
    count: int
    """How often it was measured."""
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueHistory:
    """One value of a thing that is polled, over a range of time."""

    thing: str
    """The thing's full dotted name."""
    value: str
    """The value's name below the thing's."""
    from_ms: int
    to_ms: int
    resolution: Resolution
    """The one that was used, never `auto`."""
    points: tuple[ValuePoint, ...]
    """Oldest first; buckets without a value are left out."""
