"""Facts about addresses."""

from __future__ import annotations

import pytest

from opsmonitor.util.net import is_loopback, url_host


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "::ffff:127.0.0.1"],
)
def test_loopback(host: str) -> None:
    """Names and addresses of this machine only."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.2", "nas.local", "localhost.evil.example", ""],  # noqa: S104 - the very point
)
def test_reachable_by_others(host: str) -> None:
    """Everything else may be reached by other machines."""
    assert not is_loopback(host)


def test_ipv6_in_a_url_has_brackets() -> None:
    """An IPv6 address is bracketed once, other hosts are left alone."""
    assert [url_host(host) for host in ("::1", "[::1]", "nas")] == ["[::1]", "[::1]", "nas"]
