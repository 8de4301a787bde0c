"""Keep what people were told, and what is on its way to them."""

from __future__ import annotations

from dataclasses import asdict
import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.alert import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.store.database import Database
    from opsmonitor.store.rows import Row

_KEPT_MS: Final = 90 * 86_400_000
"""What is over is kept this long."""
_PUT_ALERT: Final = """
INSERT INTO alerts (id, subject, opened_ms, resolved_ms, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET resolved_ms = excluded.resolved_ms, body = excluded.body
"""
_PUT_DELIVERY: Final = """
INSERT INTO deliveries
  (notice_id, channel, state, queued_ms, attempts, next_ms, done_ms, error, notice)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (notice_id, channel) DO UPDATE SET state = excluded.state,
  queued_ms = excluded.queued_ms,
  attempts = excluded.attempts, next_ms = excluded.next_ms, done_ms = excluded.done_ms,
  error = excluded.error
"""
_FORGET_ALERTS: Final = "DELETE FROM alerts WHERE opened_ms < ? AND resolved_ms < ?"
_FORGET_DELIVERIES: Final = "DELETE FROM deliveries WHERE done_ms < ?"
_ALERTS: Final = """
SELECT body FROM alerts
WHERE (:resolved IS NULL OR (resolved_ms IS NOT NULL) = :resolved)
  AND (:server_id IS NULL OR json_extract(body, '$.server_id') = :server_id)
ORDER BY opened_ms DESC, id LIMIT :limit
"""
_QUEUED: Final = """
SELECT channel, state, queued_ms, attempts, next_ms, error, notice FROM deliveries
WHERE state IN ('queued', 'held') ORDER BY queued_ms, notice_id
"""


_LAST_SENT: Final = (
    "SELECT channel, max(done_ms) FROM deliveries WHERE state = 'sent' GROUP BY channel"
)

_LAST_FAILED: Final = """
SELECT failed.channel, error, max(coalesce(done_ms, queued_ms)) FROM deliveries AS failed
LEFT JOIN (
  SELECT channel, max(done_ms) AS sent_ms FROM deliveries WHERE state = 'sent' GROUP BY channel
) AS good ON good.channel = failed.channel
WHERE attempts > 0 AND error IS NOT NULL
  AND (state = 'queued' OR state = 'dropped' AND done_ms > coalesce(sent_ms, 0))
GROUP BY failed.channel
"""
"""Nothing overtakes what waits: behind it nothing was sent."""


async def save(
    database: Database, alerts: Iterable[Alert], deliveries: Iterable[Delivery], now_ms: int
) -> None:
    """Write alerts and deliveries as they are now, all or none, and forget what is long over."""
    async with database.transaction():
        await database.execute_many(_PUT_ALERT, [_alert_row(alert) for alert in alerts])
        await database.execute_many(_PUT_DELIVERY, [_delivery_row(item) for item in deliveries])
        before_ms = now_ms - _KEPT_MS
        await database.execute(_FORGET_ALERTS, (before_ms, before_ms))
        await database.execute(_FORGET_DELIVERIES, (before_ms,))


async def alerts(
    database: Database, *, is_resolved: bool | None, server_id: str | None, limit: int
) -> list[Alert]:
    """Return alerts, newest first."""
    parameters = {"resolved": is_resolved, "server_id": server_id, "limit": limit}
    return [_alert(body) for (body,) in await database.query(_ALERTS, parameters)]


async def queued(database: Database) -> list[Delivery]:
    """Return what is on its way, oldest first."""
    return [_delivery(row) for row in await database.query(_QUEUED)]


async def last_sent(database: Database) -> dict[str, int]:
    """Return when each channel last took a message."""
    return dict(await database.query(_LAST_SENT))


async def last_failed(database: Database) -> dict[str, tuple[str, int]]:
    """Return why each channel did not take the latest message, and when that was told or sent."""
    found = await database.query(_LAST_FAILED)
    return {channel: (error, at_ms) for channel, error, at_ms in found}


def _alert_row(alert: Alert) -> Row:
    """Return an alert as it is kept."""
    body = json.dumps(asdict(alert))
    return (alert.id, alert.subject, alert.opened_ms, alert.resolved_ms, body)


def _alert(body: Any) -> Alert:
    """Return a kept alert."""
    values = json.loads(body)
    values["kind"] = AlertKind(values["kind"])
    values["channels"] = tuple(values["channels"])
    values["steps"] = tuple(values.get("steps", ()))
    return Alert(**values)


def _delivery_row(item: Delivery) -> Row:
    """Return a delivery as it is kept."""
    return (
        item.notice.id,
        item.channel,
        item.state.value,
        item.queued_ms,
        item.attempts,
        item.next_ms,
        item.done_ms,
        # What a service answered can hold half a character, which SQLite does not take.
        item.error and item.error.encode("utf-8", "replace").decode(),
        json.dumps(asdict(item.notice)),
    )


def _delivery(row: Row) -> Delivery:
    """Return a kept delivery that is under way."""
    channel, state, queued_ms, attempts, next_ms, error, notice = row
    values = json.loads(notice)
    values["kind"] = NoticeKind(values["kind"])
    values["alert_kind"] = AlertKind(values.get("alert_kind", AlertKind.DOWN))
    values["tags"] = tuple(values["tags"])
    return Delivery(
        notice=Notice(**values),
        channel=channel,
        queued_ms=queued_ms,
        state=DeliveryState(state),
        attempts=attempts,
        next_ms=next_ms,
        error=error,
    )
