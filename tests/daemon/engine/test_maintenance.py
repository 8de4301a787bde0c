"""Maintenance windows, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from opsmonitor.models.check import Change, CheckState, Status
from opsmonitor.models.maintenance import Window
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import Stage, check, configure, good
from tests.daemon.engine.test_family import House, shown
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.test_rules import Ears
from tests.daemon.engine.virtual_time import run_in_virtual_time


def soon(clock: FakeClock, after_s: float = 30, lasting_s: float = 60, **keys: Any) -> Window:
    """Return a window that opens in a moment."""
    from_ms = clock.now_ms() + round(after_s * 1000)
    keys = {"checks": ("nas",), "id": "w", **keys}
    return Window(from_ms=from_ms, to_ms=from_ms + round(lasting_s * 1000), **keys)


def start(stage: Stage, *windows: Window, **nas: Any) -> House:
    """Run a nas, and something else."""
    house = House()
    settings = configure(
        check("nas", house.script("nas"), **nas), check("other", house.script("other"))
    )
    stage.monitor.apply(replace(settings, maintenance=windows))
    stage.monitor.start()
    return house


def test_checking_goes_on_and_nobody_is_told() -> None:
    """In the window the nas fails and recovers; it is run as ever, and shown as in maintenance."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        house = start(stage, soon(clock, reason="new disk"))
        await asyncio.sleep(35)
        house.off = {"nas"}
        await asyncio.sleep(20)
        state = stage.monitor.states["nas"]
        assert (state.status, state.judged) == (Status.MAINTENANCE, Status.DOWN)
        assert state.maintenance is not None
        assert state.maintenance.reason == "new disk"
        assert stage.monitor.states["other"].status is Status.UP
        house.off = set()
        await asyncio.sleep(60)

        assert ears.heard == []
        assert story(stage, "nas") == ["INIT", "MAINTENANCE", "RESUMED"]
        assert stage.monitor.states["nas"].maintenance is None
        assert len(stage.recorder.of("nas")) >= 11
        changes = [item for item in stage.recorder.items if isinstance(item, Change)]
        assert [item.interval for item in changes] == [Status.MAINTENANCE, Status.UP]

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (False, False, []),
        (True, True, ["first_fail"]),
        (True, False, ["first_fail", "recovered"]),
        (False, True, ["first_fail"]),
    ],
)
def test_at_the_end_exactly_the_difference_is_told(
    before: bool,  # noqa: FBT001
    after: bool,  # noqa: FBT001
    told: list[str],
) -> None:
    """Was down and is down: nothing. Was down and is up: up. Was up and is down: down."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        house = start(stage, soon(clock))
        house.off = {"nas"} if before else set()
        await asyncio.sleep(40)
        at_start = len(ears.heard)
        house.off = {"nas"} if after else set()
        await asyncio.sleep(45)
        assert len(ears.heard) == at_start == int(before)
        await asyncio.sleep(30)

        assert [kind for kind, _ in ears.heard] == told
        assert stage.monitor.states["nas"].status is (Status.DOWN if after else Status.UP)

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(("end_s", "told_s"), [(60, 60), (300, 300)])
def test_an_end_that_was_moved_tells_the_difference(end_s: float, told_s: float) -> None:
    """Sooner or later than planned: what is down is told when the window really ends."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        house = start(stage)
        began_ms = clock.now_ms()
        window = soon(clock, after_s=0, lasting_s=120)
        stage.monitor.maintenance.add(window)
        house.off = {"nas"}
        await asyncio.sleep(20)

        to_ms = began_ms + round(end_s * 1000)
        stage.monitor.maintenance.add(replace(window, to_ms=to_ms))
        await asyncio.sleep(told_s - 21)
        assert ears.heard == []
        await asyncio.sleep(40)

        assert [kind for kind, _ in ears.heard] == ["first_fail"]

    run_in_virtual_time(scenario)


def test_what_is_down_is_run_again_before_that_is_told() -> None:
    """It came back a moment before the end, between two runs: nobody hears of a failure."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        house = start(stage, soon(clock, after_s=10, lasting_s=100), interval_s=3600.0)
        await asyncio.sleep(20)
        house.off = {"nas"}
        await stage.monitor.run_now("nas")
        house.off = set()
        await asyncio.sleep(120)

        assert ears.heard == []
        assert story(stage, "nas") == ["INIT", "MAINTENANCE", "UP"]

    run_in_virtual_time(scenario)


def test_overlapping_windows_are_one() -> None:
    """The state lasts until the last of them closes, and says until when."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        first = soon(clock, after_s=10, lasting_s=30)
        second = soon(clock, after_s=20, lasting_s=60, id="v", checks=(), tags=("disk",))
        start(stage, first, second, tags=("disk",))
        seen = []
        for _ in range(10):
            await asyncio.sleep(10)
            state = stage.monitor.states["nas"]
            seen.append(state.maintenance.window_id if state.maintenance else "-")

        assert seen[0] in "w-"
        assert seen[2:7] == ["v"] * 5
        assert seen[9] == "-"
        assert story(stage, "nas") == ["INIT", "MAINTENANCE", "RESUMED"]

    run_in_virtual_time(scenario)


