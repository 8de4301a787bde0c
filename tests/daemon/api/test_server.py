"""The server itself: slow and broken clients, and listening."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
import json
import logging

import aiohttp
import pytest

from opsmonitor.api import connection
from opsmonitor.api.app import create_app
from opsmonitor.api.routes import dashboard
from opsmonitor.api.server import serve
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ListenError
from opsmonitor.util.clock import FakeClock
from tests.daemon.api.doubles import HandMonitor, HandStore
from tests.daemon.api.house import House, real_deps
from tests.daemon.api.raw import request_bytes, send_raw


@pytest.mark.parametrize("started", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: lo"])
async def test_a_slow_request_is_cut_off(monkeypatch: pytest.MonkeyPatch, started: bytes) -> None:
    """A client that does not finish its request in time loses the connection."""
    monkeypatch.setattr(connection, "_IDLE_S", 0.1)
    clock = FakeClock()
    deps = real_deps(HandMonitor(clock, []), HandStore(), clock, Settings(checks={}))
    async with serve(create_app(deps), "127.0.0.1", 0) as port:
        assert await send_raw(port, started) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 1000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX\x00: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused(house: House, data: bytes) -> None:
    """Broken or oversized requests are 400 in the one shape, and the server goes on."""
    head, _, content = (await send_raw(house.port, data)).partition(b"\r\n\r\n")

    assert head.split()[1] == b"400"
    assert json.loads(content)["error"]["code"] == "bad_request"
    assert b"nosniff" in head
    assert b"aiohttp" not in head
    assert (await house.get("/health")).status == 200


async def test_what_was_sent_in_a_broken_request_is_not_repeated(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A token in a header that is no HTTP is neither logged nor sent back."""
    data = b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer planted\x00\r\n\r\n"

    with caplog.at_level(logging.DEBUG):
        answer = await send_raw(house.port, data)

    assert answer.split()[1] == b"400"
    assert b"planted" not in answer
    assert "planted" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_failure_within_an_answer_cuts_it_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the page fails half way, no second answer is written into it."""

    def broken(_self: object, _view: object) -> Iterator[bytes]:
        yield b"<p>half"
        raise RuntimeError("half way")

    monkeypatch.setattr(type(dashboard.RENDERER), "page", broken)
    answer = await send_raw(house.port, request_bytes("/", "Host: localhost"))

    assert b"<p>half" in answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_flood_of_connections_is_turned_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections beyond the limit are closed at once; those within it, and later ones, work."""
    monkeypatch.setattr(connection, "_MOST_CONNECTIONS", 3)
    pairs = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(3)]
    async with asyncio.timeout(60):
        with pytest.raises(ConnectionError):
            await refused(house.port)
        for _, writer in pairs:
            writer.close()
            await writer.wait_closed()

        answer = await send_raw(house.port, request_bytes("/health", "Host: localhost"))

    assert b"200 OK" in answer


async def refused(port: int) -> None:
    """Send a request; fail the way a connection that was cut off does."""
    if await send_raw(port, request_bytes("/health", "Host: localhost")) == b"":
        raise ConnectionResetError


async def test_an_address_that_is_taken(house: House) -> None:
    """Listening where somebody else does fails with a sentence that says what to do."""
    clock = FakeClock()
    deps = real_deps(HandMonitor(clock, []), HandStore(), clock, Settings(checks={}))

    with pytest.raises(ListenError, match="choose another"):
        async with serve(create_app(deps), "127.0.0.1", house.port):
            pass


async def test_an_open_request_does_not_hold_up_the_end() -> None:
    """A request that is still being sent when the daemon stops is cut off."""
    clock = FakeClock()
    deps = real_deps(HandMonitor(clock, []), HandStore(), clock, Settings(checks={}))
    async with asyncio.timeout(60):
        async with serve(create_app(deps), "127.0.0.1", 0) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"POST /api/config/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
            )
            async with aiohttp.ClientSession() as session:
                await session.get(f"http://127.0.0.1:{port}/health")
        rest = await reader.read()
    writer.close()

    assert b"200 OK" not in rest
