"""What is left of the downtime that an agreed uptime allows: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.models.history import Uptime


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The downtime that is allowed within a window of time, and what of it was used."""

    agreed_percent: float
    allowed_s: float
    used_s: float

    @property
    def remaining_s(self) -> float:
        """Return what is left; less than nothing when the agreement is broken."""
        return self.allowed_s - self.used_s


def budget(uptime: Uptime, window_s: float, agreed_percent: float) -> Budget:
    """Return the budget of a window that ends now.

    Time in which nothing could be said of the target is left out, as it is of the uptime. Time
    before anything was recorded is not: a new check has the whole budget, as that is what it has to
    get by with from now on.
    """
    excused_s = (
        uptime.unreachable_s
        + uptime.no_network_s
        + uptime.maintenance_s
        + uptime.paused_s
        + uptime.pending_s
        + uptime.unmonitored_s
    )
    counted_s = max(0.0, window_s - excused_s)
    return Budget(
        agreed_percent=agreed_percent,
        allowed_s=counted_s * (100 - agreed_percent) / 100,
        used_s=uptime.down_s,
    )
