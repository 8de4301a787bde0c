"""One configured check with all that its runs need, decided beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.engine.flapping import limits_of
from opsmonitor.engine.runner import longest_run_s
from opsmonitor.engine.state_machine import Thresholds

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from opsmonitor.checks.base import Attempt, Probe
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.standstill import Moment
    from opsmonitor.models.check import RunResult


class Job:
    """A check, its compiled probe, and its run under way."""

    __slots__ = (
        "attempt",
        "begin",
        "check",
        "due_s",
        "has_interval",
        "is_busy",
        "is_overdue",
        "is_parked",
        "is_stale",
        "longest_s",
        "on_cancelled",
        "on_ended",
        "probe",
        "start",
        "started",
        "task",
        "thresholds",
        "waiters",
    )

    def __init__(self, check: CheckSettings, probe: Probe) -> None:
        """Prepare the job; it is not busy."""
        self.check = check
        self.probe = probe
        self.thresholds = Thresholds(
            down=check.down_threshold, up=check.up_threshold, flapping=limits_of(check.flapping)
        )
        self.longest_s = longest_run_s(check)
        self.start: Callable[[], None]
        """Start the run; set once by the owner, so that no run needs a closure of its own."""
        self.on_cancelled: Callable[[asyncio.Task[None]], None]
        """Take in that the run was cancelled; set once by the owner."""
        self.on_ended: Callable[[], None]
        """The same for a run without a task; set once by the owner."""
        self.begin: Callable[[], Attempt] | None = None
        """Begin a run that needs no task; None: every run needs one."""
        self.is_busy = False
        """Under way, or waiting for room."""
        self.is_overdue = False
        """Cancelled because it went beyond its longest time."""
        self.is_parked = False
        """It failed, and the witness is asked before that is judged."""
        self.is_stale = False
        """Something changed under the run: should it fail, it is run again before it is judged."""
        self.has_interval = False
        """Whether a state interval was opened since the daemon started."""
        self.due_s = 0.0
        self.started: Moment | None = None
        self.task: asyncio.Task[None] | None = None
        """The run under way, if it needs a task."""
        self.attempt: Attempt | None = None
        """The run under way, as long as it needs none."""
        self.waiters: list[asyncio.Future[RunResult]] = []

    @property
    def is_running(self) -> bool:
        """Tell whether a run is under way."""
        return self.task is not None or self.attempt is not None

    def stop(self) -> None:
        """Cancel the run under way and whoever waits for it."""
        self.cancel()
        for waiter in self.waiters:
            waiter.cancel()
        self.waiters.clear()

    def cancel(self) -> None:
        """Cancel the run under way."""
        if self.task is not None:
            self.task.add_done_callback(self.on_cancelled)
            self.task.cancel()
        elif self.attempt is not None:
            self.attempt.cancel()
            self.attempt = None
            self.on_ended()

    def tell_waiters(self, result: RunResult) -> None:
        """Give the result to everyone who asked for a run."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)
        self.waiters.clear()
