"""Alerts that somebody muted: nobody is told anything, and nothing is lost."""

from __future__ import annotations

import pytest

from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time


async def _bench(clock: FakeClock) -> Bench:
    """Return a started daemon with one channel and two checks, both up."""
    house = Bench(clock)
    house.name("a")
    house.add("nas")
    house.add("web")
    await house.start()
    return house


def test_muted_until_unmuted() -> None:
    """Deciding goes on; at the end one message tells what is, and not what came and went."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=None, reason="party", by="me")
        await house.see("nas", Status.DOWN)
        await house.see("web", Status.DOWN)
        await house.see("web", Status.UP)
        await house.wait(7200)

        assert house.told == []
        assert house.telling.state.open_alerts == 1
        [channel] = house.telling.health()
        assert channel.held == 3

        await house.telling.unmute()
        await house.wait(60)
        assert house.of("a") == ["While it was quiet: 1 down, 1 up again"]
        await house.see("nas", Status.UP)
        assert house.of("a")[1:] == ["UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_muted_for_a_while() -> None:
    """It ends by itself, and whoever wants to know is told of both."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        seen: list[bool] = []
        house.telling.subscribe(lambda: seen.append(house.telling.state.mute is not None))
        await house.telling.mute(duration_s=1800, reason=None, by=None)
        await house.see("nas", Status.DOWN)
        await house.wait(1700)
        assert house.told == []

        await house.wait(200)

        assert house.of("a") == ["DOWN: nas"]
        assert (seen[0], seen[-1]) == (True, False)
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_it_outlives_a_restart() -> None:
    """A daemon that starts anew is as quiet as before, with what it holds back."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=3600, reason="party", by=None)
        await house.see("nas", Status.DOWN)
        await house.restart()
        mute = house.telling.state.mute
        assert mute is not None
        assert mute.reason == "party"
        await house.see("web", Status.DOWN)
        assert house.told == []

        await house.wait(3700)

        assert house.of("a") == ["While it was quiet: 2 down"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_by_hand_goes_out_all_the_same() -> None:
    """Whoever sends a message, or a test, means it."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=None, reason=None, by=None)

        await house.telling.announce("shop", "P3", "no stock", None)
        await house.telling.test("a", None)

        assert len(house.told) == 2
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_cannot_be_kept_is_not_done() -> None:
    """Nobody believes to be left alone until a restart."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        house.store.is_broken = True

        with pytest.raises(StoreError):
            await house.telling.mute(duration_s=None, reason=None, by=None)

        assert house.telling.state.mute is None
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_state_follows_what_happens() -> None:
    """Open alerts, the beginning of the latest one and the channels are told when they change."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        told: list[int] = []
        end = house.telling.subscribe(lambda: told.append(house.telling.state.open_alerts))
        before = house.telling.state
        await house.see("nas", Status.DOWN)
        began_ms = house.telling.state.last_opened_ms
        await house.see("web", Status.DOWN)
        await house.see("nas", Status.UP)

        assert before.last_opened_ms is None
        assert began_ms is not None
        assert began_ms <= (house.telling.state.last_opened_ms or 0)
        assert told == [1, 2, 1]
        house.name("a", "b")
        house.configure()
        assert house.telling.state.channels == (("a", "hand"), ("b", "hand"))
        assert len(told) == 4
        end()
        await house.restart()
        assert house.telling.state.last_opened_ms is not None
        await house.see("web", Status.UP)
        assert len(told) == 4
        await house.telling.close()

    run_in_virtual_time(scenario)
