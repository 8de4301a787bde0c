"""What other monitors got wrong about telling people, and this one must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opsmonitor.config.settings import ReminderSettings
from opsmonitor.engine import deciding
from opsmonitor.engine.reminding import Agenda, look_around
from opsmonitor.exceptions import DeliveryError, UnknownChannelError
from opsmonitor.models.alert import DeliveryState
from opsmonitor.models.check import Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time

REFUSAL = DeliveryError("answered 503")


def test_what_can_never_be_kept_keeps_nothing_else_back() -> None:
    """One misfit is given up; everything after it is kept and told."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        await house.telling.announce("b\ud800", "P3", "no stock", None)
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.UP)
        await house.wait(60)

        assert [title.partition(":")[0] for title in house.of("a")][-2:] == ["DOWN", "UP again"]
        assert {alert.subject for alert in house.store.kept.values()} == {"nas"}
        states = {item.state for item in house.store.deliveries.values()}
        assert states == {DeliveryState.SENT}
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_defect_does_not_end_the_looking_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed once is done a minute later."""
    failures: list[Exception] = []

    def odd(*args: Any, **keys: Any) -> Agenda:
        if failures:
            raise failures.pop()
        return look_around(*args, **keys)

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", reminders=ReminderSettings(first_s=600, longest_s=600))
        house.add("nas", notify_on=("first_fail", "reminder"))
        monkeypatch.setattr(deciding, "look_around", odd)
        await house.start()
        failures.append(ValueError("odd"))
        await house.see("nas", Status.DOWN)
        await house.wait(800)

        assert not failures
        assert house.of("a") == ["DOWN: nas", "Still DOWN: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    "change", [{"severity": "P1"}, {"interval_s": 5.0}, {"name": "NAS"}, {"tags": ("new",)}]
)
def test_editing_a_check_does_not_tell_its_failure_again(change: dict[str, object]) -> None:
    """Gatus keeps alerts by a checksum of their settings, and forgets one that is edited."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        house.checks["nas"] = replace(house.checks["nas"], **change)  # type: ignore[arg-type]
        house.configure()
        await house.see("nas", Status.DOWN)
        await house.see("nas", Status.UP)

        assert [title.partition(":")[0] for title in house.of("a")] == ["DOWN", "UP again"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_recovery_that_is_refused_is_tried_again() -> None:
    """Gatus clears the alert even when its end could not be sent, and never tells it."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        house.broken["a"] = REFUSAL
        await house.see("nas", Status.UP)
        await house.wait(600)
        await house.restart()
        del house.broken["a"]
        await house.wait(900)

        assert house.of("a") == ["DOWN: nas", "UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_failure_that_is_refused_is_tried_again() -> None:
    """Uptime Kuma tries once, Beszel notes it as told before it is."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        house.broken["a"] = REFUSAL
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(3 * 3600)
        del house.broken["a"]
        await house.wait(900)

        assert house.of("a") == ["DOWN: nas"]
        assert "late: it could not be sent before.)" in house.messages[0].text
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_what_nobody_could_be_told_for_a_day_is_given_up_with_its_end() -> None:
    """It leaves a record, and nobody hears of the end of what he never heard of."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b")
        house.add("nas")
        house.broken["a"] = REFUSAL
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(25 * 3600)
        del house.broken["a"]
        await house.see("nas", Status.UP)
        await house.wait(900)

        assert house.of("a") == []
        assert house.of("b") == ["DOWN: nas", "UP again: nas"]
        (dropped,) = (
            item
            for (notice_id, channel), item in house.store.deliveries.items()
            if channel == "a" and notice_id.endswith(":first_fail")
        )
        assert dropped.state is DeliveryState.DROPPED
        assert dropped.error == "not delivered within a day"
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_start_tells_nothing_that_was_told_before() -> None:
    """Healthchecks and Gatus raised everything again after a restart of their own."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        for number in range(50):
            house.add(f"c{number}")
        await house.start()
        for name in house.checks:
            await house.see(name, Status.DOWN)
        sent = len(house.told)
        await house.restart()
        for name in house.checks:
            await house.see(name, Status.DOWN)
        assert len(house.told) == sent
        await house.restart()
        await house.see("c7", Status.UP)
        await house.wait(60)

        assert house.of("a")[sent:] == ["UP again: c7"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_how_a_channel_fared_is_known_after_a_restart() -> None:
    """And after a change of its settings: nobody has to wait for the next trouble to see it."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b")
        house.add("nas", notify=("a",))
        await house.start()
        await house.see("nas", Status.DOWN)
        before = [channel.last_success_ms for channel in house.telling.health()]
        await house.restart()
        after = [channel.last_success_ms for channel in house.telling.health()]
        house.name("a", "b", group_wait_s=9.0)
        house.configure()
        await house.wait(1)

        assert before == after == [before[0], None]
        assert before[0] is not None
        assert [channel.last_success_ms for channel in house.telling.health()] == after
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_database_that_cannot_be_written_silences_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """People are told all the same, and it is written once that is possible."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        house.store.is_broken = True
        await house.see("nas", Status.DOWN)
        assert house.of("a") == ["DOWN: nas"]
        assert house.store.kept == {}
        house.store.is_broken = False
        await house.wait(30)
        await house.restart()
        await house.see("nas", Status.DOWN)

        assert house.of("a") == ["DOWN: nas"]
        (item,) = house.store.deliveries.values()
        assert item.state is DeliveryState.SENT
        await house.telling.close()

    run_in_virtual_time(scenario)
    assert "They are told all the same" in caplog.text


def test_a_test_goes_past_the_queue(caplog: pytest.LogCaptureFixture) -> None:
    """It tells at once whether a channel works, whatever waits in it, and is no alert."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", group_wait_s=60.0)
        house.add("nas", severity="P1")
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.telling.test("a", house.checks["nas"])
        await house.telling.test("a", None)
        house.broken["a"] = REFUSAL
        with pytest.raises(DeliveryError, match="answered 503"):
            await house.telling.test("a", None)
        with pytest.raises(UnknownChannelError):
            await house.telling.test("b", None)

        assert house.of("a") == ["Test: nas", "Test: Ops Monitor"]
        assert [told.severity for told in house.messages] == ["P1", "P4"]
        await house.telling.close()

    run_in_virtual_time(scenario)
    assert caplog.text == ""


def test_without_a_channel_it_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    """Unless the check says that nobody is to be told."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.add("nas")
        house.add("tv", notify=False)
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        await house.restart()
        await house.see("nas", Status.DOWN)
        await house.telling.close()

    run_in_virtual_time(scenario)
    assert caplog.text.count("DOWN: nas") == 1
    assert "tv" not in caplog.text


def test_the_end_is_told_whatever_lies_between() -> None:
    """Uptime Kuma loses the recovery of what was pending in between."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        for status in (Status.DOWN, Status.PENDING, Status.PAUSED, Status.UNREACHABLE, Status.UP):
            await house.see("nas", status)

        assert house.of("a") == ["DOWN: nas", "UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_why_a_channel_failed_is_known_after_a_restart() -> None:
    """A channel that is broken does not look well only because nothing was tried yet."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b")
        house.add("nas")
        await house.start()
        house.broken["a"] = DeliveryError("answered 503")
        house.broken["b"] = DeliveryError("answered 401", is_permanent=True)
        await house.see("nas", Status.DOWN)
        await house.wait(60)
        await house.telling.close()
        house.alerts = replace(house.alerts, group_wait_s=900.0)
        await house.start()

        errors = {channel.name: channel.last_error for channel in house.telling.health()}
        assert errors == {"a": "answered 503", "b": "answered 401"}
        house.broken.clear()
        await house.wait(1000)
        assert house.telling.health()[0].last_error is None
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_channel_that_is_added_later_hears_only_of_what_comes() -> None:
    """And one that is removed takes nothing with it."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b")
        for name in ("nas", "tv"):
            house.add(name)
        await house.start()
        await house.see("nas", Status.DOWN)
        house.name("b", "c")
        house.configure()
        await house.see("nas", Status.UP)
        await house.see("tv", Status.DOWN)
        await house.wait(60)

        assert house.of("a") == ["DOWN: nas"]
        assert house.of("b") == ["DOWN: nas", "UP again: nas", "DOWN: tv"]
        assert house.of("c") == ["DOWN: tv"]
        await house.telling.close()

    run_in_virtual_time(scenario)
