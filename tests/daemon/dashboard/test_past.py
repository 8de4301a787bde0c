"""What a card says of the past beside the uptimes."""

from __future__ import annotations

import pytest

from opsmonitor.dashboard.past import past_text
from opsmonitor.engine.budget import Budget


@pytest.mark.parametrize(
    ("latency_avg_ms", "used_s", "text"),
    [
        (None, None, ""),
        (1.23, None, ""),
        (None, 0.0, "SLA 99.9 % of 30 d: 43 min left"),
        (None, 2592.0, "SLA 99.9 % of 30 d: 0 s left"),
        (20.0, 6192.0, "SLA 99.9 % of 30 d: exceeded by 1 h · 20 ms on average in 24 h"),
    ],
)
def test_past_in_words(latency_avg_ms: float | None, used_s: float | None, text: str) -> None:
    """Without an agreement nothing is said; what exceeds the budget is said as such."""
    budget = (
        None if used_s is None else Budget(agreed_percent=99.9, allowed_s=2592.0, used_s=used_s)
    )

    assert past_text(latency_avg_ms, budget) == text
