"""How messages fared on their way."""

from __future__ import annotations

from opsmonitor.models.alert import Delivery, DeliveryState, Notice, NoticeKind
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock


def delivery(
    mark: int, channel: str, state: DeliveryState, error: str | None = None, *, attempts: int = 1
) -> Delivery:
    """Return what became of a message at a time."""
    notice = Notice(
        id=f"nas:down:{mark}:first_fail",
        alert_id=f"nas:down:{mark}",
        kind=NoticeKind.FIRST_FAIL,
        subject="nas",
        name="NAS",
        severity="P2",
        tags=(),
        at_ms=mark,
        title="DOWN: NAS",
        text="refused",
    )
    done_ms = None if state is DeliveryState.QUEUED else mark
    return Delivery(
        notice=notice,
        channel=channel,
        queued_ms=mark,
        state=state,
        error=error,
        attempts=attempts,
        done_ms=done_ms,
    )


async def test_only_failures_after_the_last_success_are_of_interest(
    store: Store, clock: FakeClock
) -> None:
    """What was sent proves that a channel works; what was never tried says nothing."""
    start_ms = clock.now_ms()
    sent, dropped, queued = DeliveryState.SENT, DeliveryState.DROPPED, DeliveryState.QUEUED
    await store.save_alerts(
        [],
        [
            delivery(start_ms + after_ms, channel, state, error, attempts=attempts)
            for after_ms, channel, state, error, attempts in (
                (1, "mended", dropped, "answered 401", 1),
                (2, "mended", sent, None, 1),
                (3, "refused", sent, None, 1),
                (4, "refused", dropped, "answered 401", 1),
                (5, "refused", dropped, "answered 403", 1),
                (6, "waiting", queued, "answered 503", 3),
                (7, "untried", dropped, "there is no such channel", 0),
                (8, "fresh", queued, None, 0),
            )
        ],
    )

    assert await store.last_failed() == {
        "refused": ("answered 403", start_ms + 5),
        "waiting": ("answered 503", start_ms + 6),
    }
