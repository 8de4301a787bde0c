"""Count what the engine does, and how late it starts things."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

LATE_S: Final = 0.1
"""A start this much after its time is counted as late."""
_KEPT: Final = 4096
"""Percentiles are of this many latest starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStats:
    """The engine's own figures since it started."""

    runs: int
    """Finished runs."""
    late_starts: int
    overruns: int
    """Runs left out because the check's previous one was still under way."""
    missed: int
    """Runs left out because the daemon or the machine stood still at their time."""
    voided: int
    """Runs thrown away because the machine slept or the clock jumped under them, or because they
    could not be made: those not good."""
    starved: int
    """Checks whose latest run could not be made, as the daemon had no file or memory left."""
    shortage: str | None
    """Why the latest of these could not be made, for people; None: all could."""
    ticks: int
    running: int
    waiting: int
    lateness_p50_ms: float | None
    lateness_p99_ms: float | None
    lateness_max_ms: float | None
    last_tick_age_s: float
    first_pass_done: bool
    """Whether every check has been run since the start."""


class Lateness:
    """How long after their due times the latest runs started."""

    def __init__(self) -> None:
        """Start without a measurement."""
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self.late_starts = 0

    def add(self, late_s: float) -> None:
        """Count one start."""
        self._seconds.append(late_s)
        if late_s > LATE_S:
            self.late_starts += 1

    def percentiles_ms(self) -> tuple[float | None, float | None, float | None]:
        """Return p50, p99 and the maximum in milliseconds; None without a measurement."""
        if not self._seconds:
            return None, None, None
        ordered = sorted(self._seconds)
        last = len(ordered) - 1
        p50, p99, worst = ordered[last // 2], ordered[round(last * 0.99)], ordered[last]
        return round(p50 * 1000, 3), round(p99 * 1000, 3), round(worst * 1000, 3)
