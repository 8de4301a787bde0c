"""Record when the phases of an exchange happen, from the socket's own events."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
import socket
import ssl
from time import perf_counter
from typing import Any, Final, TypeAlias

from opsmonitor.models.check import Timings

Address: TypeAlias = Any
"""What `socket.connect` takes: its shape depends on the address family."""
_Bytes: TypeAlias = bytes | bytearray | memoryview


class Timeline:
    """The moments of one exchange, in seconds of `perf_counter`; None until they come."""

    __slots__ = (
        "_before_ms",
        "certificate",
        "connect_started",
        "connected",
        "dns_done",
        "dns_started",
        "first_byte",
        "handshake_done",
        "handshake_started",
        "last_byte",
        "received",
        "sent",
        "socket",
        "tls_version",
        "was_reset",
    )

    def __init__(self, before_ms: float = 0.0) -> None:
        """Start, or go on with an exchange that has taken some time already."""
        self._before_ms = before_ms
        self.dns_started: float | None = None
        self.dns_done: float | None = None
        self.connect_started: float | None = None
        self.connected: float | None = None
        self.handshake_started: float | None = None
        self.handshake_done: float | None = None
        self.sent: float | None = None
        """When the first byte of the request went out."""
        self.first_byte: float | None = None
        self.last_byte: float | None = None
        self.received = 0
        """Bytes of the answer so far, headers included."""
        self.was_reset = False
        """The target cut a plain connection, instead of ending it."""
        self.socket: socket.socket | None = None
        """The one that is connected."""
        self.certificate: bytes | None = None
        """The server's certificate in DER, trusted or not."""
        self.tls_version: str | None = None
        """The version of TLS that both sides agreed on, such as `TLSv1.3`."""

    def note_dns_started(self) -> None:
        """Take now for the begin of the look-up."""
        self.dns_started = perf_counter()

    def note_dns_done(self) -> None:
        """Take now for the end of the look-up."""
        self.dns_done = perf_counter()

    def note_connecting(self) -> None:
        """Take now for the first attempt to connect, unless there was one before."""
        if self.connect_started is None:
            self.connect_started = perf_counter()

    def note_connected(self, sock: socket.socket) -> None:
        """Take now for the moment when the connection stands."""
        if self.socket is None:
            self.connected = perf_counter()
            self.socket = sock

    def note_sent(self) -> None:
        """Take now for the first byte sent, unless there was one before."""
        if self.sent is None:
            self.sent = perf_counter()

    def note_received(self, size: int) -> None:
        """Take now for the last byte received, and for the first unless there was one before."""
        if size:
            self.last_byte = perf_counter()
            self.received += size
            if self.first_byte is None:
                self.first_byte = self.last_byte

    def hang_up(self) -> None:
        """End the connection at once, even if the target never takes what was sent to it."""
        if self.socket is not None and self.socket.fileno() != -1:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def phase(self) -> str:
        """Say in a few words what is being waited for."""
        if self.connect_started is None:
            return "looking up the name" if self.dns_started is not None else "starting"
        if self.connected is None:
            return "connecting"
        if self.handshake_started is not None and self.handshake_done is None:
            return "connected, waiting for the TLS handshake"
        if self.first_byte is None:
            return "connected, waiting for the response"
        return f"the response stalled after {self.received} bytes"

    def timings(self) -> Timings:
        """Return the length of each completed phase, and of all together.

        The time between two phases is this program's own and not the target's: it is left out.
        """
        ready = self.sent or self.handshake_done or self.connected
        dns_ms = _between_ms(self.dns_started, self.dns_done)
        connect_ms = _between_ms(self.connect_started, self.connected)
        tls_ms = _between_ms(self.handshake_started, self.handshake_done)
        answer_ms = _between_ms(ready, self.last_byte)
        phases_ms = (dns_ms or 0.0) + (connect_ms or 0.0) + (tls_ms or 0.0) + (answer_ms or 0.0)
        return Timings(
            dns_ms=dns_ms,
            connect_ms=connect_ms,
            tls_ms=tls_ms,
            first_byte_ms=_between_ms(ready, self.first_byte),
            total_ms=self._before_ms + phases_ms,
        )


CURRENT: Final[ContextVar[Timeline | None]] = ContextVar("timeline", default=None)
"""The timeline of the exchange that the running task makes, for code that cannot be handed it."""


class TimedSocket(socket.socket):
    """A socket that notes on its timeline when it connects, sends and receives.

    What is sent and received after a TLS handshake began is noted by `TimedTls` instead.
    """

    __slots__ = ("_timeline", "refused_with")

    def __init__(self, family: int, kind: int, proto: int, timeline: Timeline) -> None:
        """Open the socket."""
        super().__init__(family, kind, proto)
        self._timeline = timeline
        self.refused_with = 0
        """The number of the error that connecting ended with."""

    def connect(self, address: Address) -> None:
        """Note when the first attempt to connect began, and the end of one that takes no time."""
        self._timeline.note_connecting()
        super().connect(address)
        self._timeline.note_connected(self)

    def getsockopt(self, level: int, optname: int, *buflen: int) -> Any:
        """Note the connection when the event loop asks whether connecting has worked."""
        value = super().getsockopt(level, optname, *buflen)
        if optname == socket.SO_ERROR:
            if value == 0:
                self._timeline.note_connected(self)
            else:
                self.refused_with = value
        return value

    def send(self, data: _Bytes, *flags: int) -> int:  # type: ignore[override]  # typeshed names the buffer type privately
        """Note when the request goes out."""
        if self._timeline.handshake_started is None:
            self._timeline.note_sent()
        return super().send(data, *flags)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Note when the answer comes in."""
        try:
            data = super().recv(bufsize, flags)
        except ConnectionResetError:
            self._timeline.was_reset = True
            raise
        if self._timeline.handshake_started is None:
            self._timeline.note_received(len(data))
        return data


class TimedTls(ssl.SSLObject):
    """The TLS layer of one connection: notes the handshake, the certificate and the contents."""

    _timeline: Timeline | None = None

    def do_handshake(self) -> None:
        """Note when the handshake begins and ends, and what certificate the server showed."""
        timeline = self._timeline
        if timeline is None:
            timeline = self._timeline = CURRENT.get() or Timeline()
        if timeline.handshake_started is None:
            timeline.handshake_started = perf_counter()
        super().do_handshake()
        timeline.handshake_done = perf_counter()
        timeline.certificate = self.getpeercert(binary_form=True)
        timeline.tls_version = self.version()

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002  # the base class's name
        """Note when the contents of the answer come in; session tickets are not contents."""
        got: Any = super().read(len, buffer)
        if self._timeline is not None:
            self._timeline.note_received(got if buffer is not None else got.__len__())
        return got

    def unwrap(self) -> None:
        """Say goodbye without waiting for the answer: some servers never give one."""
        with suppress(ssl.SSLWantReadError):
            super().unwrap()

    def write(self, data: _Bytes) -> int:  # type: ignore[override]  # typeshed names the buffer type privately
        """Note when the request goes out."""
        if self._timeline is not None:
            self._timeline.note_sent()
        return super().write(data)


def _between_ms(start: float | None, end: float | None) -> float | None:
    """Return the milliseconds between two moments, None unless both came."""
    if start is None or end is None:
        return None
    return (end - start) * 1000
