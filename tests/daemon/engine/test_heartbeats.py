"""Jobs that report, from the ping to the state, in virtual time and on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest

from opsmonitor.checks import heartbeat
from opsmonitor.checks.heartbeat import HeartbeatOptions
from opsmonitor.config.settings import CheckSettings, Push, RetentionSettings, Settings
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.heartbeats import Heartbeats
from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import EventKind, Status
from opsmonitor.models.heartbeat import Ping, PingKind, Pulse
from opsmonitor.store.heartbeats import KEPT
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.engine.scripted import Stage, check, configure, good
from tests.daemon.engine.test_witness import Uplink
from tests.daemon.engine.virtual_time import run_in_virtual_time

_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of no use anywhere


def job(
    check_id: str = "backup", token: str | None = None, *, is_outside: bool = False, **keys: Any
) -> CheckSettings:
    """Configure a job that reports every hour, with ten minutes of grace."""
    options = HeartbeatOptions(**{"period": 3600, "grace": 600, **keys})
    push = Push(token=None if token is None else Secret(token))
    return CheckSettings(
        id=check_id,
        name=check_id,
        type="heartbeat",
        options=options,
        push=push,
        is_outside=is_outside,
        retries=0,
        host="local",
        fingerprint=f"{check_id} {options}",
    )


class Memory:
    """A store that keeps what it is given, unless it is broken."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.known: dict[str, Pulse] = {}
        self.pings: list[Ping] = []
        self.is_broken = False

    async def pulses(self) -> list[Pulse]:
        """Return all that is known."""
        return list(self.known.values())

    async def save_pulses(
        self, pulses: Iterable[Pulse], pings: Iterable[Ping], gone: Collection[str]
    ) -> None:
        """Keep what is known now."""
        if self.is_broken:
            raise StoreError("the disk is full")
        pings = list(pings)
        for ping in pings:
            # SQLite takes no half of a character.
            (ping.run_id or "").encode()
        for name in gone:
            self.known.pop(name, None)
        self.known |= {pulse.check_id: pulse for pulse in pulses}
        self.pings += pings


class Workshop:
    """A monitor with jobs that report to it."""

    def __init__(self, clock: FakeClock, store: Memory | None = None) -> None:
        """Build the parts; `start` begins."""
        self.clock = clock
        self.store = store or Memory()
        self.settings = Settings(checks={})
        self.heartbeats = Heartbeats(
            store=self.store, clock=clock, key=Secret("key"), settings=lambda: self.settings
        )
        self.stage = Stage(
            clock, types={"heartbeat": heartbeat.CHECK}, pulses=self.heartbeats.pulse
        )
        self.heartbeats.attach(self.stage.monitor.run_soon)
        self.stage.monitor.subscribe(self.heartbeats.take)

    async def start(self, *checks: CheckSettings, alive_ms: int | None = None) -> None:
        """Put checks in force and begin."""
        await self.heartbeats.open(alive_ms)
        self.settings = configure(*checks)
        self.stage.start(*checks)

    async def ping(self, kind: PingKind = PingKind.SUCCESS, **values: Any) -> None:
        """Let the job report now."""
        await self.heartbeats.receive(
            Ping(check_id="backup", at_ms=self.clock.now_ms(), kind=kind, **values)
        )

    def status(self) -> Status:
        """Return what is shown of the job."""
        return self.stage.monitor.states["backup"].status

    def events(self) -> list[tuple[EventKind, int]]:
        """Return what happened, and when."""
        told = [item.transition for item in self.stage.recorder.of("backup")]
        return [(item.event, item.at_ms) for item in told if item is not None]


def test_a_missed_ping_is_noticed_at_its_moment() -> None:
    """Down when period and grace are over, to a tick, and up with the next ping."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await asyncio.sleep(5)
        assert shop.status() is Status.PENDING
        await shop.ping()
        pinged_ms = clock.now_ms()
        await asyncio.sleep(4199)
        assert shop.status() is Status.UP
        await asyncio.sleep(2)
        assert shop.status() is Status.DOWN
        await asyncio.sleep(100)
        await shop.ping()
        await asyncio.sleep(0.1)
        assert shop.status() is Status.UP

        (first, _), (down, down_ms), (up, _) = shop.events()
        assert (first, down, up) == (EventKind.INIT, EventKind.DOWN, EventKind.UP)
        assert 0 <= down_ms - (pinged_ms + 4_200_000) <= 50

    run_in_virtual_time(scenario)


def test_a_failure_is_down_at_once() -> None:
    """Within a moment of the ping, and the next success ends it."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await asyncio.sleep(5)
        await shop.ping()
        await asyncio.sleep(0.1)
        await shop.ping(PingKind.FAIL, exit_code=2)
        await asyncio.sleep(0.1)
        assert shop.status() is Status.DOWN
        outcome = shop.stage.monitor.states["backup"].outcome
        assert outcome is not None
        assert outcome.error == "the job has failed with exit code 2"
        await shop.ping()
        await asyncio.sleep(0.1)
        assert shop.status() is Status.UP

    run_in_virtual_time(scenario)


