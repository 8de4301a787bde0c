"""Announce the daemon in the local network by mDNS, so that Home Assistant finds it.

The service is `_ops-monitor._tcp.local.`; its TXT record holds `id`, `name`, `version`, `path`
and `tls` (RFC 6763: DNS-based service discovery).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import import_module
import ipaddress
import logging
import socket
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE: Final = "_ops-monitor._tcp.local."
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is announced."""

    host: str
    """The address that is listened on, as configured."""
    port: int
    instance_id: str
    version: str


async def announce(announcement: Announcement) -> None:
    """Announce until cancelled; where that cannot be done, say why and return."""
    try:
        await asyncio.to_thread(import_module, "zeroconf.asyncio")
    except ImportError:
        _LOGGER.info(
            "Not announced in the network: that needs `pip install 'ops-monitor[discovery]'`"
        )
        return
    addresses = await asyncio.to_thread(_addresses, announcement.host)
    if not addresses:
        _LOGGER.info("Not announced in the network: this machine has no address there")
        return
    try:
        await _announce(announcement, addresses)
    except OSError as err:
        _LOGGER.warning("Cannot announce the daemon in the network: %s", err)


async def _announce(announcement: Announcement, addresses: Sequence[str]) -> None:
    """Register the service, wait, and take it back."""
    library: Any = import_module("zeroconf.asyncio")
    responder = library.AsyncZeroconf(
        interfaces=[address for address in addresses if ":" not in address] or list(addresses)
    )
    name = socket.gethostname().partition(".")[0]
    # The id makes the name unique: two daemons on one machine are two services.
    service = library.AsyncServiceInfo(
        SERVICE_TYPE,
        f"Ops Monitor {name} {announcement.instance_id[:8]}.{SERVICE_TYPE}",
        port=announcement.port,
        parsed_addresses=list(addresses),
        server=f"{name}.local.",
        properties={
            "id": announcement.instance_id,
            "name": f"Ops Monitor ({name})",
            "version": announcement.version,
            "path": "/",
            "tls": "0",
        },
    )
    try:
        await responder.async_register_service(service, allow_name_change=True)
        _LOGGER.info("Announced in the network as %s", name)
        await asyncio.Event().wait()
    finally:
        await responder.async_close()


def _addresses(host: str) -> list[str]:
    """Return the addresses by which others reach what listens on a host."""
    if host not in _EVERYWHERE:
        return [host] if _is_address(host) else []
    found = [
        item.address
        for items in psutil.net_if_addrs().values()
        for item in items
        if item.family == socket.AF_INET or (item.family == socket.AF_INET6 and host == "::")
    ]
    return [address for address in found if _is_reachable(address)]


def _is_address(text: str) -> bool:
    """Tell whether a text is an address, not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_reachable(address: str) -> bool:
    """Tell whether others in the network can use an address as it is."""
    if "%" in address:
        return False
    parsed = ipaddress.ip_address(address)
    return not parsed.is_loopback and not parsed.is_link_local
