"""An event loop whose time passes only when nothing is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
import selectors
from typing import Any, TypeVar

from opsmonitor.util.clock import FakeClock

ResultT = TypeVar("ResultT")


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, move the clock to the next timer."""

    def __init__(self, clock: FakeClock) -> None:
        """Take the clock to move."""
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """Look at the sockets without waiting; a wait becomes a jump in time."""
        ready = super().select(0)
        if not ready and timeout:
            self._clock.advance(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Schedule by a fake clock."""

    def __init__(self, clock: FakeClock) -> None:
        """Take the clock to follow."""
        super().__init__(_JumpingSelector(clock))
        self._fake_clock = clock

    def time(self) -> float:
        """Return the fake monotonic time."""
        return self._fake_clock.monotonic()


def run_in_virtual_time(
    scenario: Callable[[FakeClock], Coroutine[Any, Any, ResultT]],
) -> ResultT:
    """Run a scenario; hours pass in milliseconds."""
    clock = FakeClock()
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
        return runner.run(scenario(clock))
