"""Restart a container."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
import json
from typing import Any, Final
from urllib.parse import quote

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.exceptions import ActionError, TransportError
from opsmonitor.models.remediation import Incident
from opsmonitor.parts.body import excerpt
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.container import container_name
from opsmonitor.parts.docker_engine import Engine, EngineAddress, engine_address, usual_address

_STOP_S: Final = 10
"""So long a container may take to stop by itself, as with `docker restart`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerRestartOptions:
    """Which container, of which engine."""

    container: str
    engine: EngineAddress | None = None
    """None: where `DOCKER_HOST` says, or else the usual sockets."""
    tls: TlsOptions = field(default_factory=TlsOptions)


async def _run(options: DockerRestartOptions, incident: Incident, context: ActionContext) -> str:
    """Restart it, and return once the engine says that it was done."""
    try:
        address = options.engine or usual_address()
    except vol.Invalid as err:
        raise ActionError(f"the variable DOCKER_HOST is of no use: {err.msg}") from err
    engine = Engine(address, tls=options.tls, http=context.http)
    stop_s = min(_STOP_S, int(incident.timeout_s / 2))
    path = f"/containers/{quote(options.container, safe='')}/restart?t={stop_s}"
    try:
        answer = await engine.ask(path, incident.timeout_s, "POST")
    except TransportError as err:
        raise ActionError(err.message) from err
    if answer.status == HTTPStatus.NOT_FOUND:
        raise ActionError(f"there is no container {options.container}")
    if answer.status != HTTPStatus.NO_CONTENT:
        raise ActionError(f"the engine answered with status {answer.status}{_said(answer.body)}")
    return "restarted"


def _said(body: bytes) -> str:
    """Return what an engine says of its refusal."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    message = found.get("message") if isinstance(found, dict) else None
    return f": {excerpt(message)}" if isinstance(message, str) else ""


def _target(options: DockerRestartOptions) -> str:
    """Return which container is meant, for people."""
    where = "" if options.engine is None or options.engine.url is None else options.engine.host
    return f"{options.container} on {where}" if where else options.container


ACTION: Final = ActionType(
    name="docker_restart",
    options=DockerRestartOptions,
    schema={
        vol.Required("container"): container_name,
        vol.Optional("engine"): engine_address,
        vol.Optional("tls"): TLS,
    },
    run=_run,
    target=_target,
    example={"container": "home-assistant"},
)
