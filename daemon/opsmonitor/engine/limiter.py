"""Let only so many runs be under way at once, overall and per host, in fair order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Limiter:
    """Start work at once while there is room; keep the rest waiting in order.

    A waiting run for a busy host never holds back runs for other hosts.
    """

    def __init__(self, limit: int, limit_per_host: int) -> None:
        """Take the two limits."""
        self._limit = limit
        self._limit_per_host = limit_per_host
        self._running = 0
        self._is_starting = False
        self._host_used: dict[str, int] = {}
        self._host_waiting: dict[str, deque[Callable[[], None]]] = {}
        self._ready: deque[Callable[[], None]] = deque()
        """Holding a place at their host, waiting for one overall."""

    @property
    def running(self) -> int:
        """Return how many runs are under way."""
        return self._running

    @property
    def waiting(self) -> int:
        """Return how many runs wait for room."""
        return len(self._ready) + sum(map(len, self._host_waiting.values()))

    def set_limits(self, limit: int, limit_per_host: int) -> None:
        """Change the limits; runs under way go on."""
        self._limit = limit
        self._limit_per_host = limit_per_host
        self._start_ready()

    def take(self, host: str, start: Callable[[], None]) -> bool:
        """Tell whether there is room now, which is taken then; `start` is called once there is.

        Each place that was taken, and each start, must be followed by one `release`.
        """
        used = self._host_used.get(host, 0)
        if used >= self._limit_per_host:
            self._host_waiting.setdefault(host, deque()).append(start)
            return False
        self._host_used[host] = used + 1
        if self._ready or self._running >= self._limit:
            self._ready.append(start)
            self._start_ready()
            return False
        self._running += 1
        return True

    def release(self, host: str) -> None:
        """Give back the place of a finished run."""
        self._running -= 1
        waiting = self._host_waiting.get(host)
        if waiting:
            self._ready.append(waiting.popleft())
            if not waiting:
                del self._host_waiting[host]
        else:
            self._host_used[host] -= 1
            if not self._host_used[host]:
                del self._host_used[host]
        if self._ready:
            self._start_ready()

    def _start_ready(self) -> None:
        """Start what has room; a start that releases at once is taken up by the loop under way."""
        if self._is_starting:
            return
        self._is_starting = True
        try:
            while self._ready and self._running < self._limit:
                self._running += 1
                self._ready.popleft()()
        finally:
            self._is_starting = False
