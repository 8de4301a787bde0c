"""The stream of changes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
import time
from typing import Any

import aiohttp
import pytest

from opsmonitor.api import kept_frames, stream
from opsmonitor.api.app import create_app
from opsmonitor.api.server import serve
from opsmonitor.config.settings import Settings
from opsmonitor.engine.batch import Batch
from opsmonitor.models.config import ConfigProblem
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.doubles import HandMonitor, HandStore
from tests.daemon.api.house import House, cookie_of, open_house, real_deps
from tests.daemon.api.listener import listen
from tests.daemon.api.raw import request_bytes
from tests.daemon.api.samples import BAD, GOOD, check


async def test_snapshot_comes_first(house: House) -> None:
    """A fresh stream begins with everything, exactly as the other answers tell it."""
    house.monitor.tick(nas=BAD)
    house.problems.append(ConfigProblem(file="checks.yml", message="no", line=3, column=1))

    async with listen(house) as listener:
        snapshot = (await listener.next()).data

    assert snapshot["checks"] == (await house.get("/api/status/checks")).json
    assert snapshot["summary"] == (await house.get("/api/status/summary")).json
    assert snapshot["instance_id"] == house.store.instance_id
    assert snapshot["config_error"] == ["checks.yml:3:1: no"]


async def test_headers_of_the_stream(house: House) -> None:
    """The stream is no file to be kept, changed or held back by what lies between."""
    async with listen(house) as listener:
        headers = listener.response.headers

    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-store, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in headers


async def test_a_change_of_state(house: House) -> None:
    """A run that changes a status is told as state, event and summary, in this order."""
    async with listen(house) as listener:
        await listener.next()

        house.monitor.tick(nas=BAD)
        state, event, summary = [await listener.next() for _ in range(3)]

    assert (state.kind, state.data["id"], state.data["ok"]) == ("check", "nas", False)
    assert (event.kind, event.data["event"], event.data["status"]) == ("event", "INIT", "down")
    assert (summary.kind, summary.data["down"]) == ("summary", 1)


async def test_a_run_without_change(house: House) -> None:
    """A run that changes nothing is told as a state only."""
    house.monitor.tick(nas=GOOD)
    async with listen(house) as listener:
        await listener.next()
        house.monitor.tick(nas=GOOD)
        house.monitor.tick(web=GOOD)

        assert await listener.kinds(4) == ["check", "check", "event", "summary"]


async def test_an_unchanged_summary_is_not_repeated(house: House) -> None:
    """A batch that could have changed the summary, but did not, does not tell it again."""
    async with listen(house) as listener:
        await listener.next()
        house.monitor.publish(Batch(config_changed=True))
        house.monitor.publish(Batch(config_changed=True))

        assert await listener.kinds(3) == ["summary", "config", "config"]


async def test_numbers_rise(house: House) -> None:
    """Each frame has a number one above that of the frame before; events carry it as well."""
    async with listen(house) as listener:
        snapshot = await listener.next()
        house.monitor.tick(nas=BAD)
        frames = [await listener.next() for _ in range(3)]

    epoch, _, first = snapshot.id.partition("-")
    assert [frame.id for frame in frames] == [f"{epoch}-{int(first) + i}" for i in (1, 2, 3)]
    assert snapshot.data["seq"] == int(first)
    assert frames[1].data["seq"] == int(first) + 2


async def test_states_of_a_tick_are_coalesced(house: House) -> None:
    """A check that ran twice in a tick is told once, with its latest state."""
    async with listen(house) as listener:
        await listener.next()
        results = (house.monitor.finish("nas", GOOD), house.monitor.finish("nas", BAD))
        house.monitor.publish(Batch(results=results))
        frames = [await listener.next() for _ in range(4)]

    assert [frame.kind for frame in frames] == ["check", "event", "event", "summary"]
    assert frames[0].data["ok"] is False


async def test_checks_that_come_and_go(house: House) -> None:
    """New, changed and removed checks are told, and the new configuration is in force."""
    async with listen(house) as listener:
        await listener.next()
        house.monitor.configure([check("nas", name="Other"), check("new")])
        inventory, summary, config = [await listener.next() for _ in range(3)]

    assert [state["id"] for state in inventory.data["added"]] == ["nas", "new"]
    assert inventory.data["added"][0]["name"] == "Other"
    assert inventory.data["removed"] == ["web"]
    assert summary.data["total"] == 2
    assert config.data == {"problems": []}


async def test_a_result_of_a_removed_check(house: House) -> None:
    """A run that ended just before its check was removed is told as an event only."""
    async with listen(house) as listener:
        await listener.next()
        result = house.monitor.finish("nas", BAD)
        house.monitor.configure([check("web", core=True)])
        house.monitor.publish(Batch(results=(result,)))
        await listener.until("config")
        event = await listener.next()

    assert (event.kind, event.data["id"], event.data["name"]) == ("event", "nas", "nas")


async def test_config_problems(house: House) -> None:
    """A configuration file that turned bad is told with its mistakes, and when it is good again."""
    async with listen(house) as listener:
        await listener.next()
        house.problems.append(ConfigProblem(file="checks.yml", message="bad"))
        house.monitor.publish(Batch(config_changed=True))
        bad = await listener.until("config")
        house.problems.clear()
        house.monitor.publish(Batch(config_changed=True))
        good = await listener.until("config")

    assert (bad.data["problems"], good.data["problems"]) == (["checks.yml: bad"], [])


async def test_resume(house: House) -> None:
    """A client that comes back gets exactly the frames after the one it saw last."""
    async with listen(house) as listener:
        await listener.next()
        house.monitor.tick(nas=BAD)
        seen = await listener.next()
    house.monitor.tick(nas=GOOD)

    async with listen(house, seen.id) as listener:
        missed = [await listener.next() for _ in range(5)]

    assert [frame.kind for frame in missed] == ["event", "summary", "check", "event", "summary"]
    assert missed[2].data["ok"] is True


async def test_resume_with_nothing_missed(house: House) -> None:
    """A client that missed nothing gets nothing but what happens next."""
    async with listen(house) as listener:
        snapshot = await listener.next()

    async with listen(house, snapshot.id) as listener:
        house.monitor.tick(nas=GOOD)
        assert (await listener.next()).kind == "check"


@pytest.mark.parametrize(
    "last_id",
    [
        "0-0",
        "abc",
        "",
        "-",
        "{epoch}-",
        "{epoch}-x",
        "{epoch}-²",
        "{epoch}--1",
        "{epoch}-999999",
        "{epoch}-" + "9" * 5000,
    ],
)
async def test_an_id_that_is_not_known(house: House, last_id: str) -> None:
    """An id of another process, of the future, or no id at all gets everything."""
    async with listen(house) as listener:
        epoch = (await listener.next()).id.partition("-")[0]

    async with listen(house, last_id.replace("{epoch}", epoch)) as listener:
        assert (await listener.next()).kind == "snapshot"


async def test_a_gap_that_cannot_be_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When frames that were missed are no longer kept, everything is told."""
    monkeypatch.setattr(kept_frames, "_KEPT_BYTES", 1500)
    async with listen(house) as listener:
        first = await listener.next()
        for _ in range(20):
            house.monitor.tick(nas=GOOD)
        last = await listener.until("check")

    async with listen(house, first.id) as listener:
        old = await listener.next()
    async with listen(house, f"{last.id.partition('-')[0]}-{old.data['seq'] - 1}") as listener:
        recent = await listener.next()

    assert (old.kind, recent.kind) == ("snapshot", "check")


