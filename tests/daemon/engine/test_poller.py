"""Polling in the background, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
import math

import pytest

from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import (
    Issue,
    Measured,
    Reading,
    ReadingEvent,
    ReadingState,
    ReadingStatus,
)
from opsmonitor.probes.base import Poll, ProbeContext
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.polling import Desk, probe, reading
from tests.daemon.engine.virtual_time import run_in_virtual_time


def test_each_probe_is_polled_at_its_own_interval() -> None:
    """In ten minutes a probe of 10 s is polled six times as often as one of 60 s."""
    counts = {"host": 0, "nvme": 0}

    def count(name: str) -> Poll:
        async def poll() -> Reading:
            counts[name] += 1
            return reading(count=counts[name])

        return poll

    async def scenario(clock: FakeClock) -> None:
        desk = Desk(clock)
        desk.start(
            probe("host", {"": count("host")}, interval_s=10.0),
            probe("nvme", {"": count("nvme")}, interval_s=60.0),
        )
        await asyncio.sleep(600)
        await desk.poller.stop()

    run_in_virtual_time(scenario)

    assert counts["host"] == pytest.approx(60, abs=2)
    assert counts["nvme"] == pytest.approx(10, abs=2)


def test_a_hung_poll_is_told_and_not_started_twice() -> None:
    """It is given up at its time-out; the next begins only when it has really ended."""
    begun: list[float] = []
    others: list[float] = []

    async def scenario(clock: FakeClock) -> tuple[ReadingState, int, int]:
        release = asyncio.Event()

        async def hang() -> Reading:
            begun.append(clock.monotonic())
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    # Such as a library that swallows it.
                    continue
            return reading(x=1)

        async def fine() -> Reading:
            others.append(clock.monotonic())
            return reading(x=2)

        desk = Desk(clock)
        desk.start(probe("fritz", {"home": hang, "attic": fine}, interval_s=10.0, timeout_s=5.0))
        await asyncio.sleep(100)
        state = desk.poller.states["fritz.home"]
        while_hung = len(begun)
        release.set()
        await asyncio.sleep(15)
        await desk.poller.stop()
        return state, while_hung, len(begun)

    state, while_hung, afterwards = run_in_virtual_time(scenario)

    assert (state.error, state.error_code) == ("no answer within 5 s", "timeout")
    assert while_hung == 1
    assert afterwards > 1
    assert len(others) == pytest.approx(11, abs=2)


def test_a_failed_poll_keeps_the_last_good_reading() -> None:
    """Reading, its time and the error are apart; the error goes with the next good poll."""
    script: list[Reading | ProbeError] = [
        reading(x=1),
        ProbeError("connection refused", code="connection_refused"),
        reading(x=3),
    ]

    async def scenario(clock: FakeClock) -> list[ReadingState]:
        answers = iter(script)

        async def poll() -> Reading:
            answer = next(answers)
            if isinstance(answer, ProbeError):
                raise answer
            return answer

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}))
        await asyncio.sleep(75)
        await desk.poller.stop()
        return [change.state for change in desk.told]

    first, failed, again = run_in_virtual_time(scenario)

    assert failed.reading == first.reading
    assert failed.fetched_ms == first.fetched_ms
    assert (failed.error, failed.error_code) == ("connection refused", "connection_refused")
    assert again.reading is not None
    assert again.reading.data == {"x": 3}
    assert (again.error, again.error_code) == (None, None)
    assert again.error_ms == failed.error_ms


def test_patience_that_a_thing_asks_for_is_kept() -> None:
    """`wait_s` adds to the interval: a router that locks accounts is left alone."""
    times: list[float] = []

    async def scenario(clock: FakeClock) -> None:
        async def poll() -> Reading:
            times.append(clock.monotonic())
            raise ProbeError("wrong password", wait_s=300)

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}, interval_s=30.0))
        await asyncio.sleep(1000)
        await desk.poller.stop()

    run_in_virtual_time(scenario)

    assert len(times) == 3
    assert min(after - before for before, after in pairwise(times)) >= 329


def test_a_defect_of_a_probe_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An exception that no probe should raise becomes an error of the thing, with a trace."""

    async def scenario(clock: FakeClock) -> tuple[ReadingState, int]:
        async def poll() -> Reading:
            raise KeyError("x")

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}))
        await asyncio.sleep(100)
        await desk.poller.stop()
        return desk.poller.states["host"], len(desk.told)

    state, polls = run_in_virtual_time(scenario)

    assert state.error_code == "defect"
    assert polls >= 3
    assert "KeyError" in caplog.text


