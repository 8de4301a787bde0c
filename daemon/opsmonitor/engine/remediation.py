"""Decide whether an action may run now: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import CheckState, Status
from opsmonitor.models.remediation import AttemptState

if TYPE_CHECKING:
    from collections.abc import Iterable, Set as AbstractSet

    from opsmonitor.config.settings import ActionSettings
    from opsmonitor.models.remediation import Attempt

HOUR_MS: Final = 3_600_000
_MAY_FAIL: Final = frozenset({Status.PENDING, Status.UP, Status.DEGRADED})
"""A check shown as one of these can be on its way to DOWN."""


class Obstacle(StrEnum):
    """Why an action does not run now."""

    NOT_YET = "not_yet"
    """The check has not failed often enough, or it is not its own trouble."""
    FLAPPING = "flapping"
    """It comes and goes: what is done would be undone by chance, or seem to help by chance."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody is at work on it."""
    BUSY = "busy"
    """An action for the same check, or on the same thing, is under way."""
    COOLDOWN = "cooldown"
    GIVEN_UP = "given_up"
    """It was tried often enough without the check being well in between."""
    TOO_OFTEN = "too_often"
    """It ran as often in this hour as it may."""
    TOO_MANY = "too_many"
    """All actions together ran as often in this hour as they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is to be known of a check before anything is done about it."""

    state: CheckState
    well_ms: int
    """When it was well last; 0 if it never was."""
    now_ms: int
    attempts: tuple[Attempt, ...]
    """Of all checks, in the last hour and since this one was well."""
    busy_places: AbstractSet[str] = frozenset()
    is_busy: bool = False
    max_per_hour: int = 12
    is_dry_run: bool = False
    """Nothing is done whatever the action says."""


def obstacle(action: ActionSettings, situation: Situation) -> Obstacle | None:
    """Return what keeps an action from running now; None if nothing does.

    Attempts count by what they act on, whichever check they were for: two checks of the same
    container do not restart it twice as often.
    """
    state, now_ms = situation.state, situation.now_ms
    here = _here(action, situation)
    tried = sum(item.check_id == state.id and item.started_ms > situation.well_ms for item in here)
    obstacles = (
        (Obstacle.NOT_YET, not _is_due(action, state)),
        (Obstacle.FLAPPING, state.flapping_since_ms is not None),
        (Obstacle.ACKNOWLEDGED, state.acknowledged is not None),
        (Obstacle.GIVEN_UP, tried >= action.give_up_after),
        (Obstacle.COOLDOWN, any(_is_recent(item, action.cooldown_s, now_ms) for item in here)),
    )
    found = next((each for each, is_in_the_way in obstacles if is_in_the_way), None)
    return limit_reached(action, situation) if found is None else found


def limit_reached(action: ActionSettings, situation: Situation) -> Obstacle | None:
    """Return the limit that holds whoever wants the action; None if none is reached."""
    now_ms = situation.now_ms
    if situation.is_busy or action.place in situation.busy_places:
        return Obstacle.BUSY
    if _in_last_hour(_here(action, situation), now_ms) >= action.max_per_hour:
        return Obstacle.TOO_OFTEN
    if _in_last_hour(_counted(action, situation), now_ms) >= situation.max_per_hour:
        return Obstacle.TOO_MANY
    return None


def _here(action: ActionSettings, situation: Situation) -> list[Attempt]:
    """Return the attempts on the same thing."""
    return [item for item in _counted(action, situation) if item.place == action.place]


def _counted(action: ActionSettings, situation: Situation) -> Iterable[Attempt]:
    """Return the attempts that count: for what is really done, only what really was."""
    if action.dry_run or situation.is_dry_run:
        return situation.attempts
    return [item for item in situation.attempts if item.state is not AttemptState.DRY_RUN]


def _is_due(action: ActionSettings, state: CheckState) -> bool:
    """Tell whether a check has failed often enough, by trouble of its own."""
    if state.fail_streak == 0:
        return False
    if state.status is Status.DOWN:
        return action.after is None or state.fail_streak >= action.after
    if state.status in _MAY_FAIL:
        return action.after is not None and state.fail_streak >= action.after
    return False


def _is_recent(attempt: Attempt, cooldown_s: float, now_ms: int) -> bool:
    """Tell whether an attempt is so recent that the next one has to wait."""
    return now_ms - (attempt.ended_ms or attempt.started_ms) < cooldown_s * 1000


def _in_last_hour(attempts: Iterable[Attempt], now_ms: int) -> int:
    """Count the attempts of the last hour."""
    return sum(now_ms - item.started_ms < HOUR_MS for item in attempts)
