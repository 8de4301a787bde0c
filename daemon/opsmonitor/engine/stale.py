"""Find what has waited for a channel too long to be worth telling: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.engine.held import ENDS, is_beginning
from opsmonitor.models.alert import OPENING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.models.alert import Delivery

_GIVE_UP_MS: Final = 86_400_000
"""Older news helps nobody."""


def stale(waiting: Iterable[Delivery], now_ms: int) -> list[Delivery]:
    """Return what is to be given up, of all that waits for a channel.

    Not that something is wrong while it is wrong still, nor the end of what was told: without these
    people would believe what is not so.
    """
    threads: dict[str, list[Delivery]] = {}
    for item in waiting:
        threads.setdefault(item.notice.alert_id, []).append(item)
    found: list[Delivery] = []
    for thread in threads.values():
        is_over = any(item.notice.kind in ENDS for item in thread)
        if is_over and any(is_beginning(item.notice) and _is_old(item, now_ms) for item in thread):
            # It came and went, and nobody heard of either.
            found += thread
            continue
        needed = ENDS | OPENING
        found += [
            item for item in thread if item.notice.kind not in needed and _is_old(item, now_ms)
        ]
    return found


def _is_old(item: Delivery, now_ms: int) -> bool:
    """Tell whether a delivery has waited for a day."""
    return now_ms - item.queued_ms > _GIVE_UP_MS
