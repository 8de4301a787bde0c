"""What is left of the downtime that an agreed uptime allows."""

from __future__ import annotations

import pytest

from opsmonitor.engine.budget import budget
from opsmonitor.models.history import Uptime

_DAY_S = 86_400.0


def test_a_new_check_has_the_whole_budget() -> None:
    """99.9 % of 30 days are 43 minutes, whatever is known of the time before."""
    found = budget(Uptime(up_s=60), 30 * _DAY_S, 99.9)

    assert found.allowed_s == pytest.approx(43.2 * 60)
    assert found.remaining_s == found.allowed_s


def test_downtime_uses_it_up() -> None:
    """What was down is used, degraded time is not; less than nothing can be left."""
    found = budget(Uptime(up_s=_DAY_S, degraded_s=_DAY_S, down_s=3600), 30 * _DAY_S, 99.9)

    assert found.used_s == 3600
    assert found.remaining_s == pytest.approx(43.2 * 60 - 3600)


@pytest.mark.parametrize(
    "excused",
    ["unreachable_s", "no_network_s", "maintenance_s", "paused_s", "pending_s", "unmonitored_s"],
)
def test_what_does_not_count_for_the_uptime_does_not_count_here(excused: str) -> None:
    """Such time allows no downtime, and uses none."""
    found = budget(Uptime(up_s=15 * _DAY_S, **{excused: 15 * _DAY_S}), 30 * _DAY_S, 99.0)

    assert found.allowed_s == pytest.approx(0.15 * _DAY_S)
    assert found.used_s == 0


@pytest.mark.parametrize("down_s", [25_919.0, 25_921.0])
def test_it_agrees_with_the_uptime(down_s: float) -> None:
    """Over a window that is known whole, it is spent when the uptime is too low."""
    uptime = Uptime(up_s=30 * _DAY_S - down_s, down_s=down_s)
    assert uptime.percent is not None

    assert (budget(uptime, 30 * _DAY_S, 99.0).remaining_s < 0) == (uptime.percent < 99.0)


def test_nothing_may_fail_of_what_must_never_fail() -> None:
    """100 % leave no budget, and time that lies outside the window is not made up for."""
    found = budget(Uptime(maintenance_s=31 * _DAY_S, down_s=1), 30 * _DAY_S, 100.0)

    assert (found.allowed_s, found.remaining_s) == (0.0, -1.0)
