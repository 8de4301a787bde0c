"""Tell whether a check changes its state too often: pure, without clock or I/O.

Source: the algorithm of Nagios, https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/
flapping.html: of the latest 20 changes from one run to the next, the newest weighs 1.25 and the
oldest 0.75. The limits are those of Icinga 2: flapping from 30 %, steady below 25 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNS: Final = 20
"""So many runs are looked at, each compared with the one before."""
_NEWEST: Final = 1.25
_OLDEST: Final = 0.75
_WEIGHTS: Final = tuple(
    _NEWEST - (_NEWEST - _OLDEST) * age / (RUNS - 1)
    for age in range(RUNS)  # the newest first
)
_MASK: Final = (1 << RUNS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingLimits:
    """How much change there must be, in percent."""

    enter: float = 30.0
    leave: float = 25.0


def limits_of(configured: bool | Mapping[str, float]) -> FlappingLimits | None:  # noqa: FBT001
    """Return the limits that a check has, if any."""
    if isinstance(configured, bool):
        return FlappingLimits() if configured else None
    return FlappingLimits(**configured)


def add_run(flips: int, *, has_changed: bool) -> int:
    """Return which of the latest runs changed the state, as bits, after one more; newest lowest."""
    return (flips << 1 | has_changed) & _MASK


def percent(flips: int) -> float:
    """Return how much change there was: 100 when every run changed the state."""
    if not flips:
        return 0.0
    return sum(weight for age, weight in enumerate(_WEIGHTS) if flips >> age & 1) * 100 / RUNS


def is_flapping(flips: int, limits: FlappingLimits, *, was_flapping: bool) -> bool:
    """Tell whether it flaps: between the two limits that stays as it was."""
    share = percent(flips)
    return share >= limits.leave if was_flapping else share >= limits.enter
