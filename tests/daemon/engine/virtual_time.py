"""An event loop whose time passes only when nothing is left to do, not even by a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import wraps
import selectors
from typing import Any, Final, TypeVar
from unittest.mock import patch

import aiosqlite

from opsmonitor.util.clock import FakeClock

ResultT = TypeVar("ResultT")


_DATABASE_CALLS: Final = ("_connect", "_execute")
_PATIENCE_S: Final = 60.0


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, move the clock to the next timer."""

    def __init__(self, clock: FakeClock) -> None:
        """Take the clock to move."""
        super().__init__()
        self._clock = clock
        self.awaited = 0
        """Answers of threads that are still to come: until then no time passes."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Look at the sockets without waiting; a wait becomes a jump in time."""
        ready = super().select(0)
        if not ready and timeout != 0 and self.awaited:
            return super().select(_PATIENCE_S)
        if not ready and timeout:
            self._clock.advance(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Schedule by a fake clock."""

    def __init__(self, clock: FakeClock) -> None:
        """Take the clock to follow."""
        self._jumping = _JumpingSelector(clock)
        super().__init__(self._jumping)
        self._fake_clock = clock

    def time(self) -> float:
        """Return the fake monotonic time."""
        return self._fake_clock.monotonic()

    async def wait_for_thread(self, answer: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Return what a thread answers; meanwhile no time passes."""
        self._jumping.awaited += 1
        try:
            return await answer
        finally:
            self._jumping.awaited -= 1

    def run_in_executor(  # type: ignore[override]  # typeshed binds the arguments to the function
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Let a thread work; meanwhile no time passes."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.awaited += 1
        future.add_done_callback(self._note_answer)
        return future

    def _note_answer(self, _future: asyncio.Future[Any]) -> None:
        """Count one answer less."""
        self._jumping.awaited -= 1


def _timeless(call: Callable[..., Coroutine[Any, Any, ResultT]]) -> Callable[..., Any]:
    """Return a call to the database during which no time passes."""

    @wraps(call)
    async def made(*arguments: Any, **options: Any) -> ResultT:
        """Make the call."""
        answer = call(*arguments, **options)
        loop = asyncio.get_running_loop()
        return await (loop.wait_for_thread(answer) if isinstance(loop, VirtualTimeLoop) else answer)

    return made


def run_in_virtual_time(
    scenario: Callable[[FakeClock], Coroutine[Any, Any, ResultT]],
) -> ResultT:
    """Run a scenario; hours pass in milliseconds."""
    clock = FakeClock()
    with ExitStack() as stack:
        for name in _DATABASE_CALLS:
            made = _timeless(getattr(aiosqlite.Connection, name))
            stack.enter_context(patch.object(aiosqlite.Connection, name, made))
        runner = stack.enter_context(asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)))
        return runner.run(scenario(clock))
