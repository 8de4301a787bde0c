"""Keep what was done about checks, and tell how it went."""

from __future__ import annotations

from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.engine.remediation import HOUR_MS
from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import Change, EventKind, Transition
from opsmonitor.models.remediation import Attempt, AttemptState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opsmonitor.engine.host import Publishing
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

_REMEMBERED_MS: Final = 25 * HOUR_MS
"""Longer than any pause between two attempts."""
_KNOWN_AT_START: Final = 2000
_KINDS: Final = {
    AttemptState.STARTED: EventKind.ACTION_STARTED,
    AttemptState.DONE: EventKind.ACTION_DONE,
    AttemptState.DRY_RUN: EventKind.ACTION_DONE,
    AttemptState.FAILED: EventKind.ACTION_FAILED,
    AttemptState.INTERRUPTED: EventKind.ACTION_FAILED,
}


class AttemptStore(Protocol):
    """Where it is kept what was done."""

    async def save_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Keep attempts as they are now, on disk."""
        ...

    async def attempts(self, *, limit: int, check_id: str | None = None) -> list[Attempt]:
        """Return attempts, newest first."""
        ...


class AttemptLog:
    """The attempts that any limit looks at, oldest first."""

    def __init__(self, store: AttemptStore, clock: Clock, host: Publishing) -> None:
        """Take where they are kept, and who tells of them."""
        self._store = store
        self._clock = clock
        self._host = host
        self._attempts: list[Attempt] = []

    async def open(self) -> None:
        """Read what was done before; what was under way when the daemon was killed, is over."""
        now_ms = self._clock.now_ms()
        known = await self._store.attempts(limit=_KNOWN_AT_START)
        self._attempts = list(reversed(known))
        lost = [
            replace(
                item,
                state=AttemptState.INTERRUPTED,
                ended_ms=now_ms,
                message="the daemon ended before the action did",
            )
            for item in self._attempts
            if item.state is AttemptState.STARTED
        ]
        for item in lost:
            await self.end(item)

    def all(self) -> tuple[Attempt, ...]:
        """Return all of them."""
        return tuple(self._attempts)

    def add(self, attempt: Attempt) -> None:
        """Count an attempt that is about to begin."""
        self._attempts.append(attempt)

    async def write(self, attempt: Attempt) -> None:
        """Keep an attempt before it begins.

        Raises:
            StoreError: It cannot be kept.

        """
        await self._store.save_attempts([attempt])

    async def end(self, attempt: Attempt) -> None:
        """Tell how an attempt ended, and keep it."""
        self.tell(attempt.check_id, _KINDS[attempt.state], said(attempt))
        if attempt.state is AttemptState.FAILED:
            _LOGGER.warning("Action for %s: %s", attempt.check_id, said(attempt))
        await self.put(attempt)

    async def put(self, attempt: Attempt) -> None:
        """Keep an attempt as it is now."""
        self._attempts = [attempt if item.id == attempt.id else item for item in self._attempts]
        try:
            await self._store.save_attempts([attempt])
        except StoreError as err:
            _LOGGER.warning("How an action for %s went was not kept: %s", attempt.check_id, err)

    def tell(self, check_id: str, kind: EventKind, text: str) -> None:
        """Tell an event of a check whose state stays as it is."""
        state = self._host.states.get(check_id)
        if state is None:
            return
        now_ms = self._clock.now_ms()
        transition = Transition(
            check_id=check_id,
            at_ms=now_ms,
            event=kind,
            status=state.status,
            previous=state.status,
            ok=state.ok,
            error=text,
        )
        self._host.change(Change(state=state, at_ms=now_ms, transition=transition))

    def prune(self, now_ms: int, well_ms: Callable[[str, int], int]) -> None:
        """Forget what no limit looks at any more; what lies in the future was made just now."""
        kept = []
        for item in self._attempts:
            started_ms = min(item.started_ms, now_ms)
            since_well = started_ms > well_ms(item.check_id, now_ms)
            if now_ms - started_ms < _REMEMBERED_MS or since_well:
                ended_ms = None if item.ended_ms is None else min(item.ended_ms, now_ms)
                kept.append(replace(item, started_ms=started_ms, ended_ms=ended_ms))
        self._attempts = kept


def said(attempt: Attempt) -> str:
    """Say what was done, and how it went."""
    said = f"{attempt.action} {attempt.target}"
    return said if attempt.message is None else f"{said}: {attempt.message}"
