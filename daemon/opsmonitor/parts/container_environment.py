"""Read the containers of one engine, looking closer only at those that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from opsmonitor.exceptions import TransportError
from opsmonitor.models.reading import ReadingEvent
from opsmonitor.parts.container_images import Asker, ImageWatch
from opsmonitor.parts.container_judge import changes
from opsmonitor.parts.container_list import (
    Container,
    Inspected,
    Listed,
    read_inspected,
    read_list,
)
from opsmonitor.parts.restarts import Restarts, RestartWatch
from opsmonitor.parts.rules import Trouble

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

REQUEST_S: Final = 8.0
_LEAST_S: Final = 0.2
_AT_ONCE: Final = 4
_LOOKS: Final = 40
"""At most so many containers are looked at within one poll: the others wait for the next one."""
_MAX_CONTAINERS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentState:
    """What is known of one engine."""

    name: str
    kind: str
    containers: Mapping[str, Container] = field(default_factory=dict)
    """By name; as they were last known where it cannot be reached."""
    error: str | None = None
    """Why it could not be asked."""
    at_ms: int | None = None
    """When its containers were last known."""
    updates: Mapping[str, bool | None] = field(default_factory=dict)
    """By container, whether its registry has a newer image."""
    stacks: Mapping[str, bool] = field(default_factory=dict)
    """By name, whether it is meant to run; only Portainer knows them."""
    events: tuple[ReadingEvent, ...] = ()
    loops: Mapping[str, Trouble] = field(default_factory=dict)
    """By container, what is said of one that is restarted again and again."""
    note: str | None = None


def left_s(deadline: float) -> float:
    """Return how long a request may take that begins now."""
    return max(_LEAST_S, min(REQUEST_S, deadline - asyncio.get_running_loop().time()))


class EnvironmentReader:
    """Remembers one engine."""

    def __init__(
        self,
        name: str,
        kind: str,
        asker: Asker,
        clock: Clock,
        *,
        images: bool,
        restarts: Restarts,
    ) -> None:
        """Begin without memory; `images` also asks registries for newer ones."""
        self.name = name
        self._kind = kind
        self._asker = asker
        self._clock = clock
        self._images = ImageWatch(clock) if images else None
        self._looked: dict[str, tuple[str, Inspected]] = {}
        """By id: the words of the list when it was looked at, and what was seen."""
        self._restarts = restarts
        self._watches: dict[str, RestartWatch] = {}
        self._loops: dict[str, Trouble] = {}
        self._containers: dict[str, Container] | None = None
        self._at_ms: int | None = None
        self.refusal: TransportError | None = None
        """Why the latest read failed."""

    async def read(self, deadline: float) -> EnvironmentState:
        """Return what is known at a moment of the loop's clock, if not before.

        An engine that does not answer keeps what was known; one that answers slowly is told
        without what a closer look would show.
        """
        before = self._containers
        self.refusal = None
        try:
            found = await self._asker.ask("/containers/json?all=1", left_s(deadline))
        except TransportError as err:
            self.refusal = err
            return self.known()
        listed = read_list(found)[:_MAX_CONTAINERS]
        self._at_ms = self._clock.now_ms()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._look_closer(listed)
                if self._images is not None:
                    await self._images.look(self._asker, listed)
        self._containers = self._joined(listed)
        self._loops = self._find_loops(self._containers)
        events = [] if before is None else changes(self.name, before, self._containers)
        return self.known(events=tuple(events))

    def known(
        self, *, events: tuple[ReadingEvent, ...] = (), error: str | None = None
    ) -> EnvironmentState:
        """Return what is known without asking."""
        containers = self._containers or {}
        images = self._images
        return EnvironmentState(
            name=self.name,
            kind=self._kind,
            containers=containers,
            error=error if self.refusal is None else self.refusal.message,
            at_ms=self._at_ms,
            updates={}
            if images is None
            else {name: images.has_update(each.listed) for name, each in containers.items()},
            events=events,
            loops=self._loops,
        )

    def _find_loops(self, containers: Mapping[str, Container]) -> dict[str, Trouble]:
        """Return which containers were restarted too often; each is the same by its name."""
        known = self._watches
        self._watches = {
            name: known.get(name) or RestartWatch(self._restarts, self._clock)
            for name in containers
        }
        found: dict[str, Trouble] = {}
        for name, container in containers.items():
            total = None if container.inspected is None else container.inspected.restarts
            trouble = None if total is None else self._watches[name].judge(name, total).trouble
            if trouble is not None:
                found[name] = trouble
        return found

    async def _look_closer(self, listed: tuple[Listed, ...]) -> None:
        """Look at the containers whose words have changed; those never seen come first."""
        ids = {each.id for each in listed}
        self._looked = {key: seen for key, seen in self._looked.items() if key in ids}
        due = [each for each in listed if self._looked.get(each.id, ("", None))[0] != each.status]
        due.sort(key=lambda each: each.id in self._looked)
        gate = asyncio.Semaphore(_AT_ONCE)
        failed = asyncio.Event()

        async def look(each: Listed) -> None:
            """Look at one container; after the first failure no further one is asked for."""
            async with gate:
                if failed.is_set():
                    return
                try:
                    path = f"/containers/{quote(each.id, safe='')}/json"
                    answer = await self._asker.ask(path, REQUEST_S)
                except TransportError as err:
                    # One that was removed in between is nothing special.
                    if err.code != "not_found":
                        failed.set()
                    return
                self._looked[each.id] = (each.status, read_inspected(answer))

        await asyncio.gather(*(look(each) for each in due[:_LOOKS]))

    def _joined(self, listed: tuple[Listed, ...]) -> dict[str, Container]:
        """Return all that is known of the containers by name."""
        found: dict[str, Container] = {}
        for each in listed:
            seen = self._looked.get(each.id)
            name = each.name if each.name not in found else f"{each.name} ({each.id[:12]})"
            found[name] = Container(listed=each, inspected=None if seen is None else seen[1])
        return found
