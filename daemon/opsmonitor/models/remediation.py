"""What the daemon does by itself about a check that fails, and how that went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class AttemptState(StrEnum):
    """How far an attempt has come."""

    STARTED = "started"
    DONE = "done"
    """The action did what it does; whether that helped is another question."""
    FAILED = "failed"
    DRY_RUN = "dry_run"
    """Nothing was done, because nothing was to be done."""
    INTERRUPTED = "interrupted"
    """The daemon ended meanwhile: how far the action came is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One action for one check. Times are epoch milliseconds, UTC."""

    id: str
    check_id: str
    action: str
    """The type of the action."""
    target: str
    """What it acts on, for people, without secrets."""
    place: str
    """The same for all actions on the same thing, whichever check has them: limits go by it."""
    started_ms: int
    state: AttemptState = AttemptState.STARTED
    ended_ms: int | None = None
    message: str | None = None
    """How it went, for people."""
    helped: bool | None = None
    """Whether the check was well in the run afterwards; None: nobody looked, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What an action is told of its reason."""

    attempt_id: str
    check_id: str
    name: str
    severity: str
    error: str
    fail_streak: int
    at_ms: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """What a client of the stream, such as Home Assistant, is asked to do."""

    id: str
    check_id: str
    name: str
    reason: str
    action: str
    """Such as `switch.turn_on`."""
    target: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    data: Mapping[str, object] = field(default_factory=lambda: _NOTHING, repr=False)
    at_ms: int
    expires_ms: int
    """Nobody waits for it afterwards, so it must not be done any more."""