async def test_nothing_is_kept_for_nobody() -> None:
    """A minute after the last client left, changes are no longer kept, and nobody is deceived."""
    async with open_house(check("nas"), check("web"), heartbeat_s=0.02) as house:
        async with listen(house) as listener:
            last = await listener.until("snapshot")
        await house.until_nobody_listens()
        house.clock.advance(61)
        house.monitor.tick(nas=BAD)

        async with listen(house, last.id) as listener:
            frame = await listener.until("snapshot")
            house.monitor.tick(nas=BAD, web=BAD)
            summary = await listener.until("summary")

    assert frame.data["checks"]["nas"]["ok"] is False
    assert summary.data["down"] == 2


async def test_heartbeat() -> None:
    """A quiet stream sends a comment at each interval."""
    async with open_house(check("nas"), heartbeat_s=0.02) as house, listen(house) as listener:
        await listener.next()

        assert await listener.kinds(3) == ["comment"] * 3


async def test_a_change_reaches_everybody(house: House) -> None:
    """Each batch reaches fifty clients by itself; how soon it does is measured in `benchmarks/`."""
    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(listen(house)) for _ in range(50)]
        for outcome in (BAD, GOOD, BAD, GOOD, BAD):
            house.monitor.tick(nas=outcome)
            events = await asyncio.gather(*(listener.until("event") for listener in listeners))

            assert events == [events[0]] * 50
            assert events[0].data["ok"] is (outcome is GOOD)


async def test_a_slow_client_is_dropped(house: House) -> None:
    """A client that reads nothing is cut off, and the others get everything."""
    house.monitor.configure([check("nas", name="x" * 100_000)])
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port, limit=1024)
    writer.write(request_bytes("/api/stream", "Host: localhost"))
    await reader.readline()
    reader_transport: Any = writer.transport
    reader_transport.pause_reading()

    async with listen(house) as listener:
        await listener.next()
        for _ in range(200):
            house.monitor.tick(nas=GOOD)
            await listener.until("check")
        reader_transport.resume_reading()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(60):
                await _read_to_the_end(reader)
    writer.close()


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    """Read until the connection is cut.

    Raises:
        ConnectionError: It was.

    """
    while await reader.read(1_000_000):
        pass
    raise ConnectionResetError


