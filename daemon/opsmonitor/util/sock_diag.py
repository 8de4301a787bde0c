"""Ask the kernel which sockets listen: one question, whatever else the machine has open.

Source: sock_diag(7). Sorting out listeners from /proc/net/tcp takes a pass over every connection,
those that wait for their end included, of which a busy machine has a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import errno
import ipaddress
import socket
import struct
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x1 | 0x300
_ERROR: Final = 2
_DONE: Final = 3
_HEADER: Final = struct.Struct("=IHHII")
_REQUEST: Final = struct.Struct("=BBBxI48x")
# struct inet_diag_msg: family, state, timer, retransmissions, the socket's ids, five numbers.
_ANSWER: Final = struct.Struct("=BBBB H H 16s 16s I 8x IIIII")
_NUMBER: Final = struct.Struct("=i")
_PORT: Final = struct.Struct("!H")
_RECEIVE_BYTES: Final = 1 << 18
_TIMEOUT_S: Final = 2.0
STATES: Final = {"tcp": 10, "udp": 7}
"""TCP_LISTEN, and TCP_CLOSE for what is bound but not connected."""
_LACKING: Final = (errno.ENOENT, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
_NUMBERS: Final = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}


@dataclass(frozen=True, slots=True)
class Bound:
    """A socket that waits for whoever comes."""

    proto: str
    """tcp or udp."""
    ip: str
    port: int
    uid: int
    inode: int


def plain_ip(ip: str) -> str:
    """Return an address in its usual form; one of IPv4 in the shape of IPv6 becomes itself."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def ask_kernel() -> list[Bound]:
    """Return all listeners; blocks for a moment.

    Raises:
        OSError: The kernel does not answer such questions here, or not to this process.

    """
    found: list[Bound] = []
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as link:
        link.settimeout(_TIMEOUT_S)
        for proto, state in STATES.items():
            for family in (socket.AF_INET, socket.AF_INET6):
                body = _REQUEST.pack(family, _NUMBERS[proto], 0, 1 << state)
                size = _HEADER.size + len(body)
                head = _HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
                link.sendto(head + body, (0, 0))
                found += _answers(link, proto, family)
    return found


def _answers(link: socket.socket, proto: str, family: int) -> Iterator[Bound]:
    """Yield what is answered to one question.

    Raises:
        OSError: It was refused.

    """
    while True:
        for kind, content in split(link.recv(_RECEIVE_BYTES)):
            if kind in (_DONE, _ERROR):
                _end(content, family)
                return
            bound = parse_answer(content, proto)
            if bound is not None:
                yield bound


def _end(content: bytes, family: int) -> None:
    """Read what the kernel says at the end: a dump that fails tells it in its last message.

    Raises:
        OSError: Not all was told.

    """
    number = -_NUMBER.unpack_from(content)[0] if len(content) >= _NUMBER.size else 0
    # A kernel without IPv6 has no listeners there. IPv4 it has: what it lacks is the answer, such
    # as the module for UDP.
    if number > 0 and not (family == socket.AF_INET6 and number in _LACKING):
        raise OSError(number, "the kernel does not tell its sockets")


def split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of each message; what is cut off is left out."""
    at = 0
    while at + _HEADER.size <= len(data):
        size, kind, _, _, _ = _HEADER.unpack_from(data, at)
        if size < _HEADER.size or at + size > len(data):
            return
        yield kind, data[at + _HEADER.size : at + size]
        at += (size + 3) & ~3


def parse_answer(content: bytes, proto: str) -> Bound | None:
    """Return the socket that a message tells of; None if it makes no sense."""
    if len(content) < _ANSWER.size:
        return None
    family, _, _, _, _, _, source, _, _, _, _, _, uid, inode = _ANSWER.unpack_from(content)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    (port,) = _PORT.unpack_from(content, 4)
    raw = source[:4] if family == socket.AF_INET else source
    ip = socket.inet_ntop(family, raw)
    return Bound(proto, plain_ip(ip), port, uid, inode)
