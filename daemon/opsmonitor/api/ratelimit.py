"""How often one address may ask, and how often it may guess a token."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_MOST_KEYS: Final = 4096
"""Addresses remembered at once; the one unheard of for longest is forgotten first."""
_FREE_TRIES: Final = 5
_LONGEST_WAIT_S: Final = 900.0


@dataclass(slots=True)
class _Bucket:
    """What one address has left."""

    tokens: float
    at_s: float


class RateLimiter:
    """One token bucket for each address."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock."""
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, per_minute: int) -> int:
        """Count a request; return 0, or the whole seconds to wait when there were too many."""
        now_s = self._clock.monotonic()
        bucket = self._buckets.pop(key, None) or _Bucket(per_minute, now_s)
        self._buckets[key] = bucket
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        refill = (now_s - bucket.at_s) * per_minute / 60
        bucket.tokens = min(float(per_minute), bucket.tokens + refill)
        bucket.at_s = now_s
        if bucket.tokens < 1:
            return math.ceil((1 - bucket.tokens) * 60 / per_minute)
        bucket.tokens -= 1
        return 0


@dataclass(slots=True)
class _Failures:
    """The wrong guesses of one address."""

    count: int
    until_s: float


class LoginBackoff:
    """Make guessing slow: the wait doubles with each wrong try of an address."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock."""
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """Return the whole seconds until this address may try again; 0 for now."""
        failures = self._failures.get(key)
        if failures is None:
            return 0
        return max(0, math.ceil(failures.until_s - self._clock.monotonic()))

    def failed(self, key: str) -> None:
        """Count a wrong try."""
        failures = self._failures.pop(key, None) or _Failures(0, 0.0)
        self._failures[key] = failures
        if len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)
        failures.count += 1
        excess = failures.count - _FREE_TRIES
        if excess >= 0:
            wait_s = min(_LONGEST_WAIT_S, 2.0 ** min(excess, 16))
            failures.until_s = self._clock.monotonic() + wait_s

    def succeeded(self, key: str) -> None:
        """Forget the wrong tries of an address."""
        self._failures.pop(key, None)
