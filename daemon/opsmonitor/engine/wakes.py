"""Run a check at a moment of its own choice, and not only at its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from opsmonitor.engine.host import Host
    from opsmonitor.util.clock import Clock


class Wakes:
    """One timer at most for each check; the latest wish counts.

    The wall clock may be set meanwhile: the run at the interval finds that out.
    """

    def __init__(self, host: Host, clock: Clock) -> None:
        """Take who runs the checks."""
        self._host = host
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: dict[str, tuple[int, asyncio.TimerHandle]] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let time pass."""
        self._loop = loop

    def stop(self) -> None:
        """Wake nobody any more."""
        self._loop = None
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def set(self, check_id: str, at_ms: int) -> None:
        """Run a check at this time, in epoch milliseconds, in place of an earlier wish."""
        before = self._timers.get(check_id)
        if self._loop is None or (before is not None and before[0] == at_ms):
            return
        if before is not None:
            before[1].cancel()
        left_s = max(0, at_ms - self._clock.now_ms()) / 1000
        self._timers[check_id] = (at_ms, self._loop.call_later(left_s, self._wake, check_id))

    def _wake(self, check_id: str) -> None:
        """Run a check, if it is still there; one whose time has not come waits on."""
        at_ms, _ = self._timers.pop(check_id)
        if check_id not in self._host.states:
            return
        if self._clock.now_ms() < at_ms:
            self.set(check_id, at_ms)
        else:
            self._host.run_soon(check_id)
