"""What is known of a job, judged: did it report in time, and well?"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.heartbeat_schedule import Expected, Schedule, expected
from opsmonitor.parts.rules import Finding, Trouble, conclude
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.duration import duration_text

if TYPE_CHECKING:
    from opsmonitor.models.heartbeat import Pulse


class Judgement(NamedTuple):
    """What is known of a job means this, until a moment."""

    outcome: Outcome
    until_ms: int | None
    """Then it must be judged anew, if no ping has come: epoch milliseconds, UTC."""


class HeartbeatJudge:
    """Judges one job."""

    def __init__(
        self, schedule: Schedule, *, grace_s: int, max_runtime_s: int, zone: tzinfo
    ) -> None:
        """Take when its pings are expected, and in which zone people read times."""
        self._schedule = schedule
        self._grace_ms = grace_s * 1000
        self._longest_ms = max_runtime_s * 1000
        self._zone = zone

    def __call__(self, pulse: Pulse, now_ms: int, *, is_news: bool = False) -> Judgement:
        """Judge what is known now; `is_news`: a run has ended since the last judgement."""
        base_ms = pulse.since_ms if pulse.ended_ms is None else pulse.ended_ms
        wanted = expected(self._schedule, base_ms, self._grace_ms, pulse.blind)
        overrun_ms = self._overrun_ms(pulse)
        trouble = self._trouble(pulse, wanted, overrun_ms, now_ms)
        data = _data(pulse, wanted)
        if trouble is None and pulse.ended_ms is None:
            error = f"no ping has come yet, the first one is due by {self._stamp(wanted.late_ms)}"
            outcome = Outcome(
                verdict=Verdict.UNKNOWN, error=error, error_code="heartbeat_awaited", data=data
            )
        else:
            seen = (
                "never"
                if pulse.last_ms is None
                else f"{pulse.last_kind} at {iso_utc(pulse.last_ms)}"
            )
            finding = Finding(Assertion(name="ping", ok=trouble is None, actual=seen), trouble)
            latency_ms = pulse.duration_ms if is_news else None
            outcome = conclude(
                [finding], latency_ms=None if latency_ms is None else float(latency_ms), data=data
            )
        moments = [wanted.late_ms] if overrun_ms is None else [wanted.late_ms, overrun_ms]
        return Judgement(outcome, min((at for at in moments if at > now_ms), default=None))

    def _overrun_ms(self, pulse: Pulse) -> int | None:
        """Return when the oldest run under way takes too long; None: nobody knows of one.

        Where no ping could be heard meanwhile, the one that ended it may be lost.
        """
        ends = [
            began_ms + self._longest_ms
            for began_ms in pulse.started.values()
            if not any(
                begin_ms < began_ms + self._longest_ms and end_ms > began_ms
                for begin_ms, end_ms in pulse.blind
            )
        ]
        return min(ends, default=None)

    def _trouble(
        self, pulse: Pulse, wanted: Expected, overrun_ms: int | None, now_ms: int
    ) -> Trouble | None:
        """Return what is wrong, if anything is."""
        if pulse.has_failed:
            how = "" if pulse.exit_code is None else f" with exit code {pulse.exit_code}"
            said = "" if pulse.message is None else f": {pulse.message}"
            message = f"the job has failed{how}{said}"
            return Trouble(Verdict.FAIL, "heartbeat_failed", message)
        if wanted.late_ms <= now_ms:
            last = "ever" if pulse.ended_ms is None else f"since {self._stamp(pulse.ended_ms)}"
            message = f"no ping {last}, one was due by {self._stamp(wanted.late_ms)}"
            return Trouble(Verdict.FAIL, "heartbeat_missed", message)
        if overrun_ms is not None and overrun_ms <= now_ms:
            began_ms = overrun_ms - self._longest_ms
            longest = duration_text(self._longest_ms / 1000)
            message = (
                f"the run that began at {self._stamp(began_ms)} has not ended within {longest}"
            )
            return Trouble(Verdict.FAIL, "heartbeat_overrun", message)
        return None

    def _stamp(self, at_ms: int) -> str:
        """Return a time for people."""
        return f"{datetime.fromtimestamp(at_ms / 1000, self._zone):%d %b %H:%M:%S}"


def _data(pulse: Pulse, wanted: Expected) -> dict[str, object]:
    """Return what is known for the API."""
    return {
        "last_ping": None if pulse.last_ms is None else iso_utc(pulse.last_ms),
        "last_kind": pulse.last_kind,
        "duration_ms": pulse.duration_ms,
        "running": len(pulse.started),
        "due": iso_utc(wanted.due_ms),
        "late": iso_utc(wanted.late_ms),
    }
