"""The ten rules of dependencies, each as a test, told to people by the real decision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from opsmonitor.config.settings import CheckSettings
from opsmonitor.engine.alerting import reconcile
from opsmonitor.engine.batch import Batch
from opsmonitor.models.alert import Alert, AlertKind
from opsmonitor.models.check import CheckState, Outcome, Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Script, Stage, check, configure
from tests.daemon.engine.test_alerting import named
from tests.daemon.engine.test_family import House, shown
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.virtual_time import run_in_virtual_time


class Ears:
    """Somebody who is told, and remembers when."""

    def __init__(self, stage: Stage) -> None:
        """Listen to a monitor."""
        self._stage = stage
        self.told: dict[str, dict[AlertKind, Alert]] = {}
        self.heard: list[tuple[str, str]] = []
        self.times_s: list[float] = []
        self.titles: list[str] = []
        stage.monitor.subscribe(self._take)

    def _take(self, batch: Batch) -> None:
        stage = self._stage
        decision = reconcile(
            self.told,
            batch.states(),
            stage.monitor.checks,
            alerts=named("ears"),
            now_ms=stage.clock.now_ms(),
        )
        for alert in decision.alerts:
            kinds = self.told.setdefault(alert.subject, {})
            kinds[alert.kind] = alert
            if alert.resolved_ms is not None:
                del kinds[alert.kind]
        for notice, _ in decision.notices:
            self.heard.append((notice.kind.value, notice.subject))
            self.titles.append(notice.title)
            self.times_s.append(stage.clock.monotonic())


def pair(house: House, **nas: Any) -> Sequence[CheckSettings]:
    """Return a router that is rarely looked at, and a nas behind it."""
    return (
        check("router", house.script("router"), interval_s=3600.0),
        check("nas", house.script("nas"), depends_on=("router",), **nas),
    )


def test_rule_1_checking_goes_on() -> None:
    """Behind a dead router the nas is run as often as ever, and nobody hears of it."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        house.off = {"router", "nas"}
        stage.start(*pair(house))
        await asyncio.sleep(605)

        assert len(stage.recorder.of("nas")) >= 60
        assert ears.heard == [("first_fail", "router")]

    run_in_virtual_time(scenario)


def test_rule_2_only_opening_is_suppressed() -> None:
    """A nas that was told to be down recovers behind a dead router: that is told."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        house.off = {"nas"}
        stage.start(*pair(house))
        await asyncio.sleep(30)
        house.off = {"nas", "router"}
        await stage.monitor.run_now("router")
        await asyncio.sleep(15)
        house.off = {"router"}
        await asyncio.sleep(15)

        assert ears.heard == [
            ("first_fail", "nas"),
            ("first_fail", "router"),
            ("recovered", "nas"),
        ]

    run_in_virtual_time(scenario)


def test_rule_3_what_failed_meanwhile_does_not_count() -> None:
    """Two failing runs behind a dead router do not make the next one the third of three."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        stage.start(*pair(house, down_threshold=3))
        await asyncio.sleep(15)
        house.off = {"router", "nas"}
        await stage.monitor.run_now("router")
        for _ in range(2):
            await stage.monitor.run_now("nas")
        assert stage.monitor.states["nas"].fail_streak == 2
        house.off = {"nas"}
        await stage.monitor.run_now("router")

        result = await stage.monitor.run_now("nas")
        assert (result.state.fail_streak, result.state.status) == (1, Status.UP)

    run_in_virtual_time(scenario)


def test_rule_4_an_open_alert_stays_and_is_not_repeated() -> None:
    """Nas down, router down, router up, nas up: one message for each of the four."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(*pair(house))
        await asyncio.sleep(5)
        for off in ({"nas"}, {"nas", "router"}, {"nas"}, set[str]()):
            house.off = off
            await stage.monitor.run_now("router")
            await asyncio.sleep(90)

        assert ears.heard == [
            ("first_fail", "nas"),
            ("first_fail", "router"),
            ("recovered", "router"),
            ("recovered", "nas"),
        ]

    run_in_virtual_time(scenario)


def slow(house: House, name: str, seconds: float) -> Script:
    """Return a probe that takes its time to fail."""

    async def probe() -> Outcome:
        if name in house.off:
            await asyncio.sleep(seconds)
            return BAD
        return GOOD

    return probe


def test_rule_5_a_child_that_is_seen_first_waits_for_its_parent() -> None:
    """The router takes its whole time-out to fail: the nas says nothing meanwhile, nor after."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", slow(house, "router", 5), interval_s=3600.0, timeout_s=6.0),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(15)
        house.off = {"router", "nas"}
        await stage.monitor.run_now("nas")
        await asyncio.sleep(4)
        assert shown(stage)["nas"] == (Status.DOWN, None)
        assert ears.heard == []
        await asyncio.sleep(60)

        assert ears.heard == [("first_fail", "router")]
        assert story(stage, "nas") == ["INIT", "DOWN", "UNREACHABLE"]

    run_in_virtual_time(scenario)


