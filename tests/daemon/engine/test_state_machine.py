"""What a run means for a check's state."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, strategies as st

from opsmonitor.engine.flapping import FlappingLimits
from opsmonitor.engine.state_machine import Thresholds, advance, go_on, goes_on
from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    EventKind,
    Outcome,
    Pause,
    Status,
    TlsInfo,
    Transition,
    Verdict,
)

PENDING = CheckState(id="nas", type="tcp")
VERDICTS = {"o": Verdict.OK, "d": Verdict.DEGRADED, "f": Verdict.FAIL, "u": Verdict.UNKNOWN}


def play(
    runs: str, *, down: int = 1, up: int = 1, state: CheckState = PENDING
) -> tuple[CheckState, list[Transition | None]]:
    """Let runs happen a second apart: o is good, d degraded, f failing, u unknown."""
    thresholds = Thresholds(down=down, up=up)
    transitions = []
    for second, run in enumerate(runs):
        outcome = Outcome(verdict=VERDICTS[run], error="no answer" if run == "f" else None)
        state, transition = advance(state, outcome, thresholds, second * 1000)
        transitions.append(transition)
    return state, transitions


def events(transitions: list[Transition | None]) -> list[str]:
    """Name the events; a dot where nothing changed."""
    return [transition.event if transition else "." for transition in transitions]


def test_first_good_run_is_an_init() -> None:
    """The first judgement is told as INIT and says that all is well."""
    state, transitions = play("o")

    assert events(transitions) == [EventKind.INIT]
    assert (state.ok, state.status) == (True, Status.UP)


def test_first_failing_run_is_an_init() -> None:
    """A check that was never up is down at once when one failing run is enough."""
    state, transitions = play("f")

    assert events(transitions) == [EventKind.INIT]
    assert (state.ok, state.status) == (False, Status.DOWN)


def test_down_takes_exactly_the_threshold() -> None:
    """A check turns DOWN with the third failing run in a row when the threshold is three."""
    state, transitions = play("offf", down=3)

    assert events(transitions) == ["INIT", ".", ".", "DOWN"]
    assert state.fail_streak == 3


def test_state_stays_until_the_threshold() -> None:
    """Until the threshold is reached a check is still up."""
    state, _ = play("off", down=3)

    assert (state.ok, state.status, state.fail_streak) == (True, Status.UP, 2)


def test_never_up_stays_unknown_until_the_threshold() -> None:
    """A check that was never up is unknown until enough runs failed."""
    state, _ = play("ff", down=3)

    assert (state.ok, state.status) == (None, Status.PENDING)


def test_one_good_run_clears_the_count() -> None:
    """A flapping target must fail that many times in a row again."""
    _, transitions = play("offoffofff", down=3)

    assert events(transitions) == ["INIT", *"........", "DOWN"]


def test_one_good_run_turns_it_up() -> None:
    """Recovery takes one good run by default."""
    _, transitions = play("offo", down=2)

    assert events(transitions) == ["INIT", ".", "DOWN", "UP"]


def test_recovery_takes_the_up_threshold() -> None:
    """With an up threshold of two, two good runs in a row turn a check UP."""
    state, transitions = play("ooffofoo", down=2, up=2)

    assert events(transitions) == [".", "INIT", ".", "DOWN", ".", ".", ".", "UP"]
    assert state.ok is True


def test_degraded_is_good_but_told() -> None:
    """Slow is not down, but it is a change."""
    state, transitions = play("odo")

    assert events(transitions) == ["INIT", "DEGRADED", "UP"]
    assert state.ok is True


def test_degraded_keeps_a_failing_streak_from_growing() -> None:
    """A degraded run is a good run: it resets the count of failures."""
    _, transitions = play("ofdfo", down=2)

    assert events(transitions) == ["INIT", ".", "DEGRADED", ".", "UP"]


def test_unknown_is_neither_up_nor_down() -> None:
    """A run that says nothing ends what was judged, be it good or bad."""
    for judged in "of":
        state, transitions = play(f"{judged}u")

        assert events(transitions) == ["INIT", "PENDING"]
        assert (state.ok, state.status) == (None, Status.PENDING)


def test_unknown_from_the_start_is_no_news() -> None:
    """A check that never could be judged stays as it was, and its first judgement is an INIT."""
    _, transitions = play("uuf")

    assert events(transitions) == [".", ".", "INIT"]


def test_unknown_counts_for_neither_threshold() -> None:
    """Failing runs are in a row only when nothing lies between them."""
    _, transitions = play("offuff", down=3)

    assert events(transitions) == ["INIT", ".", ".", "PENDING", ".", "."]


def test_transition_tells_what_was_seen() -> None:
    """The transition carries the reason and the states before and after."""
    _, transitions = play("of")
    transition = transitions[1]

    assert transition is not None
    assert (transition.previous, transition.status) == (Status.UP, Status.DOWN)
    assert (transition.error, transition.at_ms, transition.ok) == ("no answer", 1000, False)


def test_times_of_the_state() -> None:
    """Last run, last good run and last change are kept apart."""
    state, _ = play("ooff", down=2)

    assert (state.last_run_ms, state.last_ok_ms, state.last_change_ms) == (3000, 1000, 3000)


def naive_judgement(runs: str, down: int, up: int) -> list[bool | None]:
    """Judge each prefix of a history from scratch, as the documentation says it."""
    judged: bool | None = None
    judgements = []
    for end in range(1, len(runs) + 1):
        prefix = runs[:end]
        good = len(prefix) - len(prefix.rstrip("od"))
        bad = len(prefix) - len(prefix.rstrip("f"))
        if prefix.endswith("u"):
            judged = None
        elif bad >= down:
            judged = False
        elif good >= up:
            judged = True
        judgements.append(judged)
    return judgements


@given(
    runs=st.text(alphabet="odfu", min_size=1, max_size=60),
    down=st.integers(1, 5),
    up=st.integers(1, 5),
)
def test_agrees_with_a_naive_reading_of_any_history(runs: str, down: int, up: int) -> None:
    """After every run of any history the judgement is what the documentation says."""
    state = PENDING
    judged = []
    for run in runs:
        state, _ = play(run, down=down, up=up, state=state)
        judged.append(state.ok)

    assert judged == naive_judgement(runs, down, up)


@given(runs=st.text(alphabet="odf", max_size=60), down=st.integers(1, 5), up=st.integers(1, 5))
def test_transitions_form_a_chain(runs: str, down: int, up: int) -> None:
    """Each transition begins where the one before ended, and never goes nowhere."""
    _, transitions = play(runs, down=down, up=up)
    told = [transition for transition in transitions if transition]

    assert all(after.previous is before.status for before, after in pairwise(told))
    assert all(transition.previous is not transition.status for transition in told)
    assert [transition.event == "INIT" for transition in told] == [
        position == 0 for position in range(len(told))
    ]


@given(runs=st.text("oooodfu", max_size=40), flapping=st.booleans(), down=st.integers(1, 3))
def test_what_goes_on_goes_on_as_advancing_would(runs: str, flapping: bool, down: int) -> None:  # noqa: FBT001 - hypothesis gives it
    """The short way for a good run after good ones leads where the long one does."""
    limits = FlappingLimits() if flapping else None
    thresholds = Thresholds(down=down, flapping=limits)
    state = PENDING
    for second, run in enumerate(runs):
        outcome = Outcome(verdict=VERDICTS[run], latency_ms=second)
        long_way = advance(state, outcome, thresholds, second * 1000)
        if goes_on(state, outcome):
            assert (go_on(state, outcome, second * 1000), None) == long_way
        state = long_way[0]


def test_what_does_not_go_on() -> None:
    """Whatever somebody may want to know of takes the long way."""
    up, _ = play("oo")
    good = Outcome(verdict=Verdict.OK)
    odd = [
        PENDING,
        replace(up, fail_streak=1),
        replace(up, flips=1),
        replace(up, flapping_since_ms=1),
        replace(up, acknowledged=Acknowledgement(at_ms=1)),
        replace(up, pause=Pause(since_ms=1)),
        replace(up, status=Status.MAINTENANCE, covered=Status.UP),
    ]

    assert goes_on(up, good)
    assert not any(goes_on(state, good) for state in odd)
    assert not goes_on(up, replace(good, tls=TlsInfo(days_left=3)))
    assert not goes_on(up, replace(good, verdict=Verdict.DEGRADED))
