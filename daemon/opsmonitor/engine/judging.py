"""Draw the consequences of runs: what each of them means for its check and for others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from opsmonitor.engine.host import Host
from opsmonitor.engine.shortage import Shortage
from opsmonitor.engine.standstill import Moment, is_void
from opsmonitor.engine.state_machine import advance, flapping_change, go_on, goes_on
from opsmonitor.models.check import RunResult, Status, Verdict
from opsmonitor.util.want import CODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.engine.circumstances import Circumstances
    from opsmonitor.engine.groups import Groups
    from opsmonitor.engine.job import Job
    from opsmonitor.engine.outbox import Outbox
    from opsmonitor.models.check import CheckState, Outcome
    from opsmonitor.util.clock import Clock


class Court(Host, Protocol):
    """Who runs the checks, and lets their states be changed."""

    @property
    def states(self) -> dict[str, CheckState]:
        """What is known of each check now."""
        ...

    def submit(self, job: Job, due_s: float) -> None:
        """Let a job run as soon as there is room."""
        ...


class Judging:
    """Takes every run that has ended."""

    def __init__(
        self,
        host: Court,
        clock: Clock,
        *,
        jobs: Mapping[str, Job],
        circumstances: Circumstances,
        groups: Groups,
        outbox: Outbox,
    ) -> None:
        """Take the jobs in force, what has a say in how they are, and who is told."""
        self._host = host
        self._clock = clock
        self._jobs = jobs
        self._circumstances = circumstances
        self._plan = circumstances.plan
        self._family = circumstances.family
        self._witness = circumstances.witness
        self._groups = groups
        self._outbox = outbox
        self.unjudged: set[str] = set()
        """The checks that have not been run since they are in force."""
        self.shortage = Shortage()
        """What the daemon itself has too little of for its runs."""
        self._starved = self.shortage.check_ids
        self.runs = 0
        self.voided = 0
        """Runs that found a fault and said nothing, as the machine slept or the clock jumped, or
        the daemon had no file left."""

    def wants(self, job: Job) -> bool:
        """Tell whether a job is in force and not paused."""
        check_id = job.check.id
        return self._jobs.get(check_id) is job and self._host.states[check_id].pause is None

    def finish(self, job: Job, outcome: Outcome) -> None:
        """Judge an outcome, unless the run says nothing of how things are now."""
        check_id = job.check.id
        before = self._host.states.get(check_id)
        if before is None or self._jobs.get(check_id) is not job or job.started is None:
            return
        if before.pause is not None:
            return
        is_stale, job.is_stale = job.is_stale, False
        if (
            goes_on(before, outcome)
            and job.has_interval
            and self._plan.is_empty
            and not self._witness.is_out
        ):
            self._go_on_well(job, before, job.started, outcome)
            return
        if outcome.error_code == CODE:
            self._void(job, before, job.started, outcome)
            return
        if outcome.verdict is not Verdict.OK:
            finished = Moment.read(self._clock)
            is_voided = is_void(job.started, finished, job.longest_s)
            self.voided += is_voided
            if is_voided or (is_stale and not outcome.is_good):
                self._host.submit(job, finished.mono_s)
                return
        if not outcome.is_good:
            if self._witness.concerns(check_id) and self._witness.must_be_asked(
                self._host.states[check_id], outcome
            ):
                job.is_busy = job.is_parked = True
                self._witness.ask(partial(self._go_on, job, outcome))
                return
        elif self._witness.is_out:
            self._witness.note_good(check_id, job.started.mono_s)
        self._judge(job, job.started, outcome, self._clock.now_ms())

    def forget(self, check_id: str) -> None:
        """Wait for no run of a check."""
        self.unjudged.discard(check_id)
        self.shortage.forget(check_id)

    def _void(self, job: Job, state: CheckState, started: Moment, outcome: Outcome) -> None:
        """Leave everything as it is: the run could not be made here, and is so at its next time.

        Making it again at once would need what there is too little of.
        """
        self.voided += 1
        self.shortage.note(job.check.id, outcome.error, self._clock.monotonic())
        if job.waiters:
            job.tell_waiters(
                RunResult(
                    check_id=job.check.id,
                    started_ms=started.wall_ms,
                    finished_ms=self._clock.now_ms(),
                    outcome=outcome,
                    state=state,
                )
            )

    def _go_on(self, job: Job, outcome: Outcome, is_stale: bool) -> None:  # noqa: FBT001 - a callback
        """Judge a failing run that had to wait for the witness."""
        job.is_busy = job.is_parked = False
        is_stale, job.is_stale = is_stale or job.is_stale, False
        if not self.wants(job) or job.started is None:
            return
        if is_stale:
            self._host.submit(job, self._clock.monotonic())
        else:
            self._judge(job, job.started, outcome, self._clock.now_ms())

    def _judge(self, job: Job, started: Moment, outcome: Outcome, now_ms: int) -> None:
        """Draw the consequences of a run."""
        check_id = job.check.id
        before = self._host.states[check_id]
        cover = self._circumstances.cover(check_id, outcome)
        state, transition = advance(before, outcome, job.thresholds, now_ms, cover)
        if state.status is not Status.UP or before.status is not Status.UP:
            state = self._family.hold(before, state, is_first=not job.has_interval)
            state = self._groups.hold(before, state)
        is_new_interval = transition is not None or not job.has_interval
        job.has_interval = True
        result = RunResult(
            check_id=check_id,
            started_ms=started.wall_ms,
            finished_ms=now_ms,
            outcome=outcome,
            state=state,
            transition=transition,
            interval=state.status if is_new_interval else None,
        )
        self._host.states[check_id] = state
        self.runs += 1
        self.forget(check_id)
        self._outbox.put(result)
        if job.waiters:
            job.tell_waiters(result)
        if (state.flapping_since_ms is None) is not (before.flapping_since_ms is None):
            self._outbox.put_change(flapping_change(state, now_ms))
        if transition is not None or state.covered is not before.covered:
            self._family.follow(before, state, now_ms)
        self._family.holds.note_run(check_id, started.mono_s)
        self._witness.note_run(check_id, started.mono_s)

    def _go_on_well(self, job: Job, before: CheckState, started: Moment, outcome: Outcome) -> None:
        """Take in a run after which all is as it was: nearly every one is such, so be quick."""
        check_id, now_ms = before.id, self._clock.now_ms()
        result = RunResult(
            check_id=check_id,
            started_ms=started.wall_ms,
            finished_ms=now_ms,
            outcome=outcome,
            state=go_on(before, outcome, now_ms),
            is_plain=True,
        )
        self._host.states[check_id] = result.state
        self.runs += 1
        if self.unjudged or self._starved:
            self.forget(check_id)
        self._outbox.put(result)
        if job.waiters:
            job.tell_waiters(result)
        if not self._family.holds.are_empty:
            self._family.holds.note_run(check_id, started.mono_s)
        if check_id == self._witness.check_id:
            self._witness.note_run(check_id, started.mono_s)
