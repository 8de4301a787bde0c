"""One socket for all pings of an address family: who waits for which echo, and how long it took."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import os
import secrets
import socket
import struct
from time import perf_counter, time_ns
from typing import Final, TypeAlias

from opsmonitor.util.icmp import (
    Echo,
    echo_request,
    parse_reply,
    parse_request,
    reply_type,
    without_ip_header,
)

OpenSocket: TypeAlias = Callable[[int, int, int], socket.socket]
_Ancillary: TypeAlias = Sequence[tuple[int, int, bytes]]

PROTOCOLS: Final = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
TOKEN_BYTES: Final = 16
"""Random bytes that begin each payload: nobody guesses them, and no other program sends them."""

_MAX_PACKET: Final = 65_535
_MAX_ANCILLARY: Final = 512
_MAX_BATCH: Final = 1000
_READ_EVERY: Final = 64
_SEQUENCES: Final = 1 << 16
_BUFFER_FULL_PAUSE_S: Final = 0.001
# Source: linux/socket.h, linux/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h; Python lacks them.
_SO_TIMESTAMPNS: Final = 35
_SOL_RAW: Final = 255
_FILTER: Final = 1
_RECEIVE_ERRORS: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
_TIMESPECS: Final = {16: struct.Struct("qq"), 8: struct.Struct("ii")}
_ERROR_NUMBER: Final = struct.Struct("I")


class _Waiter:
    """Somebody who waits for one echo."""

    __slots__ = ("future", "sent", "sent_ns")

    def __init__(self, future: asyncio.Future[float]) -> None:
        """Keep where the time goes to."""
        self.future = future
        self.sent = 0.0
        self.sent_ns = 0

    def note_sent(self) -> None:
        """Take now for the moment of sending, on the loop's clock and on the kernel's."""
        self.sent_ns = time_ns()
        self.sent = perf_counter()

    def succeed(self, received_ns: int | None) -> None:
        """Hand over the time in milliseconds.

        The kernel's own stamp leaves out the time in which the event loop was busy. The wall clock
        can be set in between, but never makes the echo come later than it was seen.
        """
        seen_s = perf_counter() - self.sent
        stamped_s = 0.0 if received_ns is None else (received_ns - self.sent_ns) / 1e9
        took_s = stamped_s if 0.0 < stamped_s < seen_s else seen_s
        if not self.future.done():
            self.future.set_result(took_s * 1000)

    def fail(self, error: OSError) -> None:
        """Hand over what a router on the way answered."""
        if not self.future.done():
            self.future.set_exception(error)


class EchoSocket:
    """Sends echoes for everybody, and is open only while somebody waits."""

    def __init__(
        self, family: socket.AddressFamily, kind: socket.SocketKind, open_socket: OpenSocket
    ) -> None:
        """Prepare; the socket is opened when it is needed."""
        self._family = family
        self._kind = kind
        self._open_socket = open_socket
        self._socket: socket.socket | None = None
        self._identifier = secrets.randbelow(_SEQUENCES)
        self._sequence = secrets.randbelow(_SEQUENCES)
        self._waiting: dict[Echo, _Waiter] = {}

    async def ping(self, address: str, size: int) -> float:
        """Send one echo of this many bytes, and return its time in milliseconds when it comes.

        Raises:
            OSError: It could not be sent, or somebody on the way says that it cannot arrive.

        """
        loop = asyncio.get_running_loop()
        echo = self._next_echo(size)
        sock = self._socket or self._open(loop)
        waiter = self._waiting[echo] = _Waiter(loop.create_future())
        try:
            await self._send(sock, echo, address, waiter)
            if not len(self._waiting) % _READ_EVERY:
                # The event loop reads when all have been sent; replies may not have room so long.
                self._on_readable()
            return await waiter.future
        finally:
            del self._waiting[echo]
            if not self._waiting:
                self._close(loop, sock)

    def _next_echo(self, size: int) -> Echo:
        """Return an echo that is like no other."""
        self._sequence = (self._sequence + 1) % _SEQUENCES
        token = os.urandom(TOKEN_BYTES)
        return Echo(self._sequence, (token * (size // TOKEN_BYTES + 1))[: max(size, TOKEN_BYTES)])

    def _open(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        """Open the socket and listen to it."""
        sock = self._open_socket(self._family, self._kind, PROTOCOLS[self._family])
        sock.settimeout(0)
        # Each of these is a refinement: without it pings still work, a little less exactly.
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with suppress(OSError):
            sock.setsockopt(*_RECEIVE_ERRORS[self._family], 1)
        if self._kind == socket.SOCK_RAW:
            with suppress(OSError):
                sock.setsockopt(*_only_replies(self._family))
        loop.add_reader(sock, self._on_readable)
        self._socket = sock
        return sock

    def _close(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        """Close the socket until somebody pings again."""
        self._socket = None
        loop.remove_reader(sock)
        sock.close()

    async def _send(self, sock: socket.socket, echo: Echo, address: str, waiter: _Waiter) -> None:
        """Send an echo as soon as there is room."""
        packet = echo_request(self._family, self._identifier, echo)
        while True:
            waiter.note_sent()
            try:
                sock.sendto(packet, (address, 0))
            except BlockingIOError:
                await asyncio.sleep(_BUFFER_FULL_PAUSE_S)
            except OSError:
                # It can be the error of an earlier echo, which is told only once.
                self._read_errors(sock)
                waiter.note_sent()
                sock.sendto(packet, (address, 0))
                return
            else:
                return

    def _on_readable(self) -> None:
        """Take in everything that has come."""
        sock = self._socket
        if sock is None:
            return
        for _ in range(_MAX_BATCH):
            if not self._receive(sock):
                break
        self._read_errors(sock)

    def _receive(self, sock: socket.socket) -> bool:
        """Take in one packet; tell whether there may be more."""
        try:
            packet, ancillary, _, _ = sock.recvmsg(_MAX_PACKET, _MAX_ANCILLARY)
        except BlockingIOError:
            return False
        except OSError:
            # What this error is about stands in the queue of errors.
            return True
        if self._kind == socket.SOCK_RAW and self._family == socket.AF_INET:
            packet = without_ip_header(packet)
        echo = parse_reply(self._family, packet)
        waiter = None if echo is None else self._waiting.get(echo)
        if waiter is not None:
            waiter.succeed(_stamp(ancillary))
        return True

    def _read_errors(self, sock: socket.socket) -> None:
        """Take in what routers and this machine say of echoes that cannot arrive."""
        for _ in range(_MAX_BATCH):
            try:
                packet, ancillary, _, _ = sock.recvmsg(
                    _MAX_PACKET, _MAX_ANCILLARY, socket.MSG_ERRQUEUE
                )
            except OSError:
                return
            echo = parse_request(self._family, packet)
            waiter = None if echo is None else self._waiting.get(echo)
            number = _error_number(self._family, ancillary)
            if waiter is not None and number:
                waiter.fail(OSError(number, os.strerror(number)))


def _only_replies(family: socket.AddressFamily) -> tuple[int, int, bytes]:
    """Return the option that keeps everything but replies from a raw socket."""
    words = [0xFFFFFFFF] * (1 if family == socket.AF_INET else 8)
    kind = reply_type(family)
    words[kind // 32] &= ~(1 << kind % 32)
    level = _SOL_RAW if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    return level, _FILTER, struct.pack(f"{len(words)}I", *words)


def _stamp(ancillary: _Ancillary) -> int | None:
    """Return when the kernel received a packet, in epoch nanoseconds."""
    for level, kind, data in ancillary:
        layout = _TIMESPECS.get(len(data))
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and layout is not None:
            seconds, nanoseconds = layout.unpack(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


def _error_number(family: socket.AddressFamily, ancillary: _Ancillary) -> int:
    """Return the number of an error out of the queue of errors."""
    for level, kind, data in ancillary:
        if (level, kind) == _RECEIVE_ERRORS[family]:
            return int(_ERROR_NUMBER.unpack_from(data)[0])
    return 0
