"""Which names the daemon answers to: the defence against DNS rebinding and foreign pages."""

from __future__ import annotations

import socket
from typing import Any, Final

import psutil
import pytest

from opsmonitor.api.hosts import HostList
from opsmonitor.config.settings import ServerSettings
from opsmonitor.util.clock import FakeClock
from tests.daemon.api.house import House, open_house
from tests.daemon.api.raw import request_bytes, send_raw
from tests.daemon.api.samples import check

WIDE: Final[dict[str, Any]] = {"host": "0.0.0.0"}  # noqa: S104 - nothing is bound


def allows(header: str, **server: Any) -> bool:
    """Tell whether a server so configured accepts a Host header."""
    return HostList(lambda: ServerSettings(**server), FakeClock()).allows(header)


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "localhost:8060",
        "LocalHost:1",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.5.6.7",
        "[::1]",
        "[::1]:8060",
    ],
)
def test_loopback_names_are_always_ours(header: str) -> None:
    """A browser on this machine is let in under every name of loopback."""
    assert allows(header)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8060",
        "127.0.0.1.evil.example",
        "192.168.1.5",
        "[fe80::1]",
        "",
        " ",
        "localhost@evil.example",
        "localhost:port",
        "localhost:1:2",
        "localhost/evil.example",
        "localhost evil.example",
        "::1",
        "[::1",
        "localhost:999999",
    ],
)
def test_foreign_names_are_refused(header: str) -> None:
    """On loopback no other name is accepted, nor anything that only looks like ours."""
    assert not allows(header)


def test_configured_names_are_ours() -> None:
    """server.allowed_hosts adds names; case, brackets and port do not matter."""
    server: dict[str, Any] = {"allowed_hosts": ("Monitor.Home", "fd00::5")}

    assert allows("monitor.home:443", **server)
    assert allows("[fd00::5]:8060", **server)
    assert not allows("other.home", **server)


def test_bound_wider_the_machines_names_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound to all interfaces, the machine's names and addresses are accepted, others are not."""
    monkeypatch.setattr(socket, "gethostname", lambda: "Tower.home.arpa")
    own = "10.20.30.40"
    address = type("Address", (), {"family": socket.AF_INET, "address": own})()
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": [address]})

    ours = [own, "tower", "tower.home.arpa:8060", "TOWER.local", "localhost"]

    assert [allows(name, **WIDE) for name in ours] == [True] * len(ours)
    assert not allows("10.20.30.41", **WIDE)
    assert not allows("evil.example", **WIDE)
    assert not allows(own)


def test_a_new_address_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that the machine gets later is accepted within half a minute."""
    clock = FakeClock()
    host_list = HostList(lambda: ServerSettings(**WIDE), clock)
    monkeypatch.setattr(psutil, "net_if_addrs", dict)
    before = host_list.allows("10.0.0.9")
    address = type("Address", (), {"family": socket.AF_INET, "address": "10.0.0.9"})()
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": [address]})

    clock.advance(31)

    assert (before, host_list.allows("10.0.0.9")) == (False, True)


def test_the_bound_address_is_ours() -> None:
    """A server bound to one address answers to it."""
    assert allows("192.168.7.7:8060", host="192.168.7.7")


@pytest.mark.parametrize(
    "path", ["/", "/health", "/api/status/checks", "/api/stream", "/nothing", "/login"]
)
async def test_a_foreign_host_reaches_nothing(house: House, path: str) -> None:
    """A request under a foreign name is refused on every path, and told the remedy."""
    reply = await house.get(path, headers={"Host": "evil.example"})

    assert (reply.status, reply.error["code"]) == (403, "host_not_allowed")
    assert "allowed_hosts" in reply.error["message"]


@pytest.mark.parametrize(
    "headers",
    [[], ["Host: localhost", "Host: evil.example"], ["Host: evil.example", "Host: localhost"]],
)
async def test_no_host_or_two_hosts(house: House, headers: list[str]) -> None:
    """A request without a Host header, or with two, is refused."""
    answer = await send_raw(house.port, request_bytes("/health", *headers, version="1.0"))

    assert answer.split()[1] in {b"400", b"403"}


async def test_a_foreign_host_in_the_request_line(house: House) -> None:
    """The request line cannot stand in for the Host header."""
    data = request_bytes("http://localhost/health", "Host: evil.example")

    assert (await send_raw(house.port, data)).split()[1] == b"403"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://monitor.home"}, 200),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example:{port}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "file://127.0.0.1:{port}"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_origin_of_a_write(headers: dict[str, str], status: int) -> None:
    """Only a page of the daemon's own origin, or of a configured one, may change something."""
    async with open_house(check("nas"), allowed_hosts=("monitor.home",)) as house:
        sent = {name: value.replace("{port}", str(house.port)) for name, value in headers.items()}
        reply = await house.post("/api/checks/nas/run", headers=sent)

    assert reply.status == status


async def test_one_good_origin_does_not_vouch_for_another(house: House) -> None:
    """A write with several Origin headers is refused when one of them is foreign."""
    data = request_bytes(
        "/api/checks/nas/run",
        f"Host: 127.0.0.1:{house.port}",
        f"Origin: http://127.0.0.1:{house.port}",
        "Origin: http://evil.example",
        method="POST",
    )

    assert (await send_raw(house.port, data)).split()[1] == b"403"


async def test_a_foreign_page_cannot_open_the_stream(house: House) -> None:
    """The stream is refused to pages of other origins, like a write."""
    reply = await house.get("/api/stream", headers={"Origin": "http://evil.example"})

    assert (reply.status, reply.error["code"]) == (403, "origin_not_allowed")


async def test_no_cors(house: House) -> None:
    """No answer allows other origins to read it, and no preflight succeeds."""
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}

    preflight = await house.ask("OPTIONS", "/api/checks/nas/run", headers=headers)
    reading = await house.get("/api/status/checks", headers=headers)

    assert preflight.status == 405
    replies = (preflight, reading)
    assert not [name for reply in replies for name in reply.headers if name.startswith("Access-")]
