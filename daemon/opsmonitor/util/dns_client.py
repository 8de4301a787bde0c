"""Ask a name server one question, and see from its answer itself how it went; nothing is cached."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import socket
from time import perf_counter
from typing import TYPE_CHECKING, Final

from dns.exception import DNSException
from dns.flags import TC
from dns.message import Message, from_wire
from dns.rcode import REFUSED, SERVFAIL

from opsmonitor.exceptions import TransportError
from opsmonitor.util.trouble import explain

if TYPE_CHECKING:
    from opsmonitor.util.connect import Endpoint

RESOLV_CONF: Final = Path("/etc/resolv.conf")
PORT: Final = 53

_MAX_MESSAGE: Final = 65_535
_NONBLOCKING: Final = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_TRY_NEXT: Final = frozenset({SERVFAIL, REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """What a name server said."""

    server: str
    message: Message
    took_ms: float
    over_tcp: bool


def system_name_servers() -> list[str]:
    """Return the addresses that this machine asks, in their order; reads a file.

    Source: resolv.conf(5): without any, it is the machine itself.

    Raises:
        OSError: The file cannot be read.

    """
    lines = RESOLV_CONF.read_text("utf-8", "replace").splitlines()
    entries = [line.split() for line in lines]
    return [entry[1] for entry in entries if entry[:1] == ["nameserver"] and len(entry) > 1] or [
        "127.0.0.1"
    ]


async def ask(servers: Sequence[Endpoint], query: Message, timeout_s: float) -> DnsAnswer:
    """Return the answer of the first server that has one; each gets an equal part of the time.

    Raises:
        TransportError: None of them answers; it is the reason of the first.

    """
    refusal: DnsAnswer | None = None
    trouble: TransportError | None = None
    for server in servers:
        try:
            answer = await _ask_one(server, query, timeout_s / len(servers))
        except TransportError as err:
            trouble = trouble or err
            continue
        if answer.message.rcode() not in _TRY_NEXT:
            return answer
        refusal = refusal or answer
    if refusal is not None:
        return refusal
    raise trouble or TransportError("unsupported", "no name server is known to this machine")


async def _ask_one(server: Endpoint, query: Message, timeout_s: float) -> DnsAnswer:
    """Return the answer of one server."""
    address, port = server[1][:2]
    place = f"{address} port {port}"
    strays: list[bytes] = []
    started = perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            message = await _over_udp(server, query, strays)
            over_tcp = bool(message.flags & TC)
            if over_tcp:
                message = await _over_tcp(server, query, place)
    except TimeoutError as err:
        hint = " (only answers to other questions, or garbage)" if strays else ""
        raise TransportError(
            "timeout",
            f"no answer from the name server {place} within {round(timeout_s, 2):g} s{hint}",
        ) from err
    except OSError as err:
        raise explain(err, place, address) from err
    took_ms = (perf_counter() - started) * 1000
    return DnsAnswer(server=place, message=message, took_ms=took_ms, over_tcp=over_tcp)


async def _over_udp(server: Endpoint, query: Message, strays: list[bytes]) -> Message:
    """Return the first answer that belongs to the question; others may be forged."""
    family, address = server
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM | _NONBLOCKING) as sock:
        # Connected, so that only this server is heard, and that a closed port is told at once.
        sock.connect(address)
        await loop.sock_sendall(sock, query.to_wire())
        while True:
            wire = await loop.sock_recv(sock, _MAX_MESSAGE)
            message = parse_answer(wire, query)
            if message is not None:
                return message
            strays.append(wire[:1])


async def _over_tcp(server: Endpoint, query: Message, place: str) -> Message:
    """Return the whole of an answer that was too long for one packet."""
    family, address = server
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_STREAM | _NONBLOCKING) as sock:
        await loop.sock_connect(sock, address)
        question = query.to_wire()
        await loop.sock_sendall(sock, len(question).to_bytes(2, "big") + question)
        length = int.from_bytes(await _receive(sock, 2, place), "big")
        message = parse_answer(await _receive(sock, length, place), query)
    if message is None:
        raise TransportError(
            "invalid_response", f"the name server {place} answered over TCP, but not this question"
        )
    return message


async def _receive(sock: socket.socket, size: int, place: str) -> bytes:
    """Return exactly so many bytes."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < size:
        chunk = await loop.sock_recv(sock, size - len(received))
        if not chunk:
            raise TransportError(
                "connection_closed", f"the name server {place} closed the connection in mid-answer"
            )
        received += chunk
    return bytes(received)


def parse_answer(wire: bytes, query: Message) -> Message | None:
    """Return the answer to the question, None when these bytes are none."""
    try:
        message = from_wire(wire, ignore_trailing=True)
    except (DNSException, ValueError):
        return None
    return message if query.is_response(message) else None
