"""What the API needs from the rest of the daemon, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings, ProbeSettings, Push, Settings
    from opsmonitor.engine.batch import Listener
    from opsmonitor.engine.identity import Identity
    from opsmonitor.engine.maintenance import MaintenancePlan
    from opsmonitor.engine.pairing import Pairing
    from opsmonitor.engine.stats import EngineStats
    from opsmonitor.engine.tokens import Tokens
    from opsmonitor.models.alert import Alert, Announcement, ChannelHealth, TellingState
    from opsmonitor.models.check import CheckState, RunResult, Transition
    from opsmonitor.models.config import ConfigProblem
    from opsmonitor.models.heartbeat import Ping, Pulse
    from opsmonitor.models.history import History, RawRun, Resolution, Uptime, ValueHistory
    from opsmonitor.models.house_beat import HouseBeat
    from opsmonitor.models.maintenance import Window
    from opsmonitor.models.reading import Measured, ReadingChange, ReadingMoment, ReadingState
    from opsmonitor.models.release import UpdateState
    from opsmonitor.models.remediation import Attempt
    from opsmonitor.models.space import Space
    from opsmonitor.util.clock import Clock


class MonitorView(Protocol):
    """The engine, as the API sees it."""

    @property
    def checks(self) -> Mapping[str, CheckSettings]:
        """The configured checks by id, in the order of the file."""
        ...

    @property
    def states(self) -> Mapping[str, CheckState]:
        """What is known of each check now."""
        ...

    @property
    def interventions(self) -> InterventionsView:
        """What people may ask for."""
        ...

    @property
    def maintenance(self) -> MaintenancePlan:
        """The maintenance windows."""
        ...

    async def run_now(self, check_id: str) -> RunResult:
        """Run one check at once, or join its run under way."""
        ...

    def subscribe(self, listener: Listener, /) -> Callable[[], None]:
        """Call the listener with every batch; the answer ends it."""
        ...

    def stats(self) -> EngineStats:
        """Return the engine's own figures."""
        ...


class InterventionsView(Protocol):
    """What people ask of a check, as the API sees it."""

    def pause(self, check_id: str, *, duration_s: float | None, reason: str | None) -> CheckState:
        """Run a check no more, until it is resumed or the time is over."""
        ...

    def resume(self, check_id: str) -> CheckState:
        """End a pause."""
        ...

    def acknowledge(self, check_id: str, *, by: str | None, note: str | None) -> CheckState:
        """Note that somebody knows of a check's trouble."""
        ...

    def unacknowledge(self, check_id: str) -> CheckState:
        """Take an acknowledgement back."""
        ...


class StoreHealthView(Protocol):
    """How the database is, as the API sees it."""

    @property
    def mode(self) -> str:
        """Either `disk` or `memory`."""
        ...

    @property
    def writable(self) -> bool:
        """Whether results are being kept."""
        ...

    @property
    def reason(self) -> str | None:
        """Why they are not, for people."""
        ...

    @property
    def size_bytes(self) -> int:
        """The size of the database."""
        ...

    @property
    def queued(self) -> int:
        """How many results wait to be written."""
        ...

    @property
    def dropped(self) -> int:
        """How many results were given up for lack of room."""
        ...

    @property
    def last_commit_ms(self) -> int | None:
        """When something was last written."""
        ...


