"""Connections are opened to the address that accepts."""

from __future__ import annotations

import asyncio
import socket

import pytest

from opsmonitor.util.connect import connect, literal_endpoint
from opsmonitor.util.timeline import Timeline
from tests.daemon.targets import hangs, serve
from tests.ports import held_port


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("192.0.2.1", (socket.AF_INET, ("192.0.2.1", 80))),
        ("2001:db8::1", (socket.AF_INET6, ("2001:db8::1", 80, 0, 0))),
        ("nas.test", None),
        ("fe80::1%eth0", None),
    ],
)
def test_addresses_need_no_look_up(host: str, endpoint: object) -> None:
    """An address is an endpoint by itself; a name, or an address with a zone, is not."""
    assert literal_endpoint(host, 80) == endpoint


async def test_the_first_that_accepts_wins() -> None:
    """Endpoints that refuse are passed over, and the moments of the connection are noted."""
    async with serve(hangs()) as port:
        timeline = Timeline()
        endpoints = [
            (socket.AF_INET, ("127.0.0.1", held_port())),
            (socket.AF_INET, ("127.0.0.1", port)),
        ]

        sock = await connect(endpoints, timeline)
        peer = sock.getpeername()
        sock.close()

    assert peer == ("127.0.0.1", port)
    assert timeline.connect_started is not None
    assert timeline.connected is not None
    assert timeline.connected > timeline.connect_started


async def test_cancelling_closes_the_socket() -> None:
    """A connection that is given up while it is made leaves no socket; a leak would warn."""
    loop = asyncio.get_running_loop()
    timeline = Timeline()

    task = loop.create_task(connect([(socket.AF_INET, ("192.0.2.1", 9))], timeline))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert task.done()


async def test_hanging_up_reaches_the_other_side() -> None:
    """Hanging up ends the connection for both, however much is still to be sent."""
    is_over = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Note the end of the connection."""
        await reader.read()
        is_over.set()

    async with serve(wait) as port:
        timeline = Timeline()
        sock = await connect([(socket.AF_INET, ("127.0.0.1", port))], timeline)

        timeline.hang_up()
        await asyncio.wait_for(is_over.wait(), 60)
        sock.close()
        timeline.hang_up()

    assert is_over.is_set()
