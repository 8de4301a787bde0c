"""Keep a failure untold until what may explain it was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.runner import longest_run_s
from opsmonitor.models.check import Change, CheckState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.host import Host
    from opsmonitor.util.clock import Clock

SETTLE_S: Final = 30.0
"""What a check depends on works again: the check itself may need this long to come back."""
_LONGEST_S: Final = 60.0
"""Nobody waits longer than this for many runs; one run alone may take longer."""
_SPARE_S: Final = 2.0


@dataclass(slots=True, eq=False)
class _Hold:
    """Why a failure is not told yet."""

    since_s: float
    """Monotonic; a run that began before says nothing."""
    parent_ids: tuple[str, ...]
    awaited: set[str] = field(default_factory=set)
    """The ids of the checks whose next run decides."""
    timer: asyncio.TimerHandle | None = None
    has_faltered: bool = False
    """One of those awaited failed, though not often enough to be down."""
    is_last: bool = False
    """Whatever comes out now is told."""


class Holds:
    """The checks that are down, and nobody is told yet.

    Nothing of this is kept through a restart: who is down then and was not told is held again.
    """

    def __init__(self, host: Host, clock: Clock) -> None:
        """Take who runs the checks."""
        self._host = host
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._checks: Mapping[str, CheckSettings] = {}
        self._holds: dict[str, _Hold] = {}
        self._waiting: dict[str, set[str]] = {}
        """By id of each awaited check, those that wait for it."""

    @property
    def are_empty(self) -> bool:
        """Tell whether no run is waited for."""
        return not self._waiting

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let time pass."""
        self._loop = loop

    def stop(self) -> None:
        """Release nothing any more."""
        self._loop = None
        for check_id in tuple(self._holds):
            self._forget(check_id)

    def apply(self, checks: Mapping[str, CheckSettings]) -> None:
        """Take over how long the runs of each check take; forget those that are gone."""
        self._checks = checks
        for check_id in self._holds.keys() - checks.keys():
            self._forget(check_id)

    def await_parents(self, check_id: str, parent_ids: Iterable[str]) -> bool:
        """Hold a failure until each parent has a run that began after now; tell if there is any.

        A parent that fails, but not yet often enough to be down, is run again until that is clear.
        """
        hold = self._begin(check_id, parent_ids)
        parents = self._running(hold.parent_ids)
        if not parents:
            self._forget(check_id)
            return False
        hold.has_faltered = any(self._host.states[name].fail_streak > 0 for name in parents)
        self._await(parents, check_id, hold)
        for parent_id in parents:
            self._host.run_soon(parent_id)
        return True

    def await_news(self, check_id: str, parent_ids: Iterable[str]) -> None:
        """Hold what was judged long ago until its run, which is due now, and those of parents."""
        hold = self._begin(check_id, parent_ids)
        parents = self._running(hold.parent_ids)
        self._await({check_id, *parents}, check_id, hold)
        for parent_id in parents:
            self._host.run_soon(parent_id)

    def settle(self, check_id: str, parent_ids: Iterable[str]) -> None:
        """Hold a failure for a while after what it depends on came back, then look once more.

        At both: what came back may be gone again.
        """
        hold = self._begin(check_id, parent_ids)
        hold.is_last = True
        if self._loop is not None:
            hold.timer = self._loop.call_later(SETTLE_S, self._look_again, check_id, hold)

    def note_run(self, check_id: str, started_s: float) -> None:
        """Take in that a check was run, from this monotonic time on."""
        for held_id in tuple(self._waiting.get(check_id, ())):
            hold = self._holds[held_id]
            if not self._host.states[held_id].is_held:
                self._forget(held_id)
            elif started_s < hold.since_s or self._is_undecided(self._host.states[check_id]):
                hold.has_faltered |= started_s >= hold.since_s
                self._host.run_soon(check_id)
            else:
                hold.awaited.discard(check_id)
                self._stop_waiting(check_id, held_id)
                if hold.awaited:
                    continue
                if hold.has_faltered and not hold.is_last:
                    # It may have been the same short trouble, and be over as well.
                    self.settle(held_id, hold.parent_ids)
                else:
                    self._release(held_id, hold)

    @staticmethod
    def _is_undecided(state: CheckState) -> bool:
        """Tell whether a check fails, but was not judged down yet."""
        return state.fail_streak > 0 and state.ok is not False

    def _begin(self, check_id: str, parent_ids: Iterable[str]) -> _Hold:
        """Begin to hold a failure, in place of an older reason."""
        self._forget(check_id)
        hold = _Hold(since_s=self._clock.monotonic(), parent_ids=tuple(parent_ids))
        self._holds[check_id] = hold
        return hold

    def _patience_s(self, check_id: str) -> float:
        """Return how long to wait at most for a check, in seconds."""
        check, state = self._checks[check_id], self._host.states[check_id]
        longest_s = longest_run_s(check)
        missing = max(1, check.down_threshold - state.fail_streak)
        return min(longest_s * missing, max(longest_s, _LONGEST_S)) + _SPARE_S

    def _look_again(self, check_id: str, hold: _Hold) -> None:
        """Let a check that had its time run once more; that run is told."""
        state = self._host.states.get(check_id)
        if self._holds.get(check_id) is not hold or state is None or not state.is_held:
            return
        hold.since_s = self._clock.monotonic()
        parents = self._running(hold.parent_ids)
        self._await({check_id, *parents}, check_id, hold)
        for parent_id in parents:
            self._host.run_soon(parent_id)
        self._host.run_soon(check_id, afresh=True)

    def _running(self, check_ids: Iterable[str]) -> list[str]:
        """Return those that there are, and that are not paused."""
        states = self._host.states
        return [name for name in check_ids if name in states and states[name].pause is None]

    def _await(self, awaited: Iterable[str], check_id: str, hold: _Hold) -> None:
        """Hold a failure until each of these has a run, but not for ever."""
        hold.awaited = set(awaited)
        for awaited_id in hold.awaited:
            self._waiting.setdefault(awaited_id, set()).add(check_id)
        if self._loop is not None:
            longest_s = max(map(self._patience_s, hold.awaited))
            hold.timer = self._loop.call_later(longest_s, self._release, check_id, hold)

    def _release(self, check_id: str, hold: _Hold) -> None:
        """Let a failure be told."""
        if self._holds.get(check_id) is not hold:
            return
        self._forget(check_id)
        state = self._host.states.get(check_id)
        if state is not None and state.is_held:
            at_ms = self._clock.now_ms()
            self._host.change(Change(state=replace(state, is_held=False), at_ms=at_ms))

    def _forget(self, check_id: str) -> None:
        """End a hold without a word."""
        hold = self._holds.pop(check_id, None)
        if hold is None:
            return
        if hold.timer is not None:
            hold.timer.cancel()
        for awaited_id in hold.awaited:
            self._stop_waiting(awaited_id, check_id)

    def _stop_waiting(self, awaited_id: str, check_id: str) -> None:
        """Note that a check no longer waits for another."""
        waiting = self._waiting.get(awaited_id, set())
        waiting.discard(check_id)
        if not waiting:
            self._waiting.pop(awaited_id, None)
