"""An engine and a store that do nothing by themselves, so that a test decides what happens when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opsmonitor.config.settings import CheckSettings, ProbeSettings, Settings
from opsmonitor.engine.batch import Batch, Listener, Publisher
from opsmonitor.engine.interventions import Interventions
from opsmonitor.engine.maintenance import MaintenancePlan
from opsmonitor.engine.state_machine import Thresholds, advance
from opsmonitor.engine.stats import EngineStats
from opsmonitor.exceptions import (
    CheckConflictError,
    DeliveryError,
    StoreError,
    UnknownAlertError,
    UnknownAttemptError,
    UnknownCheckError,
)
from opsmonitor.models.alert import (
    Alert,
    AlertKind,
    Announcement,
    ChannelHealth,
    Delivery,
    Mute,
    Notice,
    NoticeKind,
    TellingState,
)
from opsmonitor.models.check import Change, CheckState, Outcome, RunResult, Transition
from opsmonitor.models.heartbeat import Ping, Pulse
from opsmonitor.models.history import (
    History,
    Interval,
    LatencySummary,
    Point,
    RawRun,
    Resolution,
    Uptime,
    ValueHistory,
    ValuePoint,
)
from opsmonitor.models.maintenance import Window
from opsmonitor.models.reading import (
    Measured,
    ReadingChange,
    ReadingEvent,
    ReadingMoment,
    ReadingState,
)
from opsmonitor.models.remediation import Attempt
from opsmonitor.models.token import IssuedToken
from opsmonitor.store.health import StoreHealth
from opsmonitor.util.clock import FakeClock
from tests.daemon.api.samples import BAD, GOOD

STATS = EngineStats(
    runs=7,
    late_starts=1,
    overruns=2,
    missed=0,
    voided=0,
    starved=0,
    shortage=None,
    ticks=9,
    running=3,
    waiting=4,
    lateness_p50_ms=1.5,
    lateness_p99_ms=20.0,
    lateness_max_ms=31.0,
    last_tick_age_s=0.4,
    first_pass_done=True,
)
HEALTH = StoreHealth(
    mode="disk",
    writable=True,
    reason=None,
    size_bytes=4096,
    queued=0,
    dropped=0,
    last_commit_ms=1_700_000_000_000,
)


class HandMonitor:
    """An engine whose runs a test makes by hand; judging and publishing are the real ones."""

    def __init__(self, clock: FakeClock, checks: Sequence[CheckSettings]) -> None:
        """Take the checks; none has been run yet."""
        self.clock = clock
        self.checks: dict[str, CheckSettings] = {}
        self.states: dict[str, CheckState] = {}
        self.figures = STATS
        self.listeners = 0
        self._publisher = Publisher()
        self.interventions = Interventions(self, clock)
        self.maintenance = MaintenancePlan(self, clock, ())
        self._next: Outcome = GOOD
        self.configure(checks)

    def configure(self, checks: Sequence[CheckSettings]) -> None:
        """Put other checks in force."""
        before = self.states
        removed = self.checks.keys() - {check.id for check in checks}
        added = [check.id for check in checks if self.checks.get(check.id) != check]
        self.checks = {check.id: check for check in checks}
        self.states = {
            check.id: before.get(check.id) or CheckState(id=check.id, type=check.type)
            for check in checks
        }
        self.maintenance.apply(Settings(checks=self.checks))
        self._publisher.publish(
            Batch(added=tuple(added), removed=tuple(sorted(removed)), config_changed=True)
        )

    def publish(self, batch: Batch) -> None:
        """Tell the listeners."""
        self._publisher.publish(batch)

    def finish(self, check_id: str, outcome: Outcome) -> RunResult:
        """Let a run end, without telling anybody."""
        state, transition = advance(
            self.states[check_id], outcome, Thresholds(), self.clock.now_ms()
        )
        self.states[check_id] = state
        return RunResult(
            check_id=check_id,
            started_ms=self.clock.now_ms(),
            finished_ms=self.clock.now_ms(),
            outcome=outcome,
            state=state,
            transition=transition,
            interval=state.status if transition else None,
        )

    def tick(self, **outcomes: Outcome) -> None:
        """Let a run of each check end, and tell everybody."""
        results = tuple(self.finish(check_id, outcome) for check_id, outcome in outcomes.items())
        self.publish(Batch(results=results))

    def fail_next(self) -> None:
        """Let the next run on demand fail."""
        self._next = BAD

    def change(self, change: Change) -> None:
        """Put a change in force, and tell everybody."""
        self.states[change.check_id] = change.state
        self.publish(Batch(changes=(change,)))

    def reconsider(self, check_id: str, now_ms: int) -> None:
        """Nothing covers anything."""

    def distrust(self, check_id: str) -> None:
        """No run is ever under way."""

    def halt(self, check_id: str) -> None:
        """Nothing runs by itself."""

    def go_on(self, check_id: str) -> None:
        """Nothing runs by itself."""

    def run_soon(self, check_id: str, *, afresh: bool = False) -> None:
        """Nothing runs by itself."""

    async def run_now(self, check_id: str) -> RunResult:
        """Run a check on demand."""
        if check_id not in self.checks:
            raise UnknownCheckError(check_id)
        if self.states[check_id].pause is not None:
            raise CheckConflictError("paused", "resume it first")
        result = self.finish(check_id, self._next)
        self.publish(Batch(results=(result,)))
        return result

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with every batch."""
        self.listeners += 1
        unsubscribe = self._publisher.subscribe(listener)

        def leave() -> None:
            """Count down, too."""
            self.listeners -= 1
            unsubscribe()

        return leave

    def stats(self) -> EngineStats:
        """Return the figures the test set."""
        return self.figures


