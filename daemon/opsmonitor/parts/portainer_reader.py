"""Read all environments that Portainer manages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.container_askers import PortainerAsker
from opsmonitor.parts.container_environment import (
    EnvironmentReader,
    EnvironmentState,
    left_s,
)
from opsmonitor.parts.portainer import (
    PortainerEnvironment,
    Stack,
    read_environments,
    read_stacks,
)

if TYPE_CHECKING:
    from opsmonitor.parts.container_askers import Portainer
    from opsmonitor.parts.restarts import Restarts
    from opsmonitor.util.clock import Clock

REFUSED_WAIT_S: Final = 300.0
"""A key that is refused will be refused again: it is not tried at every poll."""
_STACKS_S: Final = 300.0
_AT_ONCE: Final = 4
_NO_TIME: Final = "no answer in time"
_AWAY: Final = "Portainer says that it is down"


class PortainerReader:
    """Remembers the environments of one Portainer."""

    def __init__(
        self, portainer: Portainer, clock: Clock, *, images: bool, restarts: Restarts
    ) -> None:
        """Begin without memory."""
        self._portainer = portainer
        self._clock = clock
        self._images = images
        self._restarts = restarts
        self._environments: tuple[PortainerEnvironment, ...] = ()
        self._readers: dict[tuple[int, str], EnvironmentReader] = {}
        self._stacks: tuple[Stack, ...] = ()
        self._stacks_s: float | None = None
        self._refusal: TransportError | None = None
        self._refused_s = 0.0
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def read(self, deadline: float) -> list[EnvironmentState]:
        """Return the environments as they are known at a moment of the loop's clock.

        One that cannot be reached hides no other.

        Raises:
            TransportError: Portainer itself could not be asked, or refused the key a short while
                ago.

        """
        self._environments = await self._find_environments(deadline)
        await self._find_stacks(deadline)
        readers = {(each.id, each.name): self._reader(each) for each in self._environments}
        self._readers = {key: reader for key, reader in readers.items() if reader is not None}
        looks = (self._look_at(each, deadline) for each in self._environments)
        return list(await asyncio.gather(*looks))

    def known(self, error: str) -> list[EnvironmentState]:
        """Return what is known while Portainer cannot be asked."""
        return [
            self._readers[each.id, each.name].known(error=error)
            for each in self._environments
            if (each.id, each.name) in self._readers
        ]

    def _reader(self, environment: PortainerEnvironment) -> EnvironmentReader | None:
        """Return the reader of an environment, None if it has no containers to ask for."""
        if not environment.has_containers:
            return None
        known = self._readers.get((environment.id, environment.name))
        return known or EnvironmentReader(
            environment.name,
            environment.kind,
            PortainerAsker(self._portainer, environment.id),
            self._clock,
            images=self._images,
            restarts=self._restarts,
        )

    async def _look_at(
        self, environment: PortainerEnvironment, deadline: float
    ) -> EnvironmentState:
        """Return one environment."""
        reader = self._readers.get((environment.id, environment.name))
        if reader is None:
            note = f"{environment.name} is of the kind {environment.kind}: it has no containers"
            return EnvironmentState(name=environment.name, kind=environment.kind, note=note)
        if environment.is_down:
            # Asking would only wait for the time limit of Portainer's own attempt.
            return reader.known(error=_AWAY)
        try:
            # Those that hang must not keep the others waiting for ever.
            async with asyncio.timeout_at(deadline):
                await self._gate.acquire()
        except TimeoutError:
            return reader.known(error=_NO_TIME)
        try:
            state = await reader.read(deadline)
        finally:
            self._gate.release()
        stacks = {
            each.name: each.is_active for each in self._stacks if each.environment == environment.id
        }
        return replace(state, stacks=stacks)

    async def _find_environments(self, deadline: float) -> tuple[PortainerEnvironment, ...]:
        """Return the environments that there are; a refused key rests, whoever else is polled."""
        now_s = self._clock.monotonic()
        if self._refusal is not None and now_s - self._refused_s < REFUSED_WAIT_S:
            raise TransportError(self._refusal.code, self._refusal.message)
        self._refusal = None
        try:
            return read_environments(await self._portainer.ask("/endpoints", left_s(deadline)))
        except TransportError as err:
            if err.code == "unauthorized":
                self._refusal, self._refused_s = err, now_s
            raise

    async def _find_stacks(self, deadline: float) -> None:
        """Note the stacks; not knowing them is no failure."""
        now_s = self._clock.monotonic()
        if self._stacks_s is not None and now_s - self._stacks_s < _STACKS_S:
            return
        self._stacks_s = now_s
        try:
            self._stacks = read_stacks(await self._portainer.ask("/stacks", left_s(deadline)))
        except TransportError:
            self._stacks = ()
