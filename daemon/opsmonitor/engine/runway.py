"""Let the runs of checks begin as there is room, and end in time."""

from __future__ import annotations

import asyncio
from functools import partial
import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.checks.base import DirectProbe
from opsmonitor.engine.limiter import Limiter
from opsmonitor.engine.runner import run_check, without_secrets
from opsmonitor.engine.standstill import Moment
from opsmonitor.engine.stats import Lateness
from opsmonitor.models.check import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opsmonitor.engine.job import Job
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

_FAIL: Final = Verdict.FAIL
_GRACE_S: Final = 1.0
"""A probe that overstays its time-out by this much is cancelled."""


class Owner(Protocol):
    """Who wants the runs."""

    def wants(self, job: Job) -> bool:
        """Tell whether the job may run now."""
        ...

    def finish(self, job: Job, outcome: Outcome) -> None:
        """Take in the outcome of a run."""
        ...


class Runway:
    """Starts runs and gives back their places."""

    def __init__(self, owner: Owner, clock: Clock) -> None:
        """Take who wants the runs."""
        self._owner = owner
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self.limiter = Limiter(limit=1, limit_per_host=1)
        self.lateness = Lateness()
        self._looks: set[Callable[[], None]] = set()
        self._tasks = 0
        """How many runs are under way that need turns of the event loop."""

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let runs begin."""
        self._loop = loop

    def close(self) -> None:
        """Let no further run begin."""
        self._loop = None

    def equip(self, job: Job) -> None:
        """Give a job what no run should have to make for itself."""
        job.start = partial(self._start, job)
        job.on_cancelled = partial(self._on_cancelled, job)
        job.on_ended = partial(self._on_ended, job)
        if isinstance(job.probe, DirectProbe):
            job.begin = job.probe.prepare(partial(self._take, job))
            if job.probe.look is not None:
                self._looks.add(job.probe.look)

    def submit(self, job: Job, due_s: float) -> None:
        """Let a job run as soon as there is room."""
        job.is_busy = True
        job.due_s = due_s
        if self.limiter.take(job.check.host, job.start):
            self._begin(job)

    def catch_up(self) -> bool:
        """Take in what has happened to the runs without a task; tell if there are no others.

        Those need turns of the event loop, and measure how long they wait for one.
        """
        if self._tasks:
            return False
        for look in self._looks:
            look()
        return True

    def cancel_overdue(self, jobs: Iterable[Job], now_s: float) -> None:
        """Cancel runs whose probe did not keep its time-out."""
        for job in jobs:
            if not job.is_busy or job.started is None:
                continue
            if job.is_running and now_s - job.started.mono_s > job.longest_s + _GRACE_S:
                job.is_overdue = True
                job.cancel()

    def _start(self, job: Job) -> None:
        """Start the run of a job that had to wait for room, if it is still wanted."""
        if self._owner.wants(job):
            self._begin(job)
        else:
            self._land(job)

    def _begin(self, job: Job) -> None:
        """Begin the run of a job that has been given room."""
        if self._loop is None:
            self._land(job)
            return
        job.started = Moment.read(self._clock)
        job.is_overdue = False
        self.lateness.add(job.started.mono_s - job.due_s)
        if job.begin is None:
            self._begin_task(self._loop, job)
            return
        try:
            job.attempt = job.begin()
        except Exception:
            _LOGGER.exception("Check %s could not be begun", job.check.id)
            self._begin_task(self._loop, job)

    def _begin_task(
        self, loop: asyncio.AbstractEventLoop, job: Job, *, failed: bool = False
    ) -> None:
        """Begin a run that needs a task, or the rest of one whose first attempt has failed."""
        self._tasks += 1
        job.task = loop.create_task(self._run(job, failed=failed))

    async def _run(self, job: Job, *, failed: bool) -> None:
        """Make a run, give back its place and hand over its outcome; a cancelled run has none."""
        try:
            outcome = await run_check(job.check, job.probe, failed=failed)
        except asyncio.CancelledError:
            if not job.is_overdue:
                raise
            outcome = _overdue(job)
        finally:
            self._land(job)
        self._owner.finish(job, outcome)

    def _take(self, job: Job, outcome: Outcome) -> None:
        """Take the outcome of an attempt without a task; only further ones need one."""
        check = job.check
        if outcome.verdict is _FAIL and check.retries and self._loop is not None:
            job.attempt = None
            self._begin_task(self._loop, job, failed=True)
            return
        job.is_busy = False
        job.attempt = None
        self.limiter.release(check.host)
        if check.secrets:
            outcome = without_secrets(outcome, check.secrets)
        self._owner.finish(job, outcome)

    def _on_ended(self, job: Job) -> None:
        """Give back the place of a run without a task that was cancelled, but not at once.

        As with a task, nobody who cancels a run has others begin meanwhile.
        """
        asyncio.get_running_loop().call_soon(self._clear, job)

    def _clear(self, job: Job) -> None:
        """Give back the place of a cancelled run; what took too long has an outcome."""
        self._land(job)
        if job.is_overdue:
            self._owner.finish(job, _overdue(job))

    def _on_cancelled(self, job: Job, task: asyncio.Task[None]) -> None:
        """Give back the place of a run that was cancelled before it could begin."""
        if job.task is task:
            self._land(job)

    def _land(self, job: Job) -> None:
        """Give back the place of a run."""
        if job.task is not None:
            self._tasks -= 1
        job.is_busy = False
        job.task = job.attempt = None
        self.limiter.release(job.check.host)


def _overdue(job: Job) -> Outcome:
    """Return the outcome of a run that was ended for lack of one."""
    error = f"no result within {job.longest_s:g} s"
    return Outcome(verdict=Verdict.FAIL, error=error, error_code="timeout")
