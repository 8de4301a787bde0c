"""Gather what happens in a tick, and hand it over at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from opsmonitor.engine.batch import Batch, Publisher
from opsmonitor.engine.schedule import next_tick_s
from opsmonitor.models.check import Change, RunResult

if TYPE_CHECKING:
    import asyncio

    from opsmonitor.engine.recorder import Recorder

Item: TypeAlias = RunResult | Change


class Outbox:
    """What waits to be recorded and published."""

    def __init__(self, recorder: Recorder, publisher: Publisher) -> None:
        """Take who keeps it and who tells it."""
        self._recorder = recorder
        self._publisher = publisher
        self._items: list[Item] = []
        self._has_changes = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over from now on; what came before does not wait for a tick."""
        self._loop = loop
        self.flush()

    def close(self) -> None:
        """Hand over what is left, and nothing afterwards unless asked to."""
        self._loop = None
        self.flush()

    def put(self, item: Item) -> None:
        """Hand an item over with all others of the tick."""
        self._items.append(item)
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_at(next_tick_s(self._loop.time()), self.flush)

    def put_change(self, change: Change) -> None:
        """Hand over what happened without a run."""
        self._has_changes = True
        self.put(change)

    def flush(self) -> None:
        """Hand everything to the recorder and the listeners now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._items:
            return
        items, self._items = self._items, []
        self._recorder.record(items)
        self._publisher.publish(self._batch(items))

    def _batch(self, items: list[Item]) -> Batch:
        """Tell runs and changes apart; most ticks have runs only."""
        has_changes, self._has_changes = self._has_changes, False
        changes: tuple[Change, ...] = ()
        if has_changes:
            changes = tuple(item for item in items if isinstance(item, Change))
        results = tuple(item for item in items if isinstance(item, RunResult))
        return Batch(results=results, changes=changes)
