"""What a job reported, as the API tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.heartbeat import Ping, PingKind, Pulse
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class PingBody:
    """One report of a job."""

    at: Timestamp
    kind: PingKind
    exit_code: int | None
    run_id: Annotated[str | None, Doc("What the job sent as `rid`")]
    duration_ms: Annotated[int | None, Doc("Of the run that ended; null without its start")]
    body: Annotated[str, Doc("What the job sent along, its secrets hidden")]
    is_cut: Annotated[bool, Doc("Whether a part of the body was left out")]
    source: str | None

    @classmethod
    def of(cls, ping: Ping) -> PingBody:
        """Tell of a ping."""
        return cls(
            at=iso_utc(ping.at_ms),
            kind=ping.kind,
            exit_code=ping.exit_code,
            run_id=ping.run_id,
            duration_ms=ping.duration_ms,
            body=ping.body,
            is_cut=ping.is_cut,
            source=ping.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatBody:
    """What is known of a job that reports."""

    check_id: str
    url: Annotated[str | None, Doc("What the job must call; null without the admin token")]
    last_ping: Timestamp | None
    last_kind: PingKind | None
    last_end: Annotated[Timestamp | None, Doc("When a run last ended, well or not")]
    duration_ms: Annotated[int | None, Doc("How long the latest run took")]
    running: Annotated[int, Doc("How many runs are under way")]
    pings: Annotated[tuple[PingBody, ...], Doc("Newest first")]

    @classmethod
    def of(cls, pulse: Pulse, url: str | None, pings: tuple[PingBody, ...]) -> HeartbeatBody:
        """Tell of a job."""
        return cls(
            check_id=pulse.check_id,
            url=url,
            last_ping=_moment(pulse.last_ms),
            last_kind=pulse.last_kind,
            last_end=_moment(pulse.ended_ms),
            duration_ms=pulse.duration_ms,
            running=len(pulse.started),
            pings=pings,
        )


def _moment(at_ms: int | None) -> str | None:
    """Return a time as text."""
    return None if at_ms is None else iso_utc(at_ms)
