"""The shared socket of all pings, against a kernel that is played, and the choice of a method."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import errno
import os
from pathlib import Path
import socket
from typing import Any

import pytest

from opsmonitor.exceptions import TransportError
from opsmonitor.util.echo_socket import EchoSocket
from opsmonitor.util.icmp import Echo, echo_request, parse_request
from opsmonitor.util.pinger import Echoes, Pinger, PingMethod

_IPV4 = socket.AF_INET
_QUICK_S = 0.05


class _PlayedSocket(socket.socket):
    """One end of a pair that takes addresses, as a socket for ICMP does."""

    def sendto(self, data: Any, *_address: Any) -> int:
        """Send to the other end, whatever the address."""
        return super().send(data)


class Kernel:
    """Plays the other side of the sockets, and answers each echo as told."""

    def __init__(self, answer: Callable[[Echo], list[bytes]]) -> None:
        """Take what to send back for an echo."""
        self._answer = answer
        self._ends: list[socket.socket] = []
        self.opened: list[_PlayedSocket] = []
        self.echoes: list[Echo] = []

    def open_socket(self, _family: int, _kind: int, _protocol: int) -> socket.socket:
        """Return a socket that this kernel serves."""
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        played = _PlayedSocket(fileno=near.detach())
        far.setblocking(False)  # noqa: FBT003  # the standard library's own way
        asyncio.get_running_loop().add_reader(far, self._serve, far)
        self._ends.append(far)
        self.opened.append(played)
        return played

    def _serve(self, far: socket.socket) -> None:
        """Answer one echo."""
        packet = far.recv(70_000)
        echo = parse_request(_IPV4, packet)
        assert echo is not None
        self.echoes.append(echo)
        for answer in self._answer(echo):
            far.send(answer)

    def close(self) -> None:
        """End."""
        for end in self._ends:
            asyncio.get_running_loop().remove_reader(end)
            end.close()


@asynccontextmanager
async def kernel(answer: Callable[[Echo], list[bytes]]) -> AsyncIterator[Kernel]:
    """Play a kernel for a while."""
    playing = Kernel(answer)
    yield playing
    playing.close()


def reply(echo: Echo, *, sequence: int = 0, payload: bytes | None = None) -> bytes:
    """Return the reply to an echo, or one that differs."""
    changed = Echo(echo.sequence ^ sequence, echo.payload if payload is None else payload)
    return b"\0" + echo_request(_IPV4, 7, changed)[1:]


def echo_socket(playing: Kernel) -> EchoSocket:
    """Return a socket that the played kernel serves."""
    return EchoSocket(_IPV4, socket.SOCK_DGRAM, playing.open_socket)


async def test_an_answered_echo_has_its_time() -> None:
    """The time is that between sending and the reply."""
    async with kernel(lambda echo: [reply(echo)]) as playing:
        took_ms = await echo_socket(playing).ping("192.0.2.1", 56)

    assert took_ms > 0
    assert len(playing.echoes[0].payload) == 56


@pytest.mark.parametrize(
    "lie",
    [
        lambda echo: reply(echo, sequence=1),
        lambda echo: reply(echo, payload=b"\0" * 56),
        lambda echo: reply(echo, payload=echo.payload[:-1]),
        lambda echo: echo_request(_IPV4, 7, echo),
        lambda echo: b"garbage",
        lambda echo: b"",
    ],
    ids=["sequence", "token", "cut short", "the request itself", "garbage", "empty"],
)
async def test_a_wrong_reply_is_no_reply(lie: Callable[[Echo], bytes]) -> None:
    """Only sequence and random payload together make a reply: anything else is passed over."""
    async with kernel(lambda echo: [lie(echo)]) as playing:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(echo_socket(playing).ping("192.0.2.1", 56), _QUICK_S)


async def test_the_right_reply_counts_among_wrong_ones() -> None:
    """Garbage, duplicates and late replies disturb nobody."""
    async with kernel(lambda echo: [b"x", reply(echo, sequence=3), reply(echo), reply(echo)]) as it:
        both = echo_socket(it)

        await both.ping("192.0.2.1", 56)
        await both.ping("192.0.2.1", 56)

    assert it.echoes[0].payload != it.echoes[1].payload


async def test_all_who_wait_share_one_socket() -> None:
    """Hundreds of pings at once use one socket, which is closed when the last is answered."""
    async with kernel(lambda echo: [reply(echo)]) as playing:
        shared = echo_socket(playing)

        await asyncio.gather(*(shared.ping("192.0.2.1", 1000) for _ in range(300)))

    assert len(playing.opened) == 1
    assert playing.opened[0].fileno() == -1


async def test_a_cancelled_ping_leaves_nothing_open() -> None:
    """Who stops waiting closes the socket if nobody else waits."""
    async with kernel(lambda _echo: []) as playing:
        waiting = asyncio.ensure_future(echo_socket(playing).ping("192.0.2.1", 56))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    assert playing.opened[0].fileno() == -1


class _Permissions:
    """A system that allows some kinds of socket only."""

    def __init__(self, *allowed: int) -> None:
        """Take the kinds that may be opened."""
        self._allowed = allowed
        self.asked: list[int] = []

    def open_socket(self, _family: int, kind: int, _protocol: int) -> socket.socket:
        """Open a stand-in, or refuse."""
        self.asked.append(kind)
        if kind not in self._allowed:
            raise PermissionError(errno.EACCES, "Permission denied")
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        far.close()
        return _PlayedSocket(fileno=near.detach())


async def ping(pinger: Pinger, *, count: int = 1, timeout_s: float = _QUICK_S) -> Echoes:
    """Ping an address that is never reached."""
    return await pinger.ping(_IPV4, "192.0.2.1", count=count, size=56, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("allowed", "method"),
    [
        ((socket.SOCK_DGRAM, socket.SOCK_RAW), PingMethod.DATAGRAM),
        ((socket.SOCK_RAW,), PingMethod.RAW),
    ],
)
async def test_the_best_socket_is_taken_and_kept(
    allowed: tuple[int, ...], method: PingMethod
) -> None:
    """The datagram socket comes before the raw one; what was found out is not asked again."""
    system = _Permissions(*allowed)
    pinger = Pinger(open_socket=system.open_socket)

    first = await ping(pinger)
    asked = len(system.asked)
    second = await ping(pinger)

    assert (first.method, second.method) == (method, method)
    assert system.asked[asked:] == [system.asked[asked - 1]]


async def test_an_error_of_sending_is_kept() -> None:
    """What the system says of an echo that cannot be sent is handed on."""
    echoes = await ping(Pinger(open_socket=_Permissions(socket.SOCK_RAW).open_socket))

    assert echoes.times_ms == ()
    assert echoes.error is not None
    assert echoes.error.errno == errno.ENOTCONN


async def test_without_any_way_the_remedy_is_named() -> None:
    """Neither socket nor program: the error says what to change."""
    pinger = Pinger(open_socket=_Permissions().open_socket, find_program=lambda _name: None)

    with pytest.raises(TransportError) as caught:
        await ping(pinger)

    assert caught.value.code == "unsupported"
    assert "net.ipv4.ping_group_range" in caught.value.message
    assert "CAP_NET_RAW" in caught.value.message


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Pinger]:
    """Return a function that makes a pinger with a program that does as told."""

    def make(script: str) -> Pinger:
        """Write the program."""
        path = tmp_path / "ping"
        path.write_text(f'#!/bin/sh\necho "$*" >"{tmp_path}/arguments"\n{script}\n', "utf-8")
        path.chmod(0o700)
        return Pinger(open_socket=_Permissions().open_socket, find_program=lambda _name: str(path))

    return make


_IPUTILS = """echo 'PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.'
echo '64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.431 ms'
echo '64 bytes from 192.0.2.1: icmp_seq=2 ttl=64 time=12 ms'
echo
echo '--- 192.0.2.1 ping statistics ---'"""
_BUSYBOX = "echo '64 bytes from 192.0.2.1: seq=0 ttl=64 time=0.063 ms'"


@pytest.mark.parametrize(
    ("script", "times_ms"), [(_IPUTILS, (0.431, 12.0)), (_BUSYBOX, (0.063,)), ("exit 1", ())]
)
async def test_the_program_is_the_last_resort(
    program: Callable[[str], Pinger], script: str, times_ms: tuple[float, ...]
) -> None:
    """Where no socket may be opened, the program of either make is run and read."""
    echoes = await ping(program(script), count=2, timeout_s=60)

    assert echoes == Echoes(method=PingMethod.PROGRAM, sent=2, times_ms=times_ms)


async def test_the_program_is_run_without_a_shell_and_with_the_options_ended(
    program: Callable[[str], Pinger], tmp_path: Path
) -> None:
    """Numeric output, so many echoes, a time-out, the size, and nothing after `--` is an option."""
    await ping(program(_BUSYBOX), count=9, timeout_s=29.5)

    assert (tmp_path / "arguments").read_text() == "-n -c 9 -W 30 -s 56 -- 192.0.2.1\n"


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("ping: connect: Network is unreachable", errno.ENETUNREACH),
        ("From 192.0.2.9 icmp_seq=1 Destination Host Unreachable", errno.EHOSTUNREACH),
        ("ping: socket: Operation not permitted", errno.EACCES),
    ],
)
async def test_the_program_s_reasons_are_understood(
    program: Callable[[str], Pinger], words: str, number: int
) -> None:
    """What the program complains about, on either output, becomes the system's error."""
    echoes = await ping(program(f"echo '{words}' >&2; exit 2"), timeout_s=60)

    assert echoes.error is not None
    assert echoes.error.errno == number


async def test_a_program_that_hangs_is_ended(
    program: Callable[[str], Pinger], tmp_path: Path
) -> None:
    """What was printed before the time-out counts, and the process is gone afterwards."""
    script = f"echo $$ >'{tmp_path}/pid'; {_BUSYBOX}; exec sleep 60"

    echoes = await ping(program(script), timeout_s=3)

    assert echoes.times_ms == (0.063,)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
