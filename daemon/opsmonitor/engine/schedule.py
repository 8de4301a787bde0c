"""Know which check is due when: a heap on the monotonic clock, pure, without I/O.

Due times lie on a grid of ticks, so that the checks of one tick start together: one wake-up for
each check would cost more than many checks do.
"""

from __future__ import annotations

from dataclasses import dataclass
import heapq
import math
from typing import Final

TICK_S: Final = 0.02

_FIRST_PASS_S: Final = 2.0
"""All first runs start within this time of being added."""
_FIRST_GAP_S: Final = 0.01
"""With few checks the first runs follow each other this closely."""
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
    due_s: float
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """A check that should start now."""

    check_id: str
    due_s: float
    """When it should have started, on the monotonic clock."""


class Schedule:
    """When each check is due next."""

    def __init__(self, tick_s: float = TICK_S) -> None:
        """Start empty."""
        self._tick_s = tick_s
        self._heap: list[tuple[float, int, _Entry]] = []
        self._entries: dict[str, _Entry] = {}
        self._added = 0
        self._pushed = 0
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
            entry = _Entry(check_id, interval_s, phase_s, self._on_tick(now_s + position * gap_s))
            self._entries[check_id] = entry
            self._push(entry)

    def remove(self, check_id: str) -> None:
        """Forget a check; an unknown one is no error."""
        entry = self._entries.pop(check_id, None)
        if entry is not None:
            entry.is_live = False

    def pop_due(self, now_s: float) -> list[Due]:
        """Return the checks that are due, earliest first, and set when each is due next."""
        due: list[Due] = []
        while self._heap and self._heap[0][0] <= now_s:
            _, _, entry = heapq.heappop(self._heap)
            if not entry.is_live:
                continue
            due.append(Due(entry.check_id, entry.due_s))
            entry.due_s = self._next_due(entry, now_s)
            self._push(entry)
        return due

    def next_due_s(self) -> float | None:
        """Return when the next check is due, or None when nothing is scheduled."""
        while self._heap and not self._heap[0][2].is_live:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _next_due(self, entry: _Entry, now_s: float) -> float:
        """Return the next point of the check's own grid.

        The grid never moves, so nothing drifts. Points that have passed are counted and skipped;
        the gap to a point is at least half an interval, which only the first run makes use of.
        """
        earliest_s = entry.due_s + entry.interval_s / 2
        next_s = self._grid_point(entry, earliest_s)
        if next_s <= now_s:
            later_s = self._grid_point(entry, now_s + self._tick_s)
            self.missed += round((later_s - next_s) / entry.interval_s)
            next_s = later_s
        return self._on_tick(next_s)

    @staticmethod
    def _grid_point(entry: _Entry, earliest_s: float) -> float:
        """Return the first point of the check's grid at or after a time."""
        steps = math.ceil((earliest_s - entry.phase_s) / entry.interval_s)
        return entry.phase_s + steps * entry.interval_s

    def _on_tick(self, time_s: float) -> float:
        """Return the first tick at or after a time."""
        return math.ceil(round(time_s / self._tick_s, 6)) * self._tick_s

    def _push(self, entry: _Entry) -> None:
        """Put an entry on the heap; the count keeps the order of equal times."""
        self._pushed += 1
        heapq.heappush(self._heap, (entry.due_s, self._pushed, entry))
