"""The machine's own network, in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from opsmonitor.config.settings import (
    AlertSettings,
    ChannelSettings,
    CheckSettings,
    RetentionSettings,
    Settings,
)
from opsmonitor.engine.links import Links
from opsmonitor.engine.monitor import Monitor
from opsmonitor.engine.telling import Telling
from opsmonitor.models.check import CheckState, Outcome, Status
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.engine.scripted import BAD, GOOD, TYPES, Script, Stage, check
from tests.daemon.engine.test_family import House, shown
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.test_rules import Ears
from tests.daemon.engine.virtual_time import run_in_virtual_time


class Uplink:
    """A line to the Internet, and what is seen through it."""

    def __init__(self) -> None:
        """Begin with everything working."""
        self.is_on = True
        self.off: set[str] = set()

    def script(self, name: str, seconds: float = 0.0) -> Script:
        """Return a probe of something outside; its failure takes some time."""

        async def probe() -> Outcome:
            is_good = self.is_on and name not in self.off
            await asyncio.sleep(0.0 if is_good else seconds)
            return GOOD if is_good else BAD

        return probe

    def witness(self, **keys: Any) -> CheckSettings:
        """Return the witness."""
        keys = {"interval_s": 60.0, "timeout_s": 3.0, **keys}
        return check("connectivity", self.script("connectivity", 3), type="connectivity", **keys)


def outside(uplink: Uplink, name: str, seconds: float = 0.0, **keys: Any) -> CheckSettings:
    """Return a check of something outside."""
    return check(name, uplink.script(name, seconds), is_outside=True, **keys)


def test_without_a_network_nothing_outside_is_down() -> None:
    """What fails first has the witness asked before it is judged; local things are judged."""

    async def scenario(clock: FakeClock) -> None:
        uplink, house, stage = Uplink(), House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            uplink.witness(interval_s=3600.0),
            outside(uplink, "web"),
            check("nas", house.script("nas")),
        )
        await asyncio.sleep(15)
        uplink.is_on, house.off = False, {"nas"}
        await asyncio.sleep(30)

        assert shown(stage)["web"] == (Status.NO_NETWORK, "connectivity")
        assert stage.monitor.states["web"].judged is Status.UP
        assert stage.monitor.states["web"].shown_ok is None
        assert stage.monitor.states["web"].fail_streak == 0
        assert shown(stage)["nas"] == (Status.DOWN, None)
        assert sorted(ears.heard) == [("first_fail", "connectivity"), ("first_fail", "nas")]

    run_in_virtual_time(scenario)


def test_what_fails_with_a_network_is_down() -> None:
    """The witness answers: the failure is judged, as late as that answer takes."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        stage.start(uplink.witness(interval_s=3600.0), outside(uplink, "web"))
        await asyncio.sleep(15)
        uplink.off = {"web"}
        await asyncio.sleep(11)

        assert shown(stage)["web"] == (Status.DOWN, None)
        assert len(stage.recorder.of("connectivity")) == 2

    run_in_virtual_time(scenario)


def test_a_witness_that_must_fail_thrice_is_asked_until_that_is_clear() -> None:
    """Nothing outside is told before it is known whether there is a network, and all is after."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            uplink.witness(down_threshold=3),
            *(outside(uplink, f"web{number}", 2.0, interval_s=30.0) for number in range(5)),
        )
        await asyncio.sleep(65)
        uplink.is_on = False
        await asyncio.sleep(600)
        uplink.is_on, uplink.off = True, {"web3"}
        await asyncio.sleep(100)

        assert ears.heard == [
            ("first_fail", "connectivity"),
            ("recovered", "connectivity"),
            ("first_fail", "web3"),
        ]

    run_in_virtual_time(scenario)


def test_an_answer_of_before_the_failure_says_nothing() -> None:
    """The witness is being asked when something fails: it is asked again."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)

        async def slow() -> Outcome:
            is_on = uplink.is_on
            await asyncio.sleep(2)
            return GOOD if is_on else BAD

        stage.start(
            check("connectivity", slow, type="connectivity", interval_s=3600.0),
            outside(uplink, "web", interval_s=3600.0),
        )
        await asyncio.sleep(15)
        asking = asyncio.create_task(stage.monitor.run_now("connectivity"))
        await asyncio.sleep(1)
        uplink.is_on = False
        result = await stage.monitor.run_now("web")
        await asking

        assert result.state.status is Status.NO_NETWORK
        assert story(stage, "web")[0] == "INIT"
        assert "DOWN" not in story(stage, "web")

    run_in_virtual_time(scenario)


def test_what_was_down_before_stays_told() -> None:
    """A dead server is not told again when the network goes and comes back."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        ears = Ears(stage)
        stage.start(uplink.witness(), outside(uplink, "web"), outside(uplink, "mail"))
        await asyncio.sleep(15)
        uplink.off = {"web"}
        await asyncio.sleep(30)
        uplink.is_on = False
        await asyncio.sleep(120)
        uplink.is_on = True
        await asyncio.sleep(60)

        assert ears.heard == [
            ("first_fail", "web"),
            ("first_fail", "connectivity"),
            ("recovered", "connectivity"),
        ]
        assert shown(stage)["web"] == (Status.DOWN, None)

    run_in_virtual_time(scenario)


def test_what_broke_meanwhile_is_told_afterwards() -> None:
    """A server that is dead when the network is back is down then, and told once."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        ears = Ears(stage)
        stage.start(uplink.witness(), outside(uplink, "web"))
        await asyncio.sleep(15)
        uplink.is_on = False
        await asyncio.sleep(60)
        uplink.is_on, uplink.off = True, {"web"}
        await asyncio.sleep(60)

        assert ears.heard == [
            ("first_fail", "connectivity"),
            ("recovered", "connectivity"),
            ("first_fail", "web"),
        ]

    run_in_virtual_time(scenario)


