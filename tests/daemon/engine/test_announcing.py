"""Alerts by hand, and links that acknowledge."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.config.settings import ServerSettings, Settings
from opsmonitor.engine.links import Links
from opsmonitor.exceptions import DeliveryError, UnknownAlertError
from opsmonitor.models.alert import AlertKind, DeliveryState, NoticeKind
from opsmonitor.models.check import Status
from opsmonitor.notifiers.base import Message
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time
from tests.daemon.notifiers.messages import message, notice

LINKS = Links(
    Secret("key"),
    lambda: Settings(checks={}, server=ServerSettings(public_url="https://ops.example.org/x")),
)


def test_the_same_alert_is_told_once_within_a_while() -> None:
    """By channel: who did not get it may be asked again; a restart forgets nothing."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b", dedupe_s=600)
        await house.start()
        house.broken["b"] = DeliveryError("answered 403", is_permanent=True)

        first = await house.telling.announce("shop", "P3", "no stock", None)
        del house.broken["b"]
        await house.restart()
        second = await house.telling.announce("shop", "P3", "no stock", None)
        other = await house.telling.announce("shop", "P3", "no bread", ["a", "nobody"])
        await house.wait(601)
        third = await house.telling.announce("shop", "P3", "no stock", ["a"])
        await house.telling.close()

        assert (first.alert.channels, first.errors) == (("a",), {"a": None, "b": "answered 403"})
        assert (second.alert.channels, second.repeated) == (("b",), ("a",))
        assert other.errors == {"a": None, "nobody": "no channel has the name 'nobody'"}
        assert third.repeated == ()
        assert house.of("a") == ["WARNING: shop"] * 3
        assert house.of("b") == ["WARNING: shop"]
        assert {alert.kind for alert in house.store.kept.values()} == {AlertKind.MANUAL}
        assert all(alert.resolved_ms for alert in house.store.kept.values())

    run_in_virtual_time(scenario)


def test_a_channel_that_is_away_gets_it_later() -> None:
    """Tried again like any other message, also after a restart; asked for twice, told once."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a", "b", dedupe_s=600)
        await house.start()
        house.broken["b"] = DeliveryError("answered 503")

        first = await house.telling.announce("shop", "P3", "no stock", None)
        kept = [(item.channel, item.state) for item in house.store.deliveries.values()]
        second = await house.telling.announce("shop", "P3", "no stock", None)
        await house.restart()
        third = await house.telling.announce("shop", "P3", "no stock", None)
        await house.wait(120)
        before = house.of("b")
        del house.broken["b"]
        await house.wait(600)
        await house.telling.close()

        assert first.errors == {"a": None, "b": "answered 503"}
        assert [item.channel for item in first.deliveries] == ["b"]
        assert kept == [("b", DeliveryState.QUEUED)]
        assert second.repeated == third.repeated == ("a", "b")
        assert (before, house.of("a"), house.of("b")) == ([], ["WARNING: shop"], ["WARNING: shop"])
        (delivery,) = house.store.deliveries.values()
        assert delivery.state is DeliveryState.SENT
        (alert,) = house.store.kept.values()
        assert alert.channels == ("a", "b")

    run_in_virtual_time(scenario)


def test_a_channel_that_asks_to_wait_is_left_alone_for_so_long() -> None:
    """As it asked, and not before."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        await house.start()
        house.broken["a"] = DeliveryError("answered 429", retry_after_s=300)

        told = await house.telling.announce("shop", "P3", "no stock", None)
        del house.broken["a"]
        await house.wait(290)
        before = house.of("a")
        await house.wait(20)
        await house.telling.close()

        assert [item.channel for item in told.deliveries] == ["a"]
        assert (before, house.of("a")) == ([], ["WARNING: shop"])

    run_in_virtual_time(scenario)


def test_what_cannot_be_kept_is_tried_again_all_the_same() -> None:
    """A full disk is no reason to be silent."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        await house.start()
        house.store.is_broken = True
        house.broken["a"] = None

        told = await house.telling.announce("shop", "P3", "no stock", None)
        del house.broken["a"]
        await house.wait(60)
        await house.telling.close()

        assert [item.channel for item in told.deliveries] == ["a"]
        assert house.of("a") == ["WARNING: shop"]

    run_in_virtual_time(scenario)


def test_the_same_alert_twice_at_once_is_told_once() -> None:
    """The second one finds the first one under way."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        await house.start()

        told = await asyncio.gather(
            *(house.telling.announce("shop", "P1", "fire", None) for _ in range(5))
        )
        await house.telling.close()

        assert house.of("a") == ["CRITICAL: shop"]
        assert [item.repeated for item in told].count(("a",)) == 4

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("told", "has_link"),
    [
        (message(), True),
        (message(notice(NoticeKind.REMINDER)), True),
        (message(notice(), notice(NoticeKind.REMINDER)), True),
        (message(notice(NoticeKind.RECOVERED)), False),
        (message(notice(), notice(NoticeKind.RECOVERED)), False),
        (message(notice(), notice(alert_id="tv:down:1")), False),
        (message(notice(NoticeKind.TEST)), False),
        (
            message(notice(NoticeKind.CERT_EXPIRING, alert_kind=AlertKind.CERT_EXPIRING)),
            False,
        ),
    ],
)
def test_a_link_is_for_one_alert_that_is_open(told: Message, *, has_link: bool) -> None:
    """Where there is nothing to acknowledge there is no button."""
    dressed = LINKS.dress(told)

    assert dressed.page_url == "https://ops.example.org/x/"
    assert (dressed.acknowledge_url is not None) is has_link
    assert "acknowledge/" not in repr(dressed)


def test_a_link_is_good_for_its_alert_only() -> None:
    """Another alert, another key, or a changed letter: none of ours."""
    signature = LINKS.sign("nas:down:1")
    other = Links(Secret("other"), lambda: Settings(checks={}))

    assert LINKS.is_ours("nas:down:1", signature)
    assert not LINKS.is_ours("nas:down:2", signature)
    assert not LINKS.is_ours("nas:down:1", signature[:-1] + "\udcff")
    assert not other.is_ours("nas:down:1", signature)
    assert other.dress(message()) == message()


def test_a_link_finds_the_alert_while_it_is_open() -> None:
    """Afterwards it finds nothing, and a forged one is refused."""

    async def scenario(clock: FakeClock) -> None:
        house = Bench(clock)
        house.name("a")
        house.add("nas")
        await house.start()
        await house.see("nas", Status.DOWN)
        alert_id = house.messages[0].notices[0].alert_id
        signature = Links(Secret("key"), lambda: house.settings).sign(alert_id)

        found = house.telling.open_alert(alert_id, signature)
        await house.see("nas", Status.UP)
        gone = house.telling.open_alert(alert_id, signature)
        with pytest.raises(UnknownAlertError):
            house.telling.open_alert(alert_id, "forged")
        await house.telling.close()

        assert found is not None
        assert (found.subject, gone) == ("nas", None)

    run_in_virtual_time(scenario)
