"""Ports of the loopback that nobody else is given while a test needs them."""

from __future__ import annotations

import atexit
import socket


def held_port() -> int:
    """Return a port on which nothing listens, kept for this process until it ends.

    The system hands a port that is merely free to the next program that asks for any; so it stays
    bound here. Connections to it are refused, and a server that is told to use just this port can:
    both sides allow the address to be reused, as servers do.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    atexit.register(keeper.close)
    port: int = keeper.getsockname()[1]
    return port
