"""Docker check: is a container running and healthy?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome
from opsmonitor.parts.body import excerpt
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.container import (
    CONTAINER_NAME,
    Container,
    container_data,
    container_name,
    judge_container,
    read_container,
)
from opsmonitor.parts.docker_engine import Engine, EngineAddress, engine_address, usual_address
from opsmonitor.parts.restarts import Restarts, RestartWatch, restarts
from opsmonitor.parts.rules import Finding, conclude, failed

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.unix_http import UnixAnswer

_OK: Final = 200
_NOT_FOUND: Final = 404
_MAX_CONTAINERS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerOptions:
    """Which containers, of which engine."""

    container: str | None = None
    label: tuple[str, ...] = ()
    """In place of a name: every one of them."""
    engine: EngineAddress | None = None
    """None: where `DOCKER_HOST` says, or else the usual sockets."""
    tls: TlsOptions = field(default_factory=TlsOptions)
    may_finish: bool = False
    restarts: Restarts = field(default_factory=Restarts)

    def __post_init__(self) -> None:
        """Refuse what names no container, or does so twice."""
        if (self.container is None) == (not self.label):
            raise vol.Invalid("say which container is meant: either `container` or `label`")


class DockerJudge:
    """Decides what the state of some containers means."""

    __slots__ = ("_clock", "_options", "_watches")

    def __init__(self, options: DockerOptions, clock: Clock) -> None:
        """Begin without memory of restarts."""
        self._options = options
        self._clock = clock
        self._watches: dict[str, RestartWatch] = {}

    def __call__(self, containers: list[Container], took_ms: float) -> Outcome:
        """Return what the containers mean; the worst one speaks."""
        findings: list[Finding] = []
        watches = self._watches
        # By name: a container that was made anew has another id, but is the same for people.
        self._watches = {
            each.name: watches.get(each.name) or RestartWatch(self._options.restarts, self._clock)
            for each in containers
        }
        for each in containers:
            findings.append(judge_container(each, may_finish=self._options.may_finish))
            findings.append(self._watches[each.name].judge(each.name, each.restarts))
        data = {"containers": [container_data(each) for each in containers]}
        return conclude(findings, latency_ms=took_ms, data=data)


class _Asker:
    """Asks an engine for containers."""

    __slots__ = ("_engine", "_judge", "_options", "_timeout_s")

    def __init__(
        self, options: DockerOptions, address: EngineAddress, context: CheckContext
    ) -> None:
        """Decide all that can be decided."""
        self._options = options
        self._engine = Engine(address, tls=options.tls, http=context.http)
        self._judge = DockerJudge(options, context.clock)
        self._timeout_s = context.timeout_s

    async def probe(self) -> Outcome:
        """Ask once and judge."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + self._timeout_s
        try:
            names = [self._options.container] if self._options.container else []
            names = names or await self._names(deadline)
            containers = [await self._inspect(name, deadline) for name in names]
        except TransportError as err:
            return failed(err)
        return self._judge(containers, (loop.time() - started) * 1000)

    async def _names(self, deadline: float) -> list[str]:
        """Return the ids of all containers with the labels.

        Raises:
            TransportError: There are none, or they cannot be listed.

        """
        filters = quote(json.dumps({"label": list(self._options.label)}), safe="")
        answer = await self._ask(f"/containers/json?all=true&filters={filters}", deadline)
        found = _parsed(answer)
        if answer.status != _OK or not isinstance(found, list):
            raise _refused(answer, found)
        ids = [item.get("Id") for item in found if isinstance(item, dict)]
        names = [each for each in ids if isinstance(each, str) and CONTAINER_NAME.fullmatch(each)]
        if not names:
            labels = " and ".join(self._options.label)
            raise TransportError("container_missing", f"no container has the label {labels}")
        return names[:_MAX_CONTAINERS]

    async def _inspect(self, name: str, deadline: float) -> Container:
        """Return the state of one container.

        Raises:
            TransportError: There is none, or it cannot be asked for.

        """
        answer = await self._ask(f"/containers/{quote(name, safe='')}/json", deadline)
        found = _parsed(answer)
        if answer.status == _NOT_FOUND:
            raise TransportError("container_missing", f"there is no container {name}")
        if answer.status != _OK:
            raise _refused(answer, found)
        return read_container(found)

    async def _ask(self, path: str, deadline: float) -> UnixAnswer:
        """Ask within what is left of the time."""
        left_s = round(max(0.001, deadline - asyncio.get_running_loop().time()), 3)
        return await self._engine.ask(path, left_s)


def compile_docker(options: DockerOptions, context: CheckContext) -> Probe:
    """Find out where the engine listens, once; a run asks and compares."""
    try:
        address = options.engine or usual_address()
    except vol.Invalid as err:
        trouble = TransportError("unsupported", f"the variable DOCKER_HOST is of no use: {err.msg}")

        async def fail() -> Outcome:
            """Say that there is no engine to ask."""
            return failed(trouble)

        return fail
    return _Asker(options, address, context).probe


def _parsed(answer: UnixAnswer) -> Any:
    """Return the JSON of an answer, None if it is none."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _refused(answer: UnixAnswer, found: Any) -> TransportError:
    """Say what an engine did not do."""
    message = found.get("message") if isinstance(found, dict) else None
    if answer.status == _OK:
        return TransportError("invalid_response", "the engine's answer is no list of containers")
    shown = f": {excerpt(message)}" if isinstance(message, str) else ""
    return TransportError("engine_error", f"the engine answered with status {answer.status}{shown}")


def _labels(value: Any) -> tuple[str, ...]:
    """Accept one label or a list of labels, each with or without a value."""
    return cv.list_of(cv.text)(value) if isinstance(value, list) else (cv.text(value),)


def _target(options: DockerOptions) -> str:
    """Return which containers are meant, for people."""
    return options.container or " and ".join(options.label)


CHECK: Final = CheckType(
    name="docker",
    options=DockerOptions,
    schema={
        vol.Optional("container"): container_name,
        vol.Optional("label"): _labels,
        vol.Optional("engine"): engine_address,
        vol.Optional("tls"): TLS,
        vol.Optional("may_finish"): cv.boolean,
        vol.Optional("restarts"): restarts,
    },
    compile=compile_docker,
    target=_target,
    host=lambda options: "local" if options.engine is None else options.engine.host,
    subject=lambda options: "host" if options.engine is None else None,
    example={"container": "home-assistant"},
    is_reachability=False,
)
