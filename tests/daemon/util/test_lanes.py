"""Blocking calls in threads of their own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from opsmonitor.util.lanes import Lanes
from opsmonitor.util.want import is_want

_QUICK_S = 0.05


async def test_an_answer_comes_back() -> None:
    """What the function returns is returned."""
    assert await Lanes().call("a", lambda: 7) == 7


async def test_the_call_is_made_elsewhere() -> None:
    """The event loop's own thread is not the one that waits."""
    assert await Lanes().call("a", threading.get_ident) != threading.get_ident()


async def test_an_error_comes_back() -> None:
    """What the system refuses is raised where the answer was awaited."""

    def fail() -> None:
        """Fail as the system does."""
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        await Lanes().call("a", fail)


async def test_a_call_that_hangs_is_joined_and_blocks_no_other_lane() -> None:
    """However often one asks, a lane has one thread; its answer reaches all who still wait."""
    lanes = Lanes()
    release = threading.Event()
    calls: list[str] = []

    def hang() -> str:
        """Hang until released."""
        calls.append("called")
        release.wait(60)
        return "late"

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lanes.call("dead", hang), _QUICK_S)
    waiting = asyncio.create_task(lanes.call("dead", hang))

    assert await lanes.call("alive", lambda: "at once") == "at once"
    assert lanes.busy_s("dead") >= _QUICK_S
    assert lanes.busy_s("alive") == 0.0

    release.set()
    assert await waiting == "late"
    assert calls == ["called"]
    assert lanes.busy_s("dead") == 0.0


async def test_a_fresh_answer_is_shared() -> None:
    """A call that has just ended answers the next one, if that is asked for."""
    lanes = Lanes()
    calls: list[int] = []

    def count() -> int:
        """Count the calls."""
        calls.append(1)
        return len(calls)

    assert await lanes.call("a", count, fresh_s=5) == 1
    assert await lanes.call("a", count, fresh_s=5) == 1
    assert await lanes.call("b", count) == 2
    assert await lanes.call("b", count) == 3


async def test_a_failure_is_not_kept() -> None:
    """After a failure the next call asks again, however fresh the failure is."""
    lanes = Lanes()
    answers = [OSError("dead"), "alive"]

    def answer() -> str:
        """Fail once, then work."""
        value = answers.pop(0)
        if isinstance(value, OSError):
            raise value
        return str(value)

    with pytest.raises(OSError, match="dead"):
        await lanes.call("a", answer, fresh_s=5)
    assert await lanes.call("a", answer, fresh_s=5) == "alive"


def test_a_call_that_hangs_does_not_delay_the_end() -> None:
    """The event loop can end and be closed while a thread still hangs."""
    release = threading.Event()

    async def ask() -> None:
        """Give up soon."""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Lanes().call("a", lambda: release.wait(60)), _QUICK_S)

    asyncio.run(ask())
    release.set()


async def test_a_thread_that_cannot_be_started_blocks_no_lane(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asks is told that this machine has no room, and may ask again."""
    lanes = Lanes()

    def refuse(_thread: threading.Thread) -> None:
        """Have no room, in the words of CPython."""
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="no thread can be started") as caught:
            await lanes.call("a", lambda: 7)

    assert is_want(caught.value)
    await asyncio.sleep(0)
    assert await lanes.call("a", lambda: 7) == 7
