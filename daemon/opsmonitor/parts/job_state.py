"""What the answer about a job says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.body import excerpt
from opsmonitor.util.cpu_budget import within_budget

if TYPE_CHECKING:
    from opsmonitor.util.json_path import JsonPath

_BUDGET_S: Final = 0.05
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


def read_answer(answer: Any, zone: tzinfo, path: JsonPath | None = None) -> JobAnswer:
    """Return what an answer's JSON, once parsed, says; times without a zone are in the given one.

    The state is what `path` leads to, or else the value of `state` or `status`.

    Raises:
        TransportError: It says nothing that could be understood.

    """
    times: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    if path is not None:
        word = _at_path(answer, path)
    elif isinstance(answer, dict):
        word = next((answer[key] for key in _STATE_KEYS if key in answer), None)
    else:
        raise TransportError(
            "invalid_response", "the answer about the job is not a JSON object with a state"
        )
    state = _STATES.get(word.strip().lower()) if isinstance(word, str) else None
    if state is None:
        shown = "no state" if word is None else excerpt(str(word))
        raise TransportError(
            "job_state_unknown",
            f"the job's state is {shown}, expected running, succeeded or failed",
        )
    return JobAnswer(
        state=state,
        started=_moment(times.get("started_at"), zone),
        finished=_moment(times.get("finished_at"), zone),
    )


def _at_path(answer: Any, path: JsonPath) -> Any:
    """Return the first value that a path leads to, None if there is none.

    Raises:
        TransportError: Searching takes too long.

    """
    found = within_budget(lambda: (next(path.values(answer), None),), _BUDGET_S)
    if found is None:
        raise TransportError(
            "jsonpath_too_slow", f"searching the answer for {path.text} takes too long: simplify it"
        )
    return found[0]


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
