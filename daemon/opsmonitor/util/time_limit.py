"""Hard limits of the time that something may take, with one timer for all that are equally long.

`asyncio.timeout` sets a timer of its own each time and takes it back: for a check that is answered
at once, that costs as much as to judge it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class TimeLimit:
    """Cancels the task that entered it when the time is over: a `TimeoutError` comes of that."""

    __slots__ = ("_cancelling", "_lane", "_task", "ends_s", "is_over")

    def __init__(self, lane: _Lane) -> None:
        """Begin with entering."""
        self._lane = lane
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.ends_s = 0.0
        """By the event loop's clock."""
        self.is_over = False

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            RuntimeError: Nothing can be cancelled here, as this is no task.

        """
        task = asyncio.current_task(self._lane.loop)
        if task is None:
            raise RuntimeError("a time limit needs a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._lane.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End.

        Raises:
            TimeoutError: The time was over before, and for no other reason the task was cancelled.

        """
        task, self._task = self._task, None
        if not self.is_over:
            self._lane.remove(self)
        elif (
            task is not None
            and task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def end(self) -> None:
        """Let the task stop."""
        self.is_over = True
        if self._task is not None:
            self._task.cancel()


class _Lane:
    """All limits of one length: the oldest comes first, and is over first."""

    __slots__ = ("_all", "_limits", "_seconds", "_timer", "loop")

    def __init__(self, lanes: dict[float, _Lane], seconds: float) -> None:
        """Start empty, as one of several."""
        self._all = lanes
        self.loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._limits: dict[TimeLimit, None] = {}
        self._timer = self.loop.call_later(seconds, self._look)

    def add(self, limit: TimeLimit) -> None:
        """Watch over a limit that begins now."""
        limit.ends_s = self.loop.time() + self._seconds
        self._limits[limit] = None

    def remove(self, limit: TimeLimit) -> None:
        """Forget a limit that was kept."""
        del self._limits[limit]

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        """End what is over, and come back when the next is due."""
        now_s = self.loop.time()
        while self._limits:
            limit = next(iter(self._limits))
            if limit.ends_s > now_s:
                self._timer = self.loop.call_at(limit.ends_s, self._look)
                return
            del self._limits[limit]
            limit.end()
        del self._all[self._seconds]


class TimeLimits:
    """Makes the limits for the tasks of one event loop."""

    def __init__(self) -> None:
        """Start without any."""
        self._lanes: dict[float, _Lane] = {}

    def within(self, seconds: float) -> TimeLimit:
        """Return a limit, to be entered at once by the task that must keep it."""
        lane = self._lanes.get(seconds)
        if lane is None:
            lane = self._lanes[seconds] = _Lane(self._lanes, seconds)
        return TimeLimit(lane)

    def stop(self) -> None:
        """End no task any more."""
        for lane in self._lanes.values():
            lane.stop()
        self._lanes.clear()
