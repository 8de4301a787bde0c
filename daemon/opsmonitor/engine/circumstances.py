"""Decide what is shown of a check in place of what its runs say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsmonitor.engine.state_machine import Cover, cover_up, uncover
from opsmonitor.models.check import Status, Verdict

if TYPE_CHECKING:
    from opsmonitor.engine.family import Family
    from opsmonitor.engine.host import Host
    from opsmonitor.engine.maintenance import MaintenancePlan
    from opsmonitor.engine.witness import Witness
    from opsmonitor.models.check import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that may cover a state, the strongest first: maintenance, no network, a dead parent."""

    host: Host
    plan: MaintenancePlan
    witness: Witness
    family: Family

    def cover(self, check_id: str, outcome: Outcome) -> Cover | None:
        """Return what covers the state after a run, if anything does."""
        cover = self.plan.cover(check_id)
        if cover is not None or outcome.is_good:
            return cover
        if outcome.verdict is Verdict.FAIL:
            cover = self.witness.cover(check_id, outcome)
        return cover or self.family.cover(check_id)

    def reconsider(self, check_id: str, now_ms: int) -> None:
        """Look again at what is shown of a check, without a run.

        What was covered and is judged down is run again before that is shown.
        """
        state = self.host.states[check_id]
        if state.pause is not None:
            return
        is_down = state.judged is Status.DOWN
        cover = self.plan.cover(check_id)
        if cover is None and is_down:
            cover = self.family.cover(check_id)
        if cover is not None:
            shown = (state.status, state.because, state.maintenance)
            if shown != (cover.status, cover.because, cover.maintenance):
                self.host.change(cover_up(state, cover, now_ms))
        elif state.status is Status.UNREACHABLE or (state.status is Status.MAINTENANCE and is_down):
            self.host.run_soon(check_id, afresh=True)
        elif state.status is Status.MAINTENANCE:
            self.host.change(uncover(state, now_ms))
