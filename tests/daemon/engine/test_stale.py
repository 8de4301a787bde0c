"""Channels that are away for longer than a day, or ask for odd pauses."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.engine.channel import next_attempt_ms
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import DeliveryState
from opsmonitor.models.check import Outcome, Status, TlsInfo, Verdict
from opsmonitor.notifiers.base import Message, SendContext
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time

AWAY = DeliveryError("answered 503")
DAY_S = 86_400


def test_what_is_down_still_is_told_however_late() -> None:
    """The line was away for two days: nobody believes that all is well because of that."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        house.add("tv")
        house.broken["a"] = AWAY
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        await house.see("tv", Status.UP)
        await house.wait(2 * DAY_S)
        house.broken.clear()
        await house.wait(900)
        await house.see("nas", Status.UP)

        assert house.of("a") == ["DOWN: nas", "UP again: nas"]
        assert "(This comes 2 d late: it could not be sent before.)" in house.messages[0].text
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_the_end_of_what_was_told_is_told_however_late() -> None:
    """The failure arrived, then the channel was gone: people hear of the end all the same."""
    late = Outcome(verdict=Verdict.FAIL, error="too late", error_code="deadline_missed")

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        house.add("job", notify_on=("first_fail", "deadline_miss", "recovered"))
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("job", Status.DOWN)
        house.broken["a"] = AWAY
        await house.see("nas", Status.UP)
        await house.wait(10)
        await house.see("job", Status.DOWN, outcome=late)
        await house.see("job", Status.UP)
        await house.wait(DAY_S)
        await house.restart()
        await house.wait(DAY_S)
        house.broken.clear()
        await house.wait(900)

        assert house.of("a")[:2] == ["DOWN: nas", "DOWN: job"]
        (told,) = house.messages[2:]
        assert [notice.title for notice in told.notices] == [
            "UP again: nas",
            "DEADLINE MISSED: job",
            "UP again: job",
        ]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_reminders_that_nobody_could_be_sent_for_a_day_are_given_up() -> None:
    """Of what is down still the failure itself is told, not each word about it."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas", notify_on=("first_fail", "reminder"))
        house.broken["a"] = AWAY
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(3 * DAY_S)

        (reason,) = {
            item.error
            for item in house.store.deliveries.values()
            if item.state is DeliveryState.DROPPED
        }
        assert reason == "not delivered within a day"
        house.broken.clear()
        await house.wait(900)
        (told,) = house.messages
        assert [notice.kind for notice in told.notices] == ["first_fail", "reminder"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_of_a_certificate_the_latest_word_is_told() -> None:
    """The channel was away for days: how many were left at the beginning helps nobody."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("web", notify_on=("cert_expiring",))
        house.broken["a"] = AWAY
        await house.start()
        for days in (21, 14, 7):
            tls = TlsInfo(days_left=days, not_after_ms=1)
            await house.see("web", Status.UP, outcome=Outcome(verdict=Verdict.OK, tls=tls))
            await house.wait(1.1 * DAY_S)
        house.broken.clear()
        await house.wait(900)

        assert house.of("a") == ["CERTIFICATE: web expires in 7 days"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_clock_that_is_set_loses_no_message() -> None:
    """A machine without a battery starts in the past, and hears the time after its first run."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", group_wait_s=5.0)
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        clock.wall_ms += 90 * DAY_S * 1000
        await house.wait(60)

        assert house.of("a") == ["DOWN: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_clock_that_is_set_back_delays_no_message() -> None:
    """It went by local time until it was told the true one; nothing lasted less than no time."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", group_wait_s=5.0)
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        clock.wall_ms -= 2 * 3_600_000
        await house.wait(6)
        await house.see("nas", Status.UP)
        await house.wait(6)

        assert house.of("a") == ["DOWN: nas", "UP again: nas"]
        assert house.messages[1].text.startswith("It was down for 0 s: ")
        await house.telling.close()

    run_in_virtual_time(scenario)


class SlowHouse(Bench):
    """A house whose channels take what they get at once, and say so long afterwards."""

    async def _send(self, name: str, message: Message, context: SendContext) -> None:
        await super()._send(name, message, context)
        await asyncio.sleep(100)


def test_a_service_that_answers_late_is_given_the_time_it_needs() -> None:
    """The first message arrives again while that is found out; those after it arrive once."""

    async def scenario(clock: FakeClock) -> None:
        house = SlowHouse(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(600)
        await house.see("nas", Status.UP)
        await house.wait(600)
        await house.see("nas", Status.DOWN)
        await house.wait(600)

        assert house.of("a") == [*["DOWN: nas"] * 3, "UP again: nas", "DOWN: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("asked_s", "attempts", "pause_s"),
    [(0.0, 1, 2.0), (0.0, 3, 8.0), (1.0, 20, 30.0), (17.0, 1, 17.0), (9e9, 1, 3600.0)],
)
def test_a_service_is_never_stormed(asked_s: float, attempts: int, pause_s: float) -> None:
    """Some say `Retry-After: 0`: they get a rest all the same, and none can silence us for ever."""
    asked = DeliveryError("answered 503", retry_after_s=asked_s)

    assert next_attempt_ms(attempts, asked, 0) == pause_s * 1000
