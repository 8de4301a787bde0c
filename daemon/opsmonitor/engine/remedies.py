"""Do something about checks that fail: write it down, do it, and look whether it helped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.actions.base import ActionContext
from opsmonitor.engine.attempt_log import AttemptLog, AttemptStore, said
from opsmonitor.engine.proofs import Proofs
from opsmonitor.engine.remediation import Obstacle, Situation, limit_reached, obstacle
from opsmonitor.engine.requests import Requests
from opsmonitor.engine.trouble import Troubles
from opsmonitor.exceptions import (
    ActionError,
    CheckConflictError,
    StoreError,
    UnknownCheckError,
)
from opsmonitor.models.check import EventKind, Status
from opsmonitor.models.remediation import Attempt, AttemptState, Incident
from opsmonitor.util.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opsmonitor.actions.base import ActionType
    from opsmonitor.config.settings import ActionSettings, CheckSettings, Settings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.host import Publishing
    from opsmonitor.models.check import CheckState
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport

_LOGGER = logging.getLogger(__name__)

_MAX_SHOWN: Final = 300
_WORDS: Final = {
    Obstacle.BUSY: "an action for this check, or on the same thing, is under way",
    Obstacle.TOO_OFTEN: "this action ran as often in this hour as it may",
    Obstacle.TOO_MANY: "all actions together ran as often in this hour as they may",
}


class Remedies:
    """Lets actions run, never more often than they may.

    An attempt is on disk before it begins, so that a daemon that is killed in the middle of it
    counts it all the same. One that cannot be written does not begin.
    """

    def __init__(
        self,
        *,
        store: AttemptStore,
        clock: Clock,
        host: Publishing,
        kinds: Mapping[str, ActionType[object]],
        http: HttpTransport,
        settings: Callable[[], Settings],
    ) -> None:
        """Take the parts; `open` reads what was done before."""
        self._log = AttemptLog(store, clock, host)
        self._proofs = Proofs(host)
        self._clock = clock
        self._host = host
        self._kinds = kinds
        self._requests = Requests(host.publish, clock)
        self._context = ActionContext(http=http, ask=self._requests.ask)
        self._settings = settings
        self._troubles = Troubles()
        self._tasks: dict[str, asyncio.Task[bool | None]] = {}
        """What is under way, by check."""
        self._places: set[str] = set()
        self._is_open = False
        self._has_actions = False

    async def open(self) -> None:
        """Read what was done before; what was under way when the daemon was killed, is over."""
        await self._log.open()
        self._is_open = True

    async def close(self) -> None:
        """Begin nothing more, and end what is under way."""
        self._is_open = False
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, batch: Batch) -> None:
        """Look at the checks of a batch that fail, and at those whose turn had to wait."""
        settings = self._settings()
        if batch.config_changed:
            self._troubles.configure(settings.checks)
            self._has_actions = any(check.actions for check in settings.checks.values())
        if not self._has_actions or not self._concerns(batch):
            return
        waiting = self._troubles.take(batch.states(), batch.transitions())
        for result in batch.results:
            self._proofs.prove(result)
        failing = [result.check_id for result in batch.news() if not result.outcome.is_good]
        # What is held back no more, or nobody takes care of after all.
        failing += [item.check_id for item in batch.changes if item.state.status is Status.DOWN]
        for check_id in dict.fromkeys([*sorted(waiting), *failing]):
            self._consider(check_id)

    def _concerns(self, batch: Batch) -> bool:
        """Tell whether a batch has more than runs that go on well, or somebody waits for those."""
        is_awaited = self._troubles.has_waiting or self._proofs.are_awaited
        return is_awaited or bool(batch.changes or batch.news())

    def begin_now(self, check_id: str, number: int) -> Attempt:
        """Begin an action because a person wants it, and return its beginning.

        Only what no person can want keeps it from running: two at a time, or too many in an hour.

        Raises:
            UnknownCheckError: No check has this id.
            CheckConflictError: It has no such action, or that cannot run now.

        """
        settings = self._settings()
        check, state = settings.checks.get(check_id), self._host.states.get(check_id)
        if check is None or state is None:
            raise UnknownCheckError(check_id)
        if not settings.remediation.enabled:
            raise CheckConflictError("disabled", "`remediation: enabled` is false")
        if not 1 <= number <= len(check.actions):
            raise CheckConflictError("no_action", f"the check {check_id!r} has no such action")
        action = check.actions[number - 1]
        found = limit_reached(action, self._situation(check, state, settings))
        if found is not None:
            raise CheckConflictError(found.value, _WORDS[found])
        return self._begin(check, action, state, is_dry_run=settings.remediation.dry_run)

    def answer(self, attempt_id: str, *, is_done: bool, message: str | None) -> None:
        """Take the word of a client that was asked to do something.

        Raises:
            UnknownAttemptError: Nobody waits for it.

        """
        self._requests.answer(attempt_id, is_done=is_done, message=message)

    def _consider(self, check_id: str) -> None:
        """Let the first action of a check run that may."""
        settings, now_ms = self._settings(), self._clock.now_ms()
        check, state = settings.checks.get(check_id), self._host.states.get(check_id)
        if not self._is_open or not settings.remediation.enabled:
            return
        if check is None or not check.actions or state is None:
            return
        if state.is_held or not self._troubles.is_own(check_id, self._host.states, now_ms):
            return
        situation = self._situation(check, state, settings)
        obstacles = [obstacle(action, situation) for action in check.actions]
        if None in obstacles:
            action = check.actions[obstacles.index(None)]
            self._begin(check, action, state, is_dry_run=settings.remediation.dry_run)
        elif set(obstacles) == {Obstacle.GIVEN_UP} and self._troubles.give_up(check.id):
            text = "no action helped: nothing more is done until the check is up again"
            self._log.tell(check.id, EventKind.ACTION_GIVEN_UP, text)

    def _situation(self, check: CheckSettings, state: CheckState, settings: Settings) -> Situation:
        """Return what is to be known before anything is done about a check."""
        now_ms = self._clock.now_ms()
        self._log.prune(now_ms, self._troubles.well_ms)
        return Situation(
            state=state,
            well_ms=self._troubles.well_ms(check.id),
            now_ms=now_ms,
            attempts=self._log.all(),
            busy_places=self._places,
            is_busy=check.id in self._tasks,
            max_per_hour=settings.remediation.max_per_hour,
            is_dry_run=settings.remediation.dry_run,
        )

    def _begin(
        self, check: CheckSettings, action: ActionSettings, state: CheckState, *, is_dry_run: bool
    ) -> Attempt:
        """Start an attempt, and return its beginning."""
        now_ms = self._clock.now_ms()
        attempt = Attempt(
            id=f"{check.id}:{action.place}:{now_ms}",
            check_id=check.id,
            action=action.type,
            target=redact_text(action.target, check.secrets),
            place=action.place,
            started_ms=now_ms,
        )
        self._log.add(attempt)
        self._places.add(action.place)
        self._troubles.note_attempt(check.id)
        if is_dry_run:
            action = replace(action, dry_run=True)
        task = asyncio.create_task(
            self._attempt(check, action, attempt, state), name=f"action-{check.id}"
        )
        self._tasks[check.id] = task

        def go_on(done: asyncio.Task[bool | None]) -> None:
            """Let the next one have its turn, at once if this one is known not to have helped."""
            del self._tasks[check.id]
            self._places.discard(action.place)
            if done.cancelled():
                return
            if (error := done.exception()) is not None:
                _LOGGER.error("An action for %s broke off", check.id, exc_info=error)
            elif done.result() is False:
                self._consider(check.id)

        task.add_done_callback(go_on)
        return attempt

    async def _attempt(
        self, check: CheckSettings, action: ActionSettings, attempt: Attempt, state: CheckState
    ) -> bool | None:
        """Make an attempt from its record to the proof that it helped; return whether it did."""
        try:
            await self._log.write(attempt)
        except StoreError as err:
            await self._log.end(
                _ended(attempt, self._clock, AttemptState.FAILED, f"not done: {err}")
            )
            return None
        try:
            if not action.dry_run:
                self._log.tell(check.id, EventKind.ACTION_STARTED, said(attempt))
            ended = await self._do(check, action, attempt, state)
        except asyncio.CancelledError:
            message = "the daemon was stopped before the action had ended"
            await self._log.end(_ended(attempt, self._clock, AttemptState.INTERRUPTED, message))
            raise
        await self._log.end(ended)
        if action.dry_run:
            return None
        await asyncio.sleep(action.settle_s)
        helped = await self._proofs.look(check) if action.verify else None
        if helped is not None:
            await self._log.put(replace(ended, helped=helped))
        return helped

    async def _do(
        self, check: CheckSettings, action: ActionSettings, attempt: Attempt, state: CheckState
    ) -> Attempt:
        """Do it, and return how that went."""
        if action.dry_run:
            return _ended(attempt, self._clock, AttemptState.DRY_RUN, "dry run: nothing was done")
        incident = Incident(
            attempt_id=attempt.id,
            check_id=check.id,
            name=check.name,
            severity=check.severity,
            error=(state.outcome.error if state.outcome else None) or "the check fails",
            fail_streak=state.fail_streak,
            at_ms=attempt.started_ms,
            timeout_s=action.timeout_s,
        )
        run = self._kinds[action.type].run
        reached = AttemptState.FAILED
        try:
            # A little more than it has itself, for its own words about what took so long.
            async with asyncio.timeout(action.timeout_s * 1.1 + 1):
                message = await run(action.options, incident, self._context)
            reached = AttemptState.DONE
        except ActionError as err:
            message = str(err)
        except TimeoutError:
            message = f"it did not end within {action.timeout_s:g} s"
        except Exception:
            _LOGGER.exception("The action %s for %s could not do its work", action.type, check.id)
            message = "the action itself failed; the log has the details"
        shown = redact_text(_on_one_line(message), check.secrets)
        return _ended(attempt, self._clock, reached, shown)


def _ended(attempt: Attempt, clock: Clock, state: AttemptState, message: str) -> Attempt:
    """Return an attempt that is over."""
    return replace(attempt, state=state, ended_ms=clock.now_ms(), message=message)


def _on_one_line(text: str) -> str:
    """Return words of others as they can be shown anywhere: printable, on one line, not long."""
    printable = "".join(char if char.isprintable() else " " for char in text[:_MAX_SHOWN])
    return " ".join(printable.split())
