"""Know since when checks fail, and whether the trouble is their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import CheckState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import Transition

_GOOD: Final = frozenset({Status.UP, Status.DEGRADED})
_BAD: Final = frozenset({Status.DOWN, Status.UNREACHABLE, Status.NO_NETWORK, Status.MAINTENANCE})
"""What comes back from one of these takes others along only after a while."""
_SETTLE_MS: Final = 30_000
"""Beside an interval of its own, so long after what it depends on is up a check may take."""


@dataclass(slots=True)
class _Trouble:
    """A check that fails."""

    well_ms: int
    """When it was well last; 0 if it never was."""
    seen_ms: int
    """When it was first seen to fail, by this daemon."""
    is_tried: bool = False
    is_given_up: bool = False


class Troubles:
    """Follows the checks that something can be done about."""

    def __init__(self) -> None:
        """Begin without any."""
        self._checks: Mapping[str, CheckSettings] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        """By each check that something can be done about: what it depends on, at any distance."""
        self._parents: frozenset[str] = frozenset()
        self._troubles: dict[str, _Trouble] = {}
        self._recovered_ms: dict[str, int] = {}
        self._held: set[str] = set()

    def configure(self, checks: Mapping[str, CheckSettings]) -> None:
        """Take over which checks there are."""
        self._checks = {check.id: check for check in checks.values() if check.actions}
        self._ancestors = {check_id: _ancestors(check_id, checks) for check_id in self._checks}
        self._parents = frozenset().union(*self._ancestors.values())
        self._troubles = {key: self._troubles[key] for key in self._troubles & self._checks.keys()}
        self._held &= self._checks.keys()

    @property
    def has_waiting(self) -> bool:
        """Tell whether a check waits for what it depends on."""
        return bool(self._held)

    def take(self, states: Iterable[CheckState], transitions: Iterable[Transition]) -> set[str]:
        """Note how checks are; return those that waited for what they depend on."""
        for item in transitions:
            if item.check_id in self._parents and item.previous in _BAD and item.status in _GOOD:
                self._recovered_ms[item.check_id] = item.at_ms
        waiting: set[str] = set()
        for state in states:
            if state.id in self._parents:
                waiting |= self._held
            if state.id in self._checks:
                self._follow(state)
        return waiting

    def well_ms(self, check_id: str, otherwise: int = 0) -> int:
        """Return when a check that fails was well last."""
        trouble = self._troubles.get(check_id)
        return otherwise if trouble is None else trouble.well_ms

    def is_own(self, check_id: str, states: Mapping[str, CheckState], now_ms: int) -> bool:
        """Tell whether nothing that a check depends on explains that it fails.

        That is known once all of it was seen to work after the check was seen to fail. What just
        works again is given time, for the check needs some, too.
        """
        trouble = self._troubles.get(check_id)
        if trouble is None:
            return False
        settle_ms = self._checks[check_id].interval_s * 1000 + _SETTLE_MS
        is_own = all(
            self._is_well(states[parent_id], trouble.seen_ms, now_ms - settle_ms)
            for parent_id in self._ancestors[check_id]
        )
        if is_own:
            self._held.discard(check_id)
        else:
            self._held.add(check_id)
        return is_own

    def note_attempt(self, check_id: str) -> None:
        """Note that something is done about a check."""
        if check_id in self._troubles:
            self._troubles[check_id].is_tried = True

    def give_up(self, check_id: str) -> bool:
        """Note that nothing more is done about a check; tell whether that is news."""
        trouble = self._troubles.get(check_id)
        if trouble is None or trouble.is_given_up or not trouble.is_tried:
            return False
        trouble.is_given_up = True
        return True

    def _follow(self, state: CheckState) -> None:
        """Note since when a check fails, or that it does not."""
        if state.status in _GOOD and state.fail_streak == 0:
            self._troubles.pop(state.id, None)
            self._held.discard(state.id)
        elif state.fail_streak > 0:
            fresh = _Trouble(well_ms=state.last_ok_ms or 0, seen_ms=state.last_run_ms or 0)
            self._troubles.setdefault(state.id, fresh)

    def _is_well(self, parent: CheckState, since_ms: int, settled_ms: float) -> bool:
        """Tell whether what a check depends on was seen to work, and not only just now."""
        if parent.pause is not None:
            # Nobody looks, so it cannot be waited for.
            return True
        return (
            parent.status in _GOOD
            and parent.fail_streak == 0
            and (parent.last_run_ms or 0) >= since_ms
            and self._recovered_ms.get(parent.id, 0) <= settled_ms
        )


def _ancestors(check_id: str, checks: Mapping[str, CheckSettings]) -> tuple[str, ...]:
    """Return all that a check depends on, at any distance."""
    found: dict[str, None] = {}
    left = list(checks[check_id].depends_on)
    while left:
        parent_id = left.pop()
        if parent_id not in found:
            found[parent_id] = None
            left += checks[parent_id].depends_on
    return tuple(found)
