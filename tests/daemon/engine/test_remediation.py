"""Whether an action may run: the decision alone, against whatever can happen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from opsmonitor.config.settings import ActionSettings
from opsmonitor.engine.remediation import HOUR_MS, Obstacle, Situation, limit_reached, obstacle
from opsmonitor.models.check import Acknowledgement, CheckState, Status
from opsmonitor.models.remediation import Attempt, AttemptState

_NOW_MS = 1_700_000_000_000
_ACTION = ActionSettings(type="note", options=None, place="db")


def failing(**values: object) -> CheckState:
    """Return the state of a check that is down."""
    given = {"id": "web", "type": "tcp", "status": Status.DOWN, "ok": False, "fail_streak": 3}
    return CheckState(**{**given, **values})  # type: ignore[arg-type] # a test's own words


def situation(state: CheckState, *attempts: Attempt, **values: object) -> Situation:
    """Return a situation without anything in the way."""
    return Situation(
        state=state,
        well_ms=0,
        now_ms=_NOW_MS,
        attempts=attempts,
        **values,  # type: ignore[arg-type] # a test's own words
    )


def attempt(ago_s: float, *, check_id: str = "web", place: str = "db") -> Attempt:
    """Return an attempt that began and ended a while ago."""
    at_ms = _NOW_MS - round(ago_s * 1000)
    return Attempt(
        id=f"{check_id}{at_ms}{place}",
        check_id=check_id,
        action="note",
        target=place,
        place=place,
        started_ms=at_ms,
        state=AttemptState.DONE,
        ended_ms=at_ms,
    )


def test_what_was_only_said_keeps_nothing_from_being_done() -> None:
    """Once `dry_run` is taken out the action runs; dry runs themselves keep to all limits."""
    said = [
        replace(attempt(60 * number), id=f"{number}", state=AttemptState.DRY_RUN)
        for number in range(12)
    ]

    assert obstacle(_ACTION, situation(failing(), *said)) is None
    assert limit_reached(_ACTION, situation(failing(), *said)) is None
    dry = replace(_ACTION, dry_run=True)
    assert obstacle(dry, situation(failing(), *said)) is Obstacle.GIVEN_UP
    assert obstacle(_ACTION, situation(failing(), *said, is_dry_run=True)) is Obstacle.GIVEN_UP


@pytest.mark.parametrize("status", list(Status))
def test_only_trouble_of_its_own_is_healed(status: Status) -> None:
    """Unreachable, paused, in maintenance, without a network: nothing is done."""
    after = ActionSettings(type="note", options=None, place="db", after=2)
    state = failing(status=status)

    by_down = obstacle(_ACTION, situation(state))
    by_streak = obstacle(after, situation(state))

    assert (by_down is None) == (status is Status.DOWN)
    assert (by_streak is None) == (
        status in (Status.DOWN, Status.PENDING, Status.UP, Status.DEGRADED)
    )


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, None),
        ({"fail_streak": 0}, Obstacle.NOT_YET),
        ({"acknowledged": Acknowledgement(at_ms=1)}, Obstacle.ACKNOWLEDGED),
        ({"flapping_since_ms": 1}, Obstacle.FLAPPING),
    ],
)
def test_what_is_known_of_the_check(values: dict[str, object], found: Obstacle | None) -> None:
    """Its own state alone can be in the way."""
    assert obstacle(_ACTION, situation(failing(**values))) is found


@pytest.mark.parametrize(
    ("attempts", "found"),
    [
        ((attempt(299),), Obstacle.COOLDOWN),
        ((attempt(300),), None),
        ((attempt(-50),), Obstacle.COOLDOWN),
        ((attempt(299, check_id="other"),), Obstacle.COOLDOWN),
        ((attempt(299, place="elsewhere"),), None),
        (tuple(attempt(ago) for ago in (400, 800, 1200)), Obstacle.TOO_OFTEN),
        (tuple(attempt(ago) for ago in (400, 800, 3600)), None),
        (tuple(attempt(ago) for ago in range(4000, 44_000, 8000)), Obstacle.GIVEN_UP),
        (tuple(attempt(60, check_id=f"c{n}", place=f"p{n}") for n in range(12)), Obstacle.TOO_MANY),
    ],
)
def test_limits(attempts: tuple[Attempt, ...], found: Obstacle | None) -> None:
    """Each at its very edge."""
    assert obstacle(_ACTION, situation(failing(), *attempts)) is found


def test_one_at_a_time() -> None:
    """For a check, and on a thing; that holds for people, too."""
    busy = situation(failing(), is_busy=True)
    taken = situation(failing(), busy_places={"db"})

    assert obstacle(_ACTION, busy) is obstacle(_ACTION, taken) is Obstacle.BUSY
    assert limit_reached(_ACTION, busy) is limit_reached(_ACTION, taken) is Obstacle.BUSY


def test_people_need_not_wait() -> None:
    """Pauses, and what was given up, do not hold for them; the limits of an hour do."""
    recent = situation(failing(status=Status.UP, fail_streak=0), attempt(1), attempt(2))
    often = situation(failing(), attempt(1), attempt(2), attempt(3))

    assert limit_reached(_ACTION, recent) is None
    assert limit_reached(_ACTION, often) is Obstacle.TOO_OFTEN


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 5), st.integers(0, 2), st.integers(0, 120)),
        max_size=120,
    ),
    st.integers(1, 5),
    st.integers(0, 600),
    st.integers(1, 9),
)
def test_no_storm_is_possible(
    steps: list[tuple[int, int, int, int]], per_hour: int, cooldown_s: int, overall: int
) -> None:
    """Whatever fails when, on however few things: no hour has more attempts than it may."""
    log: list[Attempt] = []
    now_ms = _NOW_MS
    for wait_s, check, place, lasts_s in steps:
        now_ms += wait_s * 1000
        action = ActionSettings(
            type="note",
            options=None,
            place=f"p{place}",
            max_per_hour=per_hour,
            cooldown_s=cooldown_s,
            give_up_after=100,
        )
        now = Situation(
            state=failing(id=f"c{check}"),
            well_ms=0,
            now_ms=now_ms,
            attempts=tuple(log),
            max_per_hour=overall,
        )
        if obstacle(action, now) is None:
            made = attempt(0, check_id=f"c{check}", place=f"p{place}")
            ended_ms = now_ms + lasts_s * 1000
            log.append(replace(made, started_ms=now_ms, ended_ms=ended_ms))
            now_ms = ended_ms

    by_place: defaultdict[str, list[Attempt]] = defaultdict(list)
    for item in log:
        by_place[item.place].append(item)
    assert _most_in_an_hour(log) <= overall
    for items in by_place.values():
        assert _most_in_an_hour(items) <= per_hour
        for first, second in pairwise(items):
            assert second.started_ms - (first.ended_ms or 0) >= cooldown_s * 1000


def _most_in_an_hour(items: list[Attempt]) -> int:
    """Return the largest number of attempts that began within any hour."""
    return max(
        (
            sum(0 <= other.started_ms - item.started_ms < HOUR_MS for other in items)
            for item in items
        ),
        default=0,
    )
