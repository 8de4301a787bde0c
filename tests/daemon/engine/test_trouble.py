"""Whose trouble it is, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from opsmonitor.config.settings import ActionSettings, CheckSettings
from opsmonitor.engine.trouble import Troubles
from opsmonitor.models.check import CheckState, EventKind, Pause, Status, Transition

_ACTION = ActionSettings(type="note", options=None)
_CHECKS = {
    "nas": CheckSettings(
        id="nas",
        type="tcp",
        name="NAS",
        options=None,
        interval_s=10.0,
        depends_on=("switch",),
        actions=(_ACTION,),
    ),
    "switch": CheckSettings(
        id="switch", type="tcp", name="Switch", options=None, depends_on=("router",)
    ),
    "router": CheckSettings(id="router", type="tcp", name="Router", options=None),
}


def state(check_id: str, status: Status = Status.UP, at_ms: int = 2000, **more: Any) -> CheckState:
    """Return the state of a check after a run."""
    return CheckState(id=check_id, type="tcp", status=status, last_run_ms=at_ms, **more)


def failing(at_ms: int = 1000) -> CheckState:
    """Return the state of the check that depends on others."""
    return state("nas", Status.DOWN, at_ms, fail_streak=1, last_ok_ms=500)


def known(*states: CheckState) -> dict[str, CheckState]:
    """Return states of all checks: those that were given, the others up after the failure."""
    found = {check_id: state(check_id) for check_id in _CHECKS}
    return found | {item.id: item for item in states}


@pytest.fixture
def troubles() -> Troubles:
    """Return what is known once the check has failed."""
    fresh = Troubles()
    fresh.configure(_CHECKS)
    fresh.take([failing()], [])
    return fresh


@pytest.mark.parametrize("check_id", ["switch", "router"])
@pytest.mark.parametrize("status", list(Status))
def test_what_explains_a_failure(troubles: Troubles, check_id: str, status: Status) -> None:
    """At any distance: only what is seen to work explains nothing."""
    states = known(state(check_id, status))

    is_own = troubles.is_own("nas", states, 100_000)

    assert is_own == (status in (Status.UP, Status.DEGRADED))


def test_what_was_not_looked_at_since_is_waited_for(troubles: Troubles) -> None:
    """Its next run lets the check have its turn again."""
    assert not troubles.is_own("nas", known(state("router", at_ms=999)), 100_000)
    assert troubles.take([state("router", at_ms=3000)], []) == {"nas"}
    assert troubles.is_own("nas", known(), 100_000)
    assert troubles.take([state("router", at_ms=4000)], []) == set()


def test_nobody_waits_for_what_is_paused(troubles: Troubles) -> None:
    """A paused check explains nothing: nobody looks at it."""
    paused = state("router", Status.PAUSED, 0, pause=Pause(since_ms=0))

    assert troubles.is_own("nas", known(paused), 100_000)


@pytest.mark.parametrize(
    "previous", [Status.DOWN, Status.UNREACHABLE, Status.NO_NETWORK, Status.MAINTENANCE]
)
def test_what_just_came_back_is_given_time(troubles: Troubles, previous: Status) -> None:
    """Thirty seconds and one interval of the check that depends on it."""
    back = Transition(
        check_id="router",
        at_ms=50_000,
        event=EventKind.UP,
        status=Status.UP,
        previous=previous,
        ok=True,
    )
    troubles.take([], [back])

    assert not troubles.is_own("nas", known(), 89_999)
    assert troubles.is_own("nas", known(), 90_000)


def test_a_recovery_ends_the_trouble(troubles: Troubles) -> None:
    """The next failure is a new one; until then there is none."""
    assert troubles.well_ms("nas") == 500
    troubles.take([state("nas", last_ok_ms=2000)], [])
    assert not troubles.is_own("nas", known(), 100_000)
    troubles.take([state("nas", Status.DOWN, 3000, fail_streak=1, last_ok_ms=2000)], [])

    assert troubles.well_ms("nas") == 2000


def test_giving_up_is_news_once_and_only_after_a_try(troubles: Troubles) -> None:
    """A daemon that was started anew does not repeat what the one before has told."""
    assert not troubles.give_up("nas")
    troubles.note_attempt("nas")

    assert troubles.give_up("nas")
    assert not troubles.give_up("nas")


def test_checks_that_nothing_can_be_done_about_are_not_followed() -> None:
    """Without actions, or after they were taken away, there is nothing to know."""
    troubles = Troubles()
    troubles.configure(_CHECKS)
    troubles.take([failing(), state("router", Status.DOWN, fail_streak=2)], [])
    troubles.configure({key: _CHECKS[key] for key in ("switch", "router")})

    assert not troubles.is_own("router", known(), 100_000)
    assert not troubles.is_own("nas", known(), 100_000)
