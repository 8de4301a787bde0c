"""The table of the last 24 hours: changes and runs in one list, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from opsmonitor.dashboard import runs as run_words, words
from opsmonitor.dashboard.probes import title
from opsmonitor.models.check import Status, Verdict
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.dashboard.times import TimeText
    from opsmonitor.models.check import Transition
    from opsmonitor.models.history import RawRun
    from opsmonitor.models.reading import ReadingMoment


class Show(StrEnum):
    """What the table lists."""

    EVENTS = "events"
    FAILURES = "failures"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    at_ms: int
    iso: str
    stamp: str
    check_id: str
    name: str
    is_event: bool
    status: str
    """Names the icon: a status for an event, a verdict for a run."""
    text: str
    latency: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The table, and what of it was asked for."""

    show: Show
    check_id: str | None
    check_name: str
    rows: Sequence[Row]
    is_capped: bool
    """Whether there is more than is shown."""
    limit: int


_VERDICT_STATUS = {
    Verdict.OK: Status.UP,
    Verdict.DEGRADED: Status.DEGRADED,
    Verdict.FAIL: Status.DOWN,
    Verdict.UNKNOWN: Status.PENDING,
}


class RowMaker:
    """Turns events and runs into rows."""

    def __init__(self, checks: Mapping[str, CheckSettings], times: TimeText) -> None:
        """Take names from the checks; one that was removed goes by its id."""
        self._checks = checks
        self._times = times

    def event(self, event: Transition) -> Row:
        """Return the row of a change."""
        return Row(
            at_ms=event.at_ms,
            iso=iso_utc(event.at_ms),
            stamp=self._times.stamp(event.at_ms),
            check_id=event.check_id,
            name=self.name(event.check_id),
            is_event=True,
            status=event.status.value,
            text=words.change(event),
            latency=words.latency(event.latency_ms),
            detail=event.error or "",
        )

    def happening(self, moment: ReadingMoment) -> Row:
        """Return the row of what happened to a thing that is polled."""
        probe, _, thing = moment.name.partition(".")
        return Row(
            at_ms=moment.at_ms,
            iso=iso_utc(moment.at_ms),
            stamp=self._times.stamp(moment.at_ms),
            check_id=moment.name,
            name=title(probe, thing),
            is_event=True,
            status=Status.PENDING.value,
            text=moment.message,
            latency=words.DASH,
            detail="",
        )

    def run(self, run: RawRun) -> Row:
        """Return the row of a run."""
        return Row(
            at_ms=run.at_ms,
            iso=iso_utc(run.at_ms),
            stamp=self._times.stamp(run.at_ms),
            check_id=run.check_id,
            name=self.name(run.check_id),
            is_event=False,
            status=_VERDICT_STATUS[run.verdict].value,
            text=run_words.label(run),
            latency=words.latency(run.latency_ms),
            detail=run.error or "",
        )

    def name(self, check_id: str) -> str:
        """Return what people call the check."""
        check = self._checks.get(check_id)
        return check.name if check else check_id


def newest(rows: Sequence[Row], limit: int) -> list[Row]:
    """Return the newest rows; of the same time, the change before the run that caused it."""
    return sorted(rows, key=lambda row: (row.at_ms, row.is_event), reverse=True)[:limit]