async def test_the_end_of_the_daemon() -> None:
    """At shutdown every client is told, and a hundred of them do not hold it up."""
    clock = FakeClock()
    deps = real_deps(HandMonitor(clock, [check("nas")]), HandStore(), clock, Settings(checks={}))
    async with (
        AsyncExitStack() as stack,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        port = await stack.enter_async_context(serve(create_app(deps), "127.0.0.1", 0))
        url = f"http://127.0.0.1:{port}/api/stream"
        responses = [await session.get(url) for _ in range(100)]
        started_s = time.perf_counter()
        await stack.aclose()
        took_s = time.perf_counter() - started_s
        last = [(await response.read()).split(b"event: ")[-1] for response in responses]

    # Less than the minute that a client is usually given; a busy machine is slow.
    assert took_s < 45
    assert {text.split(b"\n")[0] for text in last} == {b"bye"}


async def test_a_stuck_client_does_not_hold_up_the_end() -> None:
    """A client that takes nothing is cut off at shutdown."""
    clock = FakeClock()
    monitor = HandMonitor(clock, [check("nas", name="x" * 8_000_000)])
    deps = real_deps(monitor, HandStore(), clock, Settings(checks={}))
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serve(create_app(deps), "127.0.0.1", 0))
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(request_bytes("/api/stream", "Host: localhost"))
        await reader.readline()
        started_s = time.perf_counter()
        await stack.aclose()
        took_s = time.perf_counter() - started_s
    writer.close()

    assert took_s < 45


async def test_too_many_streams(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of streams is bounded; one more is told to come later."""
    monkeypatch.setattr(stream, "_MOST_CLIENTS", 1)
    async with listen(house) as listener:
        await listener.next()
        refused = await house.get("/api/stream")

    assert (refused.status, refused.error["code"]) == (503, "too_many_streams")
    assert refused.headers["Retry-After"] == "10"


async def test_head_does_not_hang(house: House) -> None:
    """HEAD on the stream answers the headers and ends."""
    reply = await house.ask("HEAD", "/api/stream")

    assert (reply.status, reply.body) == (200, b"")


async def test_a_new_token_ends_the_streams_of_the_old_one() -> None:
    """When a reload replaces the token, streams opened with the old one are ended."""
    async with (
        open_house(check("nas"), token=Secret("old"), read_token=Secret("r")) as house,
        listen(house, Authorization="Bearer old") as old,
        listen(house, Authorization="Bearer r") as other,
    ):
        await old.until("snapshot")
        await other.until("snapshot")
        house.serve_as(token=Secret("new"))
        house.monitor.publish(Batch(config_changed=True))
        bye = await old.until("bye")
        is_over = await old.at_end()
        house.monitor.tick(nas=GOOD)
        still = await other.until("check")

    assert bye.data == {"reason": "credential"}
    assert is_over
    assert still.data["id"] == "nas"


async def test_a_first_token_ends_the_streams_without_one(house: House) -> None:
    """When a reload begins to ask for a token, streams opened before are ended."""
    async with listen(house) as listener:
        await listener.until("snapshot")
        house.serve_as(token=Secret("new"))
        house.monitor.publish(Batch(config_changed=True))

        assert (await listener.until("bye")).data == {"reason": "credential"}


async def test_signing_out_ends_the_streams() -> None:
    """When a browser signs out, its streams are ended at once."""
    async with open_house(check("nas"), token=Secret("t")) as house:
        cookie = cookie_of(await house.post("/login", data={"token": "t"}))
        async with listen(house, **cookie) as listener:
            await listener.next()
            await house.post("/logout", headers=cookie)
            bye = await listener.next()

    assert (bye.kind, bye.data) == ("bye", {"reason": "credential"})


async def test_a_session_that_ran_out_ends_its_stream() -> None:
    """A stream does not outlive the fourteen days of its session."""
    async with open_house(check("nas"), token=Secret("t"), heartbeat_s=0.02) as house:
        cookie = cookie_of(await house.post("/login", data={"token": "t"}))
        async with listen(house, **cookie) as listener:
            await listener.until("comment")
            house.clock.advance(15 * 86400)

            assert (await listener.until("bye")).data == {"reason": "credential"}


async def test_the_engine_is_left_alone_afterwards() -> None:
    """When the server has stopped, nothing of it listens to the engine any more."""
    async with open_house(check("nas")) as house:
        during = house.monitor.listeners

    assert (during, house.monitor.listeners) == (1, 0)