def test_what_no_json_can_hold_becomes_null() -> None:
    """A probe that divides by zero breaks neither the API nor the database."""

    async def scenario(clock: FakeClock) -> ReadingState:
        async def poll() -> Reading:
            issue = Issue(
                kind="x", status=ReadingStatus.WARN, message="x", data={"deep": [math.nan]}
            )
            return Reading(
                data={"a": math.nan, "b": [{"c": math.inf}], "d": 10**400},
                values={"a": math.nan, "b": 1},
                issues=(issue,),
            )

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}))
        await asyncio.sleep(1)
        await desk.poller.stop()
        return desk.poller.states["host"]

    state = run_in_virtual_time(scenario)

    assert state.reading is not None
    assert state.reading.data == {"a": None, "b": [{"c": None}], "d": None}
    assert state.reading.values == {"a": None, "b": 1}
    assert state.reading.issues[0].data == {"deep": [None]}


def test_secrets_of_a_section_are_not_told() -> None:
    """An error that quotes a password is told without it."""

    async def scenario(clock: FakeClock) -> str | None:
        async def poll() -> Reading:
            raise ProbeError("401 for admin:hunter2-and-more")

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}, secrets=frozenset({"hunter2-and-more"})))
        await asyncio.sleep(1)
        await desk.poller.stop()
        return desk.poller.states["host"].error

    error = run_in_virtual_time(scenario)

    assert error is not None
    assert "hunter2" not in error


def test_how_a_thing_is_can_be_judged_like_a_value() -> None:
    """Each has a status and a number of issues, unless it has values of these names."""

    async def scenario(clock: FakeClock) -> list[object]:
        async def poll() -> Reading:
            issue = Issue(kind="hot", status=ReadingStatus.CRIT, message="it is hot")
            return replace(reading(status="own"), status=ReadingStatus.CRIT, issues=(issue,))

        desk = Desk(clock)
        desk.start(probe("fritz", {"home": poll}))
        await asyncio.sleep(1)
        found = [desk.poller.latest(f"fritz.home.{name}") for name in ("status", "issues")]
        await desk.poller.stop()
        assert "fritz.home.issues" in desk.poller.names()
        return [None if each is None else each.value for each in found]

    assert run_in_virtual_time(scenario) == ["own", 1]


def test_secrets_in_a_reading_are_not_told() -> None:
    """A device that answers with the password it was given does not spread it."""
    canary = "hunter2-and-more"

    async def scenario(clock: FakeClock) -> str:
        async def poll() -> Reading:
            return Reading(
                data={"url": [f"http://me:{canary}@box/"]},
                values={"text": canary},
                note=canary,
                issues=(Issue(kind="x", status=ReadingStatus.WARN, message=canary),),
                events=(ReadingEvent(kind="x", message=canary, data={"deep": [canary]}),),
            )

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}, secrets=frozenset({canary})))
        await asyncio.sleep(1)
        await desk.poller.stop()
        return repr(desk.told)

    told = run_in_virtual_time(scenario)

    assert "hunter2" not in told
    assert "deep" in told


def test_values_are_found_by_their_full_names() -> None:
    """The longest name of a thing wins; text and truth are values, too."""

    async def scenario(clock: FakeClock) -> list[Measured | None]:
        async def poll() -> Reading:
            return reading(**{"wan_up": True, "wlan.guest.name": "guests"})

        desk = Desk(clock)
        desk.start(probe("fritz", {"home": poll}))
        await asyncio.sleep(1)
        found = [
            desk.poller.latest(name)
            for name in ("fritz.home.wan_up", "fritz.home.wlan.guest.name", "fritz.x", "fritz")
        ]
        await desk.poller.stop()
        return found

    up, guest, unknown, short = run_in_virtual_time(scenario)

    assert up is not None
    assert (up.value, up.is_stale) == (True, False)
    assert guest is not None
    assert guest.value == "guests"
    assert unknown is None
    assert short is None


def test_values_grow_stale_while_polls_fail() -> None:
    """After two intervals, and two minutes, without success a value is still told, as stale."""

    async def scenario(clock: FakeClock) -> list[bool]:
        answers = iter([reading(x=1)])

        async def poll() -> Reading:
            answer = next(answers, None)
            if answer is None:
                raise ProbeError("gone")
            return answer

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}, interval_s=30.0))
        found = []
        for seconds in (110, 20):
            await asyncio.sleep(seconds)
            value = desk.poller.latest("host.x")
            assert value is not None
            found.append(value.is_stale)
        await desk.poller.stop()
        return found

    assert run_in_virtual_time(scenario) == [False, True]


