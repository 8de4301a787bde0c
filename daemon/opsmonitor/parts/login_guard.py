"""Do not try a wrong login again and again: the other side would lock the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_FIRST_S: Final = 300.0
_LONGEST_S: Final = 6 * 3600.0
_MAX_DOUBLINGS: Final = 16


class LoginGuard:
    """Lets one login through, and after each refusal waits twice as long."""

    __slots__ = ("_clock", "_failures", "_not_before_s", "next_ms")

    def __init__(self, clock: Clock) -> None:
        """Begin without a refusal."""
        self._clock = clock
        self._failures = 0
        self._not_before_s = 0.0
        self.next_ms = 0
        """When the next login may be tried: epoch milliseconds."""

    @property
    def wait_s(self) -> float:
        """Return how long no login may be tried; 0.0: it may be now."""
        return max(0.0, self._not_before_s - self._clock.monotonic()) if self._failures else 0.0

    def refused(self) -> None:
        """Note that a login was refused."""
        pause_s = min(_FIRST_S * 2 ** min(self._failures, _MAX_DOUBLINGS), _LONGEST_S)
        self._failures += 1
        self._not_before_s = self._clock.monotonic() + pause_s
        self.next_ms = self._clock.now_ms() + round(pause_s * 1000)

    def accepted(self) -> None:
        """Note that a login was good."""
        self._failures = 0
