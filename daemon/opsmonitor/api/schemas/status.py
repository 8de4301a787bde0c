"""The summary of all checks and their events, as the API tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from opsmonitor.api.schemas.check import CheckBody, rounded
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.engine.summary import Overall, Summary
from opsmonitor.models.check import EventKind, Status, Transition
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryBody:
    """How many checks are in which state."""

    total: int
    up: Annotated[int, Doc("Judged good, degraded ones included")]
    down: Annotated[int, Doc("By trouble of their own")]
    unreachable: Annotated[int, Doc("Failing because something that they depend on is down")]
    unknown: Annotated[int, Doc("Never judged")]
    degraded: int
    paused: Annotated[int, Doc("Counted as nothing else, as are the next two")]
    maintenance: int
    no_network: Annotated[int, Doc("The machine that looks has no network")]
    down_checks: tuple[CheckBody, ...]
    overall: Annotated[Overall, Doc("`crit` if a core check is down, `warn` if anything is wrong")]

    @classmethod
    def of(cls, summary: Summary, down_checks: tuple[CheckBody, ...]) -> SummaryBody:
        """Tell a summary."""
        return cls(
            total=summary.total,
            up=summary.up,
            down=summary.down,
            unreachable=summary.unreachable,
            unknown=summary.unknown,
            degraded=summary.degraded,
            paused=summary.paused,
            maintenance=summary.maintenance,
            no_network=summary.no_network,
            down_checks=down_checks,
            overall=summary.overall,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBody:
    """A change of a check's status."""

    ts: Timestamp
    id: str
    name: Annotated[str, Doc("The check's name; its id where it is no longer configured")]
    event: EventKind
    status: Status
    previous: Status
    ok: bool | None
    latency_ms: float | None
    status_code: int | None
    error: str | None
    error_code: str | None

    @classmethod
    def of(cls, transition: Transition, names: Mapping[str, str]) -> EventBody:
        """Tell a transition."""
        return cls(
            ts=iso_utc(transition.at_ms),
            id=transition.check_id,
            name=names.get(transition.check_id, transition.check_id),
            event=transition.event,
            status=transition.status,
            previous=transition.previous,
            ok=transition.ok,
            latency_ms=rounded(transition.latency_ms),
            status_code=transition.status_code,
            error=transition.error,
            error_code=transition.error_code,
        )