class StoreView(Protocol):
    """The database, as the API sees it."""

    @property
    def instance_id(self) -> str:
        """The identity of this installation."""
        ...

    @property
    def has_past(self) -> bool:
        """Whether it is known what former daemons kept: without it the identity is made up."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What happened when the database was opened, for people."""
        ...

    def health(self) -> StoreHealthView:
        """Tell how the database is."""
        ...

    async def events(
        self,
        *,
        limit: int,
        since_ms: int | None = None,
        before_ms: int | None = None,
        check_id: str | None = None,
    ) -> list[Transition]:
        """Return transitions, newest first."""
        ...

    async def alerts(
        self, *, is_resolved: bool | None = None, server_id: str | None = None, limit: int
    ) -> list[Alert]:
        """Return alerts, newest first."""
        ...

    async def save_windows(self, kept: Iterable[Window]) -> None:
        """Let there be exactly these maintenance windows after a restart."""
        ...

    async def attempts(self, *, limit: int, check_id: str | None = None) -> list[Attempt]:
        """Return what was done about checks that failed, newest first."""
        ...

    async def pings(self, check_id: str, *, limit: int) -> list[Ping]:
        """Return what one job reported, newest first."""
        ...

    async def recent_runs(
        self, per_check: int = 30, check_ids: Sequence[str] | None = None
    ) -> dict[str, list[RawRun]]:
        """Return the latest runs of each check, oldest first."""
        ...

    async def runs(
        self,
        *,
        since_ms: int,
        check_id: str | None = None,
        limit: int,
        only_failed: bool = False,
    ) -> list[RawRun]:
        """Return runs of all checks, newest first."""
        ...

    async def mean_latencies(self, from_ms: int, to_ms: int) -> dict[str, float]:
        """Return the mean latency of each check that has one, in milliseconds."""
        ...

    async def uptime(self, check_ids: Sequence[str], from_ms: int, to_ms: int) -> dict[str, Uptime]:
        """Return the time-weighted uptime of each check."""
        ...

    async def history(
        self, check_id: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> History:
        """Return latency and states of one check over time."""
        ...

    async def reading_events(
        self, *, limit: int, since_ms: int | None = None, name: str | None = None
    ) -> list[ReadingMoment]:
        """Return what happened to things that are polled, newest first."""
        ...

    async def value_history(
        self, thing: str, value: str, from_ms: int, to_ms: int, resolution: Resolution
    ) -> ValueHistory:
        """Return a value of a thing over time."""
        ...


class ReadingsView(Protocol):
    """What is polled in the background, as the API sees it."""

    @property
    def probes(self) -> Mapping[str, ProbeSettings]:
        """The probes in force, by name."""
        ...

    @property
    def states(self) -> Mapping[str, ReadingState]:
        """What is known of each thing, by its full dotted name."""
        ...

    def latest(self, name: str) -> Measured | None:
        """Return a value by its full dotted name."""
        ...

    def subscribe(self, listener: Callable[[ReadingChange], None], /) -> Callable[[], None]:
        """Call the listener after every poll; the answer ends it."""
        ...


class HeartbeatsView(Protocol):
    """What jobs report, as the API sees it."""

    def find(self, token: str) -> str | None:
        """Return the id of the check that a token belongs to."""
        ...

    def push(self, check_id: str) -> Push | None:
        """Return how others report to a check."""
        ...

    def token(self, check_id: str) -> str:
        """Return the token of a check that others report to."""
        ...

    def pulse(self, check_id: str) -> Pulse | None:
        """Return what is known of a job."""
        ...

    async def receive(self, ping: Ping) -> None:
        """Take in what a job reports."""
        ...


class TellingView(Protocol):
    """Who tells people, as the API sees it."""

    @property
    def state(self) -> TellingState:
        """What there is to tell, and whether it is told."""
        ...

    def subscribe(self, listener: Callable[[], None], /) -> Callable[[], None]:
        """Call the listener whenever the state is another one; the answer ends it."""
        ...

    async def mute(self, *, duration_s: float | None, reason: str | None, by: str | None) -> None:
        """Tell nobody anything, for a while or until that is taken back."""
        ...

    async def unmute(self) -> None:
        """Tell again, beginning with what was held back."""
        ...

    def health(self) -> Sequence[ChannelHealth]:
        """Tell how the channels are doing."""
        ...

    async def test(self, channel: str, check: CheckSettings | None) -> None:
        """Send a test to a channel now."""
        ...

    async def announce(
        self, service: str, severity: str, message: str, channels: Sequence[str] | None
    ) -> Announcement:
        """Send an alert by hand."""
        ...

    def open_alert(self, alert_id: str, signature: str) -> Alert | None:
        """Return the alert that a link of a message leads to, unless it is over.

        Raises:
            UnknownAlertError: The link is none of ours.

        """
        ...


class WellbeingView(Protocol):
    """How the daemon itself is doing, as the API sees it."""

    @property
    def space(self) -> Space | None:
        """How much room there is for the database; None while it cannot be found out."""
        ...

    @property
    def update(self) -> UpdateState | None:
        """What is known of newer releases; None: nobody asks."""
        ...

    def subscribe(self, listener: Callable[[], None], /) -> Callable[[], None]:
        """Call the listener whenever something is otherwise; the answer ends it."""
        ...


class RemediesView(Protocol):
    """Who does something about checks that fail, as the API sees it."""

    def begin_now(self, check_id: str, number: int) -> Attempt:
        """Begin an action because a person wants it."""
        ...

    def answer(self, attempt_id: str, *, is_done: bool, message: str | None) -> None:
        """Take the word of a client that was asked to do something."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Everything that the API is given."""

    monitor: MonitorView
    store: StoreView
    telling: TellingView
    remedies: RemediesView
    readings: ReadingsView
    heartbeats: HeartbeatsView
    tokens: Tokens
    pairing: Pairing
    identity: Identity
    wellbeing: WellbeingView
    hear_house: Callable[[HouseBeat], None]
    """Take in what Home Assistant reports."""
    clock: Clock
    settings: Callable[[], Settings]
    """Return the configuration in force; another one after a reload."""
    config_problems: Callable[[], Sequence[ConfigProblem]]
    """Return what is wrong with the file on disk; empty while it is the one in force."""
    config_trouble: Callable[[], str | None]
    """Return why a change of the file is not noticed; None while it is."""
    started_ms: int
    request_reload: Callable[[], Awaitable[None]]
    """Read the configuration again, and put it in force if it is valid."""