def test_rule_5_with_a_parent_that_is_not_down_at_its_first_failure() -> None:
    """A parent that must fail three times is run until that is clear, not an hour later."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", slow(house, "router", 2), interval_s=3600.0, down_threshold=3),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(15)
        house.off = {"router", "nas"}
        await asyncio.sleep(30)

        assert ears.heard == [("first_fail", "router")]

    run_in_virtual_time(scenario)


def test_rule_5_the_child_is_told_as_soon_as_its_parent_is_known_to_work() -> None:
    """Holding costs no longer than one run of the parent."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(*pair(house))
        await asyncio.sleep(15)
        house.off = {"nas"}
        seen = await stage.monitor.run_now("nas")
        await asyncio.sleep(1)

        assert seen.state.is_held
        assert ears.heard == [("first_fail", "nas")]
        assert not stage.monitor.states["nas"].is_held

    run_in_virtual_time(scenario)


def test_rule_5_a_run_of_the_parent_that_began_before_says_nothing() -> None:
    """The router died while it was being looked at: a second look finds out."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        answers = iter([(0.0, GOOD), (4.0, GOOD), (1.0, BAD)])

        async def router() -> Outcome:
            wait_s, outcome = next(answers, (0.0, BAD))
            await asyncio.sleep(wait_s)
            return outcome

        ears = Ears(stage)
        stage.start(
            check("router", router, interval_s=3600.0, timeout_s=6.0),
            check("nas", house.script("nas"), interval_s=3600.0, depends_on=("router",)),
        )
        await asyncio.sleep(5)
        looking = asyncio.create_task(stage.monitor.run_now("router"))
        await asyncio.sleep(1)
        house.off = {"nas"}
        await stage.monitor.run_now("nas")
        await looking
        assert ears.heard == []
        await asyncio.sleep(30)

        assert ears.heard == [("first_fail", "router")]
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")

    run_in_virtual_time(scenario)


def test_rule_5_a_parent_that_failed_as_well_has_its_children_given_time() -> None:
    """The power was away for a moment: the router came round in time, the nas was down."""
    answers = iter([GOOD, BAD])

    async def router() -> Outcome:
        return next(answers, GOOD)

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", router, interval_s=600.0, down_threshold=3),
            check("nas", house.script("nas"), depends_on=("router",)),
            check("tv", house.script("tv"), depends_on=("router",)),
        )
        await asyncio.sleep(5)
        house.off = {"nas", "tv"}
        await asyncio.sleep(11)
        assert stage.monitor.states["nas"].status is Status.DOWN
        house.off = {"tv"}
        await asyncio.sleep(60)

        assert ears.heard == [("first_fail", "tv")]

    run_in_virtual_time(scenario)


def test_rule_5_nobody_waits_for_ever() -> None:
    """The parent is paused while it is waited for: the news comes when its time is over."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", slow(house, "router", 5), interval_s=3600.0, timeout_s=6.0),
            check("nas", house.script("nas"), interval_s=3600.0, depends_on=("router",)),
        )
        await asyncio.sleep(15)
        house.off = {"router", "nas"}
        await stage.monitor.run_now("nas")
        stage.monitor.interventions.pause("router", duration_s=None, reason=None)
        await asyncio.sleep(7)
        assert ears.heard == []
        await asyncio.sleep(2)

        assert ears.heard == [("first_fail", "nas")]

    run_in_virtual_time(scenario)


def test_rule_5_what_was_held_at_a_restart_is_decided_again() -> None:
    """The daemon was killed while it waited: the next one looks at the parent, then tells."""

    async def scenario(clock: FakeClock) -> None:
        house = House()
        house.off = {"router", "nas"}
        known = {
            "router": CheckState(id="router", type="scripted", status=Status.UP, ok=True),
            "nas": CheckState(id="nas", type="scripted", status=Status.DOWN, ok=False),
        }
        stage = Stage(clock, known)
        ears = Ears(stage)
        stage.start(
            check("nas", house.script("nas"), depends_on=("router",)),
            check("router", slow(house, "router", 2)),
        )
        await asyncio.sleep(60)

        assert ears.heard == [("first_fail", "router")]

    run_in_virtual_time(scenario)


