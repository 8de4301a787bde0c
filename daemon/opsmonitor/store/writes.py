"""Write what happened, in order, within one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from opsmonitor.models.check import Change, RunResult, Status
from opsmonitor.models.reading import ReadingChange
from opsmonitor.store import readings
from opsmonitor.store.pending import Item, Removed, Unpolled, Unwatched
from opsmonitor.store.rows import Row, cause, event_row, result_row, state_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opsmonitor.models.check import CheckState
    from opsmonitor.store.database import Database
    from opsmonitor.store.late_states import LateStates

_OF_CHECKS: Final = (RunResult, Change)
_KEYS: Final = "SELECT id, key FROM checks WHERE removed_ms IS NULL"
_ADD_CHECK: Final = """
INSERT INTO checks (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET removed_ms = NULL
"""
_ADD_RESULT: Final = """
INSERT OR REPLACE INTO results
  (check_key, ts, verdict, latency_us, status_code, error_code, error, attempts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_PUT_STATE: Final = f"""
INSERT OR REPLACE INTO check_states (check_key, type, status, ok, fail_streak, ok_streak,
  last_run_ms, last_ok_ms, last_change_ms, verdict, latency_us, status_code, error_code, error,
  attempts, extra, covered, because, pause, acknowledged, flips, flapping_since_ms)
VALUES ({", ".join("?" * 22)})
"""  # noqa: S608 - only question marks are added
_ADD_EVENT: Final = """
INSERT INTO events (ts, check_key, event, status, previous, ok, latency_us, status_code,
  error_code, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_BOUND_EVENTS: Final = "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?"
# The clock may have been set back: what was recorded for later than now gives way.
_CLEAR_FROM: Final = "DELETE FROM intervals WHERE check_key = ? AND start >= ?"
_CUT_AT: Final = """
UPDATE intervals SET "end" = ?2 WHERE check_key = ?1 AND start = (
  SELECT max(start) FROM intervals WHERE check_key = ?1
) AND ("end" IS NULL OR "end" > ?2)
"""
_ADD_INTERVAL: Final = """
INSERT INTO intervals (check_key, start, "end", status, cause) VALUES (?, ?, ?, ?, ?)
"""
_OPEN_KEYS: Final = 'SELECT check_key FROM intervals WHERE "end" IS NULL'
_OPEN_INTERVALS: Final = """
SELECT check_key, start, status, cause FROM intervals
WHERE "end" IS NULL AND start < ? AND status <> 'unmonitored'
"""
_WHILE_NOBODY_LOOKED: Final = """
SELECT check_key, start, "end" FROM intervals
WHERE start <= ?1 AND "end" > ?1 AND status <> 'unmonitored'
"""
_END_AT: Final = 'UPDATE intervals SET "end" = ? WHERE check_key = ? AND start = ?'
_PUT_INTERVAL: Final = _ADD_INTERVAL.replace("INSERT", "INSERT OR REPLACE")
_STOOD_STILL: Final = "the machine stood still"
_NOTICED_MS: Final = 2000
"""So long before the end of a gap, at most, somebody looked again: it is noticed within a second,
and a busy machine may take another one."""
_REMOVE_CHECK: Final = "UPDATE checks SET removed_ms = ? WHERE key = ?"
_REMOVE_STATE: Final = "DELETE FROM check_states WHERE check_key = ?"


@dataclass(slots=True)
class _Segment:
    """Rows that can be written together: at most one new interval a check."""

    results: list[Row] = field(default_factory=list)
    states: dict[int, Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    intervals: dict[int, Row] = field(default_factory=dict)


class Recording:
    """Writes items to one database, and knows the keys of its checks."""

    def __init__(self, database: Database, most_events: int, late: LateStates) -> None:
        """Write to a database, in which no more than `most_events` events are kept."""
        self._late = late
        self._database = database
        self._most_events = most_events
        self._keys: dict[str, int] = {}
        self._open: set[int] = set()
        """Keys of checks that have an interval that goes on."""
        self._segment = _Segment()
        self._has_events = False

    async def write(self, items: Sequence[Item]) -> None:
        """Write items within the transaction under way."""
        self._segment = _Segment()
        self._has_events = False
        await self._look_up(items)
        polls: list[ReadingChange] = []
        for position, item in enumerate(items):
            if isinstance(item, RunResult):
                if item.is_plain and self._keys[item.check_id] in self._open:
                    self._add_plain(item)
                else:
                    await self._add_run(item)
            elif isinstance(item, Change):
                await self._add_change(item)
            elif isinstance(item, ReadingChange):
                polls.append(item)
            elif isinstance(item, Unpolled):
                await readings.write(self._database, polls, self._most_events)
                polls.clear()
                await readings.forget(self._database, item.names)
            else:
                await self._flush()
                await self._interrupt(item, items[position + 1 :])
        await self._flush()
        if polls:
            await readings.write(self._database, polls, self._most_events)
        if self._has_events:
            await self._database.execute(_BOUND_EVENTS, (self._most_events,))

    async def _interrupt(self, item: Unwatched | Removed, rest: Sequence[Item]) -> None:
        """Write what cuts the intervals of many checks; the rest comes after it."""
        match item:
            case Unwatched():
                await self._split_open(item)
            case Removed():
                await self._remove(item)
                await self._look_up(rest)
            case _:
                assert_never(item)

    async def _look_up(self, items: Iterable[Item]) -> None:
        """Know the key of every check that is written of, adding those that are new."""
        if not self._keys:
            self._keys.update(await self._database.fetch(_KEYS))
            self._open.update(key for (key,) in await self._database.fetch(_OPEN_KEYS))
        named = {item.check_id for item in items if isinstance(item, _OF_CHECKS)}
        if not named <= self._keys.keys():
            fresh = [(check_id,) for check_id in sorted(named - self._keys.keys())]
            await self._database.execute_many(_ADD_CHECK, fresh)
            self._keys.update(await self._database.fetch(_KEYS))

    def forget(self) -> None:
        """Look everything up again: the transaction that it was learnt in was undone."""
        self._keys.clear()
        self._open.clear()
        self._late.distrust()

    async def write_states(self, states: Sequence[CheckState]) -> None:
        """Write states that were late, within the transaction under way."""
        if states:
            await self._look_up(())
            rows = [
                state_row(self._keys[item.id], item) for item in states if item.id in self._keys
            ]
            await self._database.execute_many(_PUT_STATE, rows)

    def _add_plain(self, run: RunResult) -> None:
        """Add a run that changed nothing; its state may wait."""
        key = self._keys[run.check_id]
        self._segment.results.append(result_row(key, run))
        if not self._late.keep(run):
            self._put_state(key, run.state, run.finished_ms)

    def _put_state(self, key: int, state: CheckState, at_ms: int) -> None:
        """Add a state to the segment."""
        self._segment.states[key] = state_row(key, state)
        self._late.note_written(state.id, at_ms)

    async def _add_run(self, run: RunResult) -> None:
        """Add a run to the segment."""
        key = self._keys[run.check_id]
        if run.interval is not None or key not in self._open:
            # Without an open one, its beginning was lost: with a damaged database, or for lack of
            # room while nothing could be written.
            status = run.interval or run.state.status
            moment = run.transition
            why = run.outcome.error if moment is None else moment.error
            await self._add_interval(key, run.finished_ms, status, cause(status, why))
        self._segment.results.append(result_row(key, run))
        self._put_state(key, run.state, run.finished_ms)
        if run.transition is not None:
            self._segment.events.append(event_row(key, run.transition))

    async def _add_change(self, change: Change) -> None:
        """Add a change without a run to the segment."""
        key = self._keys[change.check_id]
        moment = change.transition
        if change.interval is not None:
            why = cause(change.interval, None if moment is None else moment.error)
            await self._add_interval(key, change.at_ms, change.interval, why)
        self._put_state(key, change.state, change.at_ms)
        if moment is not None:
            self._segment.events.append(event_row(key, moment))

    async def _add_interval(self, key: int, start_ms: int, status: Status, why: str | None) -> None:
        """Add the start of an interval, which is the end of the one before."""
        if key in self._segment.intervals:
            await self._flush()
        self._open.add(key)
        self._segment.intervals[key] = (key, start_ms, None, status.value, why)

    async def _flush(self) -> None:
        """Write the segment and begin another."""
        segment, self._segment = self._segment, _Segment()
        self._has_events = self._has_events or bool(segment.events)
        database = self._database
        starts = [row[:2] for row in segment.intervals.values()]
        await database.execute_many(_ADD_RESULT, segment.results)
        await database.execute_many(_PUT_STATE, list(segment.states.values()))
        await database.execute_many(_ADD_EVENT, segment.events)
        await database.execute_many(_CLEAR_FROM, starts)
        await database.execute_many(_CUT_AT, starts)
        await database.execute_many(_ADD_INTERVAL, list(segment.intervals.values()))

    async def _split_open(self, gap: Unwatched) -> None:
        """Let every interval that goes on pause for a gap, and others end with its beginning.

        Checks may have changed between its end and when it was noticed: they were looked at then.
        """
        last_ms = max(gap.from_ms, gap.to_ms - _NOTICED_MS)
        await self._cut_ended(gap, last_ms)
        rows = await self._database.fetch(_OPEN_INTERVALS, (last_ms + 1,))
        starts: list[Row] = []
        pieces: list[Row] = []
        for key, start_ms, status, why in rows:
            from_ms = max(start_ms, gap.from_ms)
            starts.append((key, from_ms))
            pieces.append((key, from_ms, gap.to_ms, Status.UNMONITORED.value, _STOOD_STILL))
            pieces.append((key, gap.to_ms, None, status, why))
        await self._database.execute_many(_CLEAR_FROM, starts)
        await self._database.execute_many(_CUT_AT, starts)
        await self._database.execute_many(_ADD_INTERVAL, pieces)

    async def _cut_ended(self, gap: Unwatched, last_ms: int) -> None:
        """Cut what ended when somebody looked again: until then nobody knew how it was."""
        ends: list[Row] = []
        pieces: list[Row] = []
        for key, start_ms, end_ms in await self._database.fetch(_WHILE_NOBODY_LOOKED, (last_ms,)):
            from_ms = max(start_ms, gap.from_ms)
            ends.append((from_ms, key, start_ms))
            pieces.append((key, from_ms, end_ms, Status.UNMONITORED.value, _STOOD_STILL))
        await self._database.execute_many(_END_AT, ends)
        await self._database.execute_many(_PUT_INTERVAL, pieces)

    async def _remove(self, removed: Removed) -> None:
        """Close the intervals of checks and forget their states; their history stays for now."""
        keys = [self._keys[check_id] for check_id in removed.check_ids if check_id in self._keys]
        at_ms = removed.at_ms
        await self._database.execute_many(_CLEAR_FROM, [(key, at_ms) for key in keys])
        await self._database.execute_many(_CUT_AT, [(key, at_ms) for key in keys])
        await self._database.execute_many(_REMOVE_CHECK, [(at_ms, key) for key in keys])
        await self._database.execute_many(_REMOVE_STATE, [(key,) for key in keys])
        self._open.difference_update(keys)
        self._late.drop(removed.check_ids)
        for check_id in removed.check_ids:
            self._keys.pop(check_id, None)
