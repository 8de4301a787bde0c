"""A poller whose polls do what a script says, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from opsmonitor.config.settings import ProbeSettings, Settings
from opsmonitor.engine.poller import Poller
from opsmonitor.models.reading import Reading, ReadingChange, ReadingState
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.clock import FakeClock

Script = Callable[[], Awaitable[Reading]]


def _compile(options: object, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the scripts, which are the options."""
    made = options(context) if callable(options) else options
    return cast("Mapping[str, Poll]", made)


def scripted(name: str) -> ProbeType[Any]:
    """Return a probe that follows scripts."""
    return ProbeType(
        name=name,
        options=object,
        schema={},
        compile=_compile,
        interval_s=30.0,
        timeout_s=5.0,
        example={},
    )


def probe(name: str, things: Any, **values: Any) -> ProbeSettings:
    """Configure a probe that follows scripts by the name of each thing."""
    given: dict[str, Any] = {"interval_s": 30.0, "timeout_s": 5.0, **values}
    given.setdefault("fingerprint", f"{name} {id(things)} {sorted(values.items())}")
    return ProbeSettings(name=name, options=things, **given)


def reading(**values: Any) -> Reading:
    """Return a reading of these values."""
    return Reading(data=dict(values), values=values)


class Desk:
    """A poller, with what it told and what it handed over to be kept."""

    def __init__(self, clock: FakeClock, known: Mapping[str, ReadingState] | None = None) -> None:
        """Build the poller on the last known states."""
        self.clock = clock
        self.told: list[ReadingChange] = []
        self.kept: list[ReadingChange] = []
        self.forgotten: set[str] = set()
        self.poller = Poller(
            probe_types={name: scripted(name) for name in ("fritz", "host", "nvme")},
            keeper=self,
            clock=clock,
            http=cast("Any", None),
            resolver=cast("Any", None),
            known=known or {},
        )
        self.poller.subscribe(self.told.append)

    def record_reading(self, change: ReadingChange) -> None:
        """Keep a change."""
        self.kept.append(change)

    def forget_readings(self, names: frozenset[str], at_ms: int) -> None:
        """Note what is to be forgotten."""
        self.forgotten |= names

    def apply(self, *probes: ProbeSettings) -> None:
        """Put probes in force."""
        self.poller.apply(Settings(checks={}, probes={item.name: item for item in probes}))

    def start(self, *probes: ProbeSettings) -> None:
        """Put probes in force and begin."""
        self.apply(*probes)
        self.poller.start()
