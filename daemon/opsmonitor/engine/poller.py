"""Poll things in the background, and keep the last good reading of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from opsmonitor.engine.polled import Polled
from opsmonitor.engine.reading_values import (
    find_value,
    fit_reading,
    is_awaited,
    value_names,
)
from opsmonitor.engine.rounds import Rounds
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import (
    Measured,
    Reading,
    ReadingChange,
    ReadingState,
)
from opsmonitor.probes.base import ProbeContext
from opsmonitor.util.lanes import Lanes
from opsmonitor.util.redact import redact_text

if TYPE_CHECKING:
    from typing import Any

    from opsmonitor.config.settings import ProbeSettings, Settings
    from opsmonitor.models.house_beat import HouseBeat
    from opsmonitor.probes.base import ProbeType
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.resolver import Resolver

_LOGGER = logging.getLogger(__name__)

_KEEP_EVERY_MS: Final = 300_000
"""A state that is well and stays so is written down this often; its values are every time."""

Listener: TypeAlias = Callable[[ReadingChange], None]


class ReadingKeeper(Protocol):
    """Where readings are kept; never blocks."""

    def record_reading(self, change: ReadingChange) -> None:
        """Keep what a poll brought about."""
        ...

    def forget_readings(self, names: frozenset[str], at_ms: int) -> None:
        """Note that things are no longer polled."""
        ...


class Poller:
    """Polls each thing at its own interval; what hangs delays nothing else."""

    def __init__(
        self,
        *,
        probe_types: Mapping[str, ProbeType[Any]],
        keeper: ReadingKeeper,
        clock: Clock,
        http: HttpTransport,
        resolver: Resolver,
        known: Mapping[str, ReadingState],
        beat: Callable[[], HouseBeat | None] = lambda: None,
    ) -> None:
        """Take what polls work with, and what is known from before; `apply` gives it things."""
        self._types = probe_types
        self._keeper = keeper
        self._clock = clock
        self._http = http
        self._resolver = resolver
        self._known = dict(known)
        self._beat = beat
        self._lanes = Lanes()
        self._rounds = Rounds(self, clock)
        self._things: dict[str, Polled] = {}
        self._probes: dict[str, ProbeSettings] = {}
        self._place: object = None
        self._listeners: list[Listener] = []
        self.states: dict[str, ReadingState] = {}
        """By full dotted name, in the order of the probes."""

    @property
    def probes(self) -> Mapping[str, ProbeSettings]:
        """Return the probes in force, by name."""
        return self._probes

    def start(self) -> None:
        """Begin to poll what was applied; call it in the event loop."""
        self._rounds.start()

    async def stop(self) -> None:
        """Stop every poll, and write down what is known."""
        self._rounds.stop()
        tasks = [thing.task for thing in self._things.values() if thing.task is not None]
        for thing in self._things.values():
            thing.stop()
        if tasks:
            # A poll that does not end when it is cancelled must not hold up the end of the daemon.
            await asyncio.wait(tasks, timeout=1.0)
        now_ms = self._clock.now_ms()
        for thing in self._things.values():
            if thing.state.fetched_ms is not None and thing.kept_ms < thing.state.fetched_ms:
                self._keeper.record_reading(
                    ReadingChange(at_ms=now_ms, state=thing.state, is_good=False)
                )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener after each poll; the returned function ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def apply(self, settings: Settings) -> None:
        """Put a configuration in force; unchanged probes keep what they remember."""
        before, place = self._place, (settings.folder, settings.zone)
        old = self._things
        things: dict[str, Polled] = {}
        fresh: list[Polled] = []
        for probe in settings.probes.values():
            known = self._probes.get(probe.name)
            if known is None or before != place or known.fingerprint != probe.fingerprint:
                made = self._build(probe, settings)
                fresh += made
                things |= {thing.name: thing for thing in made}
            else:
                things |= {
                    name: thing for name, thing in old.items() if thing.probe.name == probe.name
                }
        # Only now: a defect in building one must not leave half of each configuration.
        self._place, self._things = place, things
        self._probes = dict(settings.probes)
        ended = [name for name, thing in old.items() if things.get(name) is not thing]
        for name in ended:
            old[name].stop()
        self.states = {name: thing.state for name, thing in self._things.items()}
        gone = (old.keys() | self._known.keys()) - self._things.keys()
        self._known = {}
        if gone:
            self._keeper.forget_readings(frozenset(gone), self._clock.now_ms())
        self._rounds.change(ended, fresh)

    def latest(self, name: str) -> Measured | None:
        """Return a value by its full dotted name, such as `host.memory_percent`; None: no such."""
        return find_value(self.states, name, self._clock.now_ms())

    def is_awaited(self, name: str) -> bool:
        """Tell whether what would measure this is polled, but has not been read or failed yet."""
        return is_awaited(self.states.values(), name)

    def names(self) -> list[str]:
        """Return the full dotted names of all values there are."""
        return value_names(self.states.values())

    # Configuration

    def _build(self, probe: ProbeSettings, settings: Settings) -> list[Polled]:
        """Compile a probe."""
        states = {**self._known, **self.states}
        of_probe = [state for state in states.values() if state.probe == probe.name]
        context = ProbeContext(
            clock=self._clock,
            http=self._http,
            resolver=self._resolver,
            lanes=self._lanes,
            folder=settings.folder,
            zone=settings.zone,
            timeout_s=probe.timeout_s,
            known={state.thing: state.reading for state in of_probe if state.reading is not None},
            beat=self._beat,
        )
        polls = self._types[probe.name].compile(probe.options, context)
        by_thing = {state.thing: state for state in of_probe}
        return [
            Polled(
                probe,
                poll,
                replace(by_thing[name], interval_s=probe.interval_s)
                if name in by_thing
                else ReadingState(probe=probe.name, thing=name, interval_s=probe.interval_s),
            )
            for name, poll in polls.items()
        ]

    # The owner of the rounds

    def thing(self, name: str) -> Polled | None:
        """Return what is polled by this name now."""
        return self._things.get(name)

    def take(self, thing: Polled, result: Reading | ProbeError) -> None:
        """Take in how a poll ended."""
        if isinstance(result, ProbeError):
            self._take_error(thing, result)
        else:
            self._take_reading(thing, result)

    def _take_reading(self, thing: Polled, reading: Reading) -> None:
        """Keep a good reading."""
        now_ms = self._clock.now_ms()
        before = thing.state
        if before.error is not None:
            _LOGGER.info("%s can be read again", thing.name)
        reading = fit_reading(reading, thing.probe.secrets)
        kept = replace(reading, events=())
        state = replace(before, reading=kept, fetched_ms=now_ms, error=None, error_code=None)
        is_news = (
            before.error is not None
            or before.reading is None
            or before.reading.status is not reading.status
            or before.reading.issues != reading.issues
        )
        self._put(thing, state, now_ms, reading=reading, is_news=is_news)

    def _take_error(self, thing: Polled, error: ProbeError) -> None:
        """Keep why a poll failed, beside the last good reading."""
        now_ms = self._clock.now_ms()
        message = redact_text(str(error), thing.probe.secrets)
        if error.wait_s > 0 and thing.started is not None:
            thing.not_before_s = thing.started.mono_s + thing.probe.interval_s + error.wait_s
        if thing.state.error != message:
            _LOGGER.warning("%s cannot be read: %s", thing.name, message)
        state = replace(thing.state, error=message, error_code=error.code, error_ms=now_ms)
        is_news = thing.state.error != message
        self._put(thing, state, now_ms, reading=None, is_news=is_news)

    def _put(
        self,
        thing: Polled,
        state: ReadingState,
        now_ms: int,
        *,
        reading: Reading | None,
        is_news: bool,
    ) -> None:
        """Put a state in force, keep and tell it."""
        is_kept = is_news or not 0 <= now_ms - thing.kept_ms < _KEEP_EVERY_MS
        if is_kept:
            thing.kept_ms = now_ms
        thing.state = self.states[thing.name] = state
        change = ReadingChange(
            at_ms=now_ms,
            state=state,
            is_good=reading is not None,
            events=() if reading is None else reading.events,
            is_kept=is_kept,
        )
        self._keeper.record_reading(change)
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:
                _LOGGER.exception("A listener failed on a reading of %s", thing.name)
