"""Decide by the number of witnesses that answer: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.util.want import CODE

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one witness says."""

    name: str
    answers: bool | None
    """None: it cannot be asked, and does not count."""
    seen: str
    """What was seen, for people."""
    is_far: bool = False
    """Its answer comes from beyond the house, or speaks of that."""
    want: str | None = None
    """Why it could not be asked now, if this machine had no room for that."""


def majority(count: int) -> int:
    """Return how many of so many are more than half."""
    return count // 2 + 1


def conclude_votes(votes: Sequence[Vote], needed: int | None) -> Outcome:
    """Return what follows; `needed` witnesses must answer, or more than half of those there are.

    One of them must be far away, if there are such: a router answers without a line, too, and a
    name server from its memory.
    """
    counted = [vote for vote in votes if vote.answers is not None]
    silent = [vote.name for vote in counted if not vote.answers]
    answering = len(counted) - len(silent)
    enough = majority(len(counted)) if needed is None else min(needed, len(counted))
    assertions = tuple(
        Assertion(name=vote.name, ok=vote.answers is not False, actual=vote.seen) for vote in votes
    )
    data = {"witnesses": len(counted), "answering": answering, "needed": enough}
    far = [vote.answers for vote in counted if vote.is_far]
    is_enough = answering >= enough and (any(far) or not far)
    want = next((vote.want for vote in votes if vote.want is not None), None)
    if want is not None and not (counted and is_enough):
        # Those who were not asked might have answered.
        return Outcome(verdict=Verdict.FAIL, error=want, error_code=CODE, assertions=assertions)
    if not counted:
        error = "no witness can be asked: name one in `connectivity`"
        return Outcome(
            verdict=Verdict.UNKNOWN,
            error=error,
            error_code="no_witness",
            assertions=assertions,
            data=data,
        )
    if is_enough:
        return Outcome(verdict=Verdict.OK, assertions=assertions, data=data)
    why = f"{answering} of {len(counted)} witnesses answer, {enough} are needed"
    if answering >= enough:
        why = "nobody outside answers"
    error = f"no network: {why}; silent: {', '.join(silent)}"
    return Outcome(
        verdict=Verdict.FAIL,
        error=error,
        error_code="no_network",
        assertions=assertions,
        data=data,
    )