def test_who_succeeds_knows_better_than_a_silent_witness() -> None:
    """The witness is blocked by a firewall: what fails is down, as others outside succeed."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        uplink.off = {"connectivity", "web"}
        stage.start(uplink.witness(), outside(uplink, "web"), outside(uplink, "mail"))
        await asyncio.sleep(60)

        assert shown(stage)["web"] == (Status.DOWN, None)
        assert shown(stage)["mail"] == (Status.UP, None)

    run_in_virtual_time(scenario)


def test_a_run_that_began_without_the_network_is_made_again() -> None:
    """It fails after the network came back, but says nothing of now."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        stage.start(
            uplink.witness(),
            outside(uplink, "web", seconds=9.0, timeout_s=10.0, interval_s=20.0),
        )
        await asyncio.sleep(30)
        uplink.is_on = False
        await asyncio.sleep(95)
        uplink.is_on = True
        await asyncio.sleep(60)

        assert "DOWN" not in story(stage, "web")
        assert shown(stage)["web"] == (Status.UP, None)

    run_in_virtual_time(scenario)


def test_a_paused_witness_is_not_asked() -> None:
    """While it is paused nothing is known of the network: failures are judged at once."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock)
        stage.start(uplink.witness(), outside(uplink, "web"))
        await asyncio.sleep(15)
        stage.monitor.interventions.pause("connectivity", duration_s=None, reason=None)
        uplink.is_on = False
        await asyncio.sleep(15)

        assert shown(stage)["web"] == (Status.DOWN, None)

    run_in_virtual_time(scenario)


def test_a_restart_without_a_network_tells_nothing() -> None:
    """What was known of the network is known to the next daemon, whoever runs first."""

    async def scenario(clock: FakeClock) -> None:
        uplink = Uplink()
        uplink.is_on = False
        known = {
            "connectivity": CheckState(
                id="connectivity", type="connectivity", status=Status.DOWN, ok=False
            ),
            "web": CheckState(
                id="web",
                type="scripted",
                status=Status.NO_NETWORK,
                covered=Status.UP,
                because="connectivity",
                ok=True,
            ),
        }
        stage = Stage(clock, known)
        stage.start(outside(uplink, "web"), uplink.witness())
        await asyncio.sleep(60)

        assert story(stage, "web") == story(stage, "connectivity") == []
        assert stage.recorder.of("web")[0].interval is Status.NO_NETWORK

    run_in_virtual_time(scenario)


def test_ten_minutes_without_an_uplink_are_two_messages(tmp_path: Path) -> None:
    """The uplink is gone for ten minutes with three hundred checks: one message, one at the end."""
    heard: list[Message] = []

    async def take(_options: object, message: Message, _context: SendContext) -> None:
        heard.append(message)

    kind: NotifierType[Any] = NotifierType(
        name="hand", options=str, schema={}, send=take, example={}, environment={}
    )
    channel = ChannelSettings(name="phone", type="hand", options=None)

    async def scenario(clock: FakeClock) -> tuple[int, int, dict[str, Any]]:
        uplink = Uplink()
        names = [f"web{number}" for number in range(300)]
        settings = Settings(
            checks={
                item.id: item
                for item in (
                    uplink.witness(),
                    *(outside(uplink, name, seconds=3.0, interval_s=30.0) for name in names),
                )
            },
            alerts=AlertSettings(channels={"phone": channel}),
        )
        store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
        monitor = Monitor(
            check_types=TYPES,
            recorder=store,
            clock=clock,
            http=cast("Any", None),
            resolver=cast("Any", None),
            states={},
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
        await asyncio.sleep(100)
        begun_ms = clock.now_ms()
        uplink.is_on = False
        await asyncio.sleep(600)
        assert {monitor.states[name].status for name in names} == {Status.NO_NETWORK}
        uplink.is_on = True
        await asyncio.sleep(120)
        assert {monitor.states[name].status for name in names} == {Status.UP}
        await monitor.stop()
        await store.flush()
        await telling.close()
        uptime = await store.uptime(names, begun_ms, begun_ms + 600_000)
        events = await store.events(limit=10_000, since_ms=begun_ms)
        await store.close()
        downs = [event.check_id for event in events if event.event == "DOWN"]
        return len(downs), len(events), uptime

    downs, events, uptime = run_in_virtual_time(scenario)

    notices = [(item.kind.value, item.subject) for message in heard for item in message.notices]
    assert notices == [("first_fail", "connectivity"), ("recovered", "connectivity")]
    assert (downs, events) == (1, 602)
    assert {item.down_s for item in uptime.values()} == {0.0}
    assert all(item.no_network_s > 500 for item in uptime.values())


@pytest.mark.parametrize("number", range(5))
def test_a_witness_with_parents_names_them(number: int) -> None:
    """The router is dead: it alone is told, whatever depends on the witness."""

    async def scenario(clock: FakeClock) -> None:
        uplink, house, stage = Uplink(), House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", house.script("router")),
            uplink.witness(depends_on=("router",)),
            outside(uplink, "web", interval_s=7.0 + number),
        )
        await asyncio.sleep(60)
        uplink.is_on, house.off = False, {"router"}
        await asyncio.sleep(60)
        uplink.is_on, house.off = True, set()
        await asyncio.sleep(60)

        assert ears.heard == [("first_fail", "router"), ("recovered", "router")]

    run_in_virtual_time(scenario)
