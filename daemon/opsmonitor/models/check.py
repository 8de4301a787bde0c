"""What a check yields: an outcome for each run, a state, and transitions between states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from opsmonitor.models.value import value

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Status(StrEnum):
    """What is known of a check's target."""

    UP = "up"
    DEGRADED = "degraded"
    """It works, but worse than it should: slow, or close to a limit."""
    DOWN = "down"
    UNREACHABLE = "unreachable"
    """Something it depends on is down, so nothing can be said of it."""
    NO_NETWORK = "no_network"
    """This machine has no network, so nothing can be said of what lies beyond it."""
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    """Somebody works on it: it is looked at, but nobody is told."""
    PENDING = "pending"
    """Not judged yet."""
    UNMONITORED = "unmonitored"
    """Nobody looked: the daemon was off or the machine asleep. Found in intervals only."""


class Verdict(StrEnum):
    """How one run ended."""

    OK = "ok"
    DEGRADED = "degraded"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It says nothing of the target, such as when there is nothing to judge by yet."""


_GOOD: Final = frozenset({Verdict.OK, Verdict.DEGRADED})


class EventKind(StrEnum):
    """The kinds of transition, as the API names them."""

    INIT = "INIT"
    """The first judgement of a check, whichever it is."""
    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    PENDING = "PENDING"
    """Nothing can be said of it any more; the next judgement is an INIT."""
    UNREACHABLE = "UNREACHABLE"
    NO_NETWORK = "NO_NETWORK"
    MAINTENANCE = "MAINTENANCE"
    """A maintenance window begins."""
    FLAPPING = "FLAPPING"
    """It changes too often for each change to be told; the status stays as it is."""
    STEADY = "STEADY"
    """It does so no more; the status is what it is now."""
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    """A pause or a maintenance window is over, and nothing else is known than before."""
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """Somebody knows of the trouble; the status stays as it is."""
    UNACKNOWLEDGED = "UNACKNOWLEDGED"
    """Nobody takes care of it after all."""
    ACTION_STARTED = "ACTION_STARTED"
    """Something is being done about the trouble; here and below the status stays as it is."""
    ACTION_DONE = "ACTION_DONE"
    ACTION_FAILED = "ACTION_FAILED"
    ACTION_GIVEN_UP = "ACTION_GIVEN_UP"
    """Nothing helped, and nothing more is done before the target is up again."""


@value(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long each phase of a run took, in milliseconds; None where a phase did not happen."""

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One expectation of a check, with the value that was seen."""

    name: str
    """Such as `status` or `body contains "ok"`."""
    ok: bool
    actual: str
    """The resolved value, shortened for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsInfo:
    """What the certificate of a target says."""

    not_after_ms: int | None = None
    """Epoch milliseconds, UTC."""
    days_left: int | None = None
    """Whole days until expiry, rounded down; negative once expired."""
    subject: str | None = None
    issuer: str | None = None
    verified: bool | None = None


@value(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt, or one run, ended."""

    verdict: Verdict
    latency_ms: float | None = None
    error: str | None = None
    """One short sentence for a person; None when all is well."""
    error_code: str | None = None
    """Stable and machine-readable, such as `connection_refused`."""
    status_code: int | None = None
    timings: Timings | None = None
    assertions: tuple[Assertion, ...] = ()
    tls: TlsInfo | None = None
    attempts: int = 1
    data: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    """Further values of the check's type, JSON-serialisable."""

    @property
    def is_good(self) -> bool:
        """Tell whether the target did its work, be it slowly."""
        return self.verdict in _GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person's wish that a check is not run."""

    since_ms: int
    until_ms: int | None = None
    """None: until somebody ends it."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody knows of a check's trouble."""

    at_ms: int
    by: str | None = None
    note: str | None = None
    was_down: bool = False
    """It was DOWN before nobody could tell: if it is found so again, that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """The window that a check is in."""

    window_id: str
    reason: str | None
    until_ms: int


@value(frozen=True, slots=True, kw_only=True)
class CheckState:
    """All that is known of one check now. Times are epoch milliseconds, UTC."""

    id: str
    type: str
    status: Status = Status.PENDING
    ok: bool | None = None
    """The judged state of the target: None until the first judgement."""
    fail_streak: int = 0
    """Failing runs in a row."""
    ok_streak: int = 0
    """Good runs in a row."""
    last_run_ms: int | None = None
    last_ok_ms: int | None = None
    last_change_ms: int | None = None
    outcome: Outcome | None = None
    """The latest run's; kept through a restart without timings and assertions."""
    covered: Status | None = None
    """The judged status, while another one is shown in its place."""
    because: str | None = None
    """The id of the check whose failure makes this one UNREACHABLE."""
    maintenance: Maintenance | None = None
    """While its status is MAINTENANCE; not kept through a restart, but found out again."""
    is_held: bool = False
    """It is down, but nobody is told before what it depends on was looked at."""
    flips: int = 0
    """Which of the latest runs changed the judged status, as bits, the newest lowest."""
    flapping_since_ms: int | None = None
    """Since when it changes too often; None: it does not."""
    pause: Pause | None = None
    acknowledged: Acknowledgement | None = None
    """Ends when the target recovers, or gets worse than what was acknowledged; not while nobody can
    tell how it is."""

    @property
    def judged(self) -> Status:
        """Return what the runs say of the target, whatever is shown."""
        return self.covered or self.status

    @property
    def shown_ok(self) -> bool | None:
        """Return whether the target is good; None while nobody can tell."""
        is_blind = self.pause is not None or self.status is Status.NO_NETWORK
        return None if is_blind else self.ok


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of a check's status, to be told to the world."""

    check_id: str
    at_ms: int
    event: EventKind
    status: Status
    previous: Status
    ok: bool | None
    latency_ms: float | None = None
    status_code: int | None = None
    error: str | None = None
    error_code: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One finished run: what was seen and what followed from it."""

    check_id: str
    started_ms: int
    """When the run was started; the key of the raw result."""
    finished_ms: int
    outcome: Outcome
    state: CheckState
    """The state after this run."""
    transition: Transition | None = None
    interval: Status | None = None
    """The status of a new state interval that begins at `finished_ms`: set when the status changed
    and at a check's first run since the daemon started; None while the open interval goes on."""
    is_plain: bool = False
    """It was good, as all before it since long: there is nothing to decide and nothing to tell but
    its time and latency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to a check without a run."""

    state: CheckState
    """The state from now on."""
    at_ms: int
    transition: Transition | None = None
    """None where there is nothing to tell: a pause goes on after a restart."""
    interval: Status | None = None
    """The status of a new state interval that begins at `at_ms`, if one does."""

    @property
    def check_id(self) -> str:
        """Return the id of the check."""
        return self.state.id
