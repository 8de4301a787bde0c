"""Names are looked up in threads that nothing waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
import socket
import threading
from typing import Any

import pytest

from opsmonitor.util.resolver import Resolver
from opsmonitor.util.want import is_want
from tests.daemon.no_files import no_file_left

_PATIENCE_S = 60


class NameServer:
    """Plays the system's getaddrinfo; it answers when it is let."""

    def __init__(self) -> None:
        """Begin silent."""
        self.asked: list[tuple[str, int]] = []
        self.is_open = threading.Event()
        self.was_asked = threading.Event()
        self.error: Exception | None = None
        self.answer: list[tuple[Any, ...]] = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0)),
        ]

    def __call__(self, host: str, port: None, **hints: int) -> list[tuple[Any, ...]]:
        """Answer once the server is open."""
        self.asked.append((host, hints["family"]))
        self.was_asked.set()
        self.is_open.wait(_PATIENCE_S)
        if self.error is not None:
            raise self.error
        return self.answer


@pytest.fixture
def name_server() -> NameServer:
    """Return a name server that is silent."""
    return NameServer()


@pytest.fixture
async def make_resolver(name_server: NameServer) -> AsyncIterator[Callable[[int], Resolver]]:
    """Return a function that makes resolvers that ask this server."""
    resolvers: list[Resolver] = []

    def make(workers: int) -> Resolver:
        """Return a resolver with so many threads."""
        resolvers.append(Resolver(workers=workers, getaddrinfo=name_server))
        return resolvers[-1]

    yield make
    name_server.is_open.set()
    for resolver in resolvers:
        await resolver.close()


MakeResolver = Callable[[int], Resolver]


async def test_addresses_come_in_the_order_of_the_system(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """The system sorts the best first; port and family go along."""
    name_server.is_open.set()

    found = await make_resolver(1).resolve("nas.test", 80)

    assert [(item["host"], item["port"], item["family"]) for item in found] == [
        ("2001:db8::1", 80, socket.AF_INET6),
        ("192.0.2.1", 80, socket.AF_INET),
    ]
    assert found[0]["hostname"] == "nas.test"


async def test_a_zone_is_kept(make_resolver: MakeResolver, name_server: NameServer) -> None:
    """An address that means something on one network only names that network."""
    name_server.answer = [(socket.AF_INET6, 1, 6, "", ("fe80::1", 0, 0, 3))]
    name_server.is_open.set()

    found = await make_resolver(1).resolve("printer.local")

    assert found[0]["host"] == "fe80::1%3"


async def test_look_ups_of_one_name_share_the_answer(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """A hundred checks of one host ask once; another family is another question."""
    resolver = make_resolver(4)
    tasks = [asyncio.ensure_future(resolver.resolve("nas.test", port)) for port in range(100)]
    tasks.append(asyncio.ensure_future(resolver.resolve("nas.test", 1, socket.AF_INET)))
    await asyncio.sleep(0)
    name_server.is_open.set()

    found = await asyncio.gather(*tasks)

    assert sorted(name_server.asked) == [("nas.test", 0), ("nas.test", int(socket.AF_INET))]
    assert [answer[0]["port"] for answer in found[:100]] == list(range(100))


async def test_nothing_is_cached(make_resolver: MakeResolver, name_server: NameServer) -> None:
    """The next run asks again, so that a name that is gone is seen."""
    name_server.is_open.set()
    resolver = make_resolver(1)

    await resolver.resolve("nas.test")
    await resolver.resolve("nas.test")

    assert len(name_server.asked) == 2


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        UnicodeError("label too long"),
    ],
)
async def test_a_failure_reaches_every_waiter(
    make_resolver: MakeResolver, name_server: NameServer, error: Exception
) -> None:
    """Whatever goes wrong is an OSError, for all who wait."""
    name_server.error = error
    name_server.is_open.set()
    resolver = make_resolver(1)

    results = await asyncio.gather(
        *(resolver.resolve("nowhere.test") for _ in range(3)), return_exceptions=True
    )

    assert [type(result) for result in results] == [socket.gaierror] * 3


async def test_one_waiter_that_leaves_takes_nothing_from_the_others(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """A run that times out does not end the look-up that others wait for."""
    resolver = make_resolver(1)
    leaving = asyncio.ensure_future(resolver.resolve("nas.test"))
    staying = asyncio.ensure_future(resolver.resolve("nas.test"))
    await asyncio.sleep(0)

    leaving.cancel()
    name_server.is_open.set()

    assert len(await asyncio.wait_for(staying, _PATIENCE_S)) == 2
    assert leaving.cancelled()


async def test_a_hung_name_does_not_hold_up_another(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """As long as there are threads, names do not wait for each other."""
    resolver = make_resolver(2)
    hung = asyncio.ensure_future(resolver.resolve("hung.test"))
    await asyncio.to_thread(name_server.was_asked.wait, _PATIENCE_S)
    other = asyncio.ensure_future(resolver.resolve("other.test"))
    await asyncio.sleep(0)
    name_server.is_open.set()

    await asyncio.wait_for(asyncio.gather(hung, other), _PATIENCE_S)

    assert [host for host, _ in name_server.asked] == ["hung.test", "other.test"]


async def test_closing_does_not_wait_for_a_hung_look_up(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """Whoever waits is told, and the threads are daemons, so that the process can end."""
    resolver = make_resolver(1)
    waiter = asyncio.ensure_future(resolver.resolve("hung.test"))
    await asyncio.to_thread(name_server.was_asked.wait, _PATIENCE_S)

    await resolver.close()

    with pytest.raises(OSError, match="closed"):
        await asyncio.wait_for(waiter, _PATIENCE_S)
    with pytest.raises(OSError, match="closed"):
        await resolver.resolve("nas.test")
    workers = [thread for thread in threading.enumerate() if thread.name.startswith("dns-")]
    assert workers
    assert all(worker.daemon for worker in workers)


async def test_threads_start_only_when_needed(
    make_resolver: MakeResolver, name_server: NameServer
) -> None:
    """One question at a time needs one thread."""
    name_server.is_open.set()
    resolver = make_resolver(16)
    before = threading.active_count()

    for _ in range(5):
        await resolver.resolve("nas.test")

    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME])
async def test_without_a_file_left_no_name_is_called_unknown(
    name_server: NameServer, make_resolver: Callable[[int], Resolver], code: int
) -> None:
    """The system says the same as of a name server that is silent, or of a name that is not."""
    name_server.is_open.set()
    name_server.error = socket.gaierror(code, "?")
    resolver = make_resolver(1)

    with pytest.raises(socket.gaierror):
        await resolver.resolve("nas.test")
    with no_file_left(), pytest.raises(OSError, match="Too many open files") as caught:
        await resolver.resolve("nas.test")

    assert is_want(caught.value)


async def test_a_thread_that_cannot_be_started_fails_one_look_up_only(
    name_server: NameServer,
    make_resolver: Callable[[int], Resolver],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next one tries again to have a thread."""
    name_server.is_open.set()
    resolver = make_resolver(1)

    def refuse(_thread: threading.Thread) -> None:
        """Have no room, in the words of CPython."""
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="no thread can be started") as caught:
            await resolver.resolve("nas.test")
    await asyncio.sleep(0)

    assert is_want(caught.value)
    assert len(await resolver.resolve("nas.test")) == 2