class HandStore:
    """A store that answers what a test put into it."""

    def __init__(self) -> None:
        """Start empty and well."""
        self.instance_id = "0d4bb7a2-8a4d-4c5b-9d0a-2a1c6f7e8b90"
        self.has_past = True
        self.notes: tuple[str, ...] = ()
        self.state = HEALTH
        self.transitions: list[Transition] = []
        self.told: list[Alert] = []
        self.heard: list[Ping] = []
        self.tried: list[Attempt] = []
        self.kept_windows: list[Window] = []
        self.kept_tokens: list[IssuedToken] = []
        self.unread: StoreError | None = None
        self.uptimes: dict[str, Uptime] = {}
        self.uptime_calls = 0
        self.means: dict[str, float] = {}
        self.failure: Exception | None = None
        self.moments: list[ReadingMoment] = []
        self.points: dict[str, list[ValuePoint]] = {}

    def health(self) -> StoreHealth:
        """Return what the test set."""
        return self.state

    def break_down(self, reason: str, *, mode: str = "disk") -> None:
        """Let the database fail."""
        self.state = replace(HEALTH, writable=False, reason=reason, mode=mode)

    async def events(
        self,
        *,
        limit: int,
        since_ms: int | None = None,
        before_ms: int | None = None,
        check_id: str | None = None,
    ) -> list[Transition]:
        """Return the transitions, newest first."""
        if self.failure is not None:
            raise self.failure
        found = [
            item
            for item in reversed(self.transitions)
            if (since_ms is None or item.at_ms >= since_ms)
            and (check_id is None or item.check_id == check_id)
        ]
        return found[:limit]

    async def alerts(
        self, *, is_resolved: bool | None = None, server_id: str | None = None, limit: int
    ) -> list[Alert]:
        """Return the alerts that a test put here."""
        wanted = [
            alert
            for alert in self.told
            if (is_resolved is None or (alert.resolved_ms is not None) == is_resolved)
            and (server_id is None or alert.server_id == server_id)
        ]
        return wanted[:limit]

    async def save_windows(self, kept: Iterable[Window]) -> None:
        """Keep the windows."""
        if self.failure is not None:
            raise self.failure
        self.kept_windows = list(kept)

    async def tokens(self) -> list[IssuedToken]:
        """Return the tokens that were kept."""
        if self.unread is not None:
            raise self.unread
        return self.kept_tokens

    async def save_tokens(self, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
        """Keep the tokens."""
        if self.failure is not None:
            raise self.failure
        by_id = {token.id: token for token in (*self.kept_tokens, *changed)}
        self.kept_tokens = [token for token in by_id.values() if token.id not in gone]

    async def attempts(self, *, limit: int, check_id: str | None = None) -> list[Attempt]:
        """Return the attempts that a test put here."""
        found = [item for item in self.tried if check_id in (None, item.check_id)]
        return found[:limit]

    async def recent_runs(
        self, per_check: int = 30, check_ids: Sequence[str] | None = None
    ) -> dict[str, list[RawRun]]:
        """Return no runs."""
        return {}

    async def runs(
        self,
        *,
        since_ms: int,
        check_id: str | None = None,
        limit: int,
        only_failed: bool = False,
    ) -> list[RawRun]:
        """Return no runs."""
        return []

    async def mean_latencies(self, from_ms: int, to_ms: int) -> dict[str, float]:
        """Return the means the test set."""
        return dict(self.means)

    async def uptime(self, check_ids: Sequence[str], from_ms: int, to_ms: int) -> dict[str, Uptime]:
        """Return the uptime the test set, and count the question."""
        self.uptime_calls += 1
        if self.failure is not None:
            raise self.failure
        return {check_id: self.uptimes.get(check_id, Uptime()) for check_id in check_ids}

    async def history(
        self, check_id: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> History:
        """Return one point and one interval over the whole range."""
        used = Resolution.RAW if resolution is Resolution.AUTO else resolution
        state = Interval(
            check_id=check_id,
            start_ms=from_ms,
            end_ms=None,
            status=CheckState(id=check_id, type="tcp").status,
        )
        return History(
            check_id=check_id,
            from_ms=from_ms,
            to_ms=to_ms,
            resolution=used,
            points=(Point(at_ms=from_ms, count=1, failed=0, latency_avg_ms=2.5),),
            intervals=(state,),
            uptime=Uptime(up_s=90.0, down_s=10.0),
            latency=LatencySummary(count=1, avg_ms=2.5),
        )

    async def pulses(self) -> list[Pulse]:
        """Return nothing: nobody reported before."""
        return []

    async def save_pulses(
        self, pulses: Iterable[Pulse], pings: Iterable[Ping], gone: Collection[str]
    ) -> None:
        """Keep the pings."""
        assert all(pulse.check_id not in gone for pulse in pulses)
        self.heard += pings

    async def pings(self, check_id: str, *, limit: int) -> list[Ping]:
        """Return what one job reported."""
        return [ping for ping in reversed(self.heard) if ping.check_id == check_id][:limit]

    async def reading_events(
        self, *, limit: int, since_ms: int | None = None, name: str | None = None
    ) -> list[ReadingMoment]:
        """Return the events that a test put here, newest first."""
        wanted = [item for item in self.moments if name is None or item.name == name]
        return wanted[::-1][:limit]

    async def value_history(
        self, thing: str, value: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> ValueHistory:
        """Return the points that a test put here."""
        return ValueHistory(
            thing=thing,
            value=value,
            from_ms=from_ms,
            to_ms=to_ms,
            resolution=Resolution.RAW if resolution is Resolution.AUTO else resolution,
            points=tuple(self.points.get(f"{thing}/{value}", ())),
        )


class HandReadings:
    """Readings that a test puts in place."""

    def __init__(self) -> None:
        """Start with nothing that is polled."""
        self.probes: dict[str, ProbeSettings] = {}
        self.states: dict[str, ReadingState] = {}
        self._listeners: list[Callable[[ReadingChange], None]] = []

    def put(self, state: ReadingState, *events: ReadingEvent, at_ms: int = 0) -> None:
        """Let a poll have ended."""
        self.probes[state.probe] = ProbeSettings(
            name=state.probe, options=None, interval_s=state.interval_s, timeout_s=5.0
        )
        self.states[state.name] = state
        change = ReadingChange(at_ms=at_ms, state=state, is_good=state.error is None, events=events)
        for listener in self._listeners:
            listener(change)

    def latest(self, name: str) -> Measured | None:
        """Return a value of a thing."""
        thing, _, value = name.rpartition(".")
        state = self.states.get(thing)
        if state is None or state.reading is None or value not in state.reading.values:
            return None
        return Measured(value=state.reading.values[value], at_ms=state.fetched_ms or 0)

    def subscribe(self, listener: Callable[[ReadingChange], None], /) -> Callable[[], None]:
        """Call the listener with what a test puts in place."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


class HandTelling:
    """Channels that do what a test says."""

    def __init__(self) -> None:
        """Start without channels."""
        self.channels: list[ChannelHealth] = []
        self.tests: list[tuple[str, str | None]] = []
        self.failures: dict[str, str] = {}
        self.announced: list[tuple[str, str, str]] = []
        self.lately: set[str] = set()
        self.patient: set[str] = set()
        """Channels to which it is tried again."""
        self.opened: dict[str, Alert] = {}
        self.state = TellingState(open_alerts=0, last_opened_ms=None, mute=None, channels=())
        self.listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener when a test puts another state."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def put(self, **changes: Any) -> None:
        """Have another state."""
        self.state = replace(self.state, **changes)
        for listener in self.listeners:
            listener()

    async def mute(self, *, duration_s: float | None, reason: str | None, by: str | None) -> None:
        """Be muted, at an hour that tests know."""
        until_ms = None if duration_s is None else 1_700_000_000_000 + round(duration_s * 1000)
        self.put(mute=Mute(since_ms=1_700_000_000_000, until_ms=until_ms, reason=reason, by=by))

    async def unmute(self) -> None:
        """Be muted no more."""
        self.put(mute=None)

    def add(self, name: str, **values: Any) -> None:
        """Add a channel."""
        never: dict[str, Any] = {"last_success_ms": None, "last_error": None, "last_error_ms": None}
        given = {**never, "type": "webhook", "queued": 0, **values}
        self.channels.append(ChannelHealth(name=name, **given))

    def health(self) -> Sequence[ChannelHealth]:
        """Return the channels."""
        return self.channels

    async def test(self, channel: str, check: CheckSettings | None) -> None:
        """Note the test, and fail if the test says so."""
        self.tests.append((channel, check.id if check else None))
        if channel in self.failures:
            raise DeliveryError(self.failures[channel])

    async def announce(
        self, service: str, severity: str, message: str, channels: Sequence[str] | None
    ) -> Announcement:
        """Note the alert; channels fail as the test says."""
        self.announced.append((service, severity, message))
        names = [channel.name for channel in self.channels] if channels is None else channels
        errors = {name: self.failures.get(name) for name in names if name not in self.lately}
        alert = Alert(
            id="manual:1:1",
            subject=service,
            name=service,
            kind=AlertKind.MANUAL,
            severity=severity,
            message=message,
            opened_ms=1,
            channels=tuple(name for name, error in errors.items() if error is None),
        )
        repeated = tuple(name for name in names if name in self.lately)
        notice = Notice(
            id="manual:1:1:manual",
            alert_id=alert.id,
            kind=NoticeKind.MANUAL,
            subject=service,
            name=service,
            severity=severity,
            tags=(),
            at_ms=1,
            title=service,
            text=message,
        )
        again = [name for name in errors if name in self.patient]
        return Announcement(
            alert=alert,
            errors=errors,
            repeated=repeated,
            deliveries=tuple(Delivery(notice=notice, channel=name, queued_ms=1) for name in again),
        )

    def open_alert(self, alert_id: str, signature: str) -> Alert | None:
        """Return the alert if the signature is `good`."""
        if signature != "good":
            raise UnknownAlertError
        return self.opened.get(alert_id)


class HandRemedies:
    """Actions that only note what was wanted."""

    def __init__(self) -> None:
        """Begin without any."""
        self.begun: list[tuple[str, int]] = []
        self.answers: dict[str, tuple[bool, str | None]] = {}
        self.awaited: set[str] = set()
        self.refusal: CheckConflictError | None = None

    def begin_now(self, check_id: str, number: int) -> Attempt:
        """Note what is to begin, or refuse."""
        if self.refusal is not None:
            raise self.refusal
        self.begun.append((check_id, number))
        return Attempt(
            id=f"{check_id}:1",
            check_id=check_id,
            action="note",
            target="nothing",
            place="nothing",
            started_ms=1_700_000_000_000,
        )

    def answer(self, attempt_id: str, *, is_done: bool, message: str | None) -> None:
        """Note an answer that is waited for."""
        if attempt_id not in self.awaited:
            raise UnknownAttemptError(attempt_id)
        self.answers[attempt_id] = (is_done, message)


@dataclass(slots=True)
class Reloads:
    """Count how often the configuration was to be read again."""

    count: int = 0

    async def __call__(self) -> None:
        """Count."""
        self.count += 1


@dataclass(slots=True)
class SettingsBox:
    """The settings in force, which a test may replace."""

    settings: Settings

    def __call__(self) -> Settings:
        """Return them."""
        return self.settings
