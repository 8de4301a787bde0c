"""Hosts are names or addresses, and nothing that could be misread."""

from __future__ import annotations

import pytest
import voluptuous as vol

from opsmonitor.parts.fields import host


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("nas", "nas"),
        ("nas.lan.", "nas.lan."),
        ("my_host.lan", "my_host.lan"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("4chan.org", "4chan.org"),
    ],
)
def test_names_and_addresses_are_hosts(value: str, result: str) -> None:
    """Brackets are taken off, and names are written as name servers know them."""
    assert host(value) == result


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "-x",
        "a b",
        "a/b",
        "http://a",
        "me@a",
        "127.1",
        "2130706433",
        "0x7f000001",
        "192.0.2.300",
        "1::2::3",
        "a" * 254,
        "ä" * 100,
        "a\n",
        5,
        None,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    """What other programs could take for something else, too, is no host."""
    with pytest.raises(vol.Invalid):
        host(value)
