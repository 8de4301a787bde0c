"""Decide what a run means for a check's state: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from opsmonitor.engine.flapping import FlappingLimits, add_run, is_flapping, percent
from opsmonitor.models.check import (
    Acknowledgement,
    Change,
    CheckState,
    EventKind,
    Maintenance,
    Outcome,
    Status,
    Transition,
    Verdict,
)

_EVENTS: Final = {
    Status.PENDING: EventKind.PENDING,
    Status.UP: EventKind.UP,
    Status.DEGRADED: EventKind.DEGRADED,
    Status.DOWN: EventKind.DOWN,
    Status.UNREACHABLE: EventKind.UNREACHABLE,
    Status.NO_NETWORK: EventKind.NO_NETWORK,
    Status.MAINTENANCE: EventKind.MAINTENANCE,
}


_OK: Final = Verdict.OK
_UP: Final = Status.UP
# To look a member of an enumeration up takes longer than most of what is done with it.

_STEADY: Final = frozenset({Status.UP, Status.DEGRADED, Status.DOWN})
"""What counts for flapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many runs in a row it takes to change a check's state, and how many changes are odd."""

    down: int = 1
    up: int = 1
    flapping: FlappingLimits | None = None
    """None: it is not looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What is shown in place of what is judged."""

    status: Status
    error: str
    """Why, in one sentence for people."""
    error_code: str
    because: str | None = None
    """The id of the check that is the cause."""
    maintenance: Maintenance | None = None


def advance(
    state: CheckState,
    outcome: Outcome,
    thresholds: Thresholds,
    now_ms: int,
    cover: Cover | None = None,
) -> tuple[CheckState, Transition | None]:
    """Return the state after a run, and the transition when the status changed.

    `down` failing runs in a row turn a check DOWN and `up` good runs in a row turn it UP; until
    then its state stays as it was. A degraded run is a good run. The first judgement is an INIT.
    A run that says nothing makes a check PENDING, neither good nor bad.
    What is judged DOWN is shown as UNREACHABLE if the cover says so; MAINTENANCE covers whatever is
    judged. A run that fails without a network is not judged at all.
    """
    is_good = outcome.is_good
    is_blind = cover is not None and cover.status is Status.NO_NETWORK and not is_good
    if is_blind:
        ok_streak, fail_streak, ok, judged = 0, state.fail_streak, state.ok, state.judged
    else:
        ok_streak = state.ok_streak + 1 if is_good else 0
        fail_streak = state.fail_streak + 1 if outcome.verdict is Verdict.FAIL else 0
        ok, judged = _judge(state, outcome, ok_streak, fail_streak, thresholds)
    if cover is not None and not is_blind and not _hides(cover, judged):
        cover = None
    status = judged if cover is None else cover.status
    has_changed = status is not state.status
    flips, flapping_since_ms = state.flips, state.flapping_since_ms
    if flips or has_changed or flapping_since_ms is not None:
        flips, flapping_since_ms = _watch_flapping(state, status, cover, thresholds, now_ms)
    # Made anew and not by `replace`, which costs more than all the rest.
    after = CheckState(
        id=state.id,
        type=state.type,
        status=status,
        ok=ok,
        ok_streak=ok_streak,
        fail_streak=fail_streak,
        last_run_ms=now_ms,
        last_ok_ms=now_ms if is_good else state.last_ok_ms,
        last_change_ms=now_ms if has_changed else state.last_change_ms,
        outcome=outcome,
        covered=None if cover is None else judged,
        because=None if cover is None else cover.because,
        maintenance=None if cover is None else cover.maintenance,
        is_held=state.is_held and status is Status.DOWN,
        flips=flips,
        flapping_since_ms=flapping_since_ms,
        pause=state.pause,
        acknowledged=None
        if state.acknowledged is None
        else _kept(state.acknowledged, state, judged, flapping_since_ms),
    )
    if not has_changed:
        return after, None
    return after, _transition(state, after, outcome, now_ms, cover)


def goes_on(state: CheckState, outcome: Outcome) -> bool:
    """Tell whether a run without a cover says of a check that is up that all is as it was.

    Then nothing but its time and its outcome is new, which `go_on` makes a state of: what
    `advance` would say, for less.
    """
    return (
        outcome.verdict is _OK
        and state.status is _UP
        and state.ok is True
        and not state.fail_streak
        and not state.flips
        and outcome.tls is None
        and state.flapping_since_ms is None
        and state.acknowledged is None
        and state.pause is None
    )


def go_on(state: CheckState, outcome: Outcome, now_ms: int) -> CheckState:
    """Return the state after a run with which a check goes on."""
    return CheckState(
        id=state.id,
        type=state.type,
        status=_UP,
        ok=True,
        ok_streak=state.ok_streak + 1,
        last_run_ms=now_ms,
        last_ok_ms=now_ms,
        last_change_ms=state.last_change_ms,
        outcome=outcome,
    )