def test_a_window_over_a_pause() -> None:
    """A paused check stays paused; resumed within the window it is in maintenance."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        start(stage, soon(clock, after_s=10, lasting_s=100))
        await asyncio.sleep(5)
        stage.monitor.interventions.pause("nas", duration_s=None, reason=None)
        await asyncio.sleep(20)
        seen = [stage.monitor.states["nas"].status]
        stage.monitor.interventions.resume("nas")
        seen.append(stage.monitor.states["nas"].status)
        await asyncio.sleep(100)
        seen.append(stage.monitor.states["nas"].status)

        assert seen == [Status.PAUSED, Status.MAINTENANCE, Status.UP]

    run_in_virtual_time(scenario)


def test_an_acknowledgement_outlives_a_window() -> None:
    """Who knew of the trouble before still knows of it after."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        ears = Ears(stage)
        house = start(stage, soon(clock, after_s=30, lasting_s=60))
        house.off = {"nas"}
        await asyncio.sleep(20)
        stage.monitor.interventions.acknowledge("nas", by="me", note=None)
        await asyncio.sleep(120)

        assert stage.monitor.states["nas"].acknowledged is not None
        assert ears.heard == [("first_fail", "nas")]

    run_in_virtual_time(scenario)


def test_a_parent_in_maintenance_explains_its_children() -> None:
    """The router is being replaced: what is behind it is unreachable, and nobody is told."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        settings = configure(
            check("router", house.script("router")),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        window = soon(clock, after_s=10, lasting_s=100, checks=("router",))
        stage.monitor.apply(replace(settings, maintenance=(window,)))
        stage.monitor.start()
        await asyncio.sleep(20)
        house.off = {"router", "nas"}
        await asyncio.sleep(40)
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")
        assert stage.monitor.states["router"].status is Status.MAINTENANCE
        house.off = set()
        await asyncio.sleep(120)

        assert ears.heard == []
        assert set(shown(stage).values()) == {(Status.UP, None)}

    run_in_virtual_time(scenario)


def test_a_window_goes_on_after_a_restart() -> None:
    """The next daemon knows of it from its first moment: nothing is told, nothing begins anew."""

    async def scenario(clock: FakeClock) -> None:
        known = CheckState(
            id="nas",
            type="scripted",
            status=Status.MAINTENANCE,
            covered=Status.DOWN,
            ok=False,
        )
        stage = Stage(clock, {"nas": known})
        ears = Ears(stage)
        house = start(stage, soon(clock, after_s=-100, lasting_s=130))
        house.off = {"nas"}
        await asyncio.sleep(20)
        assert stage.monitor.states["nas"].status is Status.MAINTENANCE
        assert story(stage, "nas") == []
        await asyncio.sleep(30)

        assert ears.heard == [("first_fail", "nas")]

    run_in_virtual_time(scenario)


def test_what_ended_while_the_daemon_was_off_is_over() -> None:
    """A state of maintenance without a window is looked at again."""

    async def scenario(clock: FakeClock) -> None:
        known = CheckState(
            id="nas",
            type="scripted",
            status=Status.MAINTENANCE,
            covered=Status.DOWN,
            ok=False,
        )
        stage = Stage(clock, {"nas": known})
        ears = Ears(stage)
        start(stage)
        await asyncio.sleep(5)

        assert stage.monitor.states["nas"].status is Status.UP
        assert ears.heard == []

    run_in_virtual_time(scenario)


def test_windows_come_and_go_by_hand() -> None:
    """One that is added is open at once, and closed when it is removed."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        start(stage)
        await asyncio.sleep(5)
        stage.monitor.maintenance.add(
            soon(clock, after_s=0, lasting_s=3600, checks=(), everything=True)
        )
        assert {status for status, _ in shown(stage).values()} == {Status.MAINTENANCE}
        [(window, is_configured, when)] = stage.monitor.maintenance.windows()
        assert (window.id, is_configured) == ("w", False)
        assert when is not None

        stage.monitor.maintenance.remove("w")
        assert {status for status, _ in shown(stage).values()} == {Status.UP}

    run_in_virtual_time(scenario)


def test_a_clock_that_is_set_is_followed() -> None:
    """Set back to before the window it is no longer open; a machine that slept is found in it."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock)
        start(stage, soon(clock, after_s=3600, lasting_s=3600))
        await asyncio.sleep(5)
        seen = []
        for seconds in (3700, -3600):
            clock.wall_ms += seconds * 1000
            await asyncio.sleep(3)
            seen.append(stage.monitor.states["nas"].status)

        assert seen == [Status.MAINTENANCE, Status.UP]

    run_in_virtual_time(scenario)


def test_a_nightly_window_opens_every_night() -> None:
    """Over two nights: two windows, each of two hours."""

    async def scenario(clock: FakeClock) -> None:
        clock.wall_ms = round(datetime(2026, 3, 25, 1, 30, tzinfo=UTC).timestamp() * 1000)
        stage = Stage(clock)
        stage.monitor.apply(
            replace(
                configure(check("nas", good, interval_s=300.0)),
                maintenance=(Window(id="w", start=120, end=240, everything=True),),
            )
        )
        stage.monitor.start()
        await asyncio.sleep(27 * 3600)

        changes = [item for item in stage.recorder.items if isinstance(item, Change)]
        spans = [
            (after.at_ms - before.at_ms) / 3_600_000
            for before, after in zip(changes[::2], changes[1::2], strict=True)
        ]
        assert spans == pytest.approx([2.0] * 2, abs=0.001)

    run_in_virtual_time(scenario)
