"""Trouble that somebody knows of."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from opsmonitor.exceptions import CheckConflictError
from opsmonitor.models.check import (
    Acknowledgement,
    Change,
    CheckState,
    Outcome,
    Status,
    Verdict,
)
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import Stage, bad, check, good
from tests.daemon.engine.test_flapping import play as flap
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.test_state_machine import play
from tests.daemon.engine.virtual_time import run_in_virtual_time

KNOWN = Acknowledgement(at_ms=0, by="Ada", note="on my way")
DOWN = CheckState(id="nas", type="tcp", status=Status.DOWN, ok=False, acknowledged=KNOWN)


@pytest.mark.parametrize(
    ("runs", "is_kept"), [("fff", True), ("d", True), ("o", False), ("ofd", False)]
)
def test_an_acknowledgement_lasts_until_recovery(runs: str, *, is_kept: bool) -> None:
    """It holds while the target fails or is degraded, and is over for good once it is up."""
    state, _ = play(runs, state=DOWN)

    assert state.acknowledged is (KNOWN if is_kept else None)


@pytest.mark.parametrize(
    ("runs", "is_kept"),
    [("uf", True), ("uuff", True), ("ufuf", True), ("uo", False), ("udf", False), ("uof", False)],
)
def test_not_being_able_to_tell_is_no_recovery(runs: str, *, is_kept: bool) -> None:
    """What is found down again after nobody knew for a while was down all the time."""
    state, _ = play(runs, state=DOWN)

    assert state.acknowledged == (KNOWN if is_kept else None)


def test_what_was_slow_before_nobody_could_tell_has_got_worse() -> None:
    """Who knows that a target is slow does not know that it is down, whatever was between."""
    slow = CheckState(id="nas", type="tcp", status=Status.DEGRADED, ok=True, acknowledged=KNOWN)

    assert play("ud", state=slow)[0].acknowledged == KNOWN
    assert play("uf", state=slow)[0].acknowledged is None


def test_a_late_judgement_keeps_it() -> None:
    """Nor is it lost while a threshold is not reached yet."""
    assert play("ufff", down=3, state=DOWN)[0].acknowledged == KNOWN
    assert play("uooo", up=3, state=DOWN)[0].acknowledged is None


def test_an_acknowledgement_outlasts_a_restart_before_anything_is_known() -> None:
    """A check whose first run says nothing, such as a group's, was kept as it was."""
    answers = iter(
        [
            Outcome(verdict=Verdict.UNKNOWN, error="nothing is known of its members yet"),
            Outcome(verdict=Verdict.FAIL, error="down"),
        ]
    )

    async def script() -> Outcome:
        return next(answers)

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock, {"nas": replace(DOWN, type="scripted")})
        stage.start(check("nas", script))
        await asyncio.sleep(15)

        assert [run.state.status for run in stage.recorder.of("nas")] == [
            Status.PENDING,
            Status.DOWN,
        ]
        assert stage.monitor.states["nas"].acknowledged == KNOWN

    run_in_virtual_time(scenario)


def test_what_gets_worse_must_be_acknowledged_anew() -> None:
    """Who knows that a target is slow does not know that it is down."""
    slow = CheckState(id="nas", type="tcp", status=Status.DEGRADED, ok=True, acknowledged=KNOWN)

    assert play("d", state=slow)[0].acknowledged is KNOWN
    assert play("f", state=slow)[0].acknowledged is None


def test_while_it_flaps_each_change_is_known() -> None:
    """Who knows that it changes is left alone until it is steady, or stays down."""
    flapping = replace(flap("fofofo"), acknowledged=KNOWN)

    assert flap("ofof", flapping).acknowledged is KNOWN
    assert flap("o" * 40, flapping).acknowledged is None
    assert flap("f" * 40, flapping).acknowledged is None


def test_what_flaps_can_be_acknowledged_while_it_is_up() -> None:
    """Being up at the moment does not mean that it is well."""

    async def scenario(clock: FakeClock) -> None:
        known = replace(flap("fofofo"), type="scripted")
        stage = Stage(clock, {"nas": known})
        stage.start(check("nas", good, interval_s=30.0))
        await asyncio.sleep(1)
        assert stage.monitor.states["nas"].status is Status.UP
        stage.monitor.interventions.acknowledge("nas", by="Ada", note=None)
        await asyncio.sleep(60)

        assert stage.monitor.states["nas"].flapping_since_ms is not None
        assert stage.monitor.states["nas"].acknowledged is not None

    run_in_virtual_time(scenario)


def test_an_acknowledgement_is_told_and_changes_no_status() -> None:
    """It is an event with who and what, begins no interval, and the check runs on."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", bad))
        await asyncio.sleep(1)

        state = stage.monitor.interventions.acknowledge("nas", by="Ada", note="on my way")
        await asyncio.sleep(30)

        assert stage.monitor.states["nas"].acknowledged == state.acknowledged is not None
        assert story(stage, "nas") == ["INIT", "ACKNOWLEDGED"]
        [change] = [item for item in stage.recorder.items if isinstance(item, Change)]
        assert change.interval is None
        assert change.transition is not None
        assert change.transition.status is change.transition.previous is Status.DOWN
        assert change.transition.error == "Ada: on my way"
        assert len(stage.recorder.of("nas")) > 2

    run_in_virtual_time(scenario)


def test_an_acknowledgement_outlasts_a_pause() -> None:
    """Pausing a check in trouble does not forget who knows of it."""

    async def script() -> Outcome:
        return Outcome(verdict=Verdict.FAIL, error="no answer")

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", script))
        await asyncio.sleep(1)
        people = stage.monitor.interventions
        people.acknowledge("nas", by=None, note=None)
        people.pause("nas", duration_s=60, reason=None)
        await asyncio.sleep(120)

        assert stage.monitor.states["nas"].acknowledged is not None

    run_in_virtual_time(scenario)


def test_without_trouble_there_is_nothing_to_acknowledge() -> None:
    """A check that is up is refused: it would silence the next failure."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        stage.start(check("nas", good))
        await asyncio.sleep(1)
        with pytest.raises(CheckConflictError, match="nothing to acknowledge"):
            stage.monitor.interventions.acknowledge("nas", by=None, note=None)

    run_in_virtual_time(scenario)
