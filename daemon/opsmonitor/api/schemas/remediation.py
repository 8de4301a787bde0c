"""What was done about checks that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.remediation import ActionRequest, Attempt, AttemptState
from opsmonitor.util.clock import iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBody:
    """One action for one check."""

    id: str
    check_id: str
    action: Annotated[str, Doc("The type of the action")]
    target: Annotated[str, Doc("What it acts on")]
    state: AttemptState
    started_at: Timestamp
    ended_at: Annotated[Timestamp | None, Doc("Null while it is under way")]
    message: Annotated[str | None, Doc("How it went")]
    helped: Annotated[bool | None, Doc("Whether the check was well in the run afterwards")]

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Return an attempt as the API tells it."""
        return cls(
            id=attempt.id,
            check_id=attempt.check_id,
            action=attempt.action,
            target=attempt.target,
            state=attempt.state,
            started_at=iso_utc(attempt.started_ms),
            ended_at=None if attempt.ended_ms is None else iso_utc(attempt.ended_ms),
            message=attempt.message,
            helped=attempt.helped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFrame:
    """Event `action`: Home Assistant is asked to do something, and to say how it went."""

    seq: int
    id: Annotated[str, Doc("To be named in `POST /api/remediations/{id}/result`")]
    check_id: str
    name: str
    reason: Annotated[str, Doc("What is wrong with the check")]
    action: Annotated[str, Doc("Such as `switch.turn_on`")]
    target: Mapping[str, Any]
    data: Mapping[str, Any]
    ts: Timestamp
    expires_at: Annotated[Timestamp, Doc("It must not be done any more afterwards")]

    @classmethod
    def of(cls, request: ActionRequest, seq: int) -> Self:
        """Return a request as the stream tells it."""
        return cls(
            seq=seq,
            id=request.id,
            check_id=request.check_id,
            name=request.name,
            reason=request.reason,
            action=request.action,
            target=dict(request.target),
            data=dict(request.data),
            ts=iso_utc(request.at_ms),
            expires_at=iso_utc(request.expires_ms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultBody:
    """The answer was taken."""

    ok: bool
