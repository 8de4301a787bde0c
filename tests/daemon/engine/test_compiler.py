"""What probes are given to work with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from opsmonitor.checks.base import NO_VALUES, CheckContext, CheckType, Probe
from opsmonitor.config.settings import CheckSettings, Settings
from opsmonitor.engine.compiler import Compiler
from opsmonitor.engine.monitor import Monitor
from opsmonitor.models.check import CheckState
from opsmonitor.models.heartbeat import Pulse
from opsmonitor.models.reading import Measured
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import MemoryRecorder, good

_BERLIN = ZoneInfo("Europe/Berlin")
_CHECK = CheckSettings(id="a", type="kept", name="a", options=None, fingerprint="1", timeout_s=4)


@pytest.fixture
def contexts() -> list[CheckContext]:
    """Return the contexts that checks were compiled with."""
    return []


@pytest.fixture
def types(contexts: list[CheckContext]) -> dict[str, CheckType[Any]]:
    """Return a check type that keeps what it is given."""

    def compile_kept(_options: object, context: CheckContext) -> Probe:
        """Keep the context."""
        contexts.append(context)
        return good

    kept: CheckType[Any] = CheckType(
        name="kept",
        options=object,
        schema={},
        compile=compile_kept,
        target=str,
        host=str,
        example={},
    )
    return {"kept": kept}


def settings(*, zone: Any = UTC, folder: str = "/etc/ops") -> Settings:
    """Return a configuration of one check, in some place."""
    return Settings(checks={"a": _CHECK}, zone=zone, folder=Path(folder))


def test_probes_share_what_can_be_shared(
    types: dict[str, CheckType[Any]], contexts: list[CheckContext]
) -> None:
    """Each probe gets its own time-out, the place of the configuration, and the common lanes."""
    nothing = cast("Any", None)
    compiler = Compiler(
        check_types=types,
        clock=FakeClock(),
        http=nothing,
        resolver=nothing,
        values=NO_VALUES,
        states=dict[str, CheckState]().get,
        pulses=dict[str, Pulse]().get,
        wake_at=lambda _check_id, _at_ms: None,
    )

    compiler.compile(_CHECK, settings(zone=_BERLIN))
    compiler.compile(_CHECK, settings())

    first, second = contexts
    assert (first.timeout_s, first.zone, first.folder) == (4, _BERLIN, Path("/etc/ops"))
    assert second.zone == UTC
    assert first.lanes is second.lanes


def test_a_changed_time_zone_reaches_every_check(
    types: dict[str, CheckType[Any]], contexts: list[CheckContext]
) -> None:
    """Checks that did not change are compiled anew when times of day mean something else."""
    nothing = cast("Any", None)
    monitor = Monitor(
        check_types=types,
        recorder=MemoryRecorder(),
        clock=FakeClock(),
        http=nothing,
        resolver=nothing,
        states={"a": CheckState(id="a", type="kept", fail_streak=2)},
    )

    monitor.apply(settings(zone=_BERLIN))
    monitor.apply(settings(zone=_BERLIN))
    monitor.apply(settings(zone=UTC))
    monitor.apply(settings(zone=UTC, folder="/srv"))

    assert [(context.zone, str(context.folder)) for context in contexts] == [
        (_BERLIN, "/etc/ops"),
        (UTC, "/etc/ops"),
        (UTC, "/srv"),
    ]
    assert monitor.states["a"].fail_streak == 2


class _Thermometer:
    """A source of one value."""

    def latest(self, name: str) -> Measured | None:
        """Return the value."""
        return Measured(value=21.5, at_ms=1) if name == "host.temperature_c" else None

    def is_awaited(self, name: str) -> bool:
        """Nothing more will come."""
        return not name

    def names(self) -> Collection[str]:
        """Return the one name."""
        return ("host.temperature_c",)


def test_checks_see_what_others_found(
    types: dict[str, CheckType[Any]], contexts: list[CheckContext]
) -> None:
    """A probe can ask for measured values and for the states of other checks."""
    nothing = cast("Any", None)
    monitor = Monitor(
        check_types=types,
        recorder=MemoryRecorder(),
        clock=FakeClock(),
        http=nothing,
        resolver=nothing,
        states={},
        values=_Thermometer(),
    )

    monitor.apply(settings())

    measured = contexts[0].values.latest("host.temperature_c")
    assert measured is not None
    assert measured.value == 21.5
    assert contexts[0].states("a") is monitor.states["a"]
    assert contexts[0].states("b") is None


def test_without_probes_nothing_is_known() -> None:
    """The source of a daemon that measures nothing has no value, and expects none."""
    assert NO_VALUES.latest("host.memory_percent") is None
    assert not NO_VALUES.is_awaited("host.memory_percent")
    assert not NO_VALUES.names()
