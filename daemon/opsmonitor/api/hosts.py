"""The names under which the daemon may be addressed: the defence against DNS rebinding."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final

import psutil
from yarl import URL

from opsmonitor.api.client import parse_address
from opsmonitor.util.net import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.util.clock import Clock

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/@?#\[\]]+)(?::(\d{1,5}))?")
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OWN_NAMES_AGE_S: Final = 30.0


class HostList:
    """Decide whether a Host or Origin header names this daemon."""

    def __init__(self, server: Callable[[], ServerSettings], clock: Clock) -> None:
        """Take the settings in force, and the clock by which own addresses are looked up again."""
        self._server = server
        self._clock = clock
        self._own: frozenset[str] = frozenset()
        self._own_at_s = float("-inf")

    def allows(self, host_header: str) -> bool:
        """Tell whether a Host header names this daemon."""
        authority = _split(host_header)
        return authority is not None and self._is_ours(authority[0])

    def allows_origin(self, origin: str, host_header: str) -> bool:
        """Tell whether a page of this origin may change things here.

        That is the page that was loaded from this daemon, under the address it is asked by now
        or under a configured one: a proxy may have changed the Host header.
        """
        scheme, _, netloc = origin.partition("://")
        theirs = _split(netloc)
        ours = _split(host_header)
        if theirs is None or ours is None or scheme not in _DEFAULT_PORTS:
            return False
        if theirs[0] in self._configured():
            return True
        default = _DEFAULT_PORTS[scheme]
        return (theirs[0], theirs[1] or default) == (ours[0], ours[1] or default)

    def _is_ours(self, name: str) -> bool:
        """Tell whether a bare name or address is one of this daemon's."""
        host = self._server().host
        if name in _LOOPBACK_NAMES or name == _bare(host) or name in self._configured():
            return True
        if is_loopback(host):
            address = parse_address(name)
            return address is not None and address.is_loopback
        return name in self._own_names()

    def _configured(self) -> frozenset[str]:
        """Return the further names of the configuration."""
        server = self._server()
        names = {_bare(name) for name in server.allowed_hosts}
        if server.public_url is not None:
            names.add(_bare(URL(server.public_url).host or ""))
        return frozenset(names)

    def _own_names(self) -> frozenset[str]:
        """Return the machine's names and addresses, which may change while it runs."""
        now_s = self._clock.monotonic()
        if now_s - self._own_at_s > _OWN_NAMES_AGE_S:
            self._own, self._own_at_s = _read_own_names(), now_s
        return self._own


def _read_own_names() -> frozenset[str]:
    """Ask the system for its names and addresses; no name is looked up in the network."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    addresses = {
        item.address.partition("%")[0].lower()
        for items in psutil.net_if_addrs().values()
        for item in items
        if item.family in (socket.AF_INET, socket.AF_INET6)
    }
    return frozenset(addresses | {full, short, f"{short}.local"})


def _bare(host: str) -> str:
    """Return a configured host in the form that headers are compared in."""
    return host.strip().strip("[]").rstrip(".").lower()


def _split(authority: str) -> tuple[str, int | None] | None:
    """Return the host, without brackets and in lower case, and the port of `host:port`."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return None
    return _bare(match[1]), int(match[2]) if match[2] else None
