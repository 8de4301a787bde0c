"""However a daemon ends, and however often: people are told the difference, once and in order.

The real deciding, telling and database; only the clock is ours. A daemon is killed by going on from
a copy of its files as they lie on the disk in that moment.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
import shutil
import sqlite3
from typing import Any, cast

import pytest

from opsmonitor.config.settings import (
    AlertSettings,
    ChannelSettings,
    CheckSettings,
    RetentionSettings,
    Settings,
)
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.links import Links
from opsmonitor.engine.state_machine import Thresholds, advance
from opsmonitor.engine.telling import Telling
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.models.check import CheckState, Outcome, RunResult, Verdict
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret

_GOOD = Outcome(verdict=Verdict.OK)
_BAD = Outcome(verdict=Verdict.FAIL, error="refused")
_CHECKS = ("gate", "nas", "shop", "mail")
_STEPS = 40
_DATABASE = "ops-monitor.db"
_SENT = "SELECT notice_id, channel FROM deliveries WHERE state = 'sent'"


@dataclass
class Post:
    """What arrived, by channel, as `(check, kind, id)`; it can refuse for a while."""

    arrived: dict[str, list[tuple[str, NoticeKind, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    refusals: int = 0

    def take(self, channel: str, message: Message) -> None:
        """Take a message, or refuse it for now."""
        if self.refusals > 0:
            self.refusals -= 1
            raise DeliveryError("answered 503", retry_after_s=0.0)
        self.arrived[channel] += [
            (notice.subject, notice.kind, notice.id) for notice in message.notices
        ]

    def known(self, channel: str) -> dict[str, bool]:
        """Return what the readers of a channel believe of each check: whether it is well."""
        return {subject: kind is NoticeKind.RECOVERED for subject, kind, _ in self.arrived[channel]}


class House:
    """One daemon after the other on the same folder, or on a copy of it."""

    def __init__(self, folder: Path, post: Post, random: Random) -> None:
        """Begin with an empty folder."""
        self._root = folder
        self._random = random
        self._lives = 0
        self.unrecorded: Counter[tuple[str, str]] = Counter()
        """What a service took of a daemon that was killed before it could write that down."""
        self.post = post
        self.clock = FakeClock()
        self.is_well = dict.fromkeys(_CHECKS, True)
        self.channels = {"a": 0, "b": 0}
        self.settings = Settings(checks={})
        self.configure()

    def configure(self) -> None:
        """Make the settings anew; a channel with another number is another one."""
        self.settings = Settings(
            checks={
                name: CheckSettings(id=name, type="tcp", name=name, options=None)
                for name in _CHECKS
            },
            alerts=AlertSettings(
                channels={
                    name: ChannelSettings(name=name, type="post", options=(name, number))
                    for name, number in self.channels.items()
                },
                group_wait_s=0.0,
            ),
        )

    async def start(self) -> None:
        """Start a daemon on what lies in the folder."""
        self._lives += 1
        life = self._lives
        folder = self._root / str(life)
        folder.mkdir(exist_ok=True)
        self.path = folder / _DATABASE
        self.store = await Store.open(self.path, clock=self.clock, retention=RetentionSettings())
        self.states: dict[str, CheckState] = {
            name: CheckState(id=name, type="tcp") for name in _CHECKS
        } | await self.store.load_states()

        async def send(options: Any, message: Message, _context: SendContext) -> None:
            await asyncio.sleep(0)
            if life != self._lives:
                # This daemon is dead: it only does not know it yet.
                await asyncio.Event().wait()
            self.post.take(options[0], message)

        kind: NotifierType[Any] = NotifierType(
            name="post", options=tuple, schema={}, send=send, example={}, environment={}
        )
        self.telling = Telling(
            store=self.store,
            clock=self.clock,
            kinds={"post": kind},
            context=SendContext(http=cast("Any", None)),
            settings=lambda: self.settings,
            states=lambda: self.states,
            links=Links(Secret("key"), lambda: self.settings),
        )
        await self.telling.open()
        self.telling.take(Batch(config_changed=True))

    async def stop(self) -> None:
        """Stop in order; the next daemon finds the same folder."""
        await self.telling.close()
        await self.store.close()
        self._lives += 1
        shutil.copytree(self.path.parent, self._root / str(self._lives + 1))

    async def kill(self) -> None:
        """End at once; the next daemon finds what was on the disk in this moment."""
        self._lives += 1
        copy = self._root / str(self._lives + 1)
        copy.mkdir()
        for suffix in ("", "-wal"):
            source = self.path.with_name(_DATABASE + suffix)
            if source.exists():
                shutil.copy(source, copy / source.name)
        with closing(sqlite3.connect(copy / _DATABASE)) as database:
            recorded = set(database.execute(_SENT))
        for channel, arrived in self.post.arrived.items():
            notices = {notice_id for _, _, notice_id in arrived}
            self.unrecorded.update({(each, channel) for each in notices} - recorded)
        await self.telling.close()
        await self.store.close()

    def look(self) -> None:
        """Run every check once."""
        results = []
        for name, is_well in self.is_well.items():
            self.clock.wall_ms += 7
            outcome = _GOOD if is_well else _BAD
            now_ms = self.clock.now_ms()
            before = self.states[name]
            state, transition = advance(before, outcome, Thresholds(), now_ms)
            self.states[name] = state
            results.append(
                RunResult(
                    check_id=name,
                    started_ms=now_ms,
                    finished_ms=now_ms,
                    outcome=outcome,
                    state=state,
                    transition=transition,
                    interval=state.status if transition else None,
                )
            )
        self.store.record(results)
        self.telling.take(Batch(results=tuple(results)))

    async def settle(self) -> None:
        """Wait until all that was decided is written and sent."""
        self.look()
        down = {name for name, is_well in self.is_well.items() if not is_well}
        async with asyncio.timeout(90):
            while True:
                await self.store.flush()
                alerts = await self.store.alerts(is_resolved=False, limit=-1)
                waiting = await self.store.queued_deliveries()
                if {alert.subject for alert in alerts} == down and not waiting:
                    return
                await asyncio.sleep(0.002)

    async def live(self) -> None:
        """Do something at random."""
        match self._random.choice(("flip", "flip", "flip", "kill", "restart", "reload", "refuse")):
            case "flip":
                name = self._random.choice(_CHECKS)
                self.is_well[name] = not self.is_well[name]
                self.look()
            case "kill":
                await self._dawdle()
                await self.kill()
                await self.start()
            case "restart":
                await self._dawdle()
                await self.stop()
                await self.start()
            case "reload":
                self.channels[self._random.choice(("a", "b"))] += 1
                self.configure()
                self.telling.take(Batch(config_changed=True))
            case "refuse":
                self.post.refusals = self._random.randint(1, 3)
        self.clock.wall_ms += self._random.choice((10, 1000, 60_000))

    async def _dawdle(self) -> None:
        """Let the daemon come as far as it may, somewhere between deciding and sending."""
        for _ in range(self._random.randint(0, 30)):
            await asyncio.sleep(self._random.choice((0, 0, 0, 0.001)))


def judge(post: Post, truth: Mapping[str, bool], unrecorded: Counter[tuple[str, str]]) -> None:
    """Hold what arrived against what there was to tell."""
    for channel, arrived in post.arrived.items():
        times = Counter(notice_id for _, _, notice_id in arrived)
        # Once, but for what a service took in the moment in which the daemon was killed.
        assert all(count - 1 <= unrecorded[each, channel] for each, count in times.items())
        believed = dict.fromkeys(_CHECKS, True)
        seen: set[str] = set()
        for subject, kind, notice_id in arrived:
            if notice_id in seen:
                continue
            seen.add(notice_id)
            is_well = kind is NoticeKind.RECOVERED
            # Never what is known already: failures and ends take turns, a failure first.
            assert believed[subject] is not is_well, (channel, arrived)
            believed[subject] = is_well
        assert believed == truth, (channel, arrived)


@pytest.mark.parametrize("seed", range(4))
async def test_people_know_what_is(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each storm of kills, restarts, reloads and refusals everybody knows the truth."""
    # The clock stands still while a channel waits.
    monkeypatch.setattr("opsmonitor.engine.channel._FIRST_PAUSE_S", 0.0)
    random = Random(f"chaos {seed}")  # noqa: S311 - it is to be the same each time
    post = Post()
    house = House(tmp_path, post, random)
    await house.start()
    await house.settle()
    for _ in range(_STEPS):
        await house.live()
        if random.random() < 0.25:
            await house.settle()
            judge(post, house.is_well, house.unrecorded)
    await house.settle()
    await house.stop()

    judge(post, house.is_well, house.unrecorded)
    assert all(len(arrived) >= 4 for arrived in post.arrived.values())
