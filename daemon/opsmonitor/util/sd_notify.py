"""Tell systemd how the service is, by its notify protocol (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGGER = logging.getLogger(__name__)


class Notifier:
    """Send states to systemd; do nothing where nobody listens."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        """Read the socket's address and the watchdog's time from the environment."""
        address = env.get("NOTIFY_SOCKET", "")
        # A leading "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watchdog_us = env.get("WATCHDOG_USEC", "")
        is_meant = env.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        has_watchdog = bool(self._address) and is_meant and watchdog_us.isdigit()
        self.watchdog_s: float | None = int(watchdog_us) / 1e6 if has_watchdog else None
        """systemd restarts the service when it hears nothing for this long; None: never."""

    def send(self, *lines: str) -> None:
        """Send lines such as `READY=1`; a full or missing socket is not worth failing for."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as err:
            _LOGGER.debug("systemd could not be told %s: %s", lines, err)