def test_a_reload_keeps_what_an_unchanged_probe_remembers() -> None:
    """Only a changed section is compiled anew, and it is given its last good reading."""
    compiled: list[Mapping[str, Reading]] = []

    def make(context: ProbeContext) -> Mapping[str, Poll]:
        compiled.append(context.known)
        count = 0

        async def poll() -> Reading:
            nonlocal count
            count += 1
            return reading(count=count)

        return {"": poll}

    async def scenario(clock: FakeClock) -> list[object]:
        desk = Desk(clock)
        desk.start(probe("host", make, fingerprint="a"))
        await asyncio.sleep(40)
        desk.apply(probe("host", make, fingerprint="a"))
        await asyncio.sleep(30)
        desk.apply(probe("host", make, fingerprint="b"))
        seen = [change.state.reading for change in desk.told]
        still_known = desk.poller.latest("host.count")
        await asyncio.sleep(1)
        await desk.poller.stop()
        return [seen, still_known]

    seen, still_known = run_in_virtual_time(scenario)

    assert [item.data["count"] for item in seen] == [1, 2, 3]  # type: ignore[attr-defined]  # readings
    assert isinstance(still_known, Measured)
    assert len(compiled) == 2
    assert compiled[0] == {}
    assert compiled[1][""].data == {"count": 3}


def test_what_left_the_configuration_is_forgotten() -> None:
    """Its poll under way is stopped, and its state is kept no longer."""
    ended: list[bool] = []

    async def scenario(clock: FakeClock) -> tuple[list[str], set[str]]:
        async def poll() -> Reading:
            try:
                await asyncio.sleep(3)
            except asyncio.CancelledError:
                ended.append(True)
                raise
            return reading(x=1)

        desk = Desk(clock, {"nvme": ReadingState(probe="nvme", interval_s=60)})
        desk.start(probe("host", {"": poll}))
        await asyncio.sleep(1)
        desk.apply()
        await asyncio.sleep(10)
        await desk.poller.stop()
        return list(desk.poller.states), desk.forgotten

    assert run_in_virtual_time(scenario) == ([], {"host", "nvme"})
    assert ended == [True]


def test_a_restart_goes_on_with_what_was_known() -> None:
    """Until the first poll ends, the last reading and its time are those of before."""
    before = ReadingState(
        probe="host", interval_s=60, reading=reading(x=7), fetched_ms=1_699_999_000_000
    )

    async def scenario(clock: FakeClock) -> tuple[Measured | None, float]:
        async def poll() -> Reading:
            raise ProbeError("not yet")

        desk = Desk(clock, {"host": before})
        desk.start(probe("host", {"": poll}, interval_s=20.0))
        await asyncio.sleep(1)
        found = desk.poller.latest("host.x")
        await desk.poller.stop()
        return found, desk.poller.states["host"].interval_s

    found, interval_s = run_in_virtual_time(scenario)

    assert found == Measured(value=7, at_ms=1_699_999_000_000, is_stale=True)
    assert interval_s == 20.0


def test_events_are_told_once_and_states_written_down_rarely() -> None:
    """An event goes with its poll; an unchanged state is kept every five minutes and at the end."""

    async def scenario(clock: FakeClock) -> tuple[list[int], list[bool], bool]:
        events = iter([(ReadingEvent(kind="new_listener", message="TCP 80"),)])

        async def poll() -> Reading:
            return Reading(data={}, values={"x": 1}, events=next(events, ()))

        desk = Desk(clock)
        desk.start(probe("host", {"": poll}, interval_s=60.0))
        await asyncio.sleep(620)
        polls = list(desk.kept)
        await desk.poller.stop()
        last = desk.kept[-1]
        return (
            [len(change.events) for change in polls],
            [change.is_kept for change in polls],
            last.is_kept and not last.is_good,
        )

    events, kept, is_kept_at_the_end = run_in_virtual_time(scenario)

    assert sum(events) == events[0] == 1
    assert kept[0]
    assert 2 <= sum(kept) <= 3
    assert is_kept_at_the_end


def test_a_value_is_awaited_until_its_thing_was_read_or_failed() -> None:
    """Whoever asks for it right after the start can wait for the first poll."""

    async def scenario(clock: FakeClock) -> list[bool]:
        async def slow() -> Reading:
            await asyncio.sleep(3)
            return reading(x=1)

        desk = Desk(clock)
        desk.start(probe("fritz", {"home": slow}))
        found = [desk.poller.is_awaited(name) for name in ("fritz.home.x", "fritz.x", "host.x")]
        await asyncio.sleep(5)
        found.append(desk.poller.is_awaited("fritz.home.x"))
        names = desk.poller.names()
        await desk.poller.stop()
        return [*found, names == [f"fritz.home.{value}" for value in ("status", "issues", "x")]]

    assert run_in_virtual_time(scenario) == [True, False, False, False, True]
