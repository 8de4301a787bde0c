"""Whatever happened: when all is quiet again, people know exactly what is."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from opsmonitor.models.alert import AlertKind
from opsmonitor.models.check import Status
from opsmonitor.models.maintenance import Window
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import Stage, check, configure
from tests.daemon.engine.test_rules import Ears
from tests.daemon.engine.test_witness import Uplink
from tests.daemon.engine.virtual_time import run_in_virtual_time

_TARGETS = ("router", "nas", "web", "shop")
_DEEDS = (
    *(f"toggle {name}" for name in _TARGETS),
    *(f"pause {name}" for name in (*_TARGETS, "connectivity")),
    *(f"resume {name}" for name in (*_TARGETS, "connectivity")),
    *(f"acknowledge {name}" for name in _TARGETS),
    *(f"open {name}" for name in (*_TARGETS, "connectivity")),
    *(f"close {name}" for name in (*_TARGETS, "connectivity")),
    *("line", "line", "line", "reload"),
)


class Life:
    """A house with a router, something behind it, and something far away."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin with everything well."""
        self.clock = clock
        self.line = Uplink()
        self.off: set[str] = set()
        self.stage = Stage(clock)
        self.ears = Ears(self.stage)
        near, far = Uplink(), self.line
        near.off = far.off = self.off
        self.configuration = configure(
            check("router", near.script("router"), interval_s=20.0),
            far.witness(interval_s=30.0),
            check("nas", near.script("nas"), depends_on=("router",), down_threshold=2),
            check("web", far.script("web", 2.0), is_outside=True, timeout_s=3.0),
            check("shop", far.script("shop"), is_outside=True, depends_on=("web",), retries=1),
        )
        self.stage.monitor.apply(self.configuration)
        self.stage.monitor.start()

    def do(self, deed: str) -> None:
        """Let something happen."""
        verb, _, name = deed.partition(" ")
        monitor = self.stage.monitor
        state = monitor.states.get(name)
        if verb == "toggle":
            self.off ^= {name}
        elif verb == "line":
            self.line.is_on = not self.line.is_on
        elif verb == "reload":
            monitor.apply(self.configuration)
        elif verb == "open":
            now_ms = self.clock.now_ms()
            monitor.maintenance.add(
                Window(id=name, checks=(name,), from_ms=now_ms, to_ms=now_ms + 100_000)
            )
        elif verb == "close":
            monitor.maintenance.remove(name)
        elif verb == "pause":
            monitor.interventions.pause(name, duration_s=70, reason=None)
        elif verb == "resume" and state is not None and state.pause is not None:
            monitor.interventions.resume(name)
        elif verb == "acknowledge" and state is not None and state.status is Status.DOWN:
            monitor.interventions.acknowledge(name, by=None, note=None)

    async def come_to_rest(self) -> None:
        """Mend the line, and wait until windows, pauses and flapping are over."""
        self.line.is_on = True
        await asyncio.sleep(600)


@settings(max_examples=25, deadline=None)
@given(
    deeds=st.lists(
        st.tuples(st.sampled_from(_DEEDS), st.sampled_from([0.0, 0.5, 3.0, 11.0, 47.0])),
        max_size=25,
    )
)
def test_at_rest_people_know_exactly_what_is(deeds: list[tuple[str, float]]) -> None:
    """Open alerts are the checks that are down; each was told once, and each end once."""

    async def scenario(clock: FakeClock) -> Life:
        life = Life(clock)
        await asyncio.sleep(25)
        for deed, wait_s in deeds:
            life.do(deed)
            await asyncio.sleep(wait_s)
        await life.come_to_rest()
        return life

    life = run_in_virtual_time(scenario)

    states = life.stage.monitor.states
    dead = life.off
    expected = {name: Status.DOWN if name in dead else Status.UP for name in _TARGETS}
    if {"router", "nas"} <= dead:
        expected["nas"] = Status.UNREACHABLE
    if {"web", "shop"} <= dead:
        expected["shop"] = Status.UNREACHABLE
    assert {name: states[name].status for name in _TARGETS} == expected
    assert states["connectivity"].status is Status.UP
    told = {key for key, kinds in life.ears.told.items() if AlertKind.DOWN in kinds}
    is_down = {name for name, status in expected.items() if status is Status.DOWN}
    assert is_down <= told
    # What is unreachable now may have been told as down before its parent died.
    assert told - is_down <= {key for key, value in expected.items() if value is not Status.UP}
    for name in (*_TARGETS, "connectivity"):
        kinds = [kind for kind, subject in life.ears.heard if subject == name]
        news = [kind for kind in kinds if kind in ("first_fail", "recovered")]
        # While it flapped single changes were left out.
        assert "flapping" in kinds or all(first != then for first, then in pairwise(news))
