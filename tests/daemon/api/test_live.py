"""The API on the real engine and the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opsmonitor.api.app import create_app
from opsmonitor.api.server import serve
from opsmonitor.config.settings import (
    AlertSettings,
    ChannelSettings,
    CheckSettings,
    RetentionSettings,
    Settings,
)
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.links import Links
from opsmonitor.engine.monitor import Monitor
from opsmonitor.engine.telling import Telling
from opsmonitor.models.check import Outcome
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock, SystemClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.doubles import HandMonitor
from tests.daemon.api.house import real_deps
from tests.daemon.api.listener import Listener
from tests.daemon.engine.scripted import BAD, GOOD, SCRIPTED, check


class Switch:
    """A target that is up or down as the test wants."""

    def __init__(self) -> None:
        """Begin up."""
        self.outcome = GOOD

    async def __call__(self) -> Outcome:
        """Answer as it is."""
        return self.outcome


class Live:
    """A client of a real daemon's API."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        """Take how to ask."""
        self._session = session
        self.base = base

    async def get(self, path: str) -> Any:
        """Return what a path answers."""
        async with self._session.get(self.base + path) as response:
            assert response.status == 200
            return await response.json()

    async def until_judged(self, check_id: str) -> Any:
        """Wait until a check was run on its own; return its state."""
        async with asyncio.timeout(60):
            while (state := await self.get(f"/api/status/checks/{check_id}"))["last_run"] is None:  # noqa: ASYNC110 - as a client does
                await asyncio.sleep(0.01)
        return state

    async def run(self, check_id: str) -> Any:
        """Run a check now."""
        async with self._session.post(f"{self.base}/api/checks/{check_id}/run") as response:
            return await response.json()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Open the stream."""
        async with self._session.get(self.base + "/api/stream") as response:
            yield Listener(response)


@asynccontextmanager
async def live(folder: Path, *checks: CheckSettings) -> AsyncIterator[tuple[Live, Store]]:
    """Run engine, store and API together."""
    clock = SystemClock()
    store = await Store.open(folder / "test.db", clock=clock, retention=RetentionSettings())
    monitor = Monitor(
        check_types={"scripted": SCRIPTED},
        recorder=store,
        clock=clock,
        http=None,  # type: ignore[arg-type]  # scripted checks need no network
        resolver=None,  # type: ignore[arg-type]  # as above
        states=await store.load_states(),
    )
    settings = Settings(checks={item.id: item for item in checks})
    monitor.apply(settings)
    async with (
        serve(create_app(real_deps(monitor, store, clock, settings)), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
    ):
        monitor.start()
        yield Live(session, f"http://127.0.0.1:{port}"), store
    await monitor.stop()
    await store.close()


@pytest.fixture
def switch() -> Switch:
    """Return a target."""
    return Switch()


async def test_a_change_goes_all_the_way(tmp_path: Path, switch: Switch) -> None:
    """A target that goes down is told by run, stream, events and history alike."""
    nas = check("nas", switch, interval_s=3600.0)
    async with live(tmp_path, nas) as (api, store), api.listen() as listener:
        first = await api.until_judged("nas")
        switch.outcome = BAD
        answer = await api.run("nas")
        event = await listener.until("event")
        if event.data["event"] == "INIT":
            event = await listener.until("event")
        await store.flush()
        events = await api.get("/api/status/events")
        history = await api.get("/api/history/nas?range_minutes=5")
        state = await api.get("/api/status/checks/nas")

    assert (first["status"], answer["status"], state["status"]) == ("up", "down", "down")
    assert (event.data["event"], event.data["previous"]) == ("DOWN", "up")
    assert [item["event"] for item in events] == ["DOWN", "INIT"]
    assert [item["status"] for item in history["intervals"]] == ["up", "down"]
    assert history["intervals"][1]["to"] is None
    assert sum(point["failed"] for point in history["points"]) == 1


async def test_half_a_character_ends_no_telling(tmp_path: Path) -> None:
    """By the API it is refused; past it, it is given up alone, and all others are kept and told."""
    sent: list[str] = []

    async def send(_options: object, message: Message, _context: SendContext) -> None:
        sent.append(message.title)

    clock = SystemClock()
    store = await Store.open(tmp_path / "test.db", clock=clock, retention=RetentionSettings())
    channel = ChannelSettings(name="post", type="post", options=None)
    settings = Settings(checks={}, alerts=AlertSettings(channels={"post": channel}))
    telling = Telling(
        store=store,
        clock=clock,
        kinds={
            "post": NotifierType(
                name="post", options=object, schema={}, send=send, example={}, environment={}
            )
        },
        context=SendContext(http=None),  # type: ignore[arg-type]  # nothing is sent by it
        settings=lambda: settings,
        states=dict,
        links=Links(Secret("key"), lambda: settings),
    )
    await telling.open()
    telling.take(Batch(config_changed=True))
    monitor = HandMonitor(FakeClock(), ())
    deps = replace(real_deps(monitor, store, clock, settings), telling=telling)
    async with (
        serve(create_app(deps), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
    ):
        statuses = []
        await telling.announce("past\ud800", "P1", "m", None)
        for number, name in enumerate((b"b\\ud800", b"shop")):
            body = b'{"service_name": "%s", "message": "m%d"}' % (name, number)
            async with session.post(
                f"http://127.0.0.1:{port}/api/alerts",
                data=body,
                headers={"Content-Type": "application/json"},
            ) as response:
                statuses.append(response.status)
        await telling.close()
        kept = [alert.subject for alert in await store.alerts(limit=9)]
    await store.close()

    assert statuses == [400, 200]
    assert kept == ["shop"]
    assert len(sent) == 2


async def test_last_values_are_there_after_a_restart(tmp_path: Path, switch: Switch) -> None:
    """A restarted daemon answers what it knew, before it has run anything."""
    nas = check("nas", switch, interval_s=3600.0)
    async with live(tmp_path, nas) as (api, _):
        await api.run("nas")

    hanging = replace(nas, options=_hang, fingerprint="another")
    async with live(tmp_path, hanging) as (api, _):
        after = await api.get("/api/status/checks")
        info = await api.get("/api/info")

    assert after["nas"]["last_run"] is not None
    assert after["nas"]["last_run"] < info["started_at"]
    assert after["nas"]["status"] == "up"


async def _hang() -> Outcome:
    """Never answer."""
    await asyncio.Event().wait()
    return BAD


async def test_metrics_of_a_real_daemon(tmp_path: Path, switch: Switch) -> None:
    """Metrics count the runs that really happened."""
    async with live(tmp_path, check("nas", switch, interval_s=3600.0)) as (api, _):
        await api.run("nas")
        await api.run("nas")
        async with aiohttp.ClientSession() as session:
            response = await session.get(f"{api.base}/metrics")
            text = await response.text()

    assert 'opsmonitor_check_up{id="nas",name="nas",type="scripted"} 1' in text
