"""What a person's wish makes of a check's state: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsmonitor.models.check import (
    Acknowledgement,
    Change,
    CheckState,
    EventKind,
    Pause,
    Status,
    Transition,
)

if TYPE_CHECKING:
    from typing import Any


def pause(state: CheckState, wish: Pause, now_ms: int) -> Change:
    """Return the change to a paused check, or to another pause."""
    return _change(
        state, EventKind.PAUSED, now_ms, wish.reason, pause=wish, status=Status.PAUSED, ok=None
    )


def resume(state: CheckState, now_ms: int) -> Change:
    """Return the change back to what was known before the pause; the next run may correct it."""
    return _change(
        state, EventKind.RESUMED, now_ms, None, pause=None, status=state.judged, ok=state.ok
    )


def keep_pausing(state: CheckState, now_ms: int) -> Change:
    """Return the beginning of an interval after a restart; there is nothing to tell."""
    return Change(state=state, at_ms=now_ms, interval=Status.PAUSED)


def acknowledge(state: CheckState, wish: Acknowledgement) -> Change:
    """Return the change to a check whose trouble is known; its status stays."""
    return _change(
        state,
        EventKind.ACKNOWLEDGED,
        wish.at_ms,
        ": ".join(filter(None, (wish.by, wish.note))) or None,
        acknowledged=wish,
        status=state.status,
        ok=state.ok,
    )


def unacknowledge(state: CheckState, now_ms: int) -> Change:
    """Return the change to a check whose trouble nobody takes care of after all."""
    return _change(
        state,
        EventKind.UNACKNOWLEDGED,
        now_ms,
        None,
        acknowledged=None,
        status=state.status,
        ok=state.ok,
    )


def _change(
    state: CheckState,
    event: EventKind,
    now_ms: int,
    why: str | None,
    *,
    status: Status,
    ok: bool | None,
    **values: Any,
) -> Change:
    """Describe a change; a new interval begins only with another status."""
    has_changed = status is not state.status
    if has_changed:
        values |= {
            "status": status,
            "covered": state.judged if status is not state.judged else None,
            "because": None,
            "maintenance": None,
            "is_held": False,
            "last_change_ms": now_ms,
        }
    transition = Transition(
        check_id=state.id,
        at_ms=now_ms,
        event=event,
        status=status,
        previous=state.status,
        ok=ok,
        error=why,
    )
    return Change(
        state=replace(state, **values),
        at_ms=now_ms,
        transition=transition,
        interval=status if has_changed else None,
    )
