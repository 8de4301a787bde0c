"""Do what people ask for: pause a check for a while, or take note of its trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.engine import wishes
from opsmonitor.exceptions import CheckConflictError, UnknownCheckError
from opsmonitor.models.check import Acknowledgement, CheckState, Pause, Status

if TYPE_CHECKING:
    import asyncio

    from opsmonitor.engine.host import Host
    from opsmonitor.util.clock import Clock

_TROUBLED: Final = frozenset({Status.DOWN, Status.DEGRADED, Status.UNREACHABLE})


class Interventions:
    """Holds the checks that are paused, and lets each go on when its time has come."""

    def __init__(self, host: Host, clock: Clock) -> None:
        """Take who runs the checks."""
        self._host = host
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: dict[str, asyncio.TimerHandle | None] = {}
        """By id of each paused check; None where nothing is timed."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep pauses that were known before a restart, and end those that are over."""
        self._loop = loop
        for state in tuple(self._host.states.values()):
            if state.pause is not None:
                self._host.halt(state.id)
                self._host.change(wishes.keep_pausing(state, self._clock.now_ms()))
                self._time(state.id)

    def stop(self) -> None:
        """End nothing any more."""
        self._loop = None
        for timer in self._timers.values():
            if timer is not None:
                timer.cancel()

    def pause(self, check_id: str, *, duration_s: float | None, reason: str | None) -> CheckState:
        """Run a check no more, until it is resumed or the time is over.

        Raises:
            UnknownCheckError: No check has this id.

        """
        state = self._state(check_id)
        now_ms = self._clock.now_ms()
        until_ms = None if duration_s is None else now_ms + round(duration_s * 1000)
        self._host.halt(check_id)
        wish = Pause(since_ms=now_ms, until_ms=until_ms, reason=reason)
        self._host.change(wishes.pause(state, wish, now_ms))
        self._time(check_id)
        return self._state(check_id)

    def resume(self, check_id: str) -> CheckState:
        """End a pause; the check runs at once.

        Raises:
            UnknownCheckError: No check has this id.
            CheckConflictError: It is not paused.

        """
        state = self._state(check_id)
        if state.pause is None:
            raise CheckConflictError("not_paused", f"the check {check_id!r} is not paused")
        timer = self._timers.pop(check_id, None)
        if timer is not None:
            timer.cancel()
        self._host.change(wishes.resume(state, self._clock.now_ms()))
        self._host.go_on(check_id)
        return self._state(check_id)

    def acknowledge(self, check_id: str, *, by: str | None, note: str | None) -> CheckState:
        """Note that somebody knows of a check's trouble, until it is over.

        Raises:
            UnknownCheckError: No check has this id.
            CheckConflictError: It is not in trouble.

        """
        state = self._state(check_id)
        is_flapping = state.flapping_since_ms is not None and state.status is Status.UP
        if state.status not in _TROUBLED and not is_flapping:
            message = f"the check {check_id!r} is {state.status}: there is nothing to acknowledge"
            raise CheckConflictError("not_in_trouble", message)
        wish = Acknowledgement(at_ms=self._clock.now_ms(), by=by, note=note)
        self._host.change(wishes.acknowledge(state, wish))
        return self._state(check_id)

    def unacknowledge(self, check_id: str) -> CheckState:
        """Take an acknowledgement back: reminders and escalation go on.

        Raises:
            UnknownCheckError: No check has this id.
            CheckConflictError: It is not acknowledged.

        """
        state = self._state(check_id)
        if state.acknowledged is None:
            message = f"the check {check_id!r} is not acknowledged"
            raise CheckConflictError("not_acknowledged", message)
        self._host.change(wishes.unacknowledge(state, self._clock.now_ms()))
        return self._state(check_id)

    def refuse_paused(self, check_id: str) -> None:
        """Let nobody run a check that is paused.

        Raises:
            CheckConflictError: It is.

        """
        if self._host.states[check_id].pause is not None:
            raise CheckConflictError("paused", f"the check {check_id!r} is paused: resume it first")

    def look_around(self) -> None:
        """End pauses whose time is over although no timer told: the machine may have slept."""
        for check_id in tuple(self._timers):
            self._end_if_over(check_id)

    def _state(self, check_id: str) -> CheckState:
        """Return the state of a check.

        Raises:
            UnknownCheckError: No check has this id.

        """
        state = self._host.states.get(check_id)
        if state is None:
            raise UnknownCheckError(check_id)
        return state

    def _time(self, check_id: str) -> None:
        """Wait for the end of a check's pause, in place of what was waited for before."""
        before = self._timers.pop(check_id, None)
        if before is not None:
            before.cancel()
        state = self._host.states.get(check_id)
        if state is None or state.pause is None or self._loop is None:
            return
        until_ms = state.pause.until_ms
        timer = None
        if until_ms is not None:
            left_s = max(0.0, (until_ms - self._clock.now_ms()) / 1000)
            timer = self._loop.call_later(left_s, self._on_time, check_id)
        self._timers[check_id] = timer

    def _on_time(self, check_id: str) -> None:
        """End a pause; a clock that was set back makes it wait on."""
        if not self._end_if_over(check_id):
            self._time(check_id)

    def _end_if_over(self, check_id: str) -> bool:
        """Resume a check if its time has come; forget one that is no longer paused."""
        state = self._host.states.get(check_id)
        if state is None or state.pause is None:
            self._timers.pop(check_id, None)
            return True
        until_ms = state.pause.until_ms
        if until_ms is None or self._clock.now_ms() < until_ms:
            return False
        self.resume(check_id)
        return True
