"""One thing that is polled, and the poll of it that is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from opsmonitor.config.settings import ProbeSettings
    from opsmonitor.engine.standstill import Moment
    from opsmonitor.exceptions import ProbeError
    from opsmonitor.models.reading import Reading, ReadingState
    from opsmonitor.probes.base import Poll


class Polled:
    """Holds what is known of a thing, and what runs for it."""

    __slots__ = (
        "is_given_up",
        "kept_ms",
        "not_before_s",
        "poll",
        "probe",
        "started",
        "state",
        "task",
        "timer",
    )

    def __init__(self, probe: ProbeSettings, poll: Poll, state: ReadingState) -> None:
        """Take how to poll it and what was known before."""
        self.probe = probe
        self.poll = poll
        self.state = state
        self.task: asyncio.Task[Reading | ProbeError] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.started: Moment | None = None
        self.is_given_up = False
        self.not_before_s = float("-inf")
        """Not polled before this monotonic time, because the thing asked for patience."""
        self.kept_ms = 0
        """When its whole state was last written down."""

    @property
    def name(self) -> str:
        """Return the full dotted name."""
        return self.state.name

    def stop(self) -> None:
        """End the poll under way; its result is of no use any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.task is not None:
            self.task.cancel()
