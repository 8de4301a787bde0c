"""A monitor whose checks do what a script says, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, cast

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config.settings import CheckSettings, EngineSettings, Settings
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.monitor import Monitor
from opsmonitor.models.check import Change, CheckState, Outcome, RunResult, Verdict
from opsmonitor.util.clock import FakeClock

GOOD = Outcome(verdict=Verdict.OK, latency_ms=1.0)
BAD = Outcome(verdict=Verdict.FAIL, error="connection refused", error_code="connection_refused")

Script = Callable[[], Awaitable[Outcome]]
"""A probe, be it a function or a direct one."""


async def good() -> Outcome:
    """Answer well at once."""
    return GOOD


async def bad() -> Outcome:
    """Fail at once."""
    return BAD


def _compile(options: object, _context: CheckContext) -> Probe:
    return cast("Probe", options)


SCRIPTED: CheckType[Any] = CheckType(
    name="scripted",
    options=object,
    schema={},
    compile=_compile,
    target=str,
    host=str,
    example={},
)


TYPES: dict[str, CheckType[Any]] = {
    name: replace(SCRIPTED, name=name) for name in ("scripted", "connectivity")
}


def check(check_id: str, script: Script, **settings: Any) -> CheckSettings:
    """Configure a check that follows a script; no retries unless asked for."""
    values: dict[str, Any] = {"interval_s": 10.0, "retries": 0, "host": "localhost"}
    values |= settings
    values.setdefault("type", "scripted")
    values.setdefault("fingerprint", f"{check_id} {id(script)} {sorted(settings.items())}")
    return CheckSettings(id=check_id, name=check_id, options=script, **values)


def configure(*checks: CheckSettings, **limits: int) -> Settings:
    """Return a configuration of these checks."""
    return Settings(checks={item.id: item for item in checks}, engine=EngineSettings(**limits))


class MemoryRecorder:
    """Keep what the engine hands over."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.items: list[RunResult | Change] = []
        self.results: list[RunResult] = []
        self.unmonitored: list[tuple[int, int]] = []
        self.removed: list[str] = []
        self.late: list[str] = []
        """What was recorded of checks after they were removed."""

    def record(self, items: Sequence[RunResult | Change]) -> None:
        """Keep results and changes."""
        self.items += items
        self.late += [item.check_id for item in items if item.check_id in self.removed]
        self.results += [item for item in items if isinstance(item, RunResult)]

    def mark_unmonitored(self, from_ms: int, to_ms: int) -> None:
        """Keep a gap."""
        self.unmonitored.append((from_ms, to_ms))

    def remove_checks(self, ids: Collection[str], at_ms: int) -> None:
        """Keep what was removed."""
        self.removed += ids

    def of(self, check_id: str) -> list[RunResult]:
        """Return the results of one check."""
        return [result for result in self.results if result.check_id == check_id]


class Stage:
    """A monitor with a recorder and a listener."""

    def __init__(
        self,
        clock: FakeClock,
        states: dict[str, CheckState] | None = None,
        types: dict[str, CheckType[Any]] | None = None,
        **parts: Any,
    ) -> None:
        """Build the monitor on the last known states; `types` are known besides the scripted."""
        self.clock = clock
        self.recorder = MemoryRecorder()
        self.batches: list[Batch] = []
        self.monitor = Monitor(
            check_types={**TYPES, **(types or {})},
            recorder=self.recorder,
            clock=clock,
            http=cast("Any", None),
            resolver=cast("Any", None),
            states=states or {},
            **parts,
        )
        self.monitor.subscribe(self.batches.append)

    def start(self, *checks: CheckSettings, **limits: int) -> None:
        """Put checks in force and begin."""
        self.monitor.apply(configure(*checks, **limits))
        self.monitor.start()
