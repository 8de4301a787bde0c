"""Checks that change too often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from opsmonitor.engine.flapping import RUNS, FlappingLimits, add_run, is_flapping, percent
from opsmonitor.engine.state_machine import Cover, Thresholds, advance
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, check
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.test_rules import Ears
from tests.daemon.engine.virtual_time import run_in_virtual_time

_VERDICTS = {"o": Verdict.OK, "f": Verdict.FAIL}
_LIMITS = Thresholds(flapping=FlappingLimits())
_UP = CheckState(id="nas", type="tcp", status=Status.UP, ok=True)
_PARENT = Cover(status=Status.UNREACHABLE, error="", error_code="parent_down", because="router")
_WINDOW = Cover(status=Status.MAINTENANCE, error="", error_code="maintenance")


def play(
    runs: str, state: CheckState = _UP, *, limits: Thresholds = _LIMITS, cover: Cover | None = None
) -> CheckState:
    """Let runs happen a second apart: o is good, f fails."""
    for second, run in enumerate(runs):
        outcome = Outcome(verdict=_VERDICTS[run])
        state, _ = advance(state, outcome, limits, second * 1000, cover)
    return state


def naive_percent(states: list[str]) -> float:
    """Weigh the changes between 21 states as Nagios's documentation says."""
    total = 0.0
    for place in range(1, 21):
        if states[place] != states[place - 1]:
            total += 0.75 + (place - 1) * 0.5 / 19
    return total * 100 / 20


@given(runs=st.lists(st.sampled_from("of"), min_size=21, max_size=60))
def test_the_share_is_that_of_the_documented_window(runs: list[str]) -> None:
    """Twenty-one states, twenty changes, the newest weighs most."""
    flips = 0
    for before, after in pairwise(runs):
        flips = add_run(flips, has_changed=before != after)

    assert percent(flips) == pytest.approx(naive_percent(runs[-21:]))


@given(flips=st.integers(0, (1 << RUNS) - 1))
def test_between_the_limits_nothing_changes(flips: int) -> None:
    """From 30 % it flaps, below 25 % it does not, between them it goes on as it was."""
    share, limits = percent(flips), FlappingLimits()

    assert is_flapping(flips, limits, was_flapping=False) == (share >= 30)
    assert is_flapping(flips, limits, was_flapping=True) == (share >= 25)


def test_it_begins_once_and_ends_once() -> None:
    """Six changes in a row make it flap; when they are far enough back it is steady."""
    assert play("fofof").flapping_since_ms is None
    flapping = play("fofofo")
    assert flapping.flapping_since_ms == 5000

    steady = play("o" * RUNS, flapping)
    assert (steady.flapping_since_ms, steady.status) == (None, Status.UP)


def test_outages_now_and_then_are_no_flapping() -> None:
    """Two outages within twenty runs are told one by one."""
    assert play("oooofffoooooofffoooo").flapping_since_ms is None


@pytest.mark.parametrize("cover", [_PARENT, _WINDOW])
def test_it_is_not_computed_while_suppressed(cover: Cover) -> None:
    """What happens behind a dead parent or in maintenance counts neither way."""
    hidden = play("f", cover=cover)
    covered = play("ofofofofofof" if cover is _WINDOW else "ffffff", hidden, cover=cover)

    assert (covered.flips, covered.flapping_since_ms) == (hidden.flips, None)
    after, _ = advance(covered, GOOD, _LIMITS, 99_000)
    assert (after.flips, after.status) == (hidden.flips, Status.UP)


def test_it_goes_on_while_suppressed() -> None:
    """A check that flaps when its parent dies is not called steady because of that."""
    flapping = play("fofofo")

    hidden = play("f" * 40, flapping, cover=_PARENT)

    assert (hidden.flips, hidden.flapping_since_ms) == (flapping.flips, 5000)


def test_switching_it_off_clears_it() -> None:
    """With `flapping: false` nothing of it is left after the next run."""
    after = play("o", play("fofofo"), limits=Thresholds())

    assert (after.flips, after.flapping_since_ms) == (0, None)


def test_people_hear_of_its_beginning_and_its_end_only() -> None:
    """Seventy changes are three messages before it flaps, one at its start and one at its end."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        answers = [GOOD, *[BAD, GOOD] * 35, *[BAD] * 30]

        async def probe() -> Outcome:
            return answers.pop(0)

        stage.start(check("nas", probe, interval_s=3600.0))
        while answers:
            await stage.monitor.run_now("nas")
            await asyncio.sleep(1)

        kinds = [kind for kind, _ in ears.heard]
        assert kinds[-2:] == ["flapping", "steady"]
        assert (kinds.count("flapping"), kinds.count("steady")) == (1, 1)
        assert len(kinds) <= 8
        assert ears.titles[-1] == "Steady again, DOWN: nas"
        events = story(stage, "nas")
        assert (events.count("FLAPPING"), events.count("STEADY")) == (1, 1)

        answers.append(GOOD)
        await stage.monitor.run_now("nas")
        await asyncio.sleep(1)
        assert ears.heard[-1] == ("recovered", "nas")

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("last", "told"), [(BAD, ["first_fail"]), (GOOD, ["first_fail", "recovered"])]
)
def test_who_does_not_want_to_hear_of_it_is_told_once_that_it_is_down(
    last: Outcome, told: list[str]
) -> None:
    """Without `flapping` in `notify_on` it is DOWN while it flaps, and UP only once that lasts."""

    async def scenario(clock: FakeClock) -> None:
        flapping = replace(play("fofofo"), type="scripted")
        stage = Stage(clock, {"nas": flapping})
        ears = Ears(stage)
        answers = [*[BAD, GOOD] * 10, *[last] * 30]

        async def probe() -> Outcome:
            return answers.pop(0)

        stage.start(check("nas", probe, interval_s=3600.0, notify_on=("first_fail", "recovered")))
        while answers:
            await stage.monitor.run_now("nas")
            await asyncio.sleep(1)

        assert [kind for kind, _ in ears.heard] == told

    run_in_virtual_time(scenario)


def test_it_goes_on_after_a_restart() -> None:
    """What was known of the latest runs is known to the next daemon: no second start."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock, {"nas": replace(play("fofofo"), type="scripted")})

        async def probe() -> Outcome:
            return BAD

        stage.start(check("nas", probe, interval_s=3600.0))
        await stage.monitor.run_now("nas")

        await asyncio.sleep(1)
        assert story(stage, "nas") == ["DOWN"]
        assert stage.monitor.states["nas"].flapping_since_ms == 5000

    run_in_virtual_time(scenario)
