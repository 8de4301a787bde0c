"""Checks for which asking again would tell nothing new."""

from __future__ import annotations

from .conftest import Folder

_DEFAULTS = (
    "defaults: {retries: 4, down_threshold: 3, up_threshold: 2, interval_s: 10, timeout_s: 1}\n"
)
_CHECK = "checks:\n  - {id: memory, type: metric, metric: host.memory_percent, gt: 90"


def test_defaults_for_repetition_are_not_theirs(folder: Folder) -> None:
    """Retries and thresholds of the defaults are for targets that may stumble; the rest holds."""
    check = folder.load(f"{_DEFAULTS}{_CHECK}}}\n").checks["memory"]

    assert (check.retries, check.down_threshold, check.up_threshold) == (0, 1, 1)
    assert check.interval_s == 10
    assert check.public["retries"] == 0


def test_what_the_check_itself_says_holds(folder: Folder) -> None:
    """Whoever writes it beside the check means it."""
    check = folder.load(f"{_DEFAULTS}{_CHECK}, down_threshold: 2}}\n").checks["memory"]

    assert (check.retries, check.down_threshold) == (0, 2)
