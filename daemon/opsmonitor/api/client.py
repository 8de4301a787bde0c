"""Find out where a request really comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from aiohttp import web

Address: TypeAlias = IPv4Address | IPv6Address
_MARKS_OF_PROXIES: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from."""

    address: Address | None
    """None when it cannot be told: nothing is then taken for local."""
    is_https: bool
    is_forwarded: bool = False
    """Whether a proxy that is not trusted sent it on: from wherever, and for whomever."""

    @property
    def is_local(self) -> bool:
        """Tell whether the request comes from this machine."""
        return self.address is not None and self.address.is_loopback and not self.is_forwarded

    @property
    def key(self) -> str:
        """Return what limits are counted by: one IPv6 subscriber is one key, not 2^64."""
        if isinstance(self.address, IPv6Address):
            return str(IPv6Network((int(self.address), 64), strict=False))
        return str(self.address)


def identify(request: web.Request, trusted_proxies: tuple[str, ...]) -> Client:
    """Return the client; headers of proxies count only if they come from a trusted one."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    address = parse_address(peer[0]) if isinstance(peer, tuple) else None
    if not trusted_proxies or not _is_trusted(address, trusted_proxies):
        is_forwarded = any(name in request.headers for name in _MARKS_OF_PROXIES)
        return Client(address=address, is_https=request.secure, is_forwarded=is_forwarded)
    protocol = _listed(request, "X-Forwarded-Proto")
    return Client(
        address=_forwarded_address(request, address, trusted_proxies),
        is_https=protocol[-1].lower() == "https" if protocol else request.secure,
    )


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address | None:
    """Read an IP address; one that is IPv4 written as IPv6 becomes IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _forwarded_address(
    request: web.Request, peer: Address | None, trusted_proxies: tuple[str, ...]
) -> Address | None:
    """Walk X-Forwarded-For from the nearest hop to the first that is not a trusted proxy."""
    address = peer
    for hop in reversed(_listed(request, "X-Forwarded-For")):
        address = parse_address(hop)
        if not _is_trusted(address, trusted_proxies):
            break
    return address


def _listed(request: web.Request, header: str) -> list[str]:
    """Return the comma-separated values of a header, in order."""
    values = ",".join(request.headers.getall(header, ()))
    return [value.strip() for value in values.split(",") if value.strip()]


def _is_trusted(address: Address | None, trusted_proxies: tuple[str, ...]) -> bool:
    """Tell whether an address belongs to a trusted proxy."""
    return address is not None and any(address in net for net in _networks(trusted_proxies))


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks; the configuration has checked them."""
    return tuple(ip_network(text, strict=False) for text in texts)
