"""Docker probe: the containers of Docker and Podman engines, and of those behind Portainer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError, TransportError
from opsmonitor.models.reading import Issue, Reading, ReadingStatus
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.container_askers import EngineAsker, Portainer
from opsmonitor.parts.container_environment import EnvironmentReader, EnvironmentState
from opsmonitor.parts.container_reading import containers_reading
from opsmonitor.parts.docker_engine import Engine, EngineAddress, engine_address, usual_address
from opsmonitor.parts.http_request import url
from opsmonitor.parts.portainer_reader import REFUSED_WAIT_S, PortainerReader
from opsmonitor.parts.restarts import Restarts, restarts
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

_LOCAL: Final = "local"
_BUDGET: Final = 0.7
"""The part of a poll's time after which it makes do with what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortainerOptions:
    """Where Portainer is."""

    url: Secret
    api_key: Secret
    tls: TlsOptions = field(default_factory=TlsOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerOptions:
    """Which engines are asked."""

    engine: EngineAddress | None = None
    """None: where `DOCKER_HOST` says, or else the usual sockets, unless others are named."""
    engines: Mapping[str, EngineAddress] = field(default_factory=lambda: MappingProxyType({}))
    """Further ones by name."""
    tls: TlsOptions = field(default_factory=TlsOptions)
    portainer: PortainerOptions | None = None
    image_updates: bool = False
    restarts: Restarts = field(default_factory=lambda: Restarts(warn=3, within_s=900.0))
    ignore: tuple[str, ...] = ()


class _Poll:
    """Polls all engines at once."""

    __slots__ = ("_budget_s", "_ignored", "_is_optional", "_portainer", "_readers")

    def __init__(self, options: DockerOptions, context: ProbeContext) -> None:
        """Decide all that can be decided.

        Raises:
            Invalid: `DOCKER_HOST` is set to something that cannot be used.

        """
        self._ignored = frozenset(options.ignore)
        self._budget_s = context.timeout_s * _BUDGET
        addresses = dict(options.engines)
        self._is_optional = False
        if options.engine is not None:
            addresses = {_LOCAL: options.engine, **addresses}
        elif not addresses and options.portainer is None:
            addresses = {_LOCAL: usual_address()}
            self._is_optional = True
        self._readers = [
            EnvironmentReader(
                name,
                "engine",
                EngineAsker(Engine(address, tls=options.tls, http=context.http)),
                context.clock,
                images=options.image_updates,
                restarts=options.restarts,
            )
            for name, address in addresses.items()
        ]
        self._portainer: PortainerReader | None = None
        if options.portainer is not None:
            found = options.portainer
            self._portainer = PortainerReader(
                Portainer(
                    context.http,
                    URL(found.url.reveal()),
                    found.api_key,
                    tls=tls_context(found.tls.policy),
                ),
                context.clock,
                images=options.image_updates,
                restarts=options.restarts,
            )

    async def __call__(self) -> Reading:
        """Return what the engines say; one that does not answer hides no other."""
        deadline = asyncio.get_running_loop().time() + self._budget_s
        (found, refusal), states = await asyncio.gather(
            self._read_portainer(deadline),
            asyncio.gather(*(reader.read(deadline) for reader in self._readers)),
        )
        silent = {each.name: each.refusal for each in self._readers if each.refusal is not None}
        if len(silent) == len(self._readers) and (self._portainer is None or refusal):
            return self._unread(refusal, silent)
        reading = containers_reading([*states, *found], _portainer_issues(refusal), self._ignored)
        return replace(reading, data={**reading.data, "portainer": self._shown(refusal)})

    async def _read_portainer(
        self, deadline: float
    ) -> tuple[list[EnvironmentState], TransportError | None]:
        """Return the environments behind Portainer, and why they could not be asked for."""
        if self._portainer is None:
            return [], None
        try:
            return await self._portainer.read(deadline), None
        except TransportError as err:
            return self._portainer.known(err.message), err

    def _unread(
        self, portainer: TransportError | None, engines: Mapping[str, TransportError]
    ) -> Reading:
        """Return the reading of a machine without any engine.

        Raises:
            ProbeError: There is one, but it could not be asked; each is told.

        """
        first = portainer or next(iter(engines.values()))
        if self._is_optional and first.code == "socket_missing":
            return Reading(
                data={"total": None, "environments": {}, "portainer": None},
                status=ReadingStatus.UNSUPPORTED,
                note=f"{first.message}; `docker: engine` says where another one listens",
            )
        told = [f"{name}: {err.message}" for name, err in engines.items()]
        if portainer is None:
            told = told if len(told) > 1 else [first.message]
            raise ProbeError("; ".join(told), code=first.code)
        is_refused = portainer.code == "unauthorized"
        remedy = ": check `portainer: api_key`" if is_refused else ""
        message = "; ".join([f"{portainer.message}{remedy}", *told])
        wait_s = REFUSED_WAIT_S if is_refused else 0.0
        raise ProbeError(message, code=portainer.code, wait_s=wait_s)

    def _shown(self, refusal: TransportError | None) -> dict[str, object] | None:
        """Return how Portainer itself is."""
        if self._portainer is None:
            return None
        return {
            "reachable": refusal is None,
            "error": None if refusal is None else refusal.message,
        }


def _portainer_issues(refusal: TransportError | None) -> list[Issue]:
    """Return the issue of a Portainer that cannot be asked."""
    if refusal is None:
        return []
    message = f"the environments behind Portainer are unknown: {refusal.message}"
    return [Issue(kind="portainer_unreachable", status=ReadingStatus.CRIT, message=message)]


def compile_docker(options: DockerOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the poll of all engines."""
    try:
        return {"": _Poll(options, context)}
    except vol.Invalid as err:
        message = f"the variable DOCKER_HOST is of no use: {err.msg}"

        async def fail() -> Reading:
            """Say that there is no engine to ask."""
            raise ProbeError(message, code="unsupported")

        return {"": fail}


def _engines(value: Any) -> Mapping[str, EngineAddress]:
    """Accept addresses of engines by name."""
    if not isinstance(value, dict):
        raise vol.Invalid("expected names with addresses, such as {nas: tcp://nas.lan:2375}")
    checked = vol.Schema({cv.check_id: engine_address})(value)
    return MappingProxyType(checked)


def _portainer(value: Any) -> PortainerOptions:
    """Accept the address of a Portainer, and its key."""
    return PortainerOptions(**_PORTAINER(value))


_PORTAINER: Final = vol.Schema(
    {
        vol.Required("url"): url,
        vol.Required("api_key"): cv.secret,
        vol.Optional("tls"): TLS,
    }
)

PROBE: Final = ProbeType(
    name="docker",
    options=DockerOptions,
    schema={
        vol.Optional("engine"): engine_address,
        vol.Optional("engines"): _engines,
        vol.Optional("tls"): TLS,
        vol.Optional("portainer"): _portainer,
        vol.Optional("image_updates"): cv.boolean,
        vol.Optional("restarts"): restarts,
        vol.Optional("ignore"): cv.list_of(cv.text),
    },
    compile=compile_docker,
    interval_s=30.0,
    timeout_s=60.0,
    example={"engine": "unix:///var/run/docker.sock"},
)
