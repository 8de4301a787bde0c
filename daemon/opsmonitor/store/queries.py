"""Read events, runs and uptime."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final, TypeVar

from opsmonitor.models.check import Status
from opsmonitor.models.history import Uptime
from opsmonitor.store.rows import Row, check_state, raw_run, transition
from opsmonitor.store.spans import TIME_BY_STATUS
from opsmonitor.store.tiers import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from opsmonitor.models.check import CheckState, Transition
    from opsmonitor.models.history import RawRun
    from opsmonitor.store.database import Database

_T = TypeVar("_T")
_CHUNK: Final = 1000
"""Rows turned into objects before others may run."""
_FEW: Final = 20
"""Up to this many checks are read one by one, more all together."""

_RUN: Final = (
    "c.id, r.ts, r.verdict, r.latency_us, r.status_code, r.error_code, r.error, r.attempts"
)
_STATES: Final = """
SELECT c.id, s.type, s.status, s.ok, s.fail_streak, s.ok_streak, s.last_run_ms, s.last_ok_ms,
  s.last_change_ms, s.verdict, s.latency_us, s.status_code, s.error_code, s.error, s.attempts,
  s.extra, s.covered, s.because, s.pause, s.acknowledged, s.flips,
  s.flapping_since_ms
FROM check_states s JOIN checks c ON c.key = s.check_key WHERE c.removed_ms IS NULL
"""
_EVENTS: Final = """
SELECT c.id, e.ts, e.event, e.status, e.previous, e.ok, e.latency_us, e.status_code,
  e.error_code, e.error
FROM events e JOIN checks c ON c.key = e.check_key
WHERE (:check_id IS NULL OR e.check_key = (SELECT key FROM checks WHERE id = :check_id))
  AND (:since_ms IS NULL OR e.ts >= :since_ms)
  AND (:before_ms IS NULL OR e.ts < :before_ms)
ORDER BY e.id DESC LIMIT :limit
"""
_RECENT: Final = f"""
SELECT {_RUN}
FROM checks c CROSS JOIN results r ON r.check_key = c.key AND r.ts >= coalesce((
  SELECT ts FROM results WHERE check_key = c.key ORDER BY ts DESC LIMIT 1 OFFSET :older
), 0)
WHERE c.removed_ms IS NULL
  AND (:ids IS NULL OR c.id IN (SELECT value FROM json_each(:ids)))
ORDER BY c.key, r.ts
"""  # noqa: S608 - a constant list of columns, here and below
_RUNS: Final = f"""
SELECT {_RUN}
FROM checks c CROSS JOIN results r ON r.check_key = c.key AND r.ts >= :since_ms
WHERE (:check_id IS NULL OR c.id = :check_id)
ORDER BY r.ts DESC LIMIT :limit
"""  # noqa: S608
_FAILED: Final = f"""
SELECT {_RUN}
FROM results r INDEXED BY results_failed JOIN checks c ON c.key = r.check_key
WHERE r.verdict = 2 AND r.ts >= :since_ms AND (:check_id IS NULL OR c.id = :check_id)
ORDER BY r.ts DESC LIMIT :limit
"""  # noqa: S608
_KEYS: Final = "SELECT id, key FROM checks"


async def states(database: Database) -> dict[str, CheckState]:
    """Return what was last known of each check."""
    return {row[0]: check_state(row) for row in await database.query(_STATES)}


async def events(
    database: Database,
    *,
    limit: int,
    since_ms: int | None,
    before_ms: int | None,
    check_id: str | None,
) -> list[Transition]:
    """Return transitions, newest first."""
    scope = {
        "limit": limit,
        "since_ms": since_ms,
        "before_ms": before_ms,
        "check_id": check_id,
    }
    return await _convert(await database.query(_EVENTS, scope), transition)


async def recent_runs(
    database: Database, per_check: int, check_ids: Collection[str] | None
) -> dict[str, list[RawRun]]:
    """Return the latest runs of each check, oldest first; checks without any are left out."""
    ids = None if check_ids is None else json.dumps(list(check_ids))
    rows = await database.query(_RECENT, {"older": per_check - 1, "ids": ids})
    grouped: dict[str, list[RawRun]] = {}
    for run in await _convert(rows, raw_run):
        grouped.setdefault(run.check_id, []).append(run)
    return grouped


async def runs(
    database: Database,
    *,
    since_ms: int,
    now_ms: int,
    check_id: str | None,
    limit: int,
    only_failed: bool,
) -> list[RawRun]:
    """Return runs, newest first."""
    statement = _FAILED if only_failed else _RUNS
    rows: Sequence[Row] = ()
    # The runs of all checks have no order of their own: look at the latest minute first, and
    # further back only while that does not give enough.
    span_ms = now_ms - since_ms if only_failed or check_id is not None else MINUTE_MS
    from_ms = now_ms + 1
    while from_ms > since_ms and len(rows) < limit:
        from_ms = max(since_ms, now_ms - span_ms)
        scope = {"since_ms": from_ms, "check_id": check_id, "limit": limit}
        rows = await database.query(statement, scope)
        span_ms *= 4
    return await _convert(rows, raw_run)


async def uptime(
    database: Database, check_ids: Collection[str], from_ms: int, to_ms: int
) -> dict[str, Uptime]:
    """Return how long each check was in each status; of unknown checks nothing is known."""
    keys: Mapping[str, int] = dict(await database.query(_KEYS))
    known = {keys[check_id]: check_id for check_id in check_ids if check_id in keys}
    each = [(key, key) for key in known]
    scopes = each if len(known) <= _FEW else [(min(known), max(known))]
    spans: dict[int, dict[str, float]] = {}
    for first, last in scopes if to_ms > from_ms else ():
        scope = {"from_ms": from_ms, "to_ms": to_ms, "first": first, "last": last}
        for key, status, span_ms in await database.query(TIME_BY_STATUS, scope):
            spans.setdefault(key, {})[f"{Status(status)}_s"] = span_ms / 1000
    found = {check_id: Uptime(**spans.get(key, {})) for key, check_id in known.items()}
    return {check_id: found.get(check_id, Uptime()) for check_id in check_ids}


async def _convert(rows: Iterable[Row], convert: Callable[[Row], _T]) -> list[_T]:
    """Turn rows into objects without keeping the event loop for long."""
    converted: list[_T] = []
    for number, row in enumerate(rows, start=1):
        converted.append(convert(row))
        if number % _CHUNK == 0:
            await asyncio.sleep(0)
    return converted
