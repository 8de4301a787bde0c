"""Keep what jobs report."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opsmonitor.models.heartbeat import Ping, PingKind, Pulse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opsmonitor.store.database import Database
    from opsmonitor.store.rows import Row

KEPT: Final = 100
"""So many pings of each job are kept."""
_PUT_PULSE: Final = """
INSERT INTO pulses (check_id, body) VALUES (?, ?)
ON CONFLICT (check_id) DO UPDATE SET body = excluded.body
"""
_ADD_PING: Final = """
INSERT INTO pings (check_id, ts, kind, exit_code, run_id, duration_ms, body, is_cut, source)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_BOUND: Final = f"""
DELETE FROM pings WHERE check_id = ?1 AND id <= (
  SELECT id FROM pings WHERE check_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET {KEPT}
)
"""  # noqa: S608 - a constant number
_FORGET_PULSE: Final = "DELETE FROM pulses WHERE check_id = ?"
_FORGET_PINGS: Final = "DELETE FROM pings WHERE check_id = ?"
_PULSES: Final = "SELECT body FROM pulses"
_PINGS: Final = """
SELECT check_id, ts, kind, exit_code, run_id, duration_ms, body, is_cut, source FROM pings
WHERE check_id = ? ORDER BY id DESC LIMIT ?
"""


async def save(
    database: Database, known: Iterable[Pulse], added: Iterable[Ping], gone: Collection[str]
) -> None:
    """Write what is known now and what came in, all or none; forget the jobs that are gone."""
    rows = [_ping_row(ping) for ping in added]
    async with database.transaction():
        await database.execute_many(_FORGET_PULSE, [(name,) for name in gone])
        await database.execute_many(_FORGET_PINGS, [(name,) for name in gone])
        await database.execute_many(_PUT_PULSE, [_pulse_row(pulse) for pulse in known])
        await database.execute_many(_ADD_PING, rows)
        await database.execute_many(_BOUND, [(name,) for name in {row[0] for row in rows}])


async def pulses(database: Database) -> list[Pulse]:
    """Return what is known of each job."""
    return [_pulse(body) for (body,) in await database.query(_PULSES)]


async def pings(database: Database, check_id: str, limit: int) -> list[Ping]:
    """Return what one job reported, newest first."""
    return [_ping(row) for row in await database.query(_PINGS, (check_id, limit))]


def _pulse_row(pulse: Pulse) -> Row:
    """Return what is known of a job as it is kept."""
    body = {
        "check_id": pulse.check_id,
        "since_ms": pulse.since_ms,
        "last_ms": pulse.last_ms,
        "last_kind": pulse.last_kind,
        "ended_ms": pulse.ended_ms,
        "has_failed": pulse.has_failed,
        "exit_code": pulse.exit_code,
        "message": pulse.message,
        "duration_ms": pulse.duration_ms,
        "started": dict(pulse.started),
        "blind": pulse.blind,
    }
    return (pulse.check_id, json.dumps(body))


def _pulse(body: str) -> Pulse:
    """Return what was kept of a job."""
    values = json.loads(body)
    values["last_kind"] = values["last_kind"] and PingKind(values["last_kind"])
    values["started"] = MappingProxyType(values["started"])
    values["blind"] = tuple((begin_ms, end_ms) for begin_ms, end_ms in values["blind"])
    return Pulse(**values)


def _ping_row(ping: Ping) -> Row:
    """Return a ping as it is kept."""
    return (
        ping.check_id,
        ping.at_ms,
        ping.kind.value,
        ping.exit_code,
        ping.run_id,
        ping.duration_ms,
        ping.body.encode("utf-8", "replace").decode(),
        ping.is_cut,
        ping.source,
    )


def _ping(row: Row) -> Ping:
    """Return a kept ping."""
    check_id, ts, kind, exit_code, run_id, duration_ms, body, is_cut, source = row
    return Ping(
        check_id=check_id,
        at_ms=ts,
        kind=PingKind(kind),
        exit_code=exit_code,
        run_id=run_id,
        duration_ms=duration_ms,
        body=body,
        is_cut=bool(is_cut),
        source=source,
    )
