"""What a check type is, and what it is given to work with."""

from __future__ import annotations

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeAlias, TypeVar

from opsmonitor.config.kinds import Members
from opsmonitor.config.settings import Push
from opsmonitor.models.check import CheckState, Outcome
from opsmonitor.models.export import Export
from opsmonitor.models.heartbeat import Pulse
from opsmonitor.models.reading import Measured
from opsmonitor.util.lanes import Lanes
from opsmonitor.util.pinger import Pinger, shared_pinger

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.resolver import Resolver

OptionsT = TypeVar("OptionsT")

Probe: TypeAlias = Callable[[], Awaitable[Outcome]]
"""One attempt. Returns FAIL when the target is down; raises only when it could not do its work."""


class Attempt(Protocol):
    """One attempt that is under way."""

    def cancel(self) -> object:
        """End it; nothing comes of it any more."""
        ...


class DirectProbe(ABC):
    """A probe that waits for one event only, so that its attempts need no task.

    A task costs more than to connect does, and most runs of most ports end with that.
    """

    look: Callable[[], None] | None = None
    """Take in at once what has happened to attempts, before the event loop comes to it; probes that
    wait together share it. None: the event loop is soon enough."""

    @abstractmethod
    def prepare(self, done: Callable[[Outcome], None]) -> Callable[[], Attempt]:
        """Return what begins an attempt.

        `done` is called with the outcome of each attempt that was not cancelled, never before its
        beginning has returned. The probe sees to its time-out.
        """

    async def __call__(self) -> Outcome:
        """Make one attempt where a task is at hand."""
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            """Let the task go on."""
            if not ended.done():
                ended.set_result(outcome)

        attempt = self.prepare(done)()
        try:
            return await ended
        finally:
            attempt.cancel()


States: TypeAlias = Callable[[str], CheckState | None]
"""What is known now of the check with an id; None: no check has it."""


class ValueSource(Protocol):
    """Where measured values come from, by their full dotted names. It never blocks."""

    def latest(self, name: str) -> Measured | None:
        """Return the newest value of this name, be it stale; None: there is none."""
        ...

    def is_awaited(self, name: str) -> bool:
        """Tell whether what would measure this is at work, but has not been heard of yet."""
        ...

    def names(self) -> Collection[str]:
        """Return the names of all values there are, to tell of close ones."""
        ...


class _NoValues:
    """The source of who measures nothing."""

    def latest(self, _name: str) -> Measured | None:
        """Return nothing."""
        return None

    def is_awaited(self, _name: str) -> bool:
        """Nothing will come."""
        return False

    def names(self) -> Collection[str]:
        """Return nothing."""
        return ()


NO_VALUES: Final = _NoValues()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a probe may use."""

    timeout_s: float
    """The whole attempt must be over by then; a probe sees to it and says what it waited for."""
    check_id: str = ""
    interval_s: float = 30.0
    clock: Clock
    http: HttpTransport
    resolver: Resolver
    lanes: Lanes = field(default_factory=Lanes)
    """For calls that block; shared, so that checks of one thing ask once."""
    folder: Path = Path()
    """Where the configuration lies: relative paths in it begin there."""
    zone: tzinfo = UTC
    """In which times of day in the configuration are meant."""
    pinger: Pinger = field(default_factory=shared_pinger)
    values: ValueSource = NO_VALUES
    """What probes measured."""
    states: States = lambda _check_id: None
    """For checks that judge other checks."""
    members: tuple[str, ...] = ()
    """The ids of the checks that a group judges."""
    pulse: Callable[[], Pulse | None] = lambda: None
    """What is known of the job that reports to this check."""
    wake_at: Callable[[int], None] = lambda _at_ms: None
    """Run this check again at that time (epoch milliseconds) and not only at its interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckType(Generic[OptionsT]):
    """One kind of check."""

    name: str
    options: type[OptionsT]
    """A frozen dataclass; its fields are the keys of the schema, as `field_name` makes them."""
    schema: Mapping[object, object]
    """voluptuous mapping of the type's own keys; the common keys are not in it."""
    compile: Callable[[OptionsT, CheckContext], Probe]
    """Decide all that can be decided once, when the configuration is loaded."""
    target: Callable[[OptionsT], str]
    """What is checked, for people, without secrets: a URL or `host:port`."""
    host: Callable[[OptionsT], str]
    """The key of the per-host concurrency limit."""
    example: Mapping[str, object]
    """A small valid configuration of the type's own keys."""
    program: Callable[[OptionsT], str] | None = None
    """The program of the user's choice that a run starts: `commands` must allow it."""
    push: Callable[[OptionsT], Push] | None = None
    """How others report to it; None: it looks for itself."""
    members: Callable[[OptionsT], Members] | None = None
    """The other checks that it judges."""
    subject: Callable[[OptionsT], str | None] | None = None
    """The dotted name of what is polled, or of something within it, that it looks at; `host` is
    this machine. None: that follows from where its target is."""
    exports: Callable[[OptionsT], tuple[Export, ...]] | None = None
    """The values that it reads beside what it judges."""
    is_settled: bool = False
    """Whether a run judges what the daemon knows already: asking again would tell nothing new, so
    retries and thresholds are not taken from the defaults."""
    is_reachability: bool = True
    """Whether up and down mean `reachable` and `not reachable`, not `fine` and `in trouble`."""
