"""The states of checks that go on well: written every few seconds, not with each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsmonitor.models.check import CheckState, RunResult

EVERY_MS: Final = 10_000
"""A check that is run more often than this and goes on well has its state written so often."""


class LateStates:
    """Knows what was not written yet.

    Each run is written for itself, so all that can be lost is which of them was the latest. It
    belongs to no database: whichever is in use gets what is late.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._written_ms: dict[str, int] = {}
        """By check, when the state was that was written last."""
        self._late: dict[str, CheckState] = {}

    @property
    def are_any(self) -> bool:
        """Tell whether a state was not written."""
        return bool(self._late)

    def keep(self, run: RunResult) -> bool:
        """Keep the state after a run for later; tell whether that will do.

        It will not where a run has values of its own: the next daemon may go on from them.
        """
        if run.outcome.data:
            return False
        written_ms = self._written_ms.get(run.check_id)
        if written_ms is not None and 0 <= run.finished_ms - written_ms < EVERY_MS:
            self._late[run.check_id] = run.state
            return True
        return False

    def note_written(self, check_id: str, at_ms: int) -> None:
        """Note that a state of this time is being written, in place of all before it."""
        self._written_ms[check_id] = at_ms
        self._late.pop(check_id, None)

    def due(self, now_ms: int | None) -> list[CheckState]:
        """Return what is late by now; None: all that was not written."""
        return [
            state
            for check_id, state in self._late.items()
            if now_ms is None or not 0 <= now_ms - self._written_ms.get(check_id, 0) < EVERY_MS
        ]

    def settle(self, states: Collection[CheckState]) -> None:
        """Take note that states have been written; newer ones are late all the same."""
        for state in states:
            if self._late.get(state.id) is state:
                self.note_written(state.id, state.last_run_ms or 0)

    def distrust(self) -> None:
        """Count on nothing that was written: it was undone, or went to another database."""
        self._written_ms.clear()

    def drop(self, check_ids: Collection[str]) -> None:
        """Forget checks that are gone."""
        for check_id in check_ids:
            self._written_ms.pop(check_id, None)
            self._late.pop(check_id, None)
