"""The stream over a WebSocket, and the snapshot without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

from opsmonitor.api import stream_client
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import CLOSED, House, cookie_of, open_house, validator
from tests.daemon.api.listener import listen
from tests.daemon.api.samples import BAD, GOOD, check

_PATIENCE_S: Final = 60
_SCHEMAS: Final[dict[str, Any]] = CLOSED["paths"]["/api/stream"]["get"]["responses"]["200"][
    "content"
]["text/event-stream"]["schema"]["x-events"]


class Socket:
    """An open WebSocket to the API."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take the socket."""
        self.socket = socket

    async def next(self) -> list[dict[str, Any]]:
        """Return the frames of the next message, each held to the description."""
        async with asyncio.timeout(_PATIENCE_S):
            frames: list[dict[str, Any]] = await self.socket.receive_json()
        for frame in frames:
            validator(_SCHEMAS[frame["event"]]).validate(frame["data"])
        return frames

    async def closing(self) -> aiohttp.WSMessage:
        """Return what ends the socket."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self.socket.receive()


@asynccontextmanager
async def connect(house: House, since: str = "", **headers: str) -> AsyncIterator[Socket]:
    """Open the socket."""
    url = f"http://127.0.0.1:{house.port}/api/ws"
    params = {"since": since} if since else {}
    async with house.session.ws_connect(url, headers=headers, params=params) as socket:
        yield Socket(socket)


async def test_snapshot_comes_first(house: House) -> None:
    """A fresh socket begins with the same that the snapshot answers."""
    house.monitor.tick(nas=BAD)

    async with connect(house) as socket:
        [frame] = await socket.next()

    answer = (await house.get("/api/snapshot")).json
    assert (frame["event"], frame["data"]) == ("snapshot", answer)
    assert frame["id"] == answer["id"]


async def test_a_tick_is_one_message(house: House) -> None:
    """All that a tick brought comes together, with the same frames and numbers as the events."""
    async with connect(house) as socket, listen(house) as listener:
        [first] = await socket.next()
        await listener.next()

        house.monitor.tick(nas=BAD, web=BAD)
        frames = await socket.next()
        events = [await listener.next() for _ in frames]

    assert [frame["event"] for frame in frames] == ["check", "check", "event", "event", "summary"]
    assert [(frame["id"], frame["event"], frame["data"]) for frame in frames] == [
        (event.id, event.kind, event.data) for event in events
    ]
    epoch, _, number = first["id"].partition("-")
    assert frames[0]["id"] == f"{epoch}-{int(number) + 1}"


async def test_what_was_missed(house: House) -> None:
    """Whoever comes back with the last id is told only what was missed."""
    async with connect(house) as socket:
        [first] = await socket.next()
    house.monitor.tick(nas=BAD)

    async with connect(house, since=first["id"]) as socket:
        frames = await socket.next()

    assert [frame["event"] for frame in frames] == ["check", "event", "summary"]


async def test_from_the_snapshot_on(house: House) -> None:
    """What happens between reading the snapshot and listening is not lost."""
    snapshot = (await house.get("/api/snapshot")).json
    house.monitor.tick(nas=BAD)

    async with connect(house, since=snapshot["id"]) as socket:
        frames = await socket.next()

    assert [frame["event"] for frame in frames] == ["check", "event", "summary"]


@pytest.mark.parametrize("since", ["another-1", "nonsense", "-", "0" * 100])
async def test_unknown_id(house: House, since: str) -> None:
    """An id of another process, or none at all, gets everything."""
    async with connect(house, since=since) as socket:
        [frame] = await socket.next()

    assert frame["event"] == "snapshot"


async def test_snapshot_has_a_tag(house: House) -> None:
    """Whoever has the present state is not sent it again."""
    first = await house.get("/api/snapshot")
    tag = {"If-None-Match": first.headers["ETag"]}

    assert (await house.get("/api/snapshot", headers=tag)).status == 304
    house.monitor.tick(nas=GOOD)
    assert (await house.get("/api/snapshot", headers=tag)).status == 200


async def test_no_websocket(house: House) -> None:
    """A plain request is told what is missing."""
    reply = await house.get("/api/ws")

    assert (reply.status, reply.error["code"]) == (426, "upgrade_required")
    assert reply.headers["Upgrade"] == "websocket"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthorized"),
        ({"Authorization": "Bearer wrong"}, "unauthorized"),
        (
            {"Authorization": "Bearer a-token", "Origin": "http://evil.example"},
            "origin_not_allowed",
        ),
        ({"Authorization": "Bearer a-token", "Host": "evil.example"}, "host_not_allowed"),
    ],
)
async def test_the_guard_stands_before_the_upgrade(headers: dict[str, str], code: str) -> None:
    """Host, origin and credential are judged before the protocol changes."""
    async with open_house(check("nas"), token=Secret("a-token")) as house:
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        reply = await house.get("/api/ws", headers=upgrade | headers)

        assert reply.error["code"] == code


async def test_signed_in_browser() -> None:
    """A page of the daemon itself connects with its cookie."""
    async with open_house(check("nas"), token=Secret("a-token")) as house:
        cookie = cookie_of(await house.post("/login", data={"token": "a-token"}))
        origin = f"http://127.0.0.1:{house.port}"

        async with connect(house, **cookie, Origin=origin) as socket:
            assert await socket.next()


async def test_token_is_rotated() -> None:
    """A socket whose token no longer holds is told so and ended."""
    async with (
        open_house(check("nas"), token=Secret("a-token")) as house,
        connect(house, Authorization="Bearer a-token") as socket,
    ):
        await socket.next()
        house.serve_as(token=Secret("another"))
        house.monitor.configure([check("nas")])
        await socket.next()
        [bye] = await socket.next()

        assert bye["data"] == {"reason": "credential"}
        assert (await socket.closing()).type is aiohttp.WSMsgType.CLOSE


async def test_daemon_stops() -> None:
    """A daemon that stops takes its leave, even of a client that does not answer."""
    async with open_house(check("nas")) as house, connect(house) as socket:
        await socket.next()
        await house.app.shutdown()

        assert [frame["event"] for frame in await socket.next()] == ["bye"]
        assert (await socket.closing()).type is aiohttp.WSMsgType.CLOSE


async def test_client_leaves(house: House) -> None:
    """A client that closes is forgotten at once, without anything being sent."""
    async with connect(house) as socket:
        await socket.next()

    await house.until_nobody_listens()


async def test_what_a_client_says(house: House) -> None:
    """A client that talks is not minded."""
    async with connect(house) as socket:
        await socket.next()
        await socket.socket.send_str("hello?")
        house.monitor.tick(nas=BAD)

        assert len(await socket.next()) == 3


async def test_client_that_talks_too_much(house: House) -> None:
    """A message that is longer than anything meant ends the socket."""
    async with connect(house) as socket:
        await socket.next()
        await socket.socket.send_str("x" * 5000)

        assert (await socket.closing()).type is aiohttp.WSMsgType.CLOSE
    await house.until_nobody_listens()


async def test_slow_client(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client for which too much piles up is cut off."""
    monkeypatch.setattr(stream_client, "_MOST_PENDING", 100)
    async with connect(house) as socket:
        await socket.next()
        house.monitor.tick(nas=BAD)

        closing = await socket.closing()

    assert closing.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
