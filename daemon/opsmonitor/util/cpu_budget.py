"""Let a function compute in the event loop, but never for long.

No thread and no event loop can stop a computation that keeps the interpreter to itself; a signal
handler that raises can. A timer of the process's own CPU time sends that signal.
"""

from __future__ import annotations

from collections.abc import Callable
import gc
import signal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import FrameType

T = TypeVar("T")


class OverBudgetError(Exception):
    """Carries the end out of a computation; never leaves the function that set the budget."""


class _Alarm:
    """A signal handler that raises as long as it is armed."""

    __slots__ = ("is_armed",)

    def __init__(self) -> None:
        """Start armed."""
        self.is_armed = True

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """End the computation."""
        if self.is_armed:
            raise OverBudgetError


def within_budget(function: Callable[[], T], budget_s: float) -> T | None:
    """Return what the function returns; None when that takes more seconds of CPU time.

    Only the main thread may call this: it is the one in which signal handlers run.
    """
    alarm = _Alarm()
    before = signal.signal(signal.SIGVTALRM, alarm)
    # What is raised within a callback of the garbage collector never gets out of it.
    collects = gc.isenabled()
    gc.disable()
    try:
        # Repeated, as a finalizer could swallow the first one.
        signal.setitimer(signal.ITIMER_VIRTUAL, budget_s, budget_s)
        result: T | None = function()
    except OverBudgetError:
        result = None
    finally:
        alarm.is_armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if collects:
            gc.enable()
    return result
