"""Where a request comes from: what proxies say counts only if they are trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from multidict import CIMultiDict
import pytest

from opsmonitor.api.client import Client, identify, parse_address


def request_from(peer: str | None, *headers: tuple[str, str], secure: bool = False) -> Any:
    """Return a request as it came from a peer."""
    name = (peer, 40000) if peer else None
    transport = SimpleNamespace(get_extra_info=lambda _key: name)
    return SimpleNamespace(transport=transport, headers=CIMultiDict(headers), secure=secure)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        ((), ["192.0.2.7"], "10.0.0.1"),
        (("10.0.0.9",), ["192.0.2.7"], "10.0.0.1"),
        (("10.0.0.1",), ["192.0.2.7"], "192.0.2.7"),
        (("10.0.0.0/8",), ["192.0.2.7"], "192.0.2.7"),
        (("10.0.0.0/8",), ["127.0.0.1, 192.0.2.7"], "192.0.2.7"),
        (("10.0.0.0/8",), ["192.0.2.7, 10.2.3.4"], "192.0.2.7"),
        (("10.0.0.0/8",), ["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        (("10.0.0.0/8",), ["10.2.3.4"], "10.2.3.4"),
        (("10.0.0.0/8",), [], "10.0.0.1"),
        (("10.0.0.0/8",), ["", " , "], "10.0.0.1"),
    ],
)
def test_forwarded_address(trusted: tuple[str, ...], forwarded: list[str], expected: str) -> None:
    """The client is the nearest hop that is no trusted proxy; who is not trusted is not heard."""
    request = request_from("10.0.0.1", *[("X-Forwarded-For", value) for value in forwarded])

    assert str(identify(request, trusted).address) == expected


@pytest.mark.parametrize("garbage", ["unknown", "192.0.2.7:80", "<script>", "1" * 5000])
def test_garbage_is_nobody(garbage: str) -> None:
    """What is no address is nobody: such a client is never taken for a local one."""
    client = identify(request_from("127.0.0.1", ("X-Forwarded-For", garbage)), ("127.0.0.1",))

    assert client.address is None
    assert not client.is_local


@pytest.mark.parametrize(
    ("trusted", "protocol", "expected"),
    [(("10.0.0.1",), "https", True), (("10.0.0.1",), "http", False), ((), "https", False)],
)
def test_forwarded_protocol(trusted: tuple[str, ...], protocol: str, expected: bool) -> None:  # noqa: FBT001
    """Only a trusted proxy can say that the browser speaks HTTPS."""
    request = request_from("10.0.0.1", ("X-Forwarded-Proto", protocol))

    assert identify(request, trusted).is_https is expected


def test_no_peer_is_nobody() -> None:
    """A connection that is gone, or has no address, is not local."""
    assert not identify(request_from(None), ()).is_local
    gone = cast("Any", SimpleNamespace(transport=None, headers=CIMultiDict(), secure=False))
    assert not identify(gone, ()).is_local


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.7", "192.0.2.8", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::1%eth1", True),
    ],
)
def test_limits_count_by_subscriber(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    """All addresses of one IPv6 subscriber count as one; each IPv4 address by itself."""
    keys = [Client(address=parse_address(text), is_https=False).key for text in (one, other)]

    assert (keys[0] == keys[1]) is is_same


def test_mapped_loopback_is_local() -> None:
    """Loopback written as IPv6 is loopback."""
    assert identify(request_from("::ffff:127.0.0.1"), ()).is_local
