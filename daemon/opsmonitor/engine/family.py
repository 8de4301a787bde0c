"""What the failure of a check means for those that depend on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.dependencies import Dependencies
from opsmonitor.engine.state_machine import parent_down
from opsmonitor.models.check import Change, CheckState, EventKind, Status, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.host import Host

_DOWN: Final = frozenset({Status.DOWN, Status.UNREACHABLE})


class Family:
    """Keeps what is shown of a check in line with the checks that it depends on."""

    def __init__(self, host: Host) -> None:
        """Begin without dependencies."""
        self._host = host
        self._graph = Dependencies()

    def apply(self, checks: Iterable[CheckSettings]) -> None:
        """Take over who depends on whom."""
        self._graph = Dependencies(
            {check.id: check.depends_on for check in checks if check.depends_on}
        )

    def root(self, check_id: str) -> str | None:
        """Return the check whose failure explains that this one fails."""
        if check_id not in self._graph.parents:
            return None
        return self._graph.root(check_id, self._is_down)

    def follow(self, before: CheckState, after: CheckState, now_ms: int) -> None:
        """Draw the consequences of a change of status.

        What failed because of a check that works again is run at once, and is unreachable until
        that run has told the truth. What fails first lets those it depends on be looked at.
        """
        was_down, is_down = before.status in _DOWN, after.status in _DOWN
        if after.status is Status.DOWN and not was_down:
            for parent_id in self._graph.parents.get(after.id, ()):
                self._host.run_soon(parent_id)
        if was_down == is_down:
            return
        for child_id in self._graph.descendants(after.id):
            self.reconsider(child_id, now_ms)

    def reconsider(self, check_id: str, now_ms: int) -> None:
        """Look again at what is shown of a check that is judged down."""
        state = self._host.states[check_id]
        if state.judged is not Status.DOWN or state.pause is not None:
            return
        root = self.root(check_id)
        if root is not None:
            if state.because != root:
                self._host.change(_unreachable(state, root, now_ms))
        elif state.status is Status.UNREACHABLE:
            self._host.run_soon(check_id, afresh=True)

    def _is_down(self, check_id: str) -> bool:
        """Tell whether a check is known to fail now."""
        return self._host.states[check_id].status in _DOWN


def _unreachable(state: CheckState, root: str, now_ms: int) -> Change:
    """Return the change of a failing check to one that nothing can be said of."""
    if state.status is Status.UNREACHABLE:
        return Change(state=replace(state, because=root), at_ms=now_ms)
    after = replace(
        state,
        status=Status.UNREACHABLE,
        covered=state.judged,
        because=root,
        last_change_ms=now_ms,
    )
    error, error_code = parent_down(root)
    transition = Transition(
        check_id=state.id,
        at_ms=now_ms,
        event=EventKind.UNREACHABLE,
        status=after.status,
        previous=state.status,
        ok=state.ok,
        error=error,
        error_code=error_code,
    )
    return Change(state=after, at_ms=now_ms, transition=transition, interval=after.status)
