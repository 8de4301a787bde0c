"""Decide what is known of a job means: its state, and its deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.deadline import Progress, missed_after_start, missed_daily
from opsmonitor.parts.export import Exporter
from opsmonitor.parts.job_id import JobId
from opsmonitor.parts.job_state import JobAnswer, JobState, parse_json, read_answer
from opsmonitor.parts.json_search import values_beside
from opsmonitor.parts.latency import LatencyThresholds, latency_rule
from opsmonitor.parts.rules import Finding, Trouble, conclude
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import time, tzinfo

    from opsmonitor.parts.export import JsonExport
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http_message import HttpResponse
    from opsmonitor.util.json_path import JsonPath


class JobJudge:
    """Decides what is known of a job means; the rules are made once."""

    __slots__ = (
        "_clock",
        "_exporter",
        "_first_seen",
        "_latency",
        "_minutes",
        "_paths",
        "_state_path",
        "_success_by",
        "_zone",
    )

    def __init__(
        self,
        *,
        success_by: time | None,
        minutes_after_start: float | None,
        thresholds: LatencyThresholds,
        state_path: JsonPath | None,
        export: Sequence[JsonExport],
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        """Make the rules."""
        self._success_by = success_by
        self._minutes = minutes_after_start
        self._state_path = state_path
        self._exporter = Exporter(export)
        self._paths = tuple(entry.path for entry in export)
        self._latency = latency_rule(thresholds)
        self._clock = clock
        self._zone = zone
        self._first_seen: JobId | None = None

    def __call__(self, job_id: JobId, response: HttpResponse) -> Outcome:
        """Return what the answer means.

        Raises:
            TransportError: It cannot be understood.

        """
        document = parse_json(response.body)
        answer = read_answer(document, self._zone, self._state_path)
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        started = answer.started or self._started(job_id, now)
        findings = [_state(answer)]
        if answer.state is not JobState.FAILED:
            progress = Progress(
                has_succeeded=answer.state is JobState.SUCCEEDED,
                started=started,
                finished=answer.finished,
            )
            findings += self._deadlines(progress, now)
        latency_ms = response.timings.total_ms or 0.0
        if self._latency is not None:
            findings.append(self._latency(latency_ms))
        return conclude(
            findings,
            latency_ms=latency_ms,
            timings=response.timings,
            status_code=response.status,
            data={
                "job_id": job_id.value or None,
                "state": answer.state,
                "started_at": _iso(answer.started),
                "finished_at": _iso(answer.finished),
                **self._exporter(values_beside(document, self._paths)),
            },
        )

    def _started(self, job_id: JobId, now: datetime) -> datetime:
        """Return when a job that does not tell it has started, as far as that can be known."""
        if job_id.written is not None:
            return job_id.written
        if self._first_seen is None or self._first_seen.value != job_id.value:
            self._first_seen = JobId(value=job_id.value, written=now)
        return self._first_seen.written or now

    def _deadlines(self, job: Progress, now: datetime) -> list[Finding]:
        """Compare with each deadline that is set."""
        findings = []
        success_by, minutes = self._success_by, self._minutes
        if success_by is not None:
            due = missed_daily(job, now, success_by, self._zone)
            findings.append(_deadline(f"success by {success_by:%H:%M}", job, due))
        if minutes is not None:
            due = missed_after_start(job, now, timedelta(minutes=minutes))
            findings.append(_deadline(f"success within {minutes:g} minutes", job, due))
        return findings


def _state(answer: JobAnswer) -> Finding:
    """Judge the state itself."""
    if answer.state is JobState.FAILED:
        trouble = Trouble(Verdict.FAIL, "job_failed", "the job has failed")
        return Finding(Assertion(name="job state", ok=False, actual=answer.state), trouble)
    return Finding(Assertion(name="job state", ok=True, actual=answer.state))


def _deadline(name: str, job: Progress, due: datetime | None) -> Finding:
    """Say whether a deadline was missed."""
    actual = "succeeded" if job.has_succeeded else "still running"
    if due is None:
        return Finding(Assertion(name=name, ok=True, actual=actual))
    why = "the last success is older" if job.has_succeeded else "the job is still running"
    message = f"deadline missed: {name} was expected, {why}"
    trouble = Trouble(Verdict.FAIL, "deadline_missed", message)
    return Finding(Assertion(name=name, ok=False, actual=actual), trouble)


def _iso(moment: datetime | None) -> str | None:
    """Return a moment as the API writes it."""
    return None if moment is None else iso_utc(round(moment.timestamp() * 1000))