def test_a_run_that_hangs_is_noticed_at_its_moment() -> None:
    """Ten minutes after the start, as the grace is the longest run."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await shop.ping()
        await asyncio.sleep(60)
        await shop.ping(PingKind.START)
        started_ms = clock.now_ms()
        await asyncio.sleep(601)

        event, at_ms = shop.events()[-1]
        assert event is EventKind.DOWN
        assert 0 <= at_ms - (started_ms + 600_000) <= 50

    run_in_virtual_time(scenario)


def test_the_length_of_a_run_becomes_its_latency() -> None:
    """History and page show how long the job took."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await shop.ping(PingKind.START)
        await asyncio.sleep(90)
        await shop.ping()
        await asyncio.sleep(100)

        latencies = [item.outcome.latency_ms for item in shop.stage.recorder.of("backup")]
        assert [latency for latency in latencies if latency is not None] == [90_000.0]

    run_in_virtual_time(scenario)


def test_a_restart_keeps_what_is_known() -> None:
    """The deadline of the last ping holds for the next daemon."""

    async def scenario(clock: FakeClock) -> None:
        store = Memory()
        before = Workshop(clock, store)
        await before.start(job())
        await before.ping()
        await asyncio.sleep(1800)
        await before.stage.monitor.stop()
        await before.heartbeats.close()
        alive_ms = clock.now_ms()
        await asyncio.sleep(5)
        after = Workshop(clock, store)
        await after.start(job(), alive_ms=alive_ms)
        await asyncio.sleep(5)
        assert after.status() is Status.UP
        await asyncio.sleep(2400)

        assert after.status() is Status.DOWN

    run_in_virtual_time(scenario)


def test_the_time_without_a_daemon_is_not_held_against_the_job() -> None:
    """A ping that came while nobody listened is not missed; the next one is expected."""

    async def scenario(clock: FakeClock) -> None:
        store = Memory()
        before = Workshop(clock, store)
        await before.start(job())
        await before.ping()
        await asyncio.sleep(60)
        await before.stage.monitor.stop()
        await before.heartbeats.close()
        alive_ms = clock.now_ms()
        await asyncio.sleep(2 * 86_400)
        after = Workshop(clock, store)
        await after.start(job(), alive_ms=alive_ms)
        await asyncio.sleep(4190)
        assert after.status() is Status.UP
        await asyncio.sleep(20)

        assert after.status() is Status.DOWN

    run_in_virtual_time(scenario)


def test_a_machine_that_slept_did_not_listen() -> None:
    """After a night's sleep nothing is missed before the job had its time."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await shop.ping()
        await asyncio.sleep(60)
        clock.sleep_machine(8 * 3600)
        await asyncio.sleep(4000)
        assert shop.status() is Status.UP
        assert [event for event, _ in shop.events()] == [EventKind.INIT]
        await asyncio.sleep(400)

        assert shop.status() is Status.DOWN

    run_in_virtual_time(scenario)


def test_a_clock_that_is_set_forward_misses_nothing() -> None:
    """The machine was off, and its clock stood still: it hears the true time after its start."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await shop.ping()
        await asyncio.sleep(60)
        clock.wall_ms += 3 * 86_400_000
        await asyncio.sleep(3000)
        assert shop.status() is Status.UP
        assert [event for event, _ in shop.events()] == [EventKind.INIT]
        await asyncio.sleep(1400)

        assert shop.status() is Status.DOWN

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(("is_outside", "status"), [(True, Status.UP), (False, Status.DOWN)])
def test_a_network_that_is_away_carries_no_pings(*, is_outside: bool, status: Status) -> None:
    """A job on another site is not missed for the time in which it could not reach the daemon."""

    async def scenario(clock: FakeClock) -> None:
        shop, uplink = Workshop(clock), Uplink()
        await shop.start(job(is_outside=is_outside), uplink.witness(interval_s=30.0))
        await asyncio.sleep(5)
        await shop.ping()
        await asyncio.sleep(3000)
        uplink.is_on = False
        await asyncio.sleep(2000)
        assert shop.status() is (Status.NO_NETWORK if is_outside else Status.DOWN)
        uplink.is_on = True
        await asyncio.sleep(120)
        assert shop.status() is status
        assert (EventKind.DOWN in [event for event, _ in shop.events()]) is not is_outside
        await asyncio.sleep(4500)

        assert shop.status() is Status.DOWN

    run_in_virtual_time(scenario)


