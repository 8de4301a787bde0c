"""What the failure of a check means for those that depend on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.dependencies import Dependencies
from opsmonitor.engine.holds import Holds
from opsmonitor.engine.state_machine import Cover, parent_down
from opsmonitor.models.check import Change, CheckState, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.host import Host
    from opsmonitor.util.clock import Clock

_DOWN: Final = frozenset({Status.DOWN, Status.UNREACHABLE, Status.NO_NETWORK})


class Family:
    """Keeps what is shown of a check in line with the checks that it depends on."""

    def __init__(self, host: Host, clock: Clock) -> None:
        """Begin without dependencies."""
        self._host = host
        self._graph = Dependencies()
        self._roots: dict[str, str | None] | None = None
        """What explains each failure, while one change after the other follows from it."""
        self.holds = Holds(host, clock)
        """The failures that are not told yet."""

    def apply(self, checks: Mapping[str, CheckSettings]) -> None:
        """Take over who depends on whom."""
        self._graph = Dependencies.of(checks.values())
        self.holds.apply(checks)

    def cover(self, check_id: str) -> Cover | None:
        """Return what covers a failure of a check, if another one explains it."""
        root = self._root(check_id)
        return None if root is None else parent_down(root)

    def hold(self, before: CheckState, after: CheckState, *, is_first: bool) -> CheckState:
        """Return the state after a run, with its failure held back if something may explain it.

        What fails first has its parents looked at; what still fails after its parent came back
        gets a while to come back as well. `is_first`: nothing is known of what was held before the
        daemon was started.
        """
        if after.status is not Status.DOWN or after.id not in self._graph.parents:
            return after
        if before.status is Status.DOWN and not is_first:
            return after
        is_held, parents = True, self._graph.parents[after.id]
        if before.status is Status.UNREACHABLE:
            self.holds.settle(after.id, parents)
        else:
            is_held = self.holds.await_parents(after.id, parents)
        return replace(after, is_held=True) if is_held else after

    def doubt(self, check_id: str, now_ms: int) -> None:
        """Hold back that a check is down, as that is known from long ago, until its next run."""
        state = self._host.states[check_id]
        if state.status is Status.DOWN:
            self._host.change(Change(state=replace(state, is_held=True), at_ms=now_ms))
            self.holds.await_news(check_id, self._graph.parents.get(check_id, ()))

    def follow(self, before: CheckState, after: CheckState, now_ms: int) -> None:
        """Draw the consequences of a change of status.

        What failed because of a check that works again is run at once, and is unreachable until
        that run has told the truth. Failures that did not make it down meanwhile are forgotten.
        """
        was_down, is_down = _fails(before), _fails(after)
        if was_down == is_down:
            return
        outer, self._roots = self._roots, {}
        try:
            for child_id in self._graph.descendants(after.id):
                if was_down:
                    self._forgive(child_id, now_ms)
                self._host.reconsider(child_id, now_ms)
        finally:
            self._roots = outer
            if outer is not None:
                outer.clear()

    def _root(self, check_id: str) -> str | None:
        """Return the check whose failure explains that this one fails."""
        if check_id not in self._graph.parents:
            return None
        return self._graph.root(check_id, self._is_down, self._roots)

    def _forgive(self, check_id: str, now_ms: int) -> None:
        """Count no failing run towards the threshold that may have had its cause elsewhere."""
        state = self._host.states[check_id]
        if state.fail_streak and state.judged is not Status.DOWN:
            self._host.change(Change(state=replace(state, fail_streak=0), at_ms=now_ms))

    def _is_down(self, check_id: str) -> bool:
        """Tell whether a check is known to fail now."""
        return _fails(self._host.states[check_id])


def _fails(state: CheckState) -> bool:
    """Tell whether a state explains the failure of others, be it that somebody works on it."""
    is_worked_on = state.status is Status.MAINTENANCE and state.judged is Status.DOWN
    return is_worked_on or state.status in _DOWN
