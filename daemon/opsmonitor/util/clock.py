"""Where time comes from, so that tests can control it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
import time
from typing import Final, Protocol

_CLOCK_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)
_BOOTTIME: Final[Callable[[], float]] = (
    time.monotonic if _CLOCK_BOOTTIME is None else partial(time.clock_gettime, _CLOCK_BOOTTIME)
)
"""Monotonic seconds that go on while the machine sleeps.

Source: clock_gettime(2); systems without this clock never report a sleep.
"""


class Clock(Protocol):
    """The two times that the daemon uses."""

    def now_ms(self) -> int:
        """Return the wall clock in epoch milliseconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards; for durations and schedules."""
        ...

    def boottime(self) -> float:
        """Return monotonic seconds that go on while the machine sleeps."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        """Return the wall clock in epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    # Without a function of our own around them: each run of a check asks for both.
    monotonic = staticmethod(time.monotonic)
    boottime = staticmethod(_BOOTTIME)


@dataclass(slots=True)
class FakeClock:
    """A clock that moves only when told to; for tests."""

    wall_ms: int = 1_700_000_000_000
    mono_s: float = 1000.0
    slept_s: float = 0.0

    def now_ms(self) -> int:
        """Return the wall clock in epoch milliseconds, UTC."""
        return self.wall_ms

    def monotonic(self) -> float:
        """Return the monotonic seconds."""
        return self.mono_s

    def boottime(self) -> float:
        """Return the monotonic seconds plus those slept."""
        return self.mono_s + self.slept_s

    def sleep_machine(self, seconds: float) -> None:
        """Let the machine sleep: only the wall clock and the boot time go on."""
        self.slept_s += seconds
        self.wall_ms += round(seconds * 1000)

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass on every clock."""
        self.mono_s += seconds
        self.wall_ms += round(seconds * 1000)


def iso_utc(epoch_ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC, ending in `Z`, with milliseconds."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{epoch_ms % 1000:03d}Z"
