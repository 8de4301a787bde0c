"""Notice that something is restarted again and again, although it is up whenever one looks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.fields import optional, seconds
from opsmonitor.parts.rules import Finding, Trouble

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_MAX_RESTARTS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """From how many restarts within a time on it is degraded, and from how many on failed."""

    warn: int | None = 1
    crit: int | None = None
    within_s: float = 600.0


class RestartWatch:
    """Remembers the counter of restarts of the last while; it is forgotten with the daemon."""

    __slots__ = ("_clock", "_limits", "_samples")

    def __init__(self, limits: Restarts, clock: Clock) -> None:
        """Begin without memory."""
        self._limits = limits
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()

    def judge(self, name: str, total: int) -> Finding:
        """Take note of a counter and judge by how much it has grown."""
        number = self._grown(total)
        limits = self._limits
        assertion = f"restarts of {name}"
        for verdict, limit in ((Verdict.FAIL, limits.crit), (Verdict.DEGRADED, limits.warn)):
            if limit is not None and number >= limit:
                times = "once" if number == 1 else f"{number} times"
                message = f"{name} was restarted {times} within {limits.within_s / 60:g} minutes"
                trouble = Trouble(verdict, "restarted", message)
                return Finding(Assertion(name=assertion, ok=False, actual=str(number)), trouble)
        return Finding(Assertion(name=assertion, ok=True, actual=str(number)))

    def _grown(self, total: int) -> int:
        """Return by how much the counter has grown within the time; one that fell begins anew."""
        now_s, samples = self._clock.monotonic(), self._samples
        if samples and total < samples[-1][1]:
            samples.clear()
        # A counter that stood still adds nothing to remember but its latest time.
        if len(samples) > 1 and samples[-1][1] == samples[-2][1] == total:
            samples.pop()
        samples.append((now_s, total))
        while len(samples) > 1 and samples[1][0] <= now_s - self._limits.within_s:
            samples.popleft()
        return total - samples[0][1]


def restarts(value: Any) -> Restarts:
    """Accept limits in their order, or null for none."""
    if value is None:
        return Restarts(warn=None)
    limits = Restarts(**_KEYS(value))
    if limits.warn is not None and limits.crit is not None and limits.warn > limits.crit:
        raise vol.Invalid("warn must not be above crit", path=["warn"])
    return limits


_number: Final = optional(cv.whole_number(at_least=1, at_most=_MAX_RESTARTS))
_KEYS: Final = vol.Schema(
    {
        vol.Optional("warn"): _number,
        vol.Optional("crit"): _number,
        vol.Optional("within_s"): seconds,
    }
)
