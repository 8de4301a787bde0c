"""Run the checks on time and keep what is known of each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opsmonitor.checks.base import NO_VALUES, CheckType, ValueSource
from opsmonitor.engine.batch import Batch, Listener, Publisher
from opsmonitor.engine.circumstances import Circumstances
from opsmonitor.engine.compiler import Compiler
from opsmonitor.engine.conductor import Conductor
from opsmonitor.engine.family import Family
from opsmonitor.engine.groups import Groups
from opsmonitor.engine.interventions import Interventions
from opsmonitor.engine.job import Job
from opsmonitor.engine.judging import Judging
from opsmonitor.engine.maintenance import MaintenancePlan
from opsmonitor.engine.outbox import Outbox
from opsmonitor.engine.runway import Runway
from opsmonitor.engine.stats import EngineStats
from opsmonitor.engine.wakes import Wakes
from opsmonitor.engine.witness import Witness
from opsmonitor.exceptions import UnknownCheckError
from opsmonitor.models.check import CheckState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings, Settings
    from opsmonitor.engine.recorder import Recorder
    from opsmonitor.engine.schedule import Due
    from opsmonitor.engine.standstill import Moment
    from opsmonitor.models.check import Change, RunResult
    from opsmonitor.models.heartbeat import Pulse
    from opsmonitor.models.maintenance import Window
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.resolver import Resolver


class Monitor:
    """The engine: schedule, run, judge, record and publish."""

    def __init__(  # noqa: PLR0913 - the parts of an engine are many
        self,
        *,
        check_types: Mapping[str, CheckType[object]],
        recorder: Recorder,
        clock: Clock,
        http: HttpTransport,
        resolver: Resolver,
        states: Mapping[str, CheckState],
        values: ValueSource = NO_VALUES,
        windows: Iterable[Window] = (),
        pulses: Callable[[str], Pulse | None] = lambda _check_id: None,
    ) -> None:
        """Take the parts it works with and the last known states; `apply` gives it checks."""
        self._wakes = Wakes(self, clock)
        self._compiler = Compiler(
            check_types=check_types,
            clock=clock,
            http=http,
            resolver=resolver,
            values=values,
            states=self._state,
            pulses=pulses,
            wake_at=self._wakes.set,
        )
        self._recorder = recorder
        self._clock = clock
        self._known_states = dict(states)
        self._jobs: dict[str, Job] = {}
        self.checks: dict[str, CheckSettings] = {}
        self.states: dict[str, CheckState] = {}
        self._conductor = Conductor(self, clock)
        self._publisher = Publisher()
        self._outbox = Outbox(recorder, self._publisher)
        self._family = Family(self, clock)
        self._witness = Witness(self, clock)
        self.maintenance = MaintenancePlan(self, clock, windows)
        """When nobody is told of what."""
        self._circumstances = Circumstances(
            host=self, plan=self.maintenance, witness=self._witness, family=self._family
        )
        self._groups = Groups(self)
        self._publisher.subscribe(self._groups.take)
        self.interventions = Interventions(self, clock)
        """What people ask for."""
        self._judging = Judging(
            self,
            clock,
            jobs=self._jobs,
            circumstances=self._circumstances,
            groups=self._groups,
            outbox=self._outbox,
        )
        self._runway = Runway(self._judging, clock)
        self._overruns = 0

    def start(self) -> None:
        """Begin to run the checks that were applied; call it in the event loop."""
        loop = asyncio.get_running_loop()
        self._runway.open(loop)
        self._outbox.open(loop)
        self._wakes.start(loop)
        self._family.holds.start(loop)
        self._witness.start(loop)
        self.maintenance.start()
        self.interventions.start(loop)
        self._conductor.start()

    async def stop(self) -> None:
        """Stop every run and hand over what is finished; nothing is recorded afterwards."""
        self._runway.close()
        self._conductor.stop()
        self._wakes.stop()
        self.interventions.stop()
        self._family.holds.stop()
        self._witness.stop()
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for job in self._jobs.values():
            job.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._outbox.close()

    def apply(self, settings: Settings) -> None:
        """Put a configuration in force; unchanged checks keep their state and schedule."""
        has_moved = self._compiler.move(settings)
        fresh = [
            check
            for check in settings.checks.values()
            if has_moved
            or check.id not in self.checks
            or self.checks[check.id].fingerprint != check.fingerprint
        ]
        jobs = {check.id: self._build_job(check, settings) for check in fresh}
        removed = self.checks.keys() - settings.checks.keys()
        # What is recorded of a check after its removal would make it known again.
        self._outbox.flush()
        self._drop(removed)
        for check_id, job in jobs.items():
            self._put(check_id, job)
        self.checks = dict(settings.checks)
        self.states = {check_id: self.states[check_id] for check_id in settings.checks}
        self._family.apply(self.checks)
        self._witness.apply(self.checks)
        self.maintenance.apply(settings)
        self._groups.apply(self.checks.values())
        limits = settings.engine
        self._runway.limiter.set_limits(limits.max_concurrent, limits.max_concurrent_per_host)
        running = [check for check in fresh if self.states[check.id].pause is None]
        self._conductor.add_all([(check.id, check.interval_s) for check in running])
        if removed:
            self._recorder.remove_checks(removed, self._clock.now_ms())
        self._publisher.publish(
            Batch(added=tuple(jobs), removed=tuple(sorted(removed)), config_changed=True)
        )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with each batch, within a tick of what happened."""
        return self._publisher.subscribe(listener)

    def publish(self, batch: Batch) -> None:
        """Tell the listeners what did not come of a run."""
        self._publisher.publish(batch)

    def publish_config_change(self) -> None:
        """Tell the listeners that the configuration file turned bad or good."""
        self._publisher.publish(Batch(config_changed=True))

    async def run_now(self, check_id: str) -> RunResult:
        """Run a check at once, or join its run under way, and return the result.

        Raises:
            UnknownCheckError: No check has this id, or it was removed meanwhile.
            CheckConflictError: It is paused, or was paused meanwhile.

        """
        job = self._jobs.get(check_id)
        if job is None:
            raise UnknownCheckError(check_id)
        self.interventions.refuse_paused(check_id)
        waiter: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()
        job.waiters.append(waiter)
        if not job.is_busy:
            self._runway.submit(job, self._clock.monotonic())
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.cancelled() and self._jobs.get(check_id) is not job:
                raise UnknownCheckError(check_id) from None
            if waiter.cancelled():
                self.interventions.refuse_paused(check_id)
            raise

    def stats(self) -> EngineStats:
        """Return the engine's own figures."""
        p50_ms, p99_ms, max_ms = self._runway.lateness.percentiles_ms()
        return EngineStats(
            runs=self._judging.runs,
            late_starts=self._runway.lateness.late_starts,
            overruns=self._overruns,
            missed=self._conductor.missed,
            voided=self._judging.voided,
            starved=len(self._judging.shortage.check_ids),
            shortage=self._judging.shortage.reason,
            ticks=self._conductor.ticks,
            running=self._runway.limiter.running,
            waiting=self._runway.limiter.waiting,
            lateness_p50_ms=p50_ms,
            lateness_p99_ms=p99_ms,
            lateness_max_ms=max_ms,
            last_tick_age_s=self._conductor.last_tick_age_s,
            first_pass_done=not self._judging.unjudged,
        )

    # Configuration

    def _build_job(self, check: CheckSettings, settings: Settings) -> Job:
        """Compile a check's probe."""
        job = Job(check, self._compiler.compile(check, settings))
        self._runway.equip(job)
        return job

    def _put(self, check_id: str, job: Job) -> None:
        """Let a job take the place of whatever had its id; the state stays while the type does."""
        before = self._jobs.get(check_id)
        if before is not None:
            job.waiters, before.waiters = before.waiters, []
            job.has_interval = before.has_interval
            before.stop()
        self._jobs[check_id] = job
        state = self.states.get(check_id) or self._known_states.pop(check_id, None)
        if state is None or state.type != job.check.type:
            state = CheckState(id=check_id, type=job.check.type)
            job.has_interval = False
        self.states[check_id] = state
        if state.pause is None:
            self._judging.unjudged.add(check_id)

    def _drop(self, check_ids: Iterable[str]) -> None:
        """Forget checks and cancel their runs."""
        for check_id in check_ids:
            self._conductor.remove(check_id)
            self._judging.forget(check_id)
            self._jobs.pop(check_id).stop()
            del self.states[check_id]

    def _state(self, check_id: str) -> CheckState | None:
        """Return what is known of a check now."""
        return self.states.get(check_id)

    # The conductor's player

    def play(self, due: Due) -> None:
        """Start a check that is due, unless its previous run is still under way."""
        job = self._jobs.get(due.check_id)
        if job is None:
            return
        if job.is_busy:
            self._overruns += 1
        else:
            self._runway.submit(job, due.due_s)

    def catch_up(self) -> bool:
        """Take in what has happened to the runs under way; tell if none needs a turn."""
        return self._runway.catch_up()

    def look_around(self, now: Moment) -> None:
        """Cancel runs whose probe did not keep its time-out, and end pauses that are over."""
        self.interventions.look_around()
        self.maintenance.look_around()
        self._runway.cancel_overdue(self._jobs.values(), now.mono_s)

    def note_standstill(self, from_ms: int, to_ms: int) -> None:
        """Record that nobody looked between two times, after what was seen before.

        What failed before, and is not judged yet, is looked at again.
        """
        for check_id in self._jobs:
            self.distrust(check_id)
        self._outbox.flush()
        self._recorder.mark_unmonitored(from_ms, to_ms)
        self._publisher.publish(Batch(standstill=(from_ms, to_ms)))

    # The host of those that decide

    def change(self, change: Change) -> None:
        """Put a change in force that no run brought about."""
        before = self.states[change.check_id]
        self.states[change.check_id] = change.state
        self._outbox.put_change(change)
        if change.interval is not None:
            self._jobs[change.check_id].has_interval = True
            self._family.follow(before, change.state, change.at_ms)

    def halt(self, check_id: str) -> None:
        """End the run under way and start none."""
        self._conductor.remove(check_id)
        self._judging.forget(check_id)
        self.distrust(check_id)
        self._jobs[check_id].stop()

    def go_on(self, check_id: str) -> None:
        """Run a check again, at once and then at its interval."""
        self._judging.unjudged.add(check_id)
        self._conductor.add_all([(check_id, self.checks[check_id].interval_s)])
        now_ms = self._clock.now_ms()
        self.reconsider(check_id, now_ms)
        self._family.doubt(check_id, now_ms)

    def submit(self, job: Job, due_s: float) -> None:
        """Let a job run as soon as there is room."""
        self._runway.submit(job, due_s)

    def run_soon(self, check_id: str, *, afresh: bool = False) -> None:
        """Run a check without waiting for its time; `afresh`: a run under way does not count."""
        job = self._jobs[check_id]
        if self.states[check_id].pause is not None:
            return
        if not job.is_busy:
            self._runway.submit(job, self._clock.monotonic())
        elif afresh:
            self.distrust(check_id)

    def reconsider(self, check_id: str, now_ms: int) -> None:
        """Look again at what is shown of a check in place of what its runs say."""
        self._circumstances.reconsider(check_id, now_ms)

    def distrust(self, check_id: str) -> None:
        """Let a run under way not count if it fails; it is then made again."""
        job = self._jobs[check_id]
        if job.is_running or job.is_parked:
            job.is_stale = True
