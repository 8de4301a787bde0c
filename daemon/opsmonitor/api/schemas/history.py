"""One check over a range of time, as the API tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from opsmonitor.api.encode import KEY
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.check import Status
from opsmonitor.models.history import History, Interval, LatencySummary, Point, Resolution, Uptime
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class PointBody:
    """The runs of one bucket of time."""

    ts: Annotated[Timestamp, Doc("When the bucket begins")]
    count: int
    failed: int
    latency_min_ms: float | None
    latency_avg_ms: float | None
    latency_max_ms: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None

    @classmethod
    def of(cls, point: Point) -> PointBody:
        """Tell a bucket."""
        return cls(
            ts=iso_utc(point.at_ms),
            count=point.count,
            failed=point.failed,
            latency_min_ms=point.latency_min_ms,
            latency_avg_ms=point.latency_avg_ms,
            latency_max_ms=point.latency_max_ms,
            latency_p50_ms=point.p50_ms,
            latency_p95_ms=point.p95_ms,
            latency_p99_ms=point.p99_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalBody:
    """A stretch of time in which the status stayed the same."""

    start: Timestamp = field(metadata={KEY: "from"})
    end: Annotated[Timestamp | None, Doc("null: it goes on")] = field(metadata={KEY: "to"})
    status: Status
    cause: str | None

    @classmethod
    def of(cls, interval: Interval) -> IntervalBody:
        """Tell an interval."""
        return cls(
            start=iso_utc(interval.start_ms),
            end=None if interval.end_ms is None else iso_utc(interval.end_ms),
            status=interval.status,
            cause=interval.cause,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeBody:
    """How long the check was in each status within the range."""

    percent: Annotated[
        float | None,
        Doc("(up + degraded) / (up + degraded + down); null where nothing was judged"),
    ]
    up_s: float
    degraded_s: float
    down_s: float
    unreachable_s: float
    no_network_s: Annotated[float, Doc("The machine that looks had no network")]
    maintenance_s: float
    paused_s: float
    pending_s: float
    unmonitored_s: Annotated[float, Doc("Nobody looked: the daemon was off or the machine asleep")]

    @classmethod
    def of(cls, uptime: Uptime) -> UptimeBody:
        """Tell an uptime."""
        return cls(
            percent=uptime.percent,
            up_s=uptime.up_s,
            degraded_s=uptime.degraded_s,
            down_s=uptime.down_s,
            unreachable_s=uptime.unreachable_s,
            no_network_s=uptime.no_network_s,
            maintenance_s=uptime.maintenance_s,
            paused_s=uptime.paused_s,
            pending_s=uptime.pending_s,
            unmonitored_s=uptime.unmonitored_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBody:
    """The latencies of the range; null where no run measured one."""

    count: int
    min_ms: float | None
    avg_ms: float | None
    max_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @classmethod
    def of(cls, latency: LatencySummary) -> LatencyBody:
        """Tell the latencies."""
        return cls(
            count=latency.count,
            min_ms=latency.min_ms,
            avg_ms=latency.avg_ms,
            max_ms=latency.max_ms,
            p50_ms=latency.p50_ms,
            p95_ms=latency.p95_ms,
            p99_ms=latency.p99_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryBody:
    """One check over a range of time."""

    id: str
    start: Timestamp = field(metadata={KEY: "from"})
    end: Timestamp = field(metadata={KEY: "to"})
    resolution: Annotated[Resolution, Doc("The one that was used, never `auto`")]
    points: Annotated[tuple[PointBody, ...], Doc("Oldest first; empty buckets are left out")]
    intervals: Annotated[
        tuple[IntervalBody, ...], Doc("Oldest first; those that overlap the range")
    ]
    uptime: UptimeBody
    latency: LatencyBody

    @classmethod
    def of(cls, history: History) -> HistoryBody:
        """Tell a history."""
        return cls(
            id=history.check_id,
            start=iso_utc(history.from_ms),
            end=iso_utc(history.to_ms),
            resolution=history.resolution,
            points=tuple(map(PointBody.of, history.points)),
            intervals=tuple(map(IntervalBody.of, history.intervals)),
            uptime=UptimeBody.of(history.uptime),
            latency=LatencyBody.of(history.latency),
        )
