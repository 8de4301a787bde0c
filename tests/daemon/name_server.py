"""A name server on loopback that knows a small zone, and lies when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias, cast

from dns.flags import TC
from dns.message import Message, QueryMessage, from_wire, make_response
from dns.rcode import NXDOMAIN, Rcode
from dns.rdatatype import CNAME
from dns.rrset import RRset, from_text

ZONE: Final = (
    from_text("nas.test.", 300, "IN", "A", "192.0.2.20", "192.0.2.10"),
    from_text("nas.test.", 300, "IN", "AAAA", "2001:db8::20"),
    from_text("nas.test.", 300, "IN", "TXT", '"v=spf1 " "-all"', '"two"'),
    from_text("nas.test.", 300, "IN", "MX", "10 Mail.test."),
    from_text("nas.test.", 300, "IN", "CAA", '0 issue "ca.example.net"'),
    from_text("alias.test.", 60, "IN", "CNAME", "NAS.test."),
    from_text("loop.test.", 60, "IN", "CNAME", "loop.test."),
    from_text("test.", 300, "IN", "NS", "ns1.test.", "ns2.test."),
    from_text("test.", 300, "IN", "SOA", "ns1.test. admin.test. 7 3600 600 86400 60"),
    from_text("_sip._tcp.test.", 300, "IN", "SRV", "0 5 5060 sip.test."),
    from_text("7.2.0.192.in-addr.arpa.", 300, "IN", "PTR", "printer.test."),
)

Answer: TypeAlias = Callable[[Message], list[bytes]]
"""The packets that are sent back for a question."""


def honest(query: Message) -> list[bytes]:
    """Answer from the zone."""
    return [answer(query).to_wire()]


def answer(query: Message) -> QueryMessage:
    """Return what the zone has for a question, following one alias."""
    response = cast("QueryMessage", make_response(query))
    question = query.question[0]
    found = [rrset for rrset in ZONE if rrset.name == question.name]
    if not found:
        response.set_rcode(NXDOMAIN)
    aliases = [rrset for rrset in found if rrset.rdtype == CNAME]
    if aliases and question.rdtype != CNAME:
        target = aliases[0][0].to_text().lower()
        found = [rrset for rrset in ZONE if rrset.name.to_text() == target]
        response.answer.append(aliases[0])
    matching: list[RRset] = [rrset for rrset in found if rrset.rdtype == question.rdtype]
    response.answer.extend(matching)
    return response


def refusing(rcode: Rcode) -> Answer:
    """Return a way to answer with nothing but this code."""

    def reply(query: Message) -> list[bytes]:
        """Refuse."""
        response = make_response(query)
        response.set_rcode(rcode)
        return [response.to_wire()]

    return reply


def truncated(query: Message) -> list[bytes]:
    """Say that the answer is too long for one packet."""
    response = make_response(query)
    response.flags |= TC
    return [response.to_wire()]


class _Udp(asyncio.DatagramProtocol):
    """Answers packets."""

    def __init__(self, reply: Answer) -> None:
        """Take how to answer."""
        self._reply = reply
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        assert self._transport is not None
        for packet in self._reply(from_wire(data)):
            self._transport.sendto(packet, addr)


@asynccontextmanager
async def name_server(reply: Answer = honest, over_tcp: Answer = honest) -> AsyncIterator[int]:
    """Serve on a free port, which is returned, over both protocols."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one question over TCP, and close."""
        with suppress(OSError, asyncio.IncompleteReadError):
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = from_wire(await reader.readexactly(length))
            for packet in over_tcp(query):
                writer.write(len(packet).to_bytes(2, "big") + packet)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Udp(reply), local_addr=("127.0.0.1", port)
    )
    try:
        yield port
    finally:
        transport.close()
        server.close()
