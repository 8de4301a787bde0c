"""Which uptimes are told."""

from __future__ import annotations

import pytest

from opsmonitor.dashboard.uptime import DAY_S, recorded_s, worth_telling
from opsmonitor.models.history import Uptime

FULL = {"24h": 99.0, "7d": 98.0, "30d": 97.0, "90d": 96.0}


@pytest.mark.parametrize(
    ("known_s", "told"),
    [
        (0, []),
        (5, [99.0]),
        (DAY_S, [99.0]),
        (DAY_S + 1, [99.0, 98.0]),
        (8 * DAY_S, [99.0, 98.0, 97.0]),
        (31 * DAY_S, [99.0, 98.0, 97.0, 96.0]),
    ],
)
def test_long_windows_wait_for_their_past(known_s: float, told: list[float]) -> None:
    """A window is told once the past reaches beyond the next shorter one."""
    values = worth_telling(FULL, known_s).values()

    assert [value for value in values if value is not None] == told


def test_unknown_stays_unknown() -> None:
    """A window without a percentage has none, however long the past."""
    assert worth_telling({}, 90 * DAY_S) == dict.fromkeys(FULL)


def test_time_before_the_first_judgement_is_no_past() -> None:
    """Time in which nobody looked counts as past, time before the first judgement does not."""
    assert recorded_s(Uptime(up_s=1, down_s=2, unmonitored_s=3, pending_s=100)) == 6