def test_pings_of_a_paused_check_are_kept() -> None:
    """A pause ends only when somebody ends it; what was reported meanwhile counts then."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await shop.ping()
        await asyncio.sleep(1)
        people = shop.stage.monitor.interventions
        people.pause("backup", duration_s=None, reason=None)
        await asyncio.sleep(3600)
        await shop.ping()
        await asyncio.sleep(1000)
        assert shop.status() is Status.PAUSED
        people.resume("backup")
        await asyncio.sleep(1)

        assert shop.status() is Status.UP

    run_in_virtual_time(scenario)


def test_a_store_that_fails_loses_nothing() -> None:
    """A ping counts at once, and is written when that is possible again."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await asyncio.sleep(1)
        shop.store.is_broken = True
        await shop.ping()
        await asyncio.sleep(1)
        assert shop.status() is Status.UP
        assert shop.store.pings == []
        shop.store.is_broken = False
        await asyncio.sleep(11)

        assert [ping.kind for ping in shop.store.pings] == [PingKind.SUCCESS]
        assert shop.store.known["backup"].ended_ms is not None

    run_in_virtual_time(scenario)


def test_a_ping_that_can_never_be_kept_keeps_no_other_back() -> None:
    """It counts, and those after it are written."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job())
        await asyncio.sleep(1)
        await shop.ping(PingKind.START, run_id="\ud800")
        await asyncio.sleep(1)
        await shop.ping()
        await asyncio.sleep(1)

        assert shop.status() is Status.UP
        assert [ping.kind for ping in shop.store.pings] == [PingKind.SUCCESS]
        assert shop.store.known["backup"].ended_ms is not None

    run_in_virtual_time(scenario)


def test_a_job_that_leaves_the_configuration_is_forgotten() -> None:
    """It begins anew, should it come back."""

    async def scenario(clock: FakeClock) -> None:
        shop = Workshop(clock)
        await shop.start(job(), check("nas", good))
        token = shop.heartbeats.token("backup")
        await shop.ping()
        await asyncio.sleep(1)
        shop.settings = configure(check("nas", good))
        shop.stage.monitor.apply(shop.settings)
        await asyncio.sleep(1)
        assert shop.heartbeats.find(token) is None
        assert shop.store.known == {}
        await shop.ping()
        shop.settings = configure(job())
        shop.stage.monitor.apply(shop.settings)
        await asyncio.sleep(1)

        assert shop.heartbeats.find(token) == "backup"
        assert shop.status() is Status.PENDING

    run_in_virtual_time(scenario)


def test_tokens_are_configured_or_made() -> None:
    """A made token is the same after each start, differs by check, and cannot be guessed."""

    async def scenario(clock: FakeClock) -> None:
        shop, again = Workshop(clock), Workshop(clock)
        checks = (job("a", _TOKEN), job("b"), job("c"))
        await shop.start(*checks)
        await again.start(*checks)
        made = shop.heartbeats.token("b")

        assert shop.heartbeats.token("a") == _TOKEN
        assert (shop.heartbeats.find(_TOKEN), shop.heartbeats.find(made)) == ("a", "b")
        assert made == again.heartbeats.token("b")
        assert made != shop.heartbeats.token("c")
        assert len(made) > 40
        assert shop.heartbeats.find("") is None
        assert shop.heartbeats.find("\udcff") is None
        with pytest.raises(KeyError):
            shop.heartbeats.token("nas")

    run_in_virtual_time(scenario)


async def test_the_database_keeps_pulses_and_the_latest_pings(tmp_path: Path) -> None:
    """What was known comes back as it was; of the pings a bounded number."""
    path, clock = tmp_path / "ops.db", FakeClock()
    store = await Store.open(path, clock=clock, retention=RetentionSettings())
    made = Heartbeats(
        store=store, clock=clock, key=Secret("key"), settings=lambda: configure(job(), job("b"))
    )
    await made.open(None)
    made.take(Batch(config_changed=True))
    for number in range(KEPT + 20):
        kind = PingKind.START if number % 2 else PingKind.FAIL
        await made.receive(
            Ping(
                check_id="backup",
                at_ms=number,
                kind=kind,
                exit_code=7,
                run_id="r",
                body="a\0b\udcff",
            )
        )
    made.take(Batch(standstill=(5, 10)))
    await made.close()
    await store.close()

    again = await Store.open(path, clock=clock, retention=RetentionSettings())
    known = {pulse.check_id: pulse for pulse in await again.pulses()}
    pings = await again.pings("backup", limit=500)
    await again.save_pulses([], [], {"backup"})
    left = await again.pings("backup", limit=500)
    await again.close()

    assert known == {name: made.pulse(name) for name in ("backup", "b")}
    assert [ping.at_ms for ping in pings] == list(range(KEPT + 19, 19, -1))
    assert left == []
