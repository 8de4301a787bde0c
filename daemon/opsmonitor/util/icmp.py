"""Put ICMP echo packets together and take them apart; nothing is sent here."""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

MAX_PAYLOAD: Final = 65_507

_HEADER: Final = struct.Struct("!BBHHH")
_IPV4_LENGTH_MASK: Final = 0x0F
_IPV4_VERSION: Final = 4
# Source: RFC 792 and RFC 4443: the types of an echo request and of its reply.
_REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY: Final = {socket.AF_INET: 0, socket.AF_INET6: 129}


class Echo(NamedTuple):
    """What tells one echo from all others."""

    sequence: int
    payload: bytes


def echo_request(family: socket.AddressFamily, identifier: int, echo: Echo) -> bytes:
    """Return the packet that asks for an echo; only for IPv4 is the checksum ours to make."""
    kind = _REQUEST[family]
    packet = _HEADER.pack(kind, 0, 0, identifier, echo.sequence) + echo.payload
    if family == socket.AF_INET6:
        return packet
    checksum = _checksum(packet)
    return _HEADER.pack(kind, 0, checksum, identifier, echo.sequence) + echo.payload


def parse_reply(family: socket.AddressFamily, packet: bytes) -> Echo | None:
    """Return the echo that a packet answers, None when it is no reply."""
    return _parse(packet, _REPLY[family])


def parse_request(family: socket.AddressFamily, packet: bytes) -> Echo | None:
    """Return the echo that a packet asks for, as errors quote it; None when it asks for none."""
    return _parse(packet, _REQUEST[family])


def reply_type(family: socket.AddressFamily) -> int:
    """Return the number of the only type that is waited for."""
    return _REPLY[family]


def without_ip_header(packet: bytes) -> bytes:
    """Return what a raw socket received without the IPv4 header before it."""
    if packet and packet[0] >> 4 == _IPV4_VERSION:
        return packet[(packet[0] & _IPV4_LENGTH_MASK) * 4 :]
    return packet


def _parse(packet: bytes, wanted: int) -> Echo | None:
    """Return sequence and payload of a packet of the type wanted."""
    if len(packet) < _HEADER.size or packet[0] != wanted or packet[1] != 0:
        return None
    return Echo(_HEADER.unpack_from(packet)[4], packet[_HEADER.size :])


def _checksum(packet: bytes) -> int:
    """Return the Internet checksum of a packet.

    Source: RFC 1071: the complement of the sum of all 16-bit words, its carries added again.
    """
    padded = packet + b"\0" * (len(packet) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:  # noqa: PLR2004  # the largest 16-bit word
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
