"""The past of a check, as the API tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from opsmonitor.api.encode import KEY
from opsmonitor.api.schemas.notes import Doc

if TYPE_CHECKING:
    from opsmonitor.api.uptime_cache import Past
    from opsmonitor.engine.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetBody:
    """The downtime that an agreed uptime allows within 30 days, and what of it was used.

    Time that does not count for the uptime does not count here.
    """

    agreed_percent: float
    allowed_s: float
    used_s: float
    remaining_s: Annotated[float, Doc("Less than nothing when the agreement is broken")]

    @classmethod
    def of(cls, budget: Budget) -> BudgetBody:
        """Tell of a budget."""
        return cls(
            agreed_percent=budget.agreed_percent,
            allowed_s=round(budget.allowed_s, 3),
            used_s=round(budget.used_s, 3),
            remaining_s=round(budget.remaining_s, 3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBody:
    """Uptime in percent; null where nothing was judged, or the past is not long enough.

    A window is told once the past reaches beyond the next shorter one.
    """

    day: float | None = field(default=None, metadata={KEY: "24h"})
    week: float | None = field(default=None, metadata={KEY: "7d"})
    month: float | None = field(default=None, metadata={KEY: "30d"})
    quarter: float | None = field(default=None, metadata={KEY: "90d"})
    latency_avg_ms: Annotated[float | None, Doc("Of the runs of the last 24 hours")] = None
    sla: Annotated[BudgetBody | None, Doc("Null where no uptime was agreed")] = None

    @classmethod
    def of(cls, past: Past | None) -> PastBody:
        """Tell of the past; of a check that has none, nothing."""
        if past is None:
            return cls()
        percent, mean_ms = past.percent, past.latency_avg_ms
        return cls(
            day=percent.get("24h"),
            week=percent.get("7d"),
            month=percent.get("30d"),
            quarter=percent.get("90d"),
            latency_avg_ms=None if mean_ms is None else round(mean_ms, 3),
            sla=None if past.budget is None else BudgetBody.of(past.budget),
        )
