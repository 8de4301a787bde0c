"""Kinds of alert that go to different channels: each channel is told of the end, too."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from opsmonitor.config.settings import RouteSettings
from opsmonitor.models.check import Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time


async def house(clock: FakeClock, **kinds: tuple[str, ...]) -> Bench:
    """Return a bench with one check and a route for each kind; the rest goes to the phone."""
    clock.wall_ms = 1_767_808_800_000
    found = Bench(clock)
    routes = [RouteSettings(kind=frozenset({kind}), channels=to) for kind, to in kinds.items()]
    found.name("phone", "mail", routes=(*routes, RouteSettings(channels=("phone",))), settle_s=0.0)
    found.add("nas", notify_on=("first_fail", "recovered", "flapping", "degraded"))
    await found.start()
    return found


def test_who_was_told_that_it_is_down_is_told_that_it_is_steady_and_up() -> None:
    """The telephone never heard of the flapping: it is told that the failure is over."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, flapping=("mail",))
        await bench.see("nas", Status.DOWN)
        await bench.see("nas", Status.DOWN, flapping_since_ms=clock.now_ms())
        await bench.see("nas", Status.UP, flapping_since_ms=None)

        assert bench.of("phone") == ["DOWN: nas", "UP again: nas"]
        assert bench.of("mail") == ["FLAPPING: nas", "Steady again, UP: nas"]
        await bench.telling.close()

    run_in_virtual_time(scenario)


def test_what_stays_down_after_flapping_is_told_to_those_who_do_not_know() -> None:
    """Nobody hears of flapping; those who are to hear of failures hear of this one."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, flapping=())
        await bench.see("nas", Status.UP, flapping_since_ms=clock.now_ms())
        await bench.see("nas", Status.DOWN, flapping_since_ms=None)
        assert bench.of("phone") == ["DOWN: nas"]
        await bench.see("nas", Status.UP)

        assert bench.of("phone") == ["DOWN: nas", "UP again: nas"]
        await bench.telling.close()

    run_in_virtual_time(scenario)


def test_who_was_told_that_it_is_steady_and_down_is_told_of_the_end() -> None:
    """The mail heard of the failure by the end of the flapping only, with or without an alert."""

    async def scenario(clock: FakeClock) -> None:
        for before in (Status.UP, Status.DOWN):
            bench = await house(clock, flapping=("mail",))
            await bench.see("nas", before)
            await bench.see("nas", before, flapping_since_ms=clock.now_ms())
            await bench.see("nas", Status.DOWN, flapping_since_ms=None)
            await bench.see("nas", Status.UP)

            assert bench.of("phone") == ["DOWN: nas", "UP again: nas"]
            assert bench.of("mail")[1:] == ["Steady again, DOWN: nas", "UP again: nas"]
            await bench.telling.close()

    run_in_virtual_time(scenario)


def test_who_was_told_that_it_is_degraded_is_told_of_the_end_after_a_failure() -> None:
    """The mail never heard that it was down: it is told when it works well again."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, degraded=("mail",))
        await bench.see("nas", Status.DEGRADED)
        await bench.wait(60)
        await bench.see("nas", Status.DOWN)
        await bench.restart()
        await bench.see("nas", Status.UP)

        assert bench.of("phone") == ["DOWN: nas", "UP again: nas"]
        assert bench.of("mail") == ["DEGRADED: nas", "No longer degraded: nas"]
        await bench.telling.close()

    run_in_virtual_time(scenario)


def test_who_was_told_both_hears_of_one_end() -> None:
    """The telephone hears that it is up again, the mail that it is no longer degraded."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, degraded=("mail", "phone"))
        await bench.see("nas", Status.DEGRADED)
        await bench.see("nas", Status.DOWN)
        await bench.see("nas", Status.UP)

        assert bench.of("phone") == ["DEGRADED: nas", "DOWN: nas", "UP again: nas"]
        assert bench.of("mail") == ["DEGRADED: nas", "No longer degraded: nas"]
        await bench.telling.close()

    run_in_virtual_time(scenario)


def test_who_was_told_that_it_is_steady_and_degraded_is_told_of_the_end() -> None:
    """Flapping that ends in being degraded goes on as that, for those who heard it so."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, flapping=("mail",))
        await bench.see("nas", Status.UP, flapping_since_ms=clock.now_ms())
        await bench.see("nas", Status.DEGRADED, flapping_since_ms=None)
        await bench.wait(60)
        await bench.see("nas", Status.UP)

        assert bench.of("phone") == ["DEGRADED: nas", "No longer degraded: nas"]
        assert bench.of("mail")[1:] == ["Steady again, DEGRADED: nas", "No longer degraded: nas"]
        await bench.telling.close()

    run_in_virtual_time(scenario)


ENDS = {"UP again: nas", "Steady again, UP: nas", "No longer degraded: nas"}
WHERE = st.sampled_from([(), ("phone",), ("mail",), ("phone", "mail")])
SEEN = st.tuples(st.sampled_from([Status.UP, Status.DEGRADED, Status.DOWN]), st.booleans())


@settings(max_examples=60)
@given(seen=st.lists(SEEN, max_size=12), down=WHERE, degraded=WHERE, flapping=WHERE)
def test_what_each_channel_was_told_last_is_so(
    seen: list[tuple[Status, bool]],
    down: tuple[str, ...],
    degraded: tuple[str, ...],
    flapping: tuple[str, ...],
) -> None:
    """Whatever goes where: what lasts is known to all who are to know it, and so is its end."""

    async def scenario(clock: FakeClock) -> None:
        bench = await house(clock, down=down, degraded=degraded, flapping=flapping)
        since_ms: int | None = None
        for status, is_flapping in seen:
            since_ms = (since_ms or clock.now_ms()) if is_flapping else None
            await bench.see("nas", status, flapping_since_ms=since_ms)
            await bench.wait(60)
        await bench.see("nas", Status.DOWN, flapping_since_ms=None)
        for channel in down:
            assert bench.of(channel)[-1] in {"DOWN: nas", "Steady again, DOWN: nas"}
        await bench.wait(60)
        await bench.see("nas", Status.UP)
        for channel in ("phone", "mail"):
            assert not bench.of(channel) or bench.of(channel)[-1] in ENDS
            assert channel in down or "DOWN: nas" not in bench.of(channel)
        assert all(alert.resolved_ms for alert in bench.store.kept.values())
        await bench.telling.close()

    run_in_virtual_time(scenario)
