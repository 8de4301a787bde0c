"""A hundred thousand random lives of a check, each held against a simple account of it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
import re
from typing import Final

from hypothesis import example, given, settings, strategies as st
import pytest

from opsmonitor.engine import wishes
from opsmonitor.engine.state_machine import Thresholds, advance, parent_down
from opsmonitor.models.check import Acknowledgement, CheckState, Outcome, Pause, Transition, Verdict
from opsmonitor.store.rows import check_state, state_row

_HISTORIES: Final = 100_000
_PARTS: Final = 8
"""So that they can be shared among processes, and each is short."""
_RUNS: Final = {
    "o": Outcome(verdict=Verdict.OK),
    "d": Outcome(verdict=Verdict.DEGRADED, error="slow"),
    "f": Outcome(verdict=Verdict.FAIL, error="no answer"),
    "u": Outcome(verdict=Verdict.UNKNOWN, error="nobody knows"),
    # The same behind something that is down.
    "O": Outcome(verdict=Verdict.OK),
    "D": Outcome(verdict=Verdict.DEGRADED, error="slow"),
    "F": Outcome(verdict=Verdict.FAIL, error="no answer"),
    "U": Outcome(verdict=Verdict.UNKNOWN, error="nobody knows"),
}
_STEPS: Final = "ooooddffffffuOODFFFUprak"
"""Runs, p for a pause, r for its end, a for an acknowledgement, k for another daemon."""
_GOOD_TAIL: Final = re.compile(r"[od]*$")
_BAD_TAIL: Final = re.compile(r"f*$")


@dataclass
class Account:
    """What ought to be known of a check: the plain record of its runs, and a few words.

    It does not step from state to state: each word is found anew in the record.
    """

    down: int
    up: int
    record: str = ""
    verdict: str = "pending"
    is_behind: bool = False
    """The last run failed behind something that was down."""
    is_paused: bool = False
    is_known: bool = False
    """Acknowledged."""
    lately: str = "pending"
    """The last verdict that said something."""

    @property
    def status(self) -> str:
        """Return what is shown."""
        if self.is_paused:
            return "paused"
        return "unreachable" if self.is_behind and self.verdict == "down" else self.verdict

    def run(self, step: str) -> None:
        """Take a run in."""
        self.record += step.lower()
        self.verdict = self._judgement(step.lower())
        self.is_behind = step.isupper()
        if self.verdict == "pending":
            return
        if self.verdict == "up" or (self.verdict == "down" and self.lately != "down"):
            self.is_known = False
        self.lately = self.verdict

    def tail(self, pattern: re.Pattern[str]) -> int:
        """Return how many runs at the end of the record are of a kind."""
        found = pattern.search(self.record)
        return len(found[0]) if found else 0

    def _judgement(self, run: str) -> str:
        """Return up, degraded, down or pending."""
        if run == "u":
            return "pending"
        is_good = run in "od"
        if is_good and (self.verdict in ("up", "degraded") or self.tail(_GOOD_TAIL) >= self.up):
            return "up" if run == "o" else "degraded"
        if not is_good and self.tail(_BAD_TAIL) >= self.down:
            return "down"
        return self.verdict


def live(history: str, down: int, up: int) -> None:
    """Live through a history with the state machine and with the account, step by step."""
    account = Account(down=down, up=up)
    thresholds = Thresholds(down=down, up=up)
    state = CheckState(id="nas", type="tcp")
    last_ok_ms = changed_ms = None
    for second, step in enumerate(history):
        now_ms = second * 1000
        before, transition = account.status, None
        was_judged = account.verdict != "pending"
        if step in "pra":
            state, transition = wish(step, state, account, now_ms)
        elif step == "k":
            # What a daemon writes is what the next one reads.
            state = check_state(("nas", *state_row(1, state)[1:]))
        elif not account.is_paused:
            account.run(step)
            cover = parent_down("router") if step.isupper() else None
            state, transition = advance(state, _RUNS[step], thresholds, now_ms, cover)
            last_ok_ms = now_ms if step in "odOD" else last_ok_ms
            if transition is not None:
                assert (transition.event == "INIT") == (not was_judged), history[: second + 1]
        after = account.status
        changed_ms = now_ms if before != after else changed_ms
        seen = (
            (state.status, state.judged, state.pause is not None, state.acknowledged is not None),
            (state.ok_streak, state.fail_streak, state.last_ok_ms, state.last_change_ms),
            transition is not None and (transition.previous, transition.status),
            state.because is not None,
            state.ok,
        )
        is_change = before != after or (step == "a" and transition is not None)
        meant = (
            (after, account.verdict, account.is_paused, account.is_known),
            (account.tail(_GOOD_TAIL), account.tail(_BAD_TAIL), last_ok_ms, changed_ms),
            (before, after) if is_change or (step == "p" and before == after) else False,
            after == "unreachable",
            {"up": True, "degraded": True, "down": False, "pending": None}[account.verdict],
        )
        assert seen == meant, f"{history[: second + 1]} down={down} up={up}"


def wish(
    step: str, state: CheckState, account: Account, now_ms: int
) -> tuple[CheckState, Transition | None]:
    """Do what a person asks for, where it can be asked for."""
    if step == "p":
        account.is_paused = True
        change = wishes.pause(state, Pause(since_ms=now_ms), now_ms)
    elif step == "r" and account.is_paused:
        account.is_paused = account.is_behind = False
        change = wishes.resume(state, now_ms)
    elif step == "a" and account.status in ("down", "degraded", "unreachable"):
        account.is_known = True
        change = wishes.acknowledge(state, Acknowledgement(at_ms=now_ms))
    else:
        return state, None
    return change.state, change.transition


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_hundred_thousand_histories(part: int) -> None:
    """Status, judgement, counts, times, transitions and people's wishes are as they ought to be."""
    random = Random(f"ops-monitor {part}")  # noqa: S311 - it is to be the same each time
    for _ in range(_HISTORIES // _PARTS):
        length = min(int(random.expovariate(1 / 12)) + 1, 80)
        history = "".join(random.choices(_STEPS, k=length))
        live(history, random.choice((1, 1, 2, 3, 5)), random.choice((1, 1, 2, 4)))


@settings(max_examples=300, deadline=None)
@example("Fprf", 1, 1)
@example("fuffp", 3, 2)
@example("dafao", 1, 1)
@given(st.text(st.sampled_from(_STEPS), max_size=200), st.integers(1, 6), st.integers(1, 6))
def test_any_history(history: str, down: int, up: int) -> None:
    """The same, made small by hypothesis where it fails."""
    live(history, down, up)
