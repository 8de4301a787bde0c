"""`opsmonitor ports`: what listens on this machine, and whether a port is free."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from opsmonitor.parts.port_page import port_page
from opsmonitor.parts.port_rows import NAT, users_of
from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.ports import PortsOptions, PortsReport, PortsWatch
from opsmonitor.util.clock import SystemClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver

if TYPE_CHECKING:
    from opsmonitor.parts.port_rows import PortRow

_QUESTION: Final = re.compile(
    r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):)?(\d{1,5})(?:/(tcp|udp))?", re.ASCII
)
_MOST_PORTS: Final = 65_535
_STANDARD_OUTPUT: Final = "-"


class PortQuestion(NamedTuple):
    """Which port is asked for; None stands for any."""

    port: int
    ip: str | None = None
    proto: str | None = None


def port_question(text: str) -> PortQuestion:
    """Return what is asked for, such as `8080`, `127.0.0.1:8080` or `[::1]:53/udp`.

    Raises:
        argparse.ArgumentTypeError: It is no port.

    """
    match = _QUESTION.fullmatch(text)
    port = int(match[3]) if match else 0
    if match is None or not 0 < port <= _MOST_PORTS:
        raise argparse.ArgumentTypeError(
            f"expected a port from 1 to 65535, such as 8080 or 127.0.0.1:53/udp, got {text!r}"
        )
    return PortQuestion(port, match[1] or match[2], match[4])


def run(arguments: argparse.Namespace) -> int:
    """Look once, and print, write or answer.

    Raises:
        ProbeError: The system tells nothing of its sockets.

    """
    report = asyncio.run(_look())
    if arguments.html:
        _write(arguments.html, port_page(report.as_json()))
    if arguments.json:
        _write(arguments.json, json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n")
    if arguments.check_port:
        return _answer(report, arguments.check_port)
    if not (arguments.html or arguments.json):
        for line in _table(report):
            print(line)
        if report.containers.error:
            # Beside the table: its lines are all of one form.
            print(f"containers could not be asked: {report.containers.error}", file=sys.stderr)
    return 0


async def _look() -> PortsReport:
    """Look at this machine once."""
    resolver = Resolver()
    http = HttpTransport(resolver)
    try:
        context = ProbeContext(clock=SystemClock(), http=http, resolver=resolver)
        return await PortsWatch(PortsOptions(), context).report()
    finally:
        await http.close()
        await resolver.close()


def _write(name: str, content: str) -> None:
    """Write a file; `-` is the standard output."""
    if name == _STANDARD_OUTPUT:
        sys.stdout.write(content)
        return
    Path(name).write_text(content, "utf-8", errors="replace")


def _answer(report: PortsReport, asked: PortQuestion) -> int:
    """Say whether a port is free: 0 if it is, 1 if it is not."""
    users = users_of(report.rows, asked.port, ip=asked.ip, proto=asked.proto)
    name = f"port {asked.port}"
    if not users:
        print(f"{name} is free")
        low, high = report.ephemeral
        if low <= asked.port <= high:
            print(f"but the system may give it to anybody: it gives away {low} to {high}")
        if report.containers.error:
            print(f"but containers could not be asked: {report.containers.error}")
        return 0
    for row in users:
        where = ", ".join(row.addresses)
        print(f"{name} is in use: {row.proto} at {where} by {_who(row)}")
    return 1


def _who(row: PortRow) -> str:
    """Return what people call whoever listens."""
    process = f"{row.process} (pid {row.pid})" if row.pid is not None else None
    if row.holder is None:
        return process or f"a process of {row.user} that you may not see"
    name = f"container {row.holder.name or row.holder.short_id}"
    return f"{name}, by network rules only" if row.status == NAT else name


def _table(report: PortsReport) -> list[str]:
    """Return all rows as lines."""
    rows = [("PORT", "PROTO", "ADDRESSES", "WHO", "USER")]
    rows += [
        (str(row.port), row.proto, ", ".join(row.addresses), _who(row), row.user or "")
        for row in report.rows
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
