"""Know which check is due when: a heap of ticks on the monotonic clock, pure, without I/O.

Due times lie on a grid of ticks, so that the checks of one tick start together: one wake-up for
each check would cost more than many checks do.
"""

from __future__ import annotations

from dataclasses import dataclass
import heapq
import math
from typing import Final, NamedTuple

TICK_S: Final = 0.02

_FIRST_PASS_S: Final = 2.0
"""All first runs start within this time of being added."""
_FIRST_GAP_S: Final = 0.01
"""With few checks the first runs follow each other this closely."""
_EXACT_S: Final = 1e-12
"""Intervals are of whole ticks if they are so but for rounding."""
_GOLDEN_RATIO: Final = 0.618033988749895
"""Multiples of it, modulo one, stay evenly spread whatever their number."""


def next_tick_s(now_s: float) -> float:
    """Return the first tick after a time: what waits until then shares the wake-up."""
    return (math.floor(round(now_s / TICK_S, 6)) + 1) * TICK_S


@dataclass(slots=True, eq=False)
class _Entry:
    """One scheduled check."""

    check_id: str
    interval_s: float
    phase_s: float
    """Where on the grid of its interval the check's runs lie."""
    is_live: bool = True
    step: int = 0
    """From each of its due ticks to the next; 0: it is found out anew each time."""


class Due(NamedTuple):
    """A check that should start now."""

    check_id: str
    due_s: float
    """When it should have started, on the monotonic clock."""


class Schedule:
    """When each check is due next."""

    def __init__(self, tick_s: float = TICK_S) -> None:
        """Start empty."""
        self._tick_s = tick_s
        self._ticks: list[int] = []
        """A heap of the ticks at which something is due."""
        self._due: dict[int, list[_Entry]] = {}
        """What is due at each of them, in the order in which it was planned."""
        self._entries: dict[str, _Entry] = {}
        self._added = 0
        self.missed = 0
        """Runs left out because the loop or the machine stood still at their time."""

    def __len__(self) -> int:
        """Return the number of scheduled checks."""
        return len(self._entries)

    def add_all(self, checks: list[tuple[str, float]], now_s: float) -> None:
        """Schedule `(check id, interval in seconds)`: first runs soon and spread, then in phase."""
        gap_s = min(_FIRST_GAP_S, _FIRST_PASS_S / max(1, len(checks)))
        for position, (check_id, interval_s) in enumerate(checks):
            self.remove(check_id)
            phase_s = (self._added * _GOLDEN_RATIO) % 1.0 * interval_s
            self._added += 1
            entry = self._entries[check_id] = _Entry(check_id, interval_s, phase_s)
            self._plan(entry, self._tick_of(now_s + position * gap_s))

    def remove(self, check_id: str) -> None:
        """Forget a check; an unknown one is no error."""
        entry = self._entries.pop(check_id, None)
        if entry is not None:
            entry.is_live = False

    def pop_due(self, now_s: float) -> list[Due]:
        """Return the checks that are due, earliest first, and set when each is due next."""
        due: list[Due] = []
        while self._ticks and self._ticks[0] * self._tick_s <= now_s:
            tick = heapq.heappop(self._ticks)
            due_s = tick * self._tick_s
            for entry in self._due.pop(tick):
                if entry.is_live:
                    due.append(Due(entry.check_id, due_s))
                    if entry.step and (tick + entry.step) * self._tick_s > now_s:
                        self._plan(entry, tick + entry.step)
                    else:
                        self._plan(entry, self._next_tick(entry, due_s, now_s))
        return due

    def next_due_s(self) -> float | None:
        """Return when the next check is due, or None when nothing is scheduled."""
        while self._ticks:
            tick = self._ticks[0]
            if any(entry.is_live for entry in self._due[tick]):
                return tick * self._tick_s
            del self._due[heapq.heappop(self._ticks)]
        return None

    def _next_tick(self, entry: _Entry, due_s: float, now_s: float) -> int:
        """Return the tick of the next point of the check's own grid.

        The grid never moves, so nothing drifts. Points that have passed are counted and skipped;
        the gap to a point is at least half an interval, which only the first run makes use of.
        """
        interval_s, phase_s = entry.interval_s, entry.phase_s
        earliest_s = due_s + interval_s / 2
        next_s = phase_s + math.ceil((earliest_s - phase_s) / interval_s) * interval_s
        if next_s <= now_s:
            earliest_s = now_s + self._tick_s
            later_s = phase_s + math.ceil((earliest_s - phase_s) / interval_s) * interval_s
            self.missed += round((later_s - next_s) / interval_s)
            next_s = later_s
        # From now on it is in phase; an interval of whole ticks leads from tick to tick.
        step = round(interval_s / self._tick_s)
        entry.step = step if abs(step * self._tick_s - interval_s) < _EXACT_S else 0
        return self._tick_of(next_s)

    def _tick_of(self, time_s: float) -> int:
        """Return the first tick at or after a time."""
        return math.ceil(round(time_s / self._tick_s, 6))

    def _plan(self, entry: _Entry, tick: int) -> None:
        """Let a check be due at a tick."""
        planned = self._due.get(tick)
        if planned is None:
            self._due[tick] = [entry]
            heapq.heappush(self._ticks, tick)
        else:
            planned.append(entry)
