"""Be woken at a time of the day's clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.util.clock import Clock

_LONGEST_NAP_S: Final = 60.0
"""The clock may be set and the machine may sleep: a long nap would end too late."""


class Alarm:
    """Wakes at the earliest of the times that were asked for, or before."""

    def __init__(self, wake: Callable[[], None], clock: Clock) -> None:
        """Take whom to call, who asks again for whatever is still to come."""
        self._wake = wake
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._at_ms = 0

    def set(self, at_ms: int) -> None:
        """Wake at a time, or before."""
        if self._timer is not None and self._at_ms <= at_ms:
            return
        self.silence()
        nap_s = min(max(0.0, (at_ms - self._clock.now_ms()) / 1000), _LONGEST_NAP_S)
        self._at_ms = at_ms
        self._timer = asyncio.get_running_loop().call_later(nap_s, self._ring)

    def silence(self) -> None:
        """Do not wake any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        """Wake; from now on another time can be asked for."""
        self._timer = None
        self._wake()
