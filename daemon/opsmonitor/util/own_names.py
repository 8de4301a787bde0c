"""The names and addresses of this machine, which may change while the daemon runs."""

from __future__ import annotations

from contextlib import suppress
import socket
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_AGE_S: Final = 30.0


class OwnNames:
    """Knows them, and asks the system again now and then."""

    def __init__(self, clock: Clock) -> None:
        """Ask nothing yet."""
        self._clock = clock
        self._known: frozenset[str] = frozenset()
        self._asked_s = float("-inf")

    def __call__(self) -> frozenset[str]:
        """Return all of them, in lower case; what did not change is the same object."""
        now_s = self._clock.monotonic()
        if now_s - self._asked_s > _AGE_S:
            self._asked_s = now_s
            # Without a file left the system tells nothing: what was known stays.
            with suppress(OSError):
                found = _read()
                if found != self._known:
                    self._known = found
        return self._known


def _read() -> frozenset[str]:
    """Ask the system for its names and addresses; no name is looked up in the network."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    addresses = {
        item.address.partition("%")[0].lower()
        for items in psutil.net_if_addrs().values()
        for item in items
        if item.family in (socket.AF_INET, socket.AF_INET6)
    }
    return frozenset(addresses | {full, short, f"{short}.local"})