def cover_up(state: CheckState, cover: Cover, now_ms: int) -> Change:
    """Return the change to what covers the judged status, without a run."""
    after = replace(
        state,
        status=cover.status,
        covered=state.judged,
        because=cover.because,
        maintenance=cover.maintenance,
        is_held=False,
    )
    if state.status is cover.status:
        return Change(state=after, at_ms=now_ms)
    after = replace(after, last_change_ms=now_ms)
    transition = Transition(
        check_id=state.id,
        at_ms=now_ms,
        event=_EVENTS[cover.status],
        status=cover.status,
        previous=state.status,
        ok=after.shown_ok,
        error=cover.error,
        error_code=cover.error_code,
    )
    return Change(state=after, at_ms=now_ms, transition=transition, interval=cover.status)


def uncover(state: CheckState, now_ms: int) -> Change:
    """Return the change back to what is judged, when nothing covers that any more."""
    after = replace(
        state,
        status=state.judged,
        covered=None,
        because=None,
        maintenance=None,
        last_change_ms=now_ms,
    )
    transition = Transition(
        check_id=state.id,
        at_ms=now_ms,
        event=EventKind.RESUMED,
        status=after.status,
        previous=state.status,
        ok=after.shown_ok,
    )
    return Change(state=after, at_ms=now_ms, transition=transition, interval=after.status)


def flapping_change(state: CheckState, now_ms: int) -> Change:
    """Return the news that a check began to change too often, or does so no more."""
    is_flapping = state.flapping_since_ms is not None
    often = f"it changes too often: {percent(state.flips):.0f} % of what is possible"
    transition = Transition(
        check_id=state.id,
        at_ms=now_ms,
        event=EventKind.FLAPPING if is_flapping else EventKind.STEADY,
        status=state.status,
        previous=state.status,
        ok=state.shown_ok,
        error=often if is_flapping else None,
        error_code="flapping" if is_flapping else None,
    )
    return Change(state=state, at_ms=now_ms, transition=transition)


def parent_down(root: str) -> Cover:
    """Return what covers a failure whose cause lies in another check."""
    return Cover(
        status=Status.UNREACHABLE,
        error=f"it depends on {root}, which is down",
        error_code="parent_down",
        because=root,
    )


def _hides(cover: Cover, judged: Status) -> bool:
    """Tell whether what is judged is not shown."""
    if cover.status is Status.UNREACHABLE:
        return judged is Status.DOWN
    return cover.status is Status.MAINTENANCE


def _watch_flapping(
    state: CheckState,
    status: Status,
    cover: Cover | None,
    thresholds: Thresholds,
    now_ms: int,
) -> tuple[int, int | None]:
    """Return which runs changed the status, and since when these are too many.

    What is shown in place of the judged status says nothing, nor does the first run after it.
    """
    limits = thresholds.flapping
    if limits is None:
        return 0, None
    flips, since_ms = state.flips, state.flapping_since_ms
    if cover is not None or state.covered is not None:
        return flips, since_ms
    if state.status not in _STEADY or status not in _STEADY:
        return flips, since_ms
    flips = add_run(flips, has_changed=status is not state.status)
    if not is_flapping(flips, limits, was_flapping=since_ms is not None):
        return flips, None
    return flips, now_ms if since_ms is None else since_ms


def _judge(
    state: CheckState,
    outcome: Outcome,
    ok_streak: int,
    fail_streak: int,
    thresholds: Thresholds,
) -> tuple[bool | None, Status]:
    """Return whether the target is judged good, and the status that shows it."""
    if outcome.verdict is Verdict.UNKNOWN:
        return None, Status.PENDING
    if outcome.is_good and (state.ok or ok_streak >= thresholds.up):
        is_degraded = outcome.verdict is Verdict.DEGRADED
        return True, Status.DEGRADED if is_degraded else Status.UP
    if not outcome.is_good and (state.ok is False or fail_streak >= thresholds.down):
        return False, Status.DOWN
    return state.ok, state.judged


def _kept(
    known: Acknowledgement, state: CheckState, judged: Status, flapping_since_ms: int | None
) -> Acknowledgement | None:
    """Return the acknowledgement unless the target recovered, or got worse.

    While it flaps each change is part of what is known; that it stays down afterwards is not.
    While nobody can tell how it is, what was known of it stays so.
    """
    was_flapping = state.flapping_since_ms is not None
    if was_flapping and flapping_since_ms is not None:
        return known
    was_down = (state.judged is Status.DOWN or known.was_down) and not was_flapping
    has_worsened = judged is Status.DOWN and not was_down
    if judged is Status.UP or has_worsened:
        return None
    is_open = was_down and judged is Status.PENDING
    return known if known.was_down is is_open else replace(known, was_down=is_open)


def _transition(
    before: CheckState, after: CheckState, outcome: Outcome, now_ms: int, cover: Cover | None
) -> Transition:
    """Describe the change from one status to another."""
    error, error_code = outcome.error, outcome.error_code
    is_first = before.ok is None and after.ok is not None
    if cover is not None:
        error, error_code = cover.error, cover.error_code
    return Transition(
        check_id=after.id,
        at_ms=now_ms,
        event=EventKind.INIT if is_first else _EVENTS[after.status],
        status=after.status,
        previous=before.status,
        ok=after.shown_ok,
        latency_ms=outcome.latency_ms,
        status_code=outcome.status_code,
        error=error,
        error_code=error_code,
    )
