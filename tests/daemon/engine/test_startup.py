"""What people hear when the daemon is started again, on a real database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from opsmonitor.config.settings import AlertSettings, ChannelSettings, RetentionSettings, Settings
from opsmonitor.engine.links import Links
from opsmonitor.engine.monitor import Monitor
from opsmonitor.engine.telling import Telling
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.engine.scripted import TYPES, check
from tests.daemon.engine.test_family import House
from tests.daemon.engine.virtual_time import run_in_virtual_time

_NAMES = [f"c{number}" for number in range(100)]


class Heard:
    """What arrived at people."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._messages: list[Message] = []

    def take_all(self) -> list[tuple[str, str]]:
        """Return what arrived since the last time."""
        messages, self._messages = self._messages, []
        return sorted(
            (item.kind.value, item.subject) for message in messages for item in message.notices
        )

    def kind(self) -> NotifierType[Any]:
        """Return a kind of channel that ends here."""

        async def send(_options: object, message: Message, _context: SendContext) -> None:
            self._messages.append(message)

        return NotifierType(
            name="hand", options=str, schema={}, send=send, example={}, environment={}
        )


async def live(
    clock: FakeClock, path: Path, house: House, kind: NotifierType[Any], seconds: float
) -> None:
    """Let a daemon live for a while."""
    settings = Settings(
        checks={
            item.id: item
            for item in (
                check("router", house.script("router"), interval_s=60.0),
                *(check(name, house.script(name), depends_on=("router",)) for name in _NAMES),
            )
        },
        alerts=AlertSettings(
            channels={"phone": ChannelSettings(name="phone", type="hand", options=None)}
        ),
    )
    store = await Store.open(path, clock=clock, retention=RetentionSettings())
    monitor = Monitor(
        check_types=TYPES,
        recorder=store,
        clock=clock,
        http=cast("Any", None),
        resolver=cast("Any", None),
        states=await store.load_states(),
    )
    telling = Telling(
        store=store,
        clock=clock,
        kinds={"hand": kind},
        context=SendContext(http=cast("Any", None)),
        settings=lambda: settings,
        states=lambda: monitor.states,
        links=Links(Secret("key"), lambda: settings),
    )
    await telling.open()
    monitor.subscribe(telling.take)
    monitor.apply(settings)
    monitor.start()
    await asyncio.sleep(seconds)
    await monitor.stop()
    await store.flush()
    await telling.close()
    await store.close()


def test_a_restart_tells_what_changed_meanwhile_and_nothing_else(tmp_path: Path) -> None:
    """Ten are down and stay so, five recover and five break while the daemon is off: ten notices.

    The next restart is silent, and one into a dead house is a single message about its cause.
    """
    heard, house = Heard(), House()

    async def scenario(clock: FakeClock) -> list[list[tuple[str, str]]]:
        told = []

        async def next_daemon(off: set[str]) -> None:
            house.off = off
            await live(clock, tmp_path / "db", house, heard.kind(), 90)
            told.append(heard.take_all())
            clock.advance(600)

        await next_daemon(set(_NAMES[:15]))
        await next_daemon({*_NAMES[:10], *_NAMES[50:55]})
        await next_daemon({*_NAMES[:10], *_NAMES[50:55]})
        await next_daemon({"router", *_NAMES})
        await next_daemon(set())
        return told

    first, second, third, dead, alive = run_in_virtual_time(scenario)

    assert first == sorted(("first_fail", name) for name in _NAMES[:15])
    assert second == sorted(
        [
            *(("recovered", name) for name in _NAMES[10:15]),
            *(("first_fail", name) for name in _NAMES[50:55]),
        ]
    )
    assert third == []
    assert dead == [("first_fail", "router")]
    assert alive == sorted(
        [
            ("recovered", "router"),
            *(("recovered", name) for name in (*_NAMES[:10], *_NAMES[50:55])),
        ]
    )
