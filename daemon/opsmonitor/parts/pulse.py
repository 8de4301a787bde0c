"""What a ping adds to what is known of a job: pure."""

from __future__ import annotations

from dataclasses import replace
import re
from types import MappingProxyType
from typing import Final

from opsmonitor.models.heartbeat import Ping, PingKind, Pulse

_MOST_RUNS: Final = 50
"""More runs under way at once are not told apart: the oldest is forgotten."""
_MOST_GAPS: Final = 20
_LONGEST_RUN_MS: Final = 72 * 3_600_000
"""A start that lies further back belongs to a run that never ended."""
_LONGEST_MESSAGE: Final = 160


def beat(pulse: Pulse, ping: Ping) -> tuple[Pulse, Ping]:
    """Return what is known of a job after a ping, and the ping with the length of its run.

    A success ends the run that has its id; a failure does, too, and where it names none that is
    known, it ends all of them. What is only for the log changes nothing.
    """
    if ping.kind is PingKind.LOG:
        return pulse, ping
    if ping.kind is PingKind.START:
        return _start(pulse, ping), ping
    started = dict(pulse.started)
    began_ms = started.pop(ping.run_id or "", None)
    if began_ms is None and ping.kind is PingKind.FAIL:
        started.clear()
    ping = replace(ping, duration_ms=_duration_ms(began_ms, ping.at_ms))
    has_failed = ping.kind is PingKind.FAIL
    after = replace(
        pulse,
        last_ms=ping.at_ms,
        last_kind=ping.kind,
        ended_ms=ping.at_ms,
        has_failed=has_failed,
        exit_code=ping.exit_code,
        message=_last_line(ping.body) if has_failed else None,
        duration_ms=ping.duration_ms,
        started=MappingProxyType(started),
        blind=(),
    )
    return after, ping


def go_blind(pulse: Pulse, from_ms: int, to_ms: int) -> Pulse:
    """Return what is known of a job when no ping could be heard for a while."""
    return replace(pulse, blind=(*pulse.blind, (from_ms, to_ms))[-_MOST_GAPS:])


def _start(pulse: Pulse, ping: Ping) -> Pulse:
    """Note that a run began."""
    started = {**pulse.started, ping.run_id or "": ping.at_ms}
    while len(started) > _MOST_RUNS:
        del started[min(started, key=started.__getitem__)]
    return replace(
        pulse, last_ms=ping.at_ms, last_kind=ping.kind, started=MappingProxyType(started)
    )


def _duration_ms(began_ms: int | None, ended_ms: int) -> int | None:
    """Return how long a run took; what cannot be is not known."""
    if began_ms is None or not 0 <= ended_ms - began_ms <= _LONGEST_RUN_MS:
        return None
    return ended_ms - began_ms


def _last_line(body: str) -> str | None:
    """Return the last line that says something: there most programs tell what went wrong."""
    lines = [line for line in map(str.strip, body.splitlines()) if re.search(r"\w", line)]
    return lines[-1][:_LONGEST_MESSAGE] if lines else None
