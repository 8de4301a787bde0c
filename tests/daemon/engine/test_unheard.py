"""Channels that get another name, or are set right, while something is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opsmonitor.config.settings import ChannelSettings
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.check import Acknowledgement, Outcome, Status, TlsInfo, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time

AWAY = DeliveryError("answered 503")
REFUSED = DeliveryError("answered 401", is_permanent=True)


def house_with(clock: FakeClock, **keys: Any) -> Bench:
    """Return a house with one channel and one check."""
    house = Bench(clock)
    house.name("a")
    house.add("nas", **keys)
    return house


def mend(house: Bench) -> None:
    """Give the channel another token, with which it works."""
    channel = ChannelSettings(name="a", type="hand", options="a mended")
    house.alerts = replace(house.alerts, channels={"a": channel})
    house.configure()


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_waits_for_a_channel_goes_to_the_one_in_its_place(*, is_restarted: bool) -> None:
    """It could not be reached, and was given another name and address: nothing is lost."""

    async def scenario(clock: FakeClock) -> None:
        house = house_with(clock)
        house.broken["a"] = AWAY
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(60)
        house.name("b")
        if is_restarted:
            await house.restart()
        house.configure()
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.UP)

        assert house.told == [("b", "DOWN: nas"), ("b", "UP again: nas")]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_was_refused_is_told_when_the_channel_is_set_right() -> None:
    """The token was wrong: whoever mends it hears of what is down, and not twice."""

    async def scenario(clock: FakeClock) -> None:
        house = house_with(clock)
        house.broken["a"] = REFUSED
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(60)
        mend(house)
        await house.see("nas", Status.DOWN)
        house.alerts = replace(house.alerts, group_wait_s=1.0)
        house.configure()
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.UP)
        await house.wait(60)

        assert house.told == [("a mended", "DOWN: nas"), ("a mended", "UP again: nas")]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_the_first_channel_hears_of_what_is_down() -> None:
    """Nobody could be told before; that there is none for a moment makes nothing be told twice."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.add("nas")
        house.add("tv", notify=False)
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        for channels in (("a",), (), ("a",)):
            house.name(*channels)
            house.configure()
            await house.see("nas", Status.DOWN)
            await house.see("tv", Status.DOWN)

        assert house.told == [("a", "DOWN: nas")]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_is_over_is_not_told_to_those_who_come_later() -> None:
    """Nor what somebody took note of: of that the end is news."""

    async def scenario(clock: FakeClock) -> None:
        house = house_with(clock)
        house.add("tv")
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        house.name("b")
        house.configure()
        await house.see("nas", Status.UP)
        await house.see("tv", Status.DOWN, acknowledged=Acknowledgement(at_ms=1))
        await house.see("tv", Status.UP)

        assert house.of("b") == ["UP again: tv"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_every_kind_of_alert_is_told_to_a_channel_in_its_place() -> None:
    """Degraded, flapping, and a certificate as it is by then; what follows goes there, too."""
    wants = ("degraded", "flapping", "cert_expiring", "recovered")

    def expiring(days: int) -> Outcome:
        end_ms = 1_700_000_000_000 + 20 * 86_400_000
        tls = TlsInfo(days_left=days, not_after_ms=end_ms)
        return Outcome(verdict=Verdict.OK, tls=tls)

    async def scenario(clock: FakeClock) -> None:
        house = house_with(clock, notify_on=wants)
        house.name("a", settle_s=0.0)
        house.add("tv", notify_on=wants)
        house.add("web", notify_on=wants)
        await house.start()
        await house.see("nas", Status.DEGRADED)
        await house.see("tv", Status.UP, flapping_since_ms=clock.now_ms())
        await house.see("web", Status.UP, outcome=expiring(20))
        told = len(house.told)
        house.name("b", settle_s=0.0)
        house.configure()
        for _ in range(2):
            await house.see("nas", Status.DEGRADED)
            await house.see("tv", Status.DOWN)
            await house.see("web", Status.UP, outcome=expiring(12))
        await house.see("web", Status.UP, outcome=expiring(6))
        await house.see("nas", Status.UP)

        assert told == 3
        assert house.of("b") == [
            "DEGRADED: nas",
            "FLAPPING: tv",
            "CERTIFICATE: web expires in 12 days",
            "CERTIFICATE: web expires in 6 days",
            "No longer degraded: nas",
        ]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_waits_of_a_check_that_is_gone_is_not_told() -> None:
    """Its end would never be told: the channel comes back when the check is gone already."""

    async def scenario(clock: FakeClock) -> None:
        house = house_with(clock)
        house.broken["a"] = AWAY
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(60)
        del house.checks["nas"], house.states["nas"]
        house.configure()
        house.broken.clear()
        await house.wait(900)

        assert house.told == []
        await house.restart()
        await house.wait(60)
        assert house.told == []
        await house.telling.close()

    run_in_virtual_time(scenario)
