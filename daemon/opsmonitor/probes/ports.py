"""Ports probe: what listens on this machine, and who is it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import json
import os
from pathlib import Path
import socket
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError, TransportError
from opsmonitor.models.reading import Reading, Scalar
from opsmonitor.parts.certificate import TlsOptions
from opsmonitor.parts.docker_engine import Engine, EngineAddress, engine_address, usual_address
from opsmonitor.parts.port_events import PortChanges
from opsmonitor.parts.port_rows import NAT, PortRow, join_rows, report_json
from opsmonitor.parts.published_ports import Containers, read_containers
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.listeners import ListenerLook

_ENGINE_S: Final = 4.0
_OK: Final = 200
_NO_ENGINE: Final = "socket_missing"
_HIDDEN: Final = (
    "processes of other users cannot be seen: run the daemon as root, or give it CAP_SYS_PTRACE "
    "and CAP_DAC_READ_SEARCH, to know who listens"
)
_SEARCHING: Final = (
    "it is not known yet who listens at every port: so many files are open on this machine that "
    "the search takes several polls"
)
_FILES_PER_POLL: Final = 2000
"""Each costs about 4 microseconds of CPU time."""
_FOLDER: Final = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortsOptions:
    """Where the container engine is, and which ports are no news."""

    engine: EngineAddress | None = None
    """None: where engines usually are, if there is one."""
    ignore: tuple[int, ...] = ()
    """Ports of which no events are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortsReport:
    """Everything that was found at one look."""

    rows: tuple[PortRow, ...]
    containers: Containers
    ephemeral: tuple[int, int]
    generated_ms: int
    host: str
    is_complete: bool
    """If not, another look may find more processes."""

    def as_json(self) -> dict[str, Any]:
        """Return it as it is told."""
        return report_json(
            self.rows,
            host=self.host,
            generated_at=iso_utc(self.generated_ms),
            ephemeral=self.ephemeral,
            containers=self.containers,
        )


class PortsWatch:
    """Looks at the ports of this machine."""

    def __init__(
        self, options: PortsOptions, context: ProbeContext, look: ListenerLook | None = None
    ) -> None:
        """Begin with what was last known."""
        self._context = context
        self._look = look or ListenerLook(_FOLDER)
        self._engine: Engine | None = None
        self._no_engine: str | None = None
        try:
            address = options.engine or usual_address()
            self._engine = Engine(address, tls=TlsOptions(), http=context.http)
        except vol.Invalid as err:
            self._no_engine = f"the variable DOCKER_HOST is of no use: {err.msg}"
        # Whoever names an engine wants to know that it is not there.
        self._is_optional = options.engine is None and not os.environ.get("DOCKER_HOST")
        known = context.known.get("")
        self._changes = PortChanges(None if known is None else known.data, options.ignore)

    async def report(self, most_files: int | None = None) -> PortsReport:
        """Look once; for processes at most so many open files are looked at.

        Raises:
            ProbeError: The system tells nothing of its sockets.

        """
        try:
            seen = await self._context.lanes.call(
                ("ports", id(self)), partial(self._look.look, most_files)
            )
        except OSError as err:
            reason = err.strerror or str(err)
            raise ProbeError(f"the listeners cannot be read: {reason}", code="no_proc") from err
        containers = await self._containers()
        return PortsReport(
            rows=tuple(join_rows(seen, containers)),
            containers=containers,
            ephemeral=seen.ephemeral,
            generated_ms=self._context.clock.now_ms(),
            host=socket.gethostname(),
            is_complete=seen.is_complete,
        )

    async def poll(self) -> Reading:
        """Look once, and compare with the looks before."""
        report = await self.report(_FILES_PER_POLL)
        rows = report.rows
        values: dict[str, Scalar] = {
            "tcp": sum(row.proto == "tcp" and row.status != NAT for row in rows),
            "udp": sum(row.proto == "udp" and row.status != NAT for row in rows),
            "open_to_others": sum(not row.is_loopback_only for row in rows),
            "published_by_containers": sum(row.published is not None for row in rows),
        }
        # Some sockets are the kernel's own: nobody holds them, whoever asks.
        is_hidden = (
            report.is_complete
            and os.geteuid() != 0
            and any(row.pid is None and row.status != NAT for row in rows)
        )
        return Reading(
            data=report.as_json(),
            values=values,
            note=_HIDDEN if is_hidden else None if report.is_complete else _SEARCHING,
            events=self._changes.compare(rows, is_complete=report.is_complete),
        )

    async def _containers(self) -> Containers:
        """Ask the engine which ports its containers publish; without one there are none."""
        if self._engine is None:
            return Containers(error=self._no_engine)
        try:
            answer = await self._engine.ask("/containers/json", _ENGINE_S)
            data = json.loads(answer.body) if answer.status == _OK else None
        except TransportError as err:
            is_absent = err.code == _NO_ENGINE and self._is_optional
            return Containers(error=None if is_absent else err.message)
        except (ValueError, RecursionError):
            return Containers(error="the container engine does not answer with JSON")
        if data is None:
            return Containers(error=f"the container engine answered {answer.status}")
        return read_containers(data)


def compile_ports(options: PortsOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the poll of this machine's ports."""
    return {"": PortsWatch(options, context).poll}


PROBE: Final = ProbeType(
    name="ports",
    options=PortsOptions,
    schema={
        vol.Optional("engine"): engine_address,
        vol.Optional("ignore"): cv.list_of(cv.port),
    },
    compile=compile_ports,
    interval_s=60.0,
    timeout_s=15.0,
    example={"ignore": [5353]},
    is_default=True,
)
