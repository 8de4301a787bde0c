"""HTTP checks that ask through a proxy."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
import voluptuous as vol

from opsmonitor.checks.http import CHECK
from opsmonitor.models.check import Verdict
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import (
    AUTHORITY,
    Handler,
    answers,
    http_answer,
    serve,
    server_tls,
)
from tests.ports import held_port

_LOGIN = "Basic " + b64encode(b"me:hunter2").decode()


def tunnel(heads: list[str], port: int) -> Handler:
    """Return a proxy that connects everybody to one port, and keeps what it was asked."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open the way and carry bytes in both directions."""
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_carry(reader, target_writer), _carry(target_reader, writer))
        finally:
            target_writer.transport.abort()

    return handler


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything on."""
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


def keeping(heads: list[str], answer: bytes) -> Handler:
    """Return a handler that keeps the head of a request and answers it."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer once."""
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        await writer.drain()

    return handler


async def test_a_plain_request_goes_through_the_proxy(make_probe: MakeProbe) -> None:
    """The proxy is told the whole address and who asks; the name is not looked up here."""
    heads: list[str] = []
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with serve(keeping(heads, answer)) as proxy:
        outcome = await make_probe(
            CHECK, url="http://inner.invalid/x", proxy=f"http://me:hunter2@127.0.0.1:{proxy}"
        )()

    assert (outcome.verdict, outcome.status_code) == (Verdict.OK, 204)
    assert heads[0].startswith("GET http://inner.invalid/x HTTP/1.1\r\n")
    assert f"Proxy-Authorization: {_LOGIN}\r\n" in heads[0]


async def test_tls_goes_through_a_tunnel(make_probe: MakeProbe) -> None:
    """The certificate is that of the target, and the target never sees the proxy's password."""
    asked: list[str] = []
    heads: list[str] = []
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with (
        serve(keeping(heads, answer), tls=server_tls("localhost")) as target,
        serve(tunnel(asked, target)) as proxy,
    ):
        outcome = await make_probe(
            CHECK,
            url=f"https://localhost:{target}/",
            proxy=f"http://me:hunter2@127.0.0.1:{proxy}",
            tls={"ca_file": str(AUTHORITY)},
        )()

    assert outcome.verdict is Verdict.OK
    assert outcome.tls is not None
    assert outcome.tls.subject == "localhost"
    assert asked[0].startswith(f"CONNECT localhost:{target} HTTP/1.1\r\n")
    assert f"Proxy-Authorization: {_LOGIN}\r\n" in asked[0]
    assert "Proxy-Authorization" not in heads[0]


async def test_a_dead_proxy_is_told_apart_from_a_dead_target(make_probe: MakeProbe) -> None:
    """Without the proxy nothing is known of the target, and the error names the proxy."""
    port = held_port()

    outcome = await make_probe(
        CHECK, url="https://inner.invalid/", proxy=f"http://me:hunter2@127.0.0.1:{port}"
    )()

    assert outcome.error_code == "proxy_failed"
    assert f"the proxy 127.0.0.1 port {port}" in (outcome.error or "")
    assert "hunter2" not in repr(outcome)


@pytest.mark.parametrize(
    ("status", "words"),
    [("407 Who are you", "it asks for a login"), ("502 Bad Gateway", "with status 502")],
)
async def test_a_proxy_that_refuses_is_told(make_probe: MakeProbe, status: str, words: str) -> None:
    """The proxy's own status is not the target's."""
    async with serve(http_answer(status=status)) as proxy:
        outcome = await make_probe(
            CHECK, url="https://inner.invalid/", proxy=f"http://127.0.0.1:{proxy}"
        )()

    assert outcome.error_code == "proxy_failed"
    assert words in (outcome.error or "")


async def test_a_proxy_that_speaks_nonsense_is_no_crash(make_probe: MakeProbe) -> None:
    """Anything else on the proxy's port is a failure with a reason."""
    async with serve(answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as proxy:
        outcome = await make_probe(
            CHECK, url="https://inner.invalid/", proxy=f"http://127.0.0.1:{proxy}"
        )()

    assert outcome.error_code == "invalid_response"


@pytest.mark.parametrize(
    "proxy", ["proxy.lan:3128", "socks5://x:1", "https://x:1", "http://x/path", "http://x:1/?a=b"]
)
def test_what_is_no_proxy_is_refused(proxy: str) -> None:
    """Only HTTP proxies are known."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))({"url": "http://x/", "proxy": proxy})
