"""Noticing that nobody looked."""

from __future__ import annotations

import pytest

from opsmonitor.engine.standstill import Moment, has_stood_still, is_void, was_set_forward
from opsmonitor.util.clock import FakeClock


@pytest.mark.parametrize(
    ("slept_s", "awake_s", "stood"), [(0, 1, False), (0, 4, False), (60, 1, True), (0, 60, True)]
)
def test_standstill_is_sleep_or_a_stopped_process(slept_s: int, awake_s: int, stood: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Asleep or stopped: far more time than expected passed; a busy second is no standstill."""
    clock = FakeClock()
    before = Moment.read(clock)
    clock.sleep_machine(slept_s)
    clock.advance(awake_s)

    assert has_stood_still(before, Moment.read(clock), expected_s=1.0) is stood


@pytest.mark.parametrize(
    ("seconds", "left_out"), [(3600, True), (6, True), (3, False), (-3600, False)]
)
def test_setting_the_clock_is_no_standstill(seconds: int, left_out: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Nobody slept; but in the time that a clock leaves out nobody can have looked."""
    clock = FakeClock()
    before = Moment.read(clock)
    clock.advance(1)
    clock.wall_ms += seconds * 1000
    after = Moment.read(clock)

    assert not has_stood_still(before, after, expected_s=1.0)
    assert was_set_forward(before, after) is left_out


@pytest.mark.parametrize("jump_ms", [-3_600_000, 3_600_000])
def test_a_failure_under_a_set_clock_is_void(jump_ms: int) -> None:
    """Set forward or back: what failed meanwhile is not believed."""
    clock = FakeClock()
    started = Moment.read(clock)
    clock.advance(1)
    clock.wall_ms += jump_ms

    assert is_void(started, Moment.read(clock), longest_s=10.0)


def test_an_ordinary_failure_counts() -> None:
    """A time-out that took its time is a failure."""
    clock = FakeClock()
    started = Moment.read(clock)
    clock.advance(10)

    assert not is_void(started, Moment.read(clock), longest_s=10.0)
