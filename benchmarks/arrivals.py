"""Say from the arrivals at the target alone how punctual each check was; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

_FEWEST: Final = 4
"""Fewer arrivals say nothing of a check's own grid."""


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How far the arrivals lay behind each check's own grid."""

    checks: int
    arrivals: int
    missing: int
    """Points of a grid at which nothing came."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    drift_ms: float
    """By how much the checks ran away from their grids from the first half to the second."""


def judge(arrivals: Iterable[tuple[str, int]], interval_s: float) -> Punctuality:
    """Compare `(check, arrival in ns)` with grids of the interval.

    A check's grid is laid through its earliest arrival relative to it: lateness that all runs of a
    check share, such as half a tick, cannot be seen from outside.
    """
    times: defaultdict[str, list[float]] = defaultdict(list)
    for check, at_ns in arrivals:
        times[check].append(at_ns / 1e6)
    late: list[float] = []
    drifts: list[float] = []
    missing = 0
    for own in times.values():
        if len(own) < _FEWEST:
            continue
        own.sort()
        offsets, absent = _offsets(own, interval_s * 1000)
        missing += absent
        drifts.append(_drift(offsets))
        earliest = min(offsets)
        late.extend(offset - earliest for offset in offsets)
    late.sort()
    return Punctuality(
        checks=len(drifts),
        arrivals=len(late),
        missing=missing,
        p50_ms=percentile(late, 0.5),
        p99_ms=percentile(late, 0.99),
        max_ms=late[-1],
        drift_ms=fmean(drifts),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the ordered values lies."""
    return ordered[round((len(ordered) - 1) * share)]


def _offsets(times: list[float], interval: float) -> tuple[list[float], int]:
    """Return how far each arrival is from the grid through the first, and the points left out."""
    points = [round((time - times[0]) / interval) for time in times]
    offsets = [
        time - times[0] - point * interval for time, point in zip(times, points, strict=True)
    ]
    return offsets, points[-1] + 1 - len(set(points))


def _drift(offsets: list[float]) -> float:
    """Return how much later the most punctual arrival of the second half was than of the first."""
    middle = len(offsets) // 2
    return min(offsets[middle:]) - min(offsets[:middle])
