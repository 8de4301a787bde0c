"""Tell whether a host lies beyond the local networks, by its name alone: pure."""

from __future__ import annotations

import ipaddress
from typing import Final

_LOCAL_ENDINGS: Final = (
    *("local", "localhost", "lan", "home", "intern", "internal", "private", "localdomain"),
    *("home.arpa", "fritz.box", "test", "invalid", "example"),
    *("example.com", "example.org", "example.net"),
)
"""Names that no public name server knows, by convention or by decision.

Sources: RFC 6761 and RFC 2606 (names that are reserved), RFC 6762 (local), RFC 8375 (home.arpa),
ICANN's resolution 2024.07.29.06 (internal); the others are customs of routers and of homes.
"""


def is_outside(host: str) -> bool:
    """Tell whether a host name or an address is most likely not in the local networks."""
    name = host.strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_global
    except ValueError:
        pass
    if "." not in name or "/" in name:
        return False
    return not any(name == ending or name.endswith(f".{ending}") for ending in _LOCAL_ENDINGS)
