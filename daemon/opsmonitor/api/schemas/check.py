"""The state of a check, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from opsmonitor.api.schemas.export import ExportBody, exports_of
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.api.schemas.past import PastBody
from opsmonitor.config.settings import CheckSettings
from opsmonitor.engine.flapping import percent
from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    Maintenance,
    Outcome,
    Pause,
    Status,
    TlsInfo,
)
from opsmonitor.util.clock import iso_utc

_NO_DATA: Final[Mapping[str, Any]] = MappingProxyType({})
_VALUES: Final = {"disk": "used_percent", "metric": "value", "process": "count"}
"""Which of a type's further values is what it measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseBody:
    """A person's wish that a check is not run."""

    since: Timestamp
    until: Annotated[Timestamp | None, Doc("Null: until it is resumed")]
    reason: str | None

    @classmethod
    def of(cls, pause: Pause) -> PauseBody:
        """Tell of a pause."""
        until = None if pause.until_ms is None else iso_utc(pause.until_ms)
        return cls(since=iso_utc(pause.since_ms), until=until, reason=pause.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementBody:
    """Somebody knows of a check's trouble."""

    at: Timestamp
    by: str | None
    note: str | None

    @classmethod
    def of(cls, known: Acknowledgement) -> AcknowledgementBody:
        """Tell who knows."""
        return cls(at=iso_utc(known.at_ms), by=known.by, note=known.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class InMaintenanceBody:
    """The window that a check is in."""

    id: str
    reason: str | None
    until: Timestamp

    @classmethod
    def of(cls, maintenance: Maintenance) -> InMaintenanceBody:
        """Tell of a window."""
        return cls(
            id=maintenance.window_id,
            reason=maintenance.reason,
            until=iso_utc(maintenance.until_ms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingBody:
    """It changes too often for each change to be told."""

    since: Timestamp
    percent: Annotated[float, Doc("How much of the possible change there was of late, weighted")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBody:
    """What is known of one check now."""

    id: str
    name: str
    type: str
    target: Annotated[str, Doc("What is checked, for people")]
    status: Status
    ok: Annotated[
        bool | None,
        Doc(
            "The judged state of the target; null until it was judged, while it is paused, and"
            " without a network"
        ),
    ]
    last_run: Timestamp | None
    last_ok: Timestamp | None
    last_change: Timestamp | None
    latency_ms: Annotated[float | None, Doc("Of the latest run")]
    status_code: int | None
    error: Annotated[str | None, Doc("What is wrong, in one sentence; null when all is well")]
    error_code: Annotated[str | None, Doc("Stable, such as `connection_refused`")]
    attempts: Annotated[int | None, Doc("How many tries the latest run took")]
    fail_streak: Annotated[int, Doc("Failing runs in a row")]
    ok_streak: Annotated[int, Doc("Good runs in a row")]
    severity: str
    core: Annotated[bool, Doc("Whether its failure is critical for the whole")]
    tags: tuple[str, ...]
    area: Annotated[str | None, Doc("The room that it is in, for Home Assistant")]
    belongs_to: Annotated[
        str | None,
        Doc(
            "The dotted name of the thing among the readings that its target is part of, or of"
            " something within it; null for none of them"
        ),
    ]
    is_reachability: Annotated[
        bool, Doc("Whether up and down mean reachable and not, rather than fine and in trouble")
    ]
    interval_s: float
    sla: Annotated[float | None, Doc("The uptime that was agreed, in percent")]
    down_threshold: Annotated[int, Doc("So many failing runs in a row turn it down")]
    depends_on: Annotated[tuple[str, ...], Doc("Ids of the checks that it depends on")]
    because: Annotated[
        str | None, Doc("While it is `unreachable`: the id of the check that is the cause")
    ]
    maintenance: Annotated[InMaintenanceBody | None, Doc("Null unless its status is that")]
    flapping: Annotated[FlappingBody | None, Doc("Null unless it changes too often")]
    last_ping: Annotated[
        Timestamp | None, Doc("When a job last reported; null for checks that look for themselves")
    ]
    deadline: Annotated[
        Timestamp | None, Doc("A job that has not reported by then is late; null for other checks")
    ]
    certificate_expires: Annotated[
        Timestamp | None, Doc("When the certificate that the latest run saw expires")
    ]
    value: Annotated[
        float | None,
        Doc(
            "What it measured: of `metric` the value, of `disk` the percentage in use, of `process`"
            " how many there are; null for what is no number, and for the other types"
        ),
    ]
    exports: Annotated[
        tuple[ExportBody, ...], Doc("What it reads beside what it judges, as `export` says")
    ]
    job_state: Annotated[
        Literal["running", "succeeded", "failed"] | None, Doc("Of a `job`; null for other types")
    ]
    paused: Annotated[PauseBody | None, Doc("Null unless it is paused")]
    acknowledged: Annotated[
        AcknowledgementBody | None, Doc("Who knows of its trouble; null once it is over")
    ]

    @classmethod
    def of(cls, check: CheckSettings, state: CheckState, place: str | None = None) -> CheckBody:
        """Tell the state of a check."""
        return cls(**check_values(check, state, place))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingsBody:
    """How long each phase of the latest run took; null where a phase did not happen."""

    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionBody:
    """One expectation of a check, with the value that was seen."""

    name: str
    ok: bool
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsBody:
    """What the certificate of the target says."""

    not_after: Timestamp | None
    days_left: Annotated[int | None, Doc("Whole days until it expires; negative afterwards")]
    subject: str | None
    issuer: str | None
    verified: bool | None

    @classmethod
    def of(cls, tls: TlsInfo) -> TlsBody:
        """Tell of a certificate."""
        return cls(
            not_after=None if tls.not_after_ms is None else iso_utc(tls.not_after_ms),
            days_left=tls.days_left,
            subject=tls.subject,
            issuer=tls.issuer,
            verified=tls.verified,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDetail(CheckBody):
    """All that is known of one check now."""

    timings: TimingsBody | None
    assertions: tuple[AssertionBody, ...]
    tls: TlsBody | None
    uptime: PastBody
    data: Annotated[Mapping[str, Any], Doc("Further values, by the check's type")]

    @classmethod
    def detail_of(
        cls, check: CheckSettings, state: CheckState, uptime: PastBody, place: str | None = None
    ) -> CheckDetail:
        """Tell everything about a check."""
        outcome = state.outcome
        return cls(
            **check_values(check, state, place),
            timings=_timings(outcome),
            assertions=_assertions(outcome),
            tls=TlsBody.of(outcome.tls) if outcome and outcome.tls else None,
            uptime=uptime,
            data=dict(outcome.data) if outcome else {},
        )


def check_values(
    check: CheckSettings, state: CheckState, place: str | None = None
) -> dict[str, Any]:
    """Return the fields of `CheckBody`, as which they are also encoded in a hurry.

    `place` is what of all that is polled its target is part of.
    """
    outcome = state.outcome
    data = outcome.data if outcome else _NO_DATA
    return {
        "id": check.id,
        "name": check.name,
        "type": check.type,
        "target": check.target,
        "status": state.status,
        "ok": state.shown_ok,
        "last_run": _moment(state.last_run_ms),
        "last_ok": _moment(state.last_ok_ms),
        "last_change": _moment(state.last_change_ms),
        "latency_ms": rounded(outcome.latency_ms) if outcome else None,
        "status_code": outcome.status_code if outcome else None,
        "error": outcome.error if outcome else None,
        "error_code": outcome.error_code if outcome else None,
        "attempts": outcome.attempts if outcome else None,
        "fail_streak": state.fail_streak,
        "ok_streak": state.ok_streak,
        "severity": check.severity,
        "core": check.core,
        "tags": check.tags,
        "area": check.area,
        "belongs_to": place,
        "is_reachability": check.is_reachability,
        "interval_s": check.interval_s,
        "sla": check.sla,
        "down_threshold": check.down_threshold,
        "depends_on": check.depends_on,
        "because": state.because,
        "maintenance": InMaintenanceBody.of(state.maintenance) if state.maintenance else None,
        "flapping": _flapping(state),
        "last_ping": data.get("last_ping") if check.push else None,
        "deadline": data.get("late") if check.push else None,
        "certificate_expires": _expiry(outcome),
        "value": _number(data.get(_VALUES[check.type])) if check.type in _VALUES else None,
        "exports": exports_of(check, data),
        "job_state": data.get("state") if check.type == "job" else None,
        "paused": PauseBody.of(state.pause) if state.pause else None,
        "acknowledged": AcknowledgementBody.of(state.acknowledged) if state.acknowledged else None,
    }


def rounded(milliseconds: float | None) -> float | None:
    """Return a duration to the microsecond, as the database keeps it."""
    return None if milliseconds is None else round(milliseconds, 3)


@lru_cache(maxsize=4096)
def _moment(at_ms: int | None) -> str | None:
    """Return a time as text; unknown stays unknown.

    Kept for a while: a good run was last good when it was last run, and most states do not change.
    """
    return None if at_ms is None else iso_utc(at_ms)


def _expiry(outcome: Outcome | None) -> str | None:
    """Return when the certificate of a run expires."""
    return _moment(outcome.tls.not_after_ms) if outcome and outcome.tls else None


def _number(value: object) -> float | None:
    """Return a value that is a number; to Python a boolean is one, to people it is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _flapping(state: CheckState) -> FlappingBody | None:
    """Tell how much a check flaps."""
    since_ms = state.flapping_since_ms
    if since_ms is None:
        return None
    return FlappingBody(since=iso_utc(since_ms), percent=round(percent(state.flips), 1))


def _timings(outcome: Outcome | None) -> TimingsBody | None:
    """Tell how long the phases of a run took."""
    if outcome is None or outcome.timings is None:
        return None
    timings = outcome.timings
    return TimingsBody(
        dns_ms=rounded(timings.dns_ms),
        connect_ms=rounded(timings.connect_ms),
        tls_ms=rounded(timings.tls_ms),
        first_byte_ms=rounded(timings.first_byte_ms),
        total_ms=rounded(timings.total_ms),
    )


def _assertions(outcome: Outcome | None) -> tuple[AssertionBody, ...]:
    """Tell what a run expected and saw."""
    if outcome is None:
        return ()
    return tuple(
        AssertionBody(name=item.name, ok=item.ok, actual=item.actual) for item in outcome.assertions
    )
