"""ICMP packets as they go over the wire."""

from __future__ import annotations

import socket
import struct

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.icmp import (
    Echo,
    echo_request,
    parse_reply,
    parse_request,
    without_ip_header,
)

families = st.sampled_from([socket.AF_INET, socket.AF_INET6])
words = st.integers(0, 65_535)


def test_a_request_has_the_documented_bytes() -> None:
    """Type 8, code 0, checksum, identifier, sequence, payload; the checksum is that of RFC 1071."""
    packet = echo_request(socket.AF_INET, 0x1234, Echo(0x0001, b"abcdefgh"))

    assert packet.hex() == "0800543512340001" + b"abcdefgh".hex()


@given(identifier=words, sequence=words, payload=st.binary(max_size=100))
def test_the_checksum_makes_the_sum_of_all_words_complete(
    identifier: int, sequence: int, payload: bytes
) -> None:
    """A receiver that adds all words up, the checksum included, gets ones only."""
    packet = echo_request(socket.AF_INET, identifier, Echo(sequence, payload))
    packet += b"\0" * (len(packet) % 2)

    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))

    assert total % 0xFFFF == 0


@given(family=families, identifier=words, sequence=words, payload=st.binary(max_size=100))
def test_an_echo_is_found_again(
    family: socket.AddressFamily, identifier: int, sequence: int, payload: bytes
) -> None:
    """What was asked for is read back from the request, and from a reply with the same contents."""
    echo = Echo(sequence, payload)
    request = echo_request(family, identifier, echo)
    reply = bytes([0 if family == socket.AF_INET else 129]) + request[1:]

    assert parse_request(family, request) == echo
    assert parse_reply(family, reply) == echo
    assert parse_reply(family, request) is None


@pytest.mark.parametrize(
    "packet", [b"", b"\0" * 7, b"\x03\x01" + b"\0" * 30, b"\0\x01" + b"\0" * 9]
)
def test_anything_else_is_no_reply(packet: bytes) -> None:
    """What is too short, of another type or with a code answers no echo."""
    assert parse_reply(socket.AF_INET, packet) is None


@given(packet=st.binary(max_size=80), family=families)
def test_parsing_never_raises(packet: bytes, family: socket.AddressFamily) -> None:
    """Whatever comes out of a raw socket is a reply or none."""
    parse_reply(family, without_ip_header(packet))


@pytest.mark.parametrize("words_of_header", [5, 15])
def test_the_ip_header_is_cut_off(words_of_header: int) -> None:
    """The header's own length says where the packet in it begins, options included."""
    header = bytes([0x40 | words_of_header]) + b"\0" * (words_of_header * 4 - 1)

    assert without_ip_header(header + b"echo") == b"echo"
