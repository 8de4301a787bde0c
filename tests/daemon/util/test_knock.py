"""Ports are knocked at, many at once, and nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
import socket
import sys
import time

import pytest

from opsmonitor.util.connect import Endpoint
from opsmonitor.util.knock import Knocker, Pending
from tests.daemon.targets import full, mute
from tests.ports import held_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")

_LONG_S = 30.0


def at(port: int) -> Endpoint:
    """Return the endpoint of a port of this machine."""
    return socket.AF_INET, ("127.0.0.1", port)


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    links = (str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())
    return sum(link.startswith("socket:") for link in links)


async def test_an_open_port_tells_its_time() -> None:
    """Many knocks at once are all answered, each with its own time, and every socket is closed."""
    knocker = Knocker()
    with mute() as port:
        await knocker.knock(at(port), _LONG_S)
        before = open_sockets()

        times = await asyncio.gather(*(knocker.knock(at(port), _LONG_S) for _ in range(50)))

        assert open_sockets() == before
    assert all(0 < seconds < _LONG_S for seconds in times)


async def test_a_closed_port_refuses() -> None:
    """The reason is the system's own."""
    with pytest.raises(ConnectionRefusedError) as caught:
        await Knocker().knock(at(held_port()), _LONG_S)

    assert caught.value.errno == errno.ECONNREFUSED


async def test_what_the_system_refuses_at_once() -> None:
    """A broadcast address cannot be connected to: that needs no waiting."""
    with pytest.raises(OSError, match=r".") as caught:
        await Knocker().knock((socket.AF_INET, ("255.255.255.255", 9)), _LONG_S)

    assert caught.value.errno in {errno.ENETUNREACH, errno.EACCES}


async def test_silence_ends_in_time() -> None:
    """Whoever does not answer is given up, and does not hold up those that were asked later."""
    knocker = Knocker()
    with full() as silent, mute() as port:
        knocks = [asyncio.ensure_future(knocker.knock(at(silent), 0.05)) for _ in range(3)]
        patient = asyncio.ensure_future(knocker.knock(at(silent), _LONG_S))
        await knocker.knock(at(port), 0.05)
        before = open_sockets()

        ended = await asyncio.gather(*knocks, return_exceptions=True)

        assert [type(error) for error in ended] == [TimeoutError] * 3
        assert all(isinstance(error, OSError) and error.errno is None for error in ended)
        assert not patient.done()
        patient.cancel()
        await asyncio.gather(patient, return_exceptions=True)
        assert open_sockets() == before - 4


async def test_cancelling_closes_the_socket() -> None:
    """A knock that is given up leaves nothing, and its number may be used again."""
    knocker = Knocker()
    with full() as silent, mute() as port:
        before = open_sockets()
        knock = asyncio.ensure_future(knocker.knock(at(silent), _LONG_S))
        await asyncio.sleep(0)
        assert open_sockets() == before + 1

        knock.cancel()
        await asyncio.gather(knock, return_exceptions=True)

        assert open_sockets() == before
        assert await knocker.knock(at(port), _LONG_S) > 0


def test_one_loop_after_the_other() -> None:
    """It serves the loop that runs, whatever was under way in the one before."""
    knocker = Knocker()

    async def leave_waiting(port: int) -> None:
        """Knock where nobody answers, and end."""
        task = asyncio.ensure_future(knocker.knock(at(port), _LONG_S))
        await asyncio.sleep(0)
        assert not task.done()

    with full() as silent, mute() as port:
        asyncio.run(leave_waiting(silent))
        assert asyncio.run(knocker.knock(at(port), _LONG_S)) > 0


async def test_who_is_told_may_give_up_another_and_knock_again() -> None:
    """A number that got free meanwhile belongs to somebody else: what was heard is not theirs."""
    knocker = Knocker()
    heard: list[str] = []
    knocks: list[Pending] = []
    late = asyncio.Event()

    def first(_seconds: float, _error: OSError | None) -> None:
        """Give the others up, and knock where nobody answers."""
        heard.append("first")
        for knock in knocks:
            knock.cancel()
        knocks.append(knocker.start(at(silent), _LONG_S, lambda *_: heard.append("silent")))
        asyncio.get_running_loop().call_later(0, late.set)

    with full() as silent, mute() as port:
        await knocker.knock(at(port), _LONG_S)
        before = open_sockets()
        knocker.start(at(port), _LONG_S, first)
        others = range(5)
        knocks += [
            knocker.start(at(port), _LONG_S, lambda *_: heard.append("another")) for _ in others
        ]

        async with asyncio.timeout(_LONG_S):
            await late.wait()
        await knocker.knock(at(port), _LONG_S)

        assert heard[heard.index("first") :] == ["first"]
        assert open_sockets() == before + 1
        knocks[-1].cancel()
        assert open_sockets() == before


async def test_a_defect_of_one_who_is_told_is_not_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the next one hears of its own."""
    knocker = Knocker()
    told = asyncio.Event()

    def broken(_seconds: float, _error: OSError | None) -> None:
        """Fail."""
        raise ZeroDivisionError

    with mute() as port:
        await knocker.knock(at(port), _LONG_S)
        knocker.start(at(port), _LONG_S, broken)
        knocker.start(at(port), _LONG_S, lambda *_: told.set())

        async with asyncio.timeout(_LONG_S):
            await told.wait()

    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("what", ["socket.SocketType", "select.epoll"])
async def test_without_room_for_another_file_that_is_the_answer(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Nobody who knocks has to care whether the system refuses at once or later."""

    def full_table(*_arguments: object) -> None:
        """Refuse as the system does."""
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    knocker = Knocker()
    told: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()
    with monkeypatch.context() as patch:
        patch.setattr(f"opsmonitor.util.knock.{what}", full_table)
        knocker.start(at(1), _LONG_S, lambda _seconds, error: told.set_result(error))
    error = await told

    assert error is not None
    assert error.errno == errno.EMFILE
    with mute() as port:
        await knocker.knock(at(port), _LONG_S)


async def test_answers_can_be_taken_before_the_loop_comes_to_them() -> None:
    """Whoever looks hears at once what has happened; without anybody there is nothing to hear."""
    knocker = Knocker()
    heard: list[float] = []
    knocker.look()

    with mute() as port:
        knocker.start(at(port), _LONG_S, lambda seconds, _: heard.append(seconds))
        deadline = time.monotonic() + _LONG_S
        while not heard and time.monotonic() < deadline:
            knocker.look()

        assert len(heard) == 1
        assert await knocker.knock(at(port), _LONG_S) > 0
    assert len(heard) == 1
