"""Short plain requests have a transport of their own, which loses nothing and leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
import logging
import os
from pathlib import Path
import socket
import sys
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict, CIMultiDictProxy
import pytest
from yarl import URL

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.http_connector import KNOWN
from opsmonitor.util.http_message import HttpRequest, HttpResponse
from opsmonitor.util.readiness import WRITABLE, Readiness
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.tls import TlsPolicy, tls_context
from tests.daemon.targets import Handler, connections_to, http_answer, serve
from tests.ports import held_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")

_REQUEST = HttpRequest(
    url=URL("http://127.0.0.1/"), timeout_s=20, tls=tls_context(TlsPolicy(verify=False))
)
_MEGABYTE = 1 << 20


@pytest.fixture(params=["127.0.0.1", "one.test", "two.test"])
def host(request: pytest.FixtureRequest) -> str:
    """Return an address, a name that has one address, and a name that has two."""
    return str(request.param)


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    """Return a transport that finds every name on this machine."""

    def getaddrinfo(name: str, _port: None, **_hints: int) -> list[tuple[Any, ...]]:
        """Answer with loopback addresses; at the second nobody listens."""
        hosts = ["127.0.0.1"] if name == "one.test" else ["127.0.0.1", "127.0.0.2"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in hosts]

    resolver = Resolver(getaddrinfo=getaddrinfo)
    transport = HttpTransport(resolver)
    yield transport
    await transport.close()
    await resolver.close()


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    links = (str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())
    return sum(link.startswith("socket:") for link in links)


async def ask(
    transport: HttpTransport, host: str, handler: Handler, **changes: Any
) -> HttpResponse:
    """Return the answer of a server with this handler."""
    async with serve(handler) as port:
        request = replace(_REQUEST, url=URL(f"http://{host}:{port}/"), **changes)
        return await transport.fetch(request)


async def test_the_phases_have_their_times(transport: HttpTransport, host: str) -> None:
    """Connecting and answering take time, one after the other, and looking up only for a name."""
    response = await ask(transport, host, http_answer(b"hello"))

    timings = response.timings
    assert response.body == b"hello"
    assert timings.connect_ms is not None
    assert timings.connect_ms > 0
    assert timings.first_byte_ms is not None
    assert timings.first_byte_ms > 0
    assert (timings.dns_ms is None) is (host == "127.0.0.1")
    assert timings.total_ms is not None
    assert timings.total_ms >= timings.connect_ms + timings.first_byte_ms


async def test_a_long_answer_comes_whole(transport: HttpTransport, host: str) -> None:
    """Neither the size of what is read at once nor pauses in reading lose anything."""
    body = bytes(range(256)) * (4 * _MEGABYTE // 256)

    response = await ask(transport, host, http_answer(body), max_body_bytes=8 * _MEGABYTE)

    assert response.body == body
    assert not response.truncated


async def test_more_than_allowed_is_not_read(transport: HttpTransport, host: str) -> None:
    """The connection is closed in mid-answer."""
    response = await ask(
        transport, host, http_answer(b"x" * 4 * _MEGABYTE), max_body_bytes=_MEGABYTE
    )

    assert response.truncated
    assert len(response.body) == _MEGABYTE


async def test_an_answer_can_end_with_the_connection(transport: HttpTransport, host: str) -> None:
    """Without a length, the end of the connection is the end of the answer."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer and end."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * _MEGABYTE)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    response = await ask(transport, host, answer)

    assert response.body == b"y" * _MEGABYTE


async def test_a_long_request_is_sent_whole(transport: HttpTransport, host: str) -> None:
    """What the system does not take at once is sent when it takes it."""
    seen: list[bytes] = []
    headers = CIMultiDictProxy(CIMultiDict({"X-Long": "#" * 16 * _MEGABYTE}))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read all before answering."""
        while not seen or not seen[-1].endswith(b"\r\n\r\n"):
            seen.append(await reader.read(_MEGABYTE))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read()

    response = await ask(transport, host, answer, headers=headers)

    assert response.status == 204
    assert b"".join(seen).count(b"#") == 16 * _MEGABYTE


@pytest.mark.parametrize("name", ["127.0.0.1", "one.test"])
async def test_a_closed_port_refuses(transport: HttpTransport, name: str) -> None:
    """It says where, as every other way to connect does."""
    port = held_port()

    with pytest.raises(TransportError, match=f"refused by {name} port {port}") as caught:
        await transport.fetch(replace(_REQUEST, url=URL(f"http://{name}:{port}/")))

    assert caught.value.code == "connection_refused"


async def test_what_the_system_refuses_at_once(transport: HttpTransport) -> None:
    """A broadcast address cannot be connected to: that needs no waiting."""
    before = open_sockets()

    with pytest.raises(TransportError) as caught:
        await transport.fetch(replace(_REQUEST, url=URL("http://255.255.255.255:9/")))

    assert caught.value.code == "network_unreachable"
    assert open_sockets() == before


async def test_an_address_of_the_other_family_is_not_connected_to(transport: HttpTransport) -> None:
    """Who asks for IPv6 gets no IPv4, however the address is written."""
    async with serve(http_answer(b"hello")) as port:
        request = replace(_REQUEST, url=URL(f"http://127.0.0.1:{port}/"), family=socket.AF_INET6)

        with pytest.raises(TransportError) as caught:
            await transport.fetch(request)

    assert caught.value.code == "dns_failed"


async def test_closing_ends_what_is_under_way(transport: HttpTransport, host: str) -> None:
    """Whoever waits is told, and no socket is left."""
    is_asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Take the request and say nothing."""
        await reader.readuntil(b"\r\n\r\n")
        is_asked.set()
        await reader.read()

    async with serve(hang) as port:
        request = replace(_REQUEST, url=URL(f"http://{host}:{port}/"))
        waiting = [asyncio.ensure_future(transport.fetch(request)) for _ in range(5)]
        await is_asked.wait()

        await transport.close()

        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in ended] == [TransportError] * 5
        assert await connections_to({port}) == 0


