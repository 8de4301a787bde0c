"""Alerts that somebody muted: nobody is told anything, and nothing is lost."""

from __future__ import annotations

import pytest

from opsmonitor.config.settings import ReminderSettings
from opsmonitor.engine.muting import Muting
from opsmonitor.exceptions import DeliveryError, StoreError
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
        assert channel.held == 2

        await house.telling.unmute()
        await house.wait(60)
        assert house.of("a") == ["While it was quiet: 1 down, 1 up again"]
        await house.see("nas", Status.UP)
        assert house.of("a")[1:] == ["UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_defect_of_muting_is_not_the_end_of_all_alerts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody thought of is logged, and people are told all the same."""

    async def fail(_muting: Muting) -> bool:
        """Fail in a way that nobody thought of."""
        raise ValueError("odd")

    async def scenario(clock: FakeClock) -> None:
        monkeypatch.setattr(Muting, "forget_the_past", fail)
        house = await _bench(clock)
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.UP)

        assert house.of("a") == ["DOWN: nas", "UP again: nas"]
        assert "odd" in caplog.text
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


def test_what_was_down_before_is_told_again_at_the_end() -> None:
    """A reminder that nobody could be told counts for nothing: it comes when it can be told."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        house.add("nas", notify_on=("first_fail", "reminder", "recovered"))
        house.name("a", reminders=ReminderSettings(first_s=3600, factor=2.0, longest_s=86_400))
        await house.see("nas", Status.DOWN)
        await house.telling.mute(duration_s=8 * 3600, reason=None, by=None)
        await house.wait(8 * 3600 - 60)
        assert house.of("a") == ["DOWN: nas"]

        await house.wait(120)

        assert house.of("a")[1:] == ["Still DOWN: nas"]
        assert "For 8 h" in house.messages[-1].text
        await house.wait(2 * 3600 - 240)
        assert len(house.told) == 2
        await house.wait(240)
        assert len(house.told) == 3
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_long_mute_ends_with_one_message() -> None:
    """However often checks change meanwhile, little is held back, also over a restart."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        names = [f"check-{number}" for number in range(60)]
        for name in names:
            house.add(name)
        await house.see("web", Status.DOWN)
        await house.telling.mute(duration_s=None, reason=None, by=None)
        for _ in range(6):
            for name in names:
                await house.see(name, Status.DOWN)
            for name in names:
                await house.see(name, Status.UP)
        assert house.telling.health()[0].held == len(names)
        await house.see("web", Status.UP)
        await house.see(names[0], Status.DOWN)
        await house.restart()
        assert house.telling.health()[0].held == len(names) + 1

        await house.telling.unmute()
        await house.wait(60)

        # The end of what was told before it was muted is told whatever came later.
        assert house.of("a")[1:] == ["While it was quiet: 1 down, 60 up again"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_was_decided_before_waits_as_well() -> None:
    """Whether it waits for others to come, or for a channel that is away, over a restart too."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        house.name("a", "b", group_wait_s=5.0)
        house.configure()
        house.broken["b"] = DeliveryError("answered 503")
        await house.see("nas", Status.DOWN)
        await house.wait(6)
        await house.see("web", Status.DOWN)
        await house.telling.mute(duration_s=None, reason=None, by=None)
        house.broken.clear()
        await house.wait(3600)
        await house.restart()
        await house.see("web", Status.UP)
        await house.wait(3600)
        assert house.told == [("a", "DOWN: nas")]
        assert [(each.queued, each.held) for each in house.telling.health()] == [(0, 1), (0, 2)]

        await house.telling.unmute()
        await house.wait(60)

        assert house.of("a")[1:] == ["UP again: web"]
        assert house.of("b") == ["While it was quiet: 1 down, 1 up again"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_is_under_way_waits_once_it_was_refused() -> None:
    """It keeps its place before what happened since."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        house.broken["a"] = None
        await house.see("nas", Status.DOWN)
        await house.telling.mute(duration_s=None, reason=None, by=None)
        await house.see("nas", Status.UP)
        assert [(each.queued, each.held) for each in house.telling.health()] == [(1, 1)]
        house.broken.clear()
        await house.wait(3600)
        assert house.told == []

        await house.telling.unmute()
        await house.wait(60)

        assert house.of("a") == ["UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_it_is_over_once_and_for_all() -> None:
    """A clock that is set back mutes nobody again, not even after a restart."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=600, reason=None, by=None)
        house.store.is_broken = True
        await house.wait(700)
        kept = [house.store.muted]
        house.store.is_broken = False
        await house.wait(60)
        kept.append(house.store.muted)
        assert [mute is None for mute in kept] == [False, True]
        clock.wall_ms -= 3_600_000
        assert house.telling.state.mute is None
        await house.restart()
        await house.see("nas", Status.DOWN)

        assert house.of("a") == ["DOWN: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_ended_while_nobody_looked_is_over() -> None:
    """A daemon that was off at the end forgets the wish when it starts."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=600, reason=None, by=None)
        await house.telling.close()
        clock.wall_ms += 3_600_000
        await house.start()

        assert house.telling.state.mute is None
        assert house.store.muted is None
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_by_hand_goes_out_all_the_same() -> None:
    """Whoever sends a message, or a test, means it."""

    async def scenario(clock: FakeClock) -> None:
        house = await _bench(clock)
        await house.telling.mute(duration_s=None, reason=None, by=None)

        await house.telling.announce("shop", "P3", "no stock", None)
        await house.telling.test("a", None)
        house.broken["a"] = DeliveryError("answered 503")
        await house.telling.announce("shop", "P3", "stock again", None)
        house.broken.clear()
        await house.wait(60)

        assert len(house.told) == 3
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
