"""What the answer about a job says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
import json
from typing import Any, Final

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.body import excerpt

_STATE_KEYS: Final = ("state", "status")
_MILLISECONDS: Final = 1e11
"""Larger numbers are not seconds since 1970: they would be after the year 5000."""


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_WORDS: Final = {
    JobState.RUNNING: "running queued pending scheduled started in_progress",
    JobState.SUCCEEDED: "succeeded success successful completed done finished",
    JobState.FAILED: "failed failure error cancelled canceled aborted",
}
_STATES: Final = {word: state for state, words in _WORDS.items() for word in words.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAnswer:
    """The state of a job, and its times as far as it tells them."""

    state: JobState
    started: datetime | None
    finished: datetime | None


def read_answer(body: bytes, zone: tzinfo) -> JobAnswer:
    """Return what the JSON of an answer says; times without a zone are in the given one.

    Raises:
        TransportError: It says nothing that could be understood.

    """
    answer = parse_json(body)
    if not isinstance(answer, dict):
        raise TransportError(
            "invalid_response", "the answer about the job is not a JSON object with a state"
        )
    word = next((answer[key] for key in _STATE_KEYS if key in answer), None)
    state = _STATES.get(word.strip().lower()) if isinstance(word, str) else None
    if state is None:
        shown = "no state" if word is None else excerpt(str(word))
        raise TransportError(
            "job_state_unknown",
            f"the job's state is {shown}, expected running, succeeded or failed",
        )
    return JobAnswer(
        state=state,
        started=_moment(answer.get("started_at"), zone),
        finished=_moment(answer.get("finished_at"), zone),
    )


def parse_json(body: bytes) -> Any:
    """Return what a JSON text holds, None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _moment(value: Any, zone: tzinfo) -> datetime | None:
    """Return a time in ISO 8601 or in seconds or milliseconds since 1970; None if it is none."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
