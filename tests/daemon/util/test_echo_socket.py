"""What the kernel tells beside the packets: when they came, and why others never will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import errno
import socket
import struct
import time
from typing import Any, TypeAlias

import pytest

from opsmonitor.util.echo_socket import EchoSocket
from opsmonitor.util.icmp import Echo, echo_request, parse_request

Message: TypeAlias = tuple[bytes, list[tuple[int, int, bytes]], int, Any]

_RECEIVE_ERRORS = 11
_TIMESTAMP = 35
_IPV4_HEADER = b"\x45" + b"\0" * 19


class ScriptedSocket(socket.socket):
    """A socket whose kernel says what a test wants."""

    def __init__(self) -> None:
        """Become one end of a pair; the other end only wakes it."""
        near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        super().__init__(fileno=near.detach())
        self.refusals: list[OSError] = []
        self.on_send: Callable[[bytes], None] = lambda _packet: None
        self.received: list[Message] = []
        self.errors: list[Message] = []

    def sendto(self, data: Any, *_address: Any) -> int:
        """Refuse as often as told, and then send."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.on_send(data)
        self.far.send(b"wake")
        return len(data)

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0) -> Message:
        """Return what lies in one of the two queues."""
        queue = self.errors if flags & socket.MSG_ERRQUEUE else self.received
        if queue:
            return queue.pop(0)
        self.recv(bufsize)
        raise BlockingIOError

    def close(self) -> None:
        """Close both ends."""
        self.far.close()
        super().close()


def reply(packet: bytes) -> bytes:
    """Return the reply to a request."""
    echo = parse_request(socket.AF_INET, packet)
    assert echo is not None
    return b"\0" + echo_request(socket.AF_INET, 7, echo)[1:]


def trouble(number: int) -> list[tuple[int, int, bytes]]:
    """Return what accompanies an error: its number, and where it came from."""
    return [(socket.IPPROTO_IP, _RECEIVE_ERRORS, struct.pack("IBBBBII", number, 2, 3, 1, 0, 0, 0))]


async def ping(scripted: ScriptedSocket, kind: socket.SocketKind = socket.SOCK_DGRAM) -> float:
    """Send one echo over such a socket."""
    echo_socket = EchoSocket(socket.AF_INET, kind, lambda *_kind: scripted)
    return await asyncio.wait_for(echo_socket.ping("192.0.2.1", 56), 60)


@pytest.mark.parametrize(
    "stamp",
    [
        lambda late_ns: struct.pack("qq", *divmod(time.time_ns() + late_ns, 1_000_000_000)),
        lambda late_ns: struct.pack("ii", *divmod(time.time_ns() + late_ns, 1_000_000_000)),
    ],
    ids=["64 bits", "32 bits"],
)
async def test_the_kernel_s_time_counts(stamp: Callable[[int], bytes]) -> None:
    """The time in which the event loop was busy with others is not the network's."""
    scripted = ScriptedSocket()

    def answer(packet: bytes) -> None:
        """Reply at once, and keep the event loop busy for a while."""
        data = stamp(1_000_000)
        scripted.received.append((reply(packet), [(socket.SOL_SOCKET, _TIMESTAMP, data)], 0, None))
        ends = time.perf_counter() + 0.15
        while time.perf_counter() < ends:
            pass

    scripted.on_send = answer

    assert 0.9 < await ping(scripted) < 140


@pytest.mark.parametrize("off_ns", [-(10**12), 10**12])
async def test_a_clock_that_is_set_changes_nothing(off_ns: int) -> None:
    """A stamp from before the sending, or from after the reply was seen, is not believed."""
    scripted = ScriptedSocket()

    def answer(packet: bytes) -> None:
        """Reply with a stamp of another time."""
        data = struct.pack("qq", *divmod(time.time_ns() + off_ns, 1_000_000_000))
        scripted.received.append((reply(packet), [(socket.SOL_SOCKET, _TIMESTAMP, data)], 0, None))

    scripted.on_send = answer

    assert 0 < await ping(scripted) < 1000


async def test_a_raw_socket_has_the_header_before_the_reply() -> None:
    """The IP header that raw sockets deliver is passed over."""
    scripted = ScriptedSocket()
    scripted.on_send = lambda packet: scripted.received.append(
        (_IPV4_HEADER + reply(packet), [], 0, None)
    )

    assert await ping(scripted, socket.SOCK_RAW) > 0


async def test_a_router_s_answer_ends_the_wait() -> None:
    """What comes back instead of a reply is an error at once, not a time-out."""
    scripted = ScriptedSocket()
    scripted.on_send = lambda packet: scripted.errors.append(
        (packet, trouble(errno.EHOSTUNREACH), 0, None)
    )

    with pytest.raises(OSError, match="No route to host"):
        await ping(scripted)


async def test_the_trouble_of_others_is_not_ours() -> None:
    """An error about an echo that nobody waits for, or without a number, is passed over."""
    scripted = ScriptedSocket()
    foreign = echo_request(socket.AF_INET, 7, Echo(1, b"\0" * 56))

    def answer(packet: bytes) -> None:
        """Complain about another echo, complain without reason, and reply."""
        scripted.errors += [
            (foreign, trouble(errno.EHOSTUNREACH), 0, None),
            (packet, [], 0, None),
        ]
        scripted.received.append((reply(packet), [], 0, None))

    scripted.on_send = answer

    assert await ping(scripted) > 0


@pytest.mark.parametrize(
    "refusals",
    [
        [BlockingIOError(errno.EAGAIN, "full")] * 3,
        [OSError(errno.EHOSTUNREACH, "the trouble of an earlier echo")],
    ],
)
async def test_what_stands_in_the_way_of_sending_is_overcome(refusals: list[OSError]) -> None:
    """A full buffer is waited for; the error of an earlier echo is not that of the next one."""
    scripted = ScriptedSocket()
    scripted.refusals = refusals
    scripted.on_send = lambda packet: scripted.received.append((reply(packet), [], 0, None))

    assert await ping(scripted) > 0


async def test_an_error_that_stays_is_raised() -> None:
    """When the second attempt to send fails, too, it is this echo's own trouble."""
    scripted = ScriptedSocket()
    scripted.refusals = [OSError(errno.ENETUNREACH, "unreachable")] * 2

    with pytest.raises(OSError, match="unreachable"):
        await ping(scripted)

    assert scripted.fileno() == -1
