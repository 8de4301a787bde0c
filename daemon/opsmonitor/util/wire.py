"""A plain connection for one short request, which costs little more than its system calls.

To aiohttp it is a transport like asyncio's own; but it is one from the beginning: what is written
before the connection stands waits for that here, and nobody else has to.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.util.readiness import BREAKING, BROKEN, READABLE, WRITABLE

if TYPE_CHECKING:
    from opsmonitor.util.readiness import Readiness
    from opsmonitor.util.timeline import Timeline

_CHUNK: Final = 64 << 10
_READS_AT_ONCE: Final = 4
"""After this many the loop serves the others: a server that never stops must not hold them up."""


class Wire(asyncio.Transport):
    """One connection. It keeps all that is written until it is sent; closing drops the rest."""

    __slots__ = (
        "_error",
        "_is_connected",
        "_is_paused",
        "_is_reading_on",
        "_outgoing",
        "_protocol",
        "_readiness",
        "_reads_all",
        "_sock",
        "_timeline",
    )

    def __init__(
        self,
        sock: socket.SocketType,
        protocol: asyncio.Protocol,
        readiness: Readiness,
        timeline: Timeline,
    ) -> None:
        """Take a socket that is not blocking and that is told to connect.

        Raises:
            OSError: The system has no room to watch it; it is still the caller's.

        """
        super().__init__()
        self._sock: socket.SocketType | None = sock
        self._protocol = protocol
        self._readiness = readiness
        self._timeline = timeline
        self._outgoing = b""
        self._error: Exception | None = None
        self._is_connected = self._is_paused = False
        self._reads_all = False
        """Whether to read until there is nothing: epoll does not tell again what is there."""
        self._is_reading_on = False
        """Whether more is read at the loop's next turn."""
        readiness.watch(sock.fileno(), self)

    # What happens to the socket

    def notice(self, events: int, now: float) -> None:
        """Go on where the socket lets us."""
        if not self._is_connected and not self._take_connection(events, now):
            return
        if self._outgoing and events & WRITABLE:
            self._send()
        if events & READABLE:
            if events & BREAKING:
                self._reads_all = True
            self._receive()

    def bury(self) -> None:
        """Tell the protocol that the connection is no more."""
        self._protocol.connection_lost(self._error)

    def _take_connection(self, events: int, now: float) -> bool:
        """Tell whether the connection stands."""
        sock = self._sock
        if sock is None:
            return False
        number = 0
        if events & BROKEN:
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._end(OSError(number, os.strerror(number)))
            return False
        self._is_connected = True
        self._timeline.connected = now
        return True

    def _send(self) -> None:
        """Send as much as the system takes."""
        sock = self._sock
        if sock is None:
            return
        self._timeline.note_sent()
        try:
            sent = sock.send(self._outgoing)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as err:
            self._end(err)
        else:
            self._outgoing = self._outgoing[sent:]

    def _receive(self) -> None:
        """Take what came, until there is no more or it is not wanted any more."""
        for _ in range(_READS_AT_ONCE):
            if self._sock is None or self._is_paused:
                return
            try:
                data = self._sock.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as err:
                if isinstance(err, ConnectionResetError):
                    self._timeline.was_reset = True
                self._end(err)
                return
            if not data:
                self._protocol.eof_received()
                self._end()
                return
            self._timeline.note_received(len(data))
            self._protocol.data_received(data)
            # Source: epoll(7), "edge-triggered": a short read says that nothing is left.
            if len(data) < _CHUNK and not self._reads_all:
                return
        self._read_on()

    def _read_on(self) -> None:
        """Read more at the loop's next turn."""
        self._reads_all = True
        if not self._is_reading_on:
            self._is_reading_on = True
            asyncio.get_running_loop().call_soon(self._take_more)

    def _take_more(self) -> None:
        """Read what was left."""
        self._is_reading_on = False
        self._receive()

    def _end(self, error: Exception | None = None) -> None:
        """Close the socket; the protocol is told soon, as it may be at work."""
        sock, self._sock = self._sock, None
        if sock is not None:
            self._error = error
            self._readiness.forget(sock.fileno(), self)
            sock.close()

    # What a transport is

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - as asyncio's
        """Tell nothing: there is nothing that is to be changed about the socket."""
        return default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol go on."""
        if isinstance(protocol, asyncio.Protocol):
            self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who goes on."""
        return self._protocol

    def is_closing(self) -> bool:
        """Tell whether it is closed."""
        return self._sock is None

    def close(self) -> None:
        """Close at once."""
        self._end()

    def abort(self) -> None:
        """Close at once."""
        self._end()

    def is_reading(self) -> bool:
        """Tell whether what comes is wanted."""
        return self._sock is not None and not self._is_paused

    def pause_reading(self) -> None:
        """Leave what comes to the system for now."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Take what came meanwhile."""
        if self._is_paused:
            self._is_paused = False
            self._read_on()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send soon."""
        self._outgoing += data
        if self._is_connected:
            self._send()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait."""
        return len(self._outgoing)

    def can_write_eof(self) -> bool:
        """Tell that one end alone cannot be closed."""
        return False
