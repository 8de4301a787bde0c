"""Notice that nobody looked for a while: the machine slept, or its clock was set forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_TOLERANCE_S: Final = 5.0
"""A busy machine may be this late without having stood still."""


class Moment(NamedTuple):
    """All clocks, read together."""

    wall_ms: int
    mono_s: float
    boot_s: float

    @classmethod
    def read(cls, clock: Clock) -> Moment:
        """Read the clocks."""
        return cls(clock.now_ms(), clock.monotonic(), clock.boottime())

    def real_elapsed_s(self, later: Moment) -> float:
        """Return the seconds that truly passed until later, time asleep included."""
        return later.boot_s - self.boot_s

    def wall_jump_s(self, later: Moment) -> float:
        """Return by how much the wall clock was set, in either direction."""
        return abs((later.wall_ms - self.wall_ms) / 1000 - self.real_elapsed_s(later))


def has_stood_still(before: Moment, after: Moment, expected_s: float) -> bool:
    """Tell whether far more time passed between two looks than the one expected."""
    return before.real_elapsed_s(after) > expected_s + _TOLERANCE_S


def was_set_forward(before: Moment, after: Moment) -> bool:
    """Tell whether the wall clock left out a time, in which nobody can have looked.

    A machine without a battery for its clock starts with the time at which it was switched off.
    """
    passed_s = (after.wall_ms - before.wall_ms) / 1000
    return passed_s - before.real_elapsed_s(after) > _TOLERANCE_S


def is_void(started: Moment, finished: Moment, longest_s: float) -> bool:
    """Tell whether a failed run says nothing of its target.

    It took longer than it can take, so the machine slept or stood still under it; or the wall
    clock was set meanwhile, which upsets certificates and deadlines.
    """
    stood_still = started.real_elapsed_s(finished) > longest_s + _TOLERANCE_S
    return stood_still or started.wall_jump_s(finished) > _TOLERANCE_S
