"""Find the address by which this machine leaves its network."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final

ROUTES: Final = Path("/proc/net/route")
_UP_AND_GATEWAY: Final = 0x3


def default_gateway(routes: Path = ROUTES) -> str | None:
    """Return the IPv4 address of the default gateway with the best metric; None: there is none.

    Blocks. Source: proc(5), /proc/net/route: hexadecimal in the byte order of the machine, which is
    little-endian wherever Linux runs at home.
    """
    try:
        lines = routes.read_text("ascii", "replace").splitlines()[1:]
    except OSError:
        return None
    found = [
        (int(fields[6]), fields[2])
        for fields in map(str.split, lines)
        if len(fields) > 7  # noqa: PLR2004 - up to the mask
        and fields[1] == fields[7] == "00000000"
        and int(fields[3], 16) & _UP_AND_GATEWAY == _UP_AND_GATEWAY
    ]
    if not found:
        return None
    return str(ipaddress.IPv4Address(bytes.fromhex(min(found)[1])[::-1]))
