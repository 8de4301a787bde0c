"""The names under which the daemon may be addressed: the defence against DNS rebinding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from yarl import URL

from opsmonitor.api.client import parse_address
from opsmonitor.util.net import is_loopback
from opsmonitor.util.own_names import OwnNames

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.util.clock import Clock

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/@?#\[\]]+)(?::(\d{1,5}))?")
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class HostList:
    """Decide whether a Host or Origin header names this daemon."""

    def __init__(self, server: Callable[[], ServerSettings], clock: Clock) -> None:
        """Take the settings in force, and the clock by which own addresses are looked up again."""
        self._server = server
        self.own_names = OwnNames(clock)

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
        return name in self.own_names()

    def _configured(self) -> frozenset[str]:
        """Return the further names of the configuration."""
        server = self._server()
        names = {_bare(name) for name in server.allowed_hosts}
        if server.public_url is not None:
            names.add(_bare(URL(server.public_url).host or ""))
        return frozenset(names)


def _bare(host: str) -> str:
    """Return a configured host in the form that headers are compared in."""
    return host.strip().strip("[]").rstrip(".").lower()


def _split(authority: str) -> tuple[str, int | None] | None:
    """Return the host, without brackets and in lower case, and the port of `host:port`."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return None
    return _bare(match[1]), int(match[2]) if match[2] else None