async def test_a_flood_lets_others_have_their_turn(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much has come, a little is read before everybody else is served."""
    monkeypatch.setattr("opsmonitor.util.wire._CHUNK", 100)
    turns: list[int] = []
    loop = asyncio.get_running_loop()
    data_received = ResponseHandler.data_received

    def count() -> None:
        """Note a turn of the loop."""
        turns.append(0)
        loop.call_soon(count)

    def take(self: ResponseHandler, data: bytes) -> None:
        """Count what is read in a turn."""
        turns[-1] += 1
        data_received(self, data)

    monkeypatch.setattr(ResponseHandler, "data_received", take)
    count()

    response = await ask(transport, "127.0.0.1", http_answer(b"x" * 20_000))

    assert len(response.body) == 20_000
    assert sum(turns) >= 200
    assert max(turns) <= 8


async def test_what_comes_after_urgent_data(transport: HttpTransport) -> None:
    """The system stops reading before urgent data, and tells nobody of what lies behind."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer with urgent data in the middle."""
        await reader.readuntil(b"\r\n\r\n")
        sock = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
        with sock:
            sock.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
            sock.send(b"!", socket.MSG_OOB)
            sock.send(b"cdefghij")
        await reader.read()

    response = await ask(transport, "127.0.0.1", answer)

    assert response.body == b"abcdefghij"


def test_the_library_is_known() -> None:
    """Before the lock file takes another version, somebody has looked at what changed in it."""
    assert aiohttp.__version__.startswith(KNOWN)


async def test_another_version_of_the_library_connects_by_itself(
    transport: HttpTransport, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its inner parts may be others, so they are left alone."""
    monkeypatch.setattr(aiohttp, "__version__", "3.99.0")
    monkeypatch.delattr("opsmonitor.util.http_connector.Wire")

    response = await ask(transport, host, http_answer(b"hello"))

    assert response.body == b"hello"


class _Watcher:
    """Notes what it is told, and may have a defect."""

    def __init__(self, *, is_broken: bool = False) -> None:
        """Start with nothing."""
        self.is_broken = is_broken
        self.told: list[int] = []
        self.is_told, self.is_buried = asyncio.Event(), asyncio.Event()

    def notice(self, events: int, now: float) -> None:
        """Note the events."""
        self.told.append(events)
        self.is_told.set()
        assert now > 0
        if self.is_broken:
            raise ValueError("a defect")

    def bury(self) -> None:
        """Note the end."""
        self.is_buried.set()
        if self.is_broken:
            raise ValueError("another defect")


@pytest.fixture
def pairs() -> Iterator[list[socket.socket]]:
    """Return sockets that can be written to."""
    both = [each for _ in range(3) for each in socket.socketpair()]
    yield both
    for each in both:
        each.close()


async def test_a_defect_of_one_keeps_nothing_from_the_others(
    pairs: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody is told, and buried, whatever the first does with it."""
    caplog.set_level(logging.ERROR)
    readiness = Readiness(asyncio.get_running_loop())
    watchers = [_Watcher(is_broken=True), _Watcher(), _Watcher()]
    for watcher, sock in zip(watchers, pairs, strict=False):
        readiness.watch(sock.fileno(), watcher)
    await asyncio.gather(*(watcher.is_told.wait() for watcher in watchers))

    for watcher, sock in zip(watchers, pairs, strict=False):
        readiness.forget(sock.fileno(), watcher)
    await asyncio.gather(*(watcher.is_buried.wait() for watcher in watchers))
    readiness.close()

    assert [watcher.told for watcher in watchers] == [[WRITABLE]] * 3
    assert len(caplog.records) == 2
