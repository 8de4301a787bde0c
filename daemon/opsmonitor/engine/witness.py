"""Know whether this machine has a network, before what lies outside is called down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.engine.batch import Batch
from opsmonitor.engine.runner import longest_run_s
from opsmonitor.engine.state_machine import Cover
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.host import Publishing
    from opsmonitor.util.clock import Clock

TYPE: Final = "connectivity"
"""The type of the check that is the witness."""
_ASK_AGAIN_S: Final = 5.0
"""So often it is looked for the network while there is none."""
_SPARE_S: Final = 2.0


class Witness:
    """Asks the check of type `connectivity` whenever something outside fails.

    Nothing outside is judged down before a run of that check that began after the failure.
    """

    def __init__(self, host: Publishing, clock: Clock) -> None:
        """Take who runs the checks."""
        self._host = host
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._check: CheckSettings | None = None
        self.check_id: str | None = None
        """Which check is the witness; None: none is."""
        self._outside: frozenset[str] = frozenset()
        self._patient: frozenset[str] = frozenset()
        """Those that wait to be reported to: that they are fine says nothing of the network."""
        self._parked: list[tuple[float, Callable[[bool], None]]] = []
        """Since when, and what goes on with a failing run; it is told whether to run again."""
        self._out_since_s: float | None = None
        """Since when there is no network, on the monotonic clock; None: there is."""
        self._is_doubted = self._is_refuted = False

    @property
    def is_out(self) -> bool:
        """Tell whether there is no network, as far as the witness says."""
        return self._out_since_s is not None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let time pass; what was known before a restart still holds."""
        self._loop = loop
        self._note_state(self._clock.monotonic())

    def stop(self) -> None:
        """Ask no more."""
        self._loop = None
        self._parked.clear()
        if self._timer is not None:
            self._timer.cancel()

    def apply(self, checks: Mapping[str, CheckSettings]) -> None:
        """Take over who is the witness, and what lies outside."""
        self._check = next((check for check in checks.values() if check.type == TYPE), None)
        self.check_id = None if self._check is None else self._check.id
        self._outside = frozenset(
            check.id for check in checks.values() if check.is_outside and check.type != TYPE
        )
        self._patient = frozenset(check.id for check in checks.values() if check.push is not None)
        if self._check is None:
            self._out_since_s = None
            self._let_go(self._clock.monotonic(), is_stale=False)

    def concerns(self, check_id: str) -> bool:
        """Tell whether a check lies outside, and there is a witness that can be asked."""
        if self._check is None or check_id not in self._outside:
            return False
        return self._host.states[self._check.id].pause is None

    def must_be_asked(self, before: CheckState, outcome: Outcome) -> bool:
        """Tell whether a run of a check that lies outside cannot be judged yet."""
        if outcome.verdict is not Verdict.FAIL or self._is_refuted:
            return False
        if self.is_out:
            return self._is_doubted
        return before.judged is not Status.DOWN or before.status is Status.NO_NETWORK

    def ask(self, go_on: Callable[[bool], None]) -> None:
        """Ask now, and let the run go on when there is an answer, or none in time."""
        if self._check is None or self._loop is None:
            go_on(False)  # noqa: FBT003 - its only argument
            return
        parked = (self._clock.monotonic(), go_on)
        self._parked.append(parked)
        self._host.run_soon(self._check.id)
        bound_s = (1 + self._check.down_threshold) * longest_run_s(self._check) + _SPARE_S
        self._loop.call_later(bound_s, self._give_up, parked)

    def cover(self, check_id: str, outcome: Outcome) -> Cover | None:
        """Return what is shown of a failing check while there is no network."""
        if self._check is None or outcome.verdict is not Verdict.FAIL:
            return None
        if not self.is_out or self._is_refuted or not self.concerns(check_id):
            return None
        return Cover(
            status=Status.NO_NETWORK,
            error=f"this machine has no network: see {self._check.name}",
            error_code="no_network",
            because=self._check.id,
        )

    def note_good(self, check_id: str, started_s: float) -> None:
        """Take in that a check succeeded: if it lies outside, there is a network after all."""
        since_s = self._out_since_s
        if since_s is None or started_s <= since_s or self._is_doubted or self._is_refuted:
            return
        if check_id in self._patient:
            return
        if self.concerns(check_id) and self._check is not None:
            self._is_doubted = True
            self._host.run_soon(self._check.id)

    def note_run(self, check_id: str, started_s: float) -> None:
        """Take in that a check was run, if it is the witness."""
        if self._check is None or check_id != self._check.id:
            return
        was_out, out_since_s = self.is_out, self._out_since_s
        self._note_state(started_s)
        if self._parked and self._is_undecided(self._host.states[check_id]):
            self._host.run_soon(check_id)
            return
        has_come_back = was_out and not self.is_out
        if self._is_doubted and self.is_out:
            # Checks that succeed know better than a witness that nobody answers.
            self._is_refuted = True
            has_come_back = True
        self._is_doubted = False
        self._let_go(started_s, is_stale=has_come_back)
        if has_come_back:
            if out_since_s is not None and not self._is_refuted:
                now_ms = self._clock.now_ms()
                lasted_ms = round((self._clock.monotonic() - out_since_s) * 1000)
                self._host.publish(Batch(outage=(now_ms - lasted_ms, now_ms)))
            self._look_again()

    @staticmethod
    def _is_undecided(state: CheckState) -> bool:
        """Tell whether the witness fails, but not often enough yet to be down."""
        return state.fail_streak > 0 and state.judged is not Status.DOWN

    def _note_state(self, started_s: float) -> None:
        """Take over what the witness is judged to be, and look soon again while it is down."""
        if self._check is None:
            return
        state = self._host.states[self._check.id]
        if state.judged is not Status.DOWN or state.pause is not None:
            self._out_since_s = None
            self._is_refuted = False
            return
        if self._out_since_s is None:
            self._out_since_s = started_s
        if self._loop is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(_ASK_AGAIN_S, self._ask_again)

    def _ask_again(self) -> None:
        """Look whether the network is back."""
        if self._check is not None and self.is_out:
            self._host.run_soon(self._check.id)

    def _look_again(self) -> None:
        """Run what nothing could be said of; a run that began without the network says nothing."""
        for check_id in self._outside:
            if self._host.states[check_id].status is Status.NO_NETWORK:
                self._host.run_soon(check_id, afresh=True)
            else:
                self._host.distrust(check_id)

    def _let_go(self, started_s: float, *, is_stale: bool) -> None:
        """Let those go on whose failure is older than the answer; ask again for the others."""
        parked, self._parked = self._parked, []
        for item in parked:
            since_s, go_on = item
            if self._check is None or started_s >= since_s:
                go_on(is_stale)
            else:
                self._parked.append(item)
        if self._parked and self._check is not None:
            self._host.run_soon(self._check.id)

    def _give_up(self, parked: tuple[float, Callable[[bool], None]]) -> None:
        """Wait for an answer no longer."""
        if parked in self._parked:
            self._parked.remove(parked)
            parked[1](False)  # noqa: FBT003 - its only argument
