"""When each thing is polled, and that no poll takes longer than it may."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from opsmonitor.engine.schedule import Schedule
from opsmonitor.engine.standstill import Moment
from opsmonitor.exceptions import ProbeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.engine.polled import Polled
    from opsmonitor.models.reading import Reading
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)


class Owner(Protocol):
    """Who wants the polls."""

    def thing(self, name: str) -> Polled | None:
        """Return what is polled by this name now."""
        ...

    def take(self, thing: Polled, result: Reading | ProbeError) -> None:
        """Take in how a poll ended."""
        ...


class Rounds:
    """Starts each poll at its time; what hangs delays nothing else."""

    def __init__(self, owner: Owner, clock: Clock) -> None:
        """Take who wants the polls."""
        self._owner = owner
        self._clock = clock
        self._schedule = Schedule()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._plan()

    def stop(self) -> None:
        """Start no further poll."""
        self._loop = None
        if self._wake is not None:
            self._wake.cancel()

    def change(self, gone: Iterable[str], fresh: Iterable[Polled]) -> None:
        """Forget things, and poll others from now on."""
        for name in gone:
            self._schedule.remove(name)
        self._schedule.add_all(
            [(thing.name, thing.probe.interval_s) for thing in fresh], self._clock.monotonic()
        )
        self._plan()

    def _plan(self) -> None:
        """Set the next wake-up to when the next thing is due."""
        if self._loop is None:
            return
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        due_s = self._schedule.next_due_s()
        if due_s is not None:
            self._wake = self._loop.call_at(due_s, self._tick)

    def _tick(self) -> None:
        """Start what is due; a poll that is under way, or was told to wait, is not started."""
        now_s = self._clock.monotonic()
        due = self._schedule.pop_due(now_s)
        self._plan()
        for item in due:
            thing = self._owner.thing(item.check_id)
            if thing is not None and thing.task is None and now_s >= thing.not_before_s:
                self._start(thing)

    def _start(self, thing: Polled) -> None:
        """Start a poll, and see to its end."""
        if self._loop is None:
            return
        thing.started = Moment.read(self._clock)
        thing.is_given_up = False
        thing.task = self._loop.create_task(_run(thing), name=f"poll:{thing.name}")
        thing.task.add_done_callback(lambda task: self._on_done(thing, task))
        thing.timer = self._loop.call_later(thing.probe.timeout_s, self._give_up, thing)

    def _give_up(self, thing: Polled) -> None:
        """Tell that a poll takes too long; the next one waits until it really ended."""
        thing.timer = None
        if thing.task is None or not self._is_in_force(thing):
            return
        thing.is_given_up = True
        thing.task.cancel()
        text = f"no answer within {thing.probe.timeout_s:g} s"
        self._owner.take(thing, ProbeError(text, code="timeout"))

    def _on_done(self, thing: Polled, task: asyncio.Task[Reading | ProbeError]) -> None:
        """Take in how a poll ended."""
        thing.task = None
        if thing.timer is not None:
            thing.timer.cancel()
            thing.timer = None
        if task.cancelled() or thing.is_given_up or not self._is_in_force(thing):
            return
        self._owner.take(thing, task.result())

    def _is_in_force(self, thing: Polled) -> bool:
        """Tell whether a thing is still configured so."""
        return self._loop is not None and self._owner.thing(thing.name) is thing


async def _run(thing: Polled) -> Reading | ProbeError:
    """Poll once; a defect of the probe is told like any failure, and logged with its place."""
    try:
        return await thing.poll()
    except ProbeError as err:
        return err
    except Exception:
        _LOGGER.exception("The probe of %s has a defect", thing.name)
        return ProbeError("the probe failed: the log tells where", code="defect")
