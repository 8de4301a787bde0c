"""Give the beat: wake up once for all that is due in a tick, and notice when nobody did."""

from __future__ import annotations

import asyncio
from collections import deque
import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.engine.schedule import Due, Schedule
from opsmonitor.engine.standstill import Moment, has_stood_still, was_set_forward

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

_LONGEST_SLEEP_S: Final = 1.0
"""Look around at least this often, to notice a standstill soon."""
_STARTS_AT_ONCE: Final = 4
"""After this many starts the sockets are read.

One check must not lengthen the latency that another measures.
"""
_MOST_AT_ONCE: Final = 5
"""After so many times this the event loop has its turn whatever was started."""


class Player(Protocol):
    """Who plays to the beat."""

    def play(self, due: Due) -> None:
        """Start a check that is due."""
        ...

    def catch_up(self) -> bool:
        """Take in what has happened to what was started; tell if the event loop may wait."""
        ...

    def look_around(self, now: Moment) -> None:
        """Do what must be done about once a second."""
        ...

    def note_standstill(self, from_ms: int, to_ms: int) -> None:
        """Take note that nobody looked between two times."""
        ...


class Conductor:
    """Own the schedule and the one timer that follows it."""

    def __init__(self, player: Player, clock: Clock) -> None:
        """Take who is to be called, and the clock."""
        self._player = player
        self._clock = clock
        self._schedule = Schedule()
        self._backlog: deque[Due] = deque()
        self._last_look = Moment.read(clock)
        self._expected_s = _LONGEST_SLEEP_S
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.TimerHandle | None = None
        self.ticks = 0

    @property
    def missed(self) -> int:
        """Return how many runs were left out because of standstills."""
        return self._schedule.missed

    @property
    def last_tick_age_s(self) -> float:
        """Return how long ago the last wake-up was, in seconds."""
        return self._clock.monotonic() - self._last_look.mono_s

    def start(self) -> None:
        """Begin to wake up; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._last_look = Moment.read(self._clock)
        self._plan()

    def stop(self) -> None:
        """Wake up no more."""
        self._loop = None
        self._backlog.clear()
        if self._wake is not None:
            self._wake.cancel()

    def add_all(self, checks: list[tuple[str, float]]) -> None:
        """Schedule `(check id, interval in seconds)`, in place of what had the same id."""
        self._schedule.add_all(checks, self._clock.monotonic())
        self._plan()

    def remove(self, check_id: str) -> None:
        """Forget a check, although it may be due."""
        self._schedule.remove(check_id)
        if self._backlog:
            self._backlog = deque(due for due in self._backlog if due.check_id != check_id)

    def _plan(self) -> None:
        """Set the next wake-up: when the next check is due, or soon enough to look around."""
        if self._loop is None:
            return
        if self._wake is not None:
            self._wake.cancel()
        now_s = self._clock.monotonic()
        due_s = self._schedule.next_due_s()
        latest_s = now_s + _LONGEST_SLEEP_S
        wake_s = latest_s if due_s is None else min(due_s, latest_s)
        self._expected_s = max(0.0, wake_s - self._last_look.mono_s)
        self._wake = self._loop.call_at(wake_s, self._tick)

    def _tick(self) -> None:
        """Look at the clocks and start what is due.

        The next wake-up is set before anyone is called: no defect elsewhere may stop the beat.
        """
        self.ticks += 1
        before, now = self._last_look, Moment.read(self._clock)
        self._last_look = now
        stood_still = has_stood_still(before, now, self._expected_s)
        has_backlog = bool(self._backlog)
        self._backlog.extend(self._schedule.pop_due(now.mono_s))
        self._plan()
        try:
            # What is started now is to know of it.
            self._note_gap(before, now, stood_still=stood_still)
        finally:
            if not has_backlog:
                self._start_some()
        if int(now.mono_s) != int(before.mono_s):
            self._player.look_around(now)

    def _note_gap(self, before: Moment, now: Moment, *, stood_still: bool) -> None:
        """Tell of a time in which nobody looked."""
        if stood_still:
            _LOGGER.warning(
                "Nothing was monitored for %.0f s: the machine slept or the daemon was stopped",
                before.real_elapsed_s(now),
            )
        elif was_set_forward(before, now):
            _LOGGER.warning("The clock was set forward by %.0f s", before.wall_jump_s(now))
        else:
            return
        self._player.note_standstill(before.wall_ms, now.wall_ms)

    def _start_some(self) -> None:
        """Start a few of the due checks and come back for the others."""
        try:
            for _ in range(_MOST_AT_ONCE):
                if not self._backlog:
                    break
                for _ in range(_STARTS_AT_ONCE):
                    if self._backlog:
                        self._player.play(self._backlog.popleft())
                if not self._player.catch_up():
                    break
        finally:
            if self._backlog and self._loop is not None:
                self._loop.call_soon(self._start_some)
