"""What the engine tells the rest of the daemon."""

from __future__ import annotations

from opsmonitor.engine.batch import Batch
from opsmonitor.models.check import Change, CheckState, Outcome, RunResult, Status, Verdict


def test_the_state_that_came_last_counts() -> None:
    """A run that ended after a change tells the state, and a change after a run does."""
    down = CheckState(id="nas", type="tcp", status=Status.DOWN)
    unreachable = CheckState(id="nas", type="tcp", status=Status.UNREACHABLE)
    run = RunResult(
        check_id="nas",
        started_ms=1,
        finished_ms=5,
        outcome=Outcome(verdict=Verdict.FAIL),
        state=down,
    )

    later = Batch(results=(run,), changes=(Change(state=unreachable, at_ms=6),))
    earlier = Batch(results=(run,), changes=(Change(state=unreachable, at_ms=4),))

    assert later.states() == [unreachable]
    assert earlier.states() == [down]
    assert Batch(results=(run,)).states() == [down]
