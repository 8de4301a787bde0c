"""Decides how long to wait before a daemon that is away is called again."""

from dataclasses import dataclass
import random


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Waiting times that grow with each failure in a row.

    A daemon that restarts is back soon, so nobody waits long in the first minutes; one that stays
    away, or that answers and cannot be used, is called less and less often.
    """

    first_s: float = 0.5
    quick_limit_s: float = 3.0
    """The longest wait while the daemon may be about to come back."""
    quick_for_s: float = 180.0
    """For how long after the first failure it may be."""
    limit_s: float = 60.0
    _failures: int = 0
    _since: float | None = None

    def reset(self) -> None:
        """Start over: it worked, or there is a reason to think that it will."""
        self._failures = 0
        self._since = None

    def next_s(self, now: float, *, is_away: bool) -> float:
        """Return how long to wait now, in seconds of a steady clock that shows `now`.

        Nobody answers while a daemon is away; anything else that is wrong is not over that soon.
        The times are scattered, so that many clients do not come back at once.
        """
        if self._since is None:
            self._since = now
        is_quick = is_away and now - self._since < self.quick_for_s
        limit = min(self.quick_limit_s, self.limit_s) if is_quick else self.limit_s
        longest = self.first_s * 2.0**self._failures
        if longest < limit:
            # Not counted further: after the quick waits the long ones grow from there.
            self._failures += 1
        return min(limit, longest) * random.uniform(0.5, 1.0)  # noqa: S311 - it scatters load, it protects nothing
