"""A computation in the event loop ends in time."""

from __future__ import annotations

from collections.abc import Callable
import gc
import signal
import time

import pytest

from opsmonitor.util.cpu_budget import within_budget


def _for_ever() -> int:
    """Count without end."""
    count = 0
    while True:
        count += 1


def _stubborn() -> None:
    """Survive the first attempt to be ended."""
    try:
        _for_ever()
    except Exception:  # noqa: BLE001  # just what some libraries do
        _for_ever()


def _generated() -> int:
    """Add up numbers without end."""
    return sum(number for number in iter(int, 1))


def test_what_is_quick_returns_its_result() -> None:
    """A computation within its budget is not touched."""
    assert within_budget(lambda: "done", 0.5) == "done"


@pytest.mark.parametrize("function", [_for_ever, _stubborn, _generated])
def test_what_takes_for_ever_is_ended(function: Callable[[], object]) -> None:
    """Neither a loop, nor one that catches exceptions, nor generators get beyond the budget."""
    started = time.process_time()

    result = within_budget(function, 0.02)

    assert result is None
    assert time.process_time() - started < 1


def test_an_error_gets_out() -> None:
    """What the function raises is raised."""
    with pytest.raises(ZeroDivisionError):
        within_budget(lambda: 1 // 0, 0.5)


@pytest.mark.parametrize("function", [_for_ever, int])
def test_nothing_of_it_stays_behind(function: Callable[[], object]) -> None:
    """Timer, handler and garbage collector are as they were."""
    before = signal.getsignal(signal.SIGVTALRM)

    within_budget(function, 0.02)

    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert gc.isenabled()