def test_rule_6_a_child_gets_time_to_come_back() -> None:
    """What is up again half a minute after its parent is never told; what is not is told once."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        children = [
            check(name, house.script(name), depends_on=("router",)) for name in ("slow", "broken")
        ]
        stage.start(check("router", house.script("router"), interval_s=3600.0), *children)
        await asyncio.sleep(5)
        house.off = {"router", "slow", "broken"}
        await asyncio.sleep(15)
        house.off = {"slow", "broken"}
        await stage.monitor.run_now("router")
        back_s = clock.monotonic()
        await asyncio.sleep(20)
        house.off = {"broken"}
        await asyncio.sleep(60)

        assert ears.heard == [
            ("first_fail", "router"),
            ("recovered", "router"),
            ("first_fail", "broken"),
        ]
        assert 30 <= ears.times_s[-1] - back_s < 32
        assert shown(stage)["slow"] == (Status.UP, None)

    run_in_virtual_time(scenario)


def test_rule_6_a_parent_may_be_gone_again_when_the_time_is_over() -> None:
    """The router answered once and died again: it is looked at before its children are told."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", house.script("router"), interval_s=600.0, down_threshold=3),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(5)
        house.off = {"router", "nas"}
        await asyncio.sleep(2400)
        house.off = {"nas"}
        await stage.monitor.run_now("router")
        house.off = {"router", "nas"}
        await asyncio.sleep(300)

        told = ["first_fail", "recovered", "first_fail"]
        assert ears.heard == [(event, "router") for event in told]
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")

    run_in_virtual_time(scenario)


def test_rule_6_a_parent_may_get_another_name_while_it_is_down() -> None:
    """By its new name it is still to be judged: its children wait for that."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)

        def family(name: str) -> Sequence[CheckSettings]:
            return (
                check(name, house.script("router"), interval_s=600.0, down_threshold=3),
                check("nas", house.script("nas"), depends_on=(name,)),
            )

        house.off = {"router", "nas"}
        stage.start(*family("router"))
        await asyncio.sleep(2400)
        stage.monitor.apply(configure(*family("gate")))
        await asyncio.sleep(300)

        assert ears.heard == [("first_fail", "router"), ("first_fail", "gate")]
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "gate")

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("off", "heard"),
    [
        (set(), []),
        ({"nas"}, [("first_fail", "nas")]),
        ({"router", "nas"}, [("first_fail", "router")]),
    ],
)
def test_what_was_known_before_a_pause_is_no_news(
    off: set[str], heard: list[tuple[str, str]]
) -> None:
    """A nas is paused while it is unreachable: by the end it is looked at, and at its router."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        stage.start(
            check("router", house.script("router"), interval_s=600.0),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(1)
        house.off = {"router", "nas"}
        await asyncio.sleep(30)
        stage.monitor.interventions.pause("nas", duration_s=60.0, reason=None)
        house.off = set()
        await stage.monitor.run_now("router")
        house.off = off
        await asyncio.sleep(120)

        assert ears.heard[:2] == [("first_fail", "router"), ("recovered", "router")]
        assert ears.heard[2:] == heard

    run_in_virtual_time(scenario)


def test_rule_7_only_the_parents_own_status_counts() -> None:
    """Behind a working switch the nas is told, whatever the router does."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        house.off = {"router", "nas"}
        stage.start(
            check("router", house.script("router")),
            check("switch", house.script("switch"), depends_on=("router",)),
            check("nas", house.script("nas"), depends_on=("switch",)),
        )
        await asyncio.sleep(30)

        assert sorted(ears.heard) == [("first_fail", "nas"), ("first_fail", "router")]

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(("when", "status"), [("any", Status.UNREACHABLE), ("all", Status.DOWN)])
def test_rule_7_any_or_all_of_several_parents(when: str, status: Status) -> None:
    """Of two lines one is dead: that explains a failure only if one is enough to do so."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"dsl", "web"}
        stage.start(
            check("dsl", house.script("dsl")),
            check("lte", house.script("lte")),
            check("web", house.script("web"), depends_on=("dsl", "lte"), unreachable_when=when),
        )
        await asyncio.sleep(15)
        assert stage.monitor.states["web"].status is status

        house.off |= {"lte"}
        await asyncio.sleep(15)
        assert stage.monitor.states["web"].status is Status.UNREACHABLE

    run_in_virtual_time(scenario)


def test_rule_8_a_whole_house_is_one_message() -> None:
    """Three hundred lamps fail before their router does: one message, and one at the end."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        ears = Ears(stage)
        names = [f"lamp{number}" for number in range(300)]
        stage.start(
            check("router", slow(house, "router", 2), interval_s=60.0),
            *(check(name, house.script(name), depends_on=("router",)) for name in names),
        )
        await asyncio.sleep(70)
        house.off = {"router", *names}
        await asyncio.sleep(120)
        house.off = set()
        await asyncio.sleep(120)

        assert ears.heard == [("first_fail", "router"), ("recovered", "router")]

    run_in_virtual_time(scenario)


def test_rule_9_the_time_is_booked_as_unreachable() -> None:
    """Behind a dead router no failure begins an interval of being down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        stage.start(*pair(house))
        await asyncio.sleep(5)
        house.off = {"router", "nas"}
        await stage.monitor.run_now("router")
        await asyncio.sleep(60)
        house.off = set()
        await stage.monitor.run_now("router")
        await asyncio.sleep(60)

        begun = [item.interval for item in stage.recorder.items if item.check_id == "nas"]
        assert [status for status in begun if status] == [
            Status.UP,
            Status.UNREACHABLE,
            Status.UP,
        ]

    run_in_virtual_time(scenario)
