"""When the next ping of a job is expected: pure functions of the time and the zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple, Protocol

from cronsim import CronSim, CronSimError

_EARLY_MS: Final = 5000
"""A job whose clock is ahead by so much pings for the time that is about to come."""
_LOST_MS: Final = 30_000
"""For so long a job that follows the advice of the documentation tries to deliver its ping."""
_SECOND_CHANCE_MS: Final = 60_000
"""Pings that could not be delivered for a moment are waited for this long."""
_FIELDS: Final = 5


class Schedule(Protocol):
    """Knows when a job's run should have ended."""

    def after(self, from_ms: int) -> int:
        """Return when the next end is due after an earlier one; both are epoch milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """So long after each end the next one is due."""

    period_ms: int

    def after(self, from_ms: int) -> int:
        """Return when the next end is due."""
        return from_ms + self.period_ms


@dataclass(frozen=True, slots=True)
class Cron:
    """An end is due at each time of a cron expression, read in a zone.

    As in Debian's cron, a job at a fixed time of day runs once on days when clocks are changed:
    right after the hour that is skipped, and not again in the hour that comes twice.
    Source: https://github.com/cuu508/cronsim, and cron(8) of Debian.
    """

    expression: str
    zone: tzinfo = UTC
    _known: dict[int, int] = field(default_factory=dict, compare=False, repr=False)

    def after(self, from_ms: int) -> int:
        """Return when the next end is due."""
        if from_ms not in self._known:
            # Asked twice a minute for the same time, and dear: the answer is kept.
            self._known.clear()
            start = datetime.fromtimestamp((from_ms + _EARLY_MS) / 1000, UTC)
            due = next(CronSim(self.expression, start.astimezone(self.zone)))
            self._known[from_ms] = round(due.astimezone(UTC).timestamp() * 1000)
        return self._known[from_ms]


def cron_problem(expression: str) -> str | None:
    """Return what is wrong with a cron expression of five fields; None: nothing."""
    if len(expression.split()) != _FIELDS:
        return 'expected five fields, such as "30 3 * * *" for 3:30 every day'
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as err:
        return f"{str(err).lower()}: see crontab(5)"
    except StopIteration:
        return "this time never comes"
    return None


class Expected(NamedTuple):
    """By when a ping must have come. Both are epoch milliseconds, UTC."""

    due_ms: int
    late_ms: int
    """The time of grace is over."""


def expected(
    schedule: Schedule, from_ms: int, grace_ms: int, blind: Sequence[tuple[int, int]] = ()
) -> Expected:
    """Return when the ping after an earlier one is due, and when it is late.

    In the times of `blind` no ping could be heard, which is not held against the job: a ping that
    should have come then may be lost, so the one after it is waited for. Where that was only for
    a moment, the job has a second chance to deliver it.
    """
    not_before_ms = 0
    for begin_ms, end_ms in blind:
        due_ms = schedule.after(from_ms)
        late_ms = max(due_ms + grace_ms, not_before_ms)
        if late_ms <= begin_ms:
            # It was late already, whatever happened afterwards.
            return Expected(due_ms, late_ms)
        lost_ms = min(end_ms, late_ms) - max(begin_ms, due_ms - grace_ms)
        if lost_ms > _LOST_MS:
            from_ms = max(from_ms, end_ms)
        elif lost_ms > 0:
            not_before_ms = max(not_before_ms, end_ms + _SECOND_CHANCE_MS)
    due_ms = schedule.after(from_ms)
    return Expected(due_ms, max(due_ms + grace_ms, not_before_ms))
