"""The mean latency of all checks at once, from whatever tiers tell it most cheaply."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from opsmonitor.models.check import Status
from opsmonitor.store.store import Store
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from opsmonitor.util.clock import FakeClock

HOUR_MS = 3_600_000
STEP_S = 300


async def test_means_of_hours_minutes_and_single_runs(store: Store, clock: FakeClock) -> None:
    """Every run of the range counts once, wherever it is kept; those without a latency do not."""
    nas, web = ScriptedCheck("nas"), ScriptedCheck("web")
    taken: list[tuple[int, float]] = []
    for number in range(30 * 12 + 7):
        at_ms, latency_ms = clock.now_ms(), 1.0 + number % 97
        if number % 7:
            store.record([nas.run(at_ms, latency_ms=latency_ms)])
            taken.append((at_ms, latency_ms))
        else:
            store.record([nas.run(at_ms, Status.DOWN, latency_ms=None)])
        clock.advance(STEP_S)
        if number % 50 == 0:
            await store.maintain()
    store.record([web.run(clock.now_ms(), Status.DOWN, latency_ms=None)])
    now_ms = clock.now_ms()

    found = await store.mean_latencies(now_ms - 24 * HOUR_MS, now_ms + 1)

    first_ms = -(-(now_ms - 24 * HOUR_MS) // HOUR_MS) * HOUR_MS
    expected = fmean(latency_ms for at_ms, latency_ms in taken if at_ms >= first_ms)
    assert found == {"nas": pytest.approx(expected)}


async def test_before_anything_was_rolled(store: Store, clock: FakeClock) -> None:
    """A daemon that has just been started tells the mean of its first runs."""
    check = ScriptedCheck()
    store.record([check.run(clock.now_ms() + step, latency_ms=10.0 + step) for step in (0, 2)])

    found = await store.mean_latencies(clock.now_ms() - HOUR_MS, clock.now_ms() + 10)

    assert found == {"nas": pytest.approx(11.0)}


async def test_of_nothing_there_is_no_mean(store: Store, clock: FakeClock) -> None:
    """Neither of an empty database nor of a range without length."""
    assert await store.mean_latencies(clock.now_ms() - HOUR_MS, clock.now_ms()) == {}
    store.record([ScriptedCheck().run(clock.now_ms())])
    assert await store.mean_latencies(clock.now_ms(), clock.now_ms()) == {}
