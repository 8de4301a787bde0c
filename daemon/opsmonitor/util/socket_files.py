"""Read which sockets listen from /proc/net, where the kernel answers no questions: pure."""

from __future__ import annotations

from collections.abc import Iterable
import socket
import sys
from typing import Final

from opsmonitor.util.sock_diag import STATES, Bound, plain_ip

_FIELDS: Final = 10
_V4_DIGITS: Final = 8
_V6_DIGITS: Final = 32
_LARGEST: Final = 0xFFFF


def parse_sockets(lines: Iterable[str], proto: str) -> list[Bound]:
    """Return the listeners in /proc/net/tcp, tcp6, udp or udp6. Source: proc_net(5)."""
    wanted = f"{STATES[proto]:02X}"
    found: list[Bound] = []
    for line in lines:
        fields = line.split(None, _FIELDS)
        if len(fields) < _FIELDS or fields[3] != wanted:
            continue
        address, _, port = fields[1].partition(":")
        try:
            bound = Bound(
                proto, _ip(address), int(port, 16), int(fields[7][:20]), int(fields[9][:20])
            )
        except (ValueError, OSError):
            continue
        if 0 < bound.port <= _LARGEST:
            found.append(bound)
    return found


def _ip(digits: str) -> str:
    """Return an address; the kernel writes words of four bytes in the machine's own order.

    Raises:
        ValueError: It is none.

    """
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        words = (raw[at : at + 4] for at in range(0, len(raw), 4))
        raw = b"".join(word[::-1] for word in words)
    if len(digits) == _V4_DIGITS:
        return socket.inet_ntop(socket.AF_INET, raw)
    if len(digits) == _V6_DIGITS:
        return plain_ip(socket.inet_ntop(socket.AF_INET6, raw))
    raise ValueError("no address has this length")
