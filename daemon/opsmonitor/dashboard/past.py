"""How a card puts the past of its check into words, beside the uptimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.dashboard.words import duration, latency

if TYPE_CHECKING:
    from opsmonitor.engine.budget import Budget


def past_text(latency_avg_ms: float | None, budget: Budget | None) -> str:
    """Return what is left of an agreed uptime, and the mean response time of a day, if known.

    Without an agreement there is nothing: most cards need no further line.
    """
    if budget is None:
        return ""
    left_s = budget.remaining_s
    rest = f"{duration(left_s)} left" if left_s >= 0 else f"exceeded by {duration(-left_s)}"
    parts = [f"SLA {budget.agreed_percent:g} % of 30 d: {rest}"]
    if latency_avg_ms is not None:
        parts.append(f"{latency(latency_avg_ms)} on average in 24 h")
    return " · ".join(parts)
