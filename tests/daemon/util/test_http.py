"""The transport brings bytes and times, and follows redirects as the request says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import socket
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy
import pytest
from yarl import URL

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.tls import TlsPolicy, tls_context
from tests.daemon.targets import Handler, hangs, http_answer, serve, server_tls

_REQUEST = HttpRequest(
    url=URL("http://127.0.0.1/"), timeout_s=30, tls=tls_context(TlsPolicy(verify=False))
)


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    """Return a transport that finds every name on this machine."""

    def getaddrinfo(_host: str, _port: None, **_hints: int) -> list[tuple[Any, ...]]:
        """Answer with the loopback address."""
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    resolver = Resolver(getaddrinfo=getaddrinfo)
    transport = HttpTransport(resolver)
    yield transport
    await transport.close()
    await resolver.close()


def sends_on(location: str, seen: list[bytes]) -> Handler:
    """Return a handler that redirects, and notes the heads of the requests."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Redirect."""
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        await reader.read()

    return handler


async def test_a_loop_of_redirects_ends(transport: HttpTransport) -> None:
    """More redirects in a row than allowed are an error."""
    seen: list[bytes] = []
    async with serve(sends_on("/again", seen)) as port:
        request = replace(_REQUEST, url=URL(f"http://127.0.0.1:{port}/"), max_redirects=3)

        with pytest.raises(TransportError) as caught:
            await transport.fetch(request)

    assert caught.value.code == "too_many_redirects"
    assert len(seen) == 4


async def test_no_redirects_allowed_means_the_first_fails(transport: HttpTransport) -> None:
    """A limit of none is kept, too."""
    seen: list[bytes] = []
    async with serve(sends_on("/again", seen)) as port:
        request = replace(_REQUEST, url=URL(f"http://127.0.0.1:{port}/"), max_redirects=0)

        with pytest.raises(TransportError, match="more than 0 redirects"):
            await transport.fetch(request)


async def test_the_login_does_not_go_to_another_host(transport: HttpTransport) -> None:
    """A redirect elsewhere is followed without what could be secret, and its time is added."""
    first: list[bytes] = []
    second: list[bytes] = []
    headers = CIMultiDictProxy(
        CIMultiDict({"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "User-Agent": "me"})
    )

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer, and keep the request."""
        second.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await reader.read()

    async with (
        serve(note) as elsewhere,
        serve(sends_on(f"http://b.test:{elsewhere}/x", first)) as port,
    ):
        request = replace(_REQUEST, url=URL(f"http://a.test:{port}/"), headers=headers)

        response = await transport.fetch(request)

    assert (response.status, response.body) == (200, b"hi")
    assert response.url == URL(f"http://b.test:{elsewhere}/x")
    assert b"s3cret" in first[0]
    assert b"s3cret" not in second[0]
    assert b"User-Agent: me" in second[0]
    assert b"Referer" not in second[0]
    timings = response.timings
    last_ms = (timings.dns_ms or 0) + (timings.connect_ms or 0) + (timings.first_byte_ms or 0)
    assert timings.total_ms is not None
    assert timings.total_ms > last_ms


async def test_a_redirect_that_is_not_followed_is_the_answer(transport: HttpTransport) -> None:
    """Whether that is fine is for others to decide."""
    async with serve(sends_on("http://b.test/", [])) as port:
        request = replace(
            _REQUEST, url=URL(f"http://a.test:{port}/"), redirects=Redirects.SAME_HOST
        )

        response = await transport.fetch(request)

    assert response.status == 302


async def test_every_fetch_has_its_own_connection(transport: HttpTransport) -> None:
    """Nothing is reused, even if the server offers to."""
    connections = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve as many requests as come."""
        nonlocal connections
        connections += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n")

    async with serve(count) as port:
        request = replace(_REQUEST, url=URL(f"http://a.test:{port}/"))
        for _ in range(3):
            await transport.fetch(request)

    assert connections == 3


async def test_cookies_are_not_kept(transport: HttpTransport) -> None:
    """What one answer sets does not change the next request."""
    seen: list[bytes] = []

    async def set_cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer with a cookie."""
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n")
        await reader.read()

    async with serve(set_cookie) as port:
        request = replace(_REQUEST, url=URL(f"http://a.test:{port}/"))
        await transport.fetch(request)
        await transport.fetch(request)

    assert b"Cookie" not in seen[1]


async def test_exchanges_at_once_do_not_mix_their_times(transport: HttpTransport) -> None:
    """Each exchange has its own times, however many run at once."""
    async with serve(http_answer()) as quick, serve(hangs(), tls=None) as slow:
        requests = [
            replace(_REQUEST, url=URL(f"http://127.0.0.1:{quick}/")),
            replace(_REQUEST, url=URL(f"http://a.test:{quick}/")),
            replace(_REQUEST, url=URL(f"http://127.0.0.1:{slow}/"), timeout_s=0.1),
        ]

        literal, named, hung = await asyncio.gather(
            *(transport.fetch(request) for request in requests), return_exceptions=True
        )

    assert not isinstance(literal, BaseException)
    assert not isinstance(named, BaseException)
    assert literal.timings.dns_ms is None
    assert named.timings.dns_ms is not None
    assert isinstance(hung, TransportError)


async def test_the_certificate_comes_along(transport: HttpTransport) -> None:
    """Over TLS the answer has the certificate, verified or not."""
    async with serve(http_answer(), tls=server_tls("expired")) as port:
        response = await transport.fetch(replace(_REQUEST, url=URL(f"https://a.test:{port}/")))

    assert response.certificate is not None
    assert response.timings.tls_ms is not None
    assert response.timings.tls_ms > 0


def test_contexts_are_shared() -> None:
    """Making a context costs more than a handshake: checks of one policy share it."""
    assert tls_context(TlsPolicy()) is tls_context(TlsPolicy())
    assert tls_context(TlsPolicy()) is not tls_context(TlsPolicy(verify=False))
