"""Groups follow their members, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from opsmonitor.checks import group
from opsmonitor.checks.group import GroupOptions
from opsmonitor.config.settings import CheckSettings
from opsmonitor.engine.batch import Batch
from opsmonitor.models.check import Status
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import Stage, check, good
from tests.daemon.engine.test_family import House
from tests.daemon.engine.test_witness import Uplink, outside
from tests.daemon.engine.virtual_time import run_in_virtual_time

_TYPES = {"group": group.CHECK}


def group_of(group_id: str, *members: str, **settings: Any) -> CheckSettings:
    """Configure a group that by itself is looked at once an hour."""
    return CheckSettings(
        id=group_id,
        name=group_id,
        type="group",
        options=GroupOptions(members=members),
        members=members,
        interval_s=3600.0,
        retries=0,
        host="local",
        fingerprint=f"{group_id} {members} {settings}",
        **settings,
    )


def status(stage: Stage, check_id: str) -> Status:
    """Return what is shown of a check."""
    return stage.monitor.states[check_id].status


def test_a_group_changes_with_its_member() -> None:
    """It does not wait for its own turn: a tick after its member it is judged."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        stage.start(
            check("nas", house.script("nas")),
            check("router", house.script("router")),
            group_of("all", "nas", "router"),
        )
        await asyncio.sleep(5)
        assert status(stage, "all") is Status.UP
        house.off = {"nas"}
        await asyncio.sleep(11)

        assert status(stage, "all") is Status.DOWN
        member, whole = stage.recorder.of("nas")[-1], stage.recorder.of("all")[-1]
        assert 0 <= whole.finished_ms - member.finished_ms <= 100
        house.off = set()
        await asyncio.sleep(11)
        assert status(stage, "all") is Status.UP

    run_in_virtual_time(scenario)


def test_members_that_fail_together_make_one_run() -> None:
    """A hundred failures in a tick are one question to the group, not a hundred."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        names = [f"c{number}" for number in range(100)]
        stage.start(
            *[check(name, house.script(name)) for name in names],
            group_of("all", *names),
        )
        await asyncio.sleep(30)
        before = len(stage.recorder.of("all"))
        house.off = set(names)
        await asyncio.gather(*(stage.monitor.run_now(name) for name in names))
        await asyncio.sleep(1)

        assert status(stage, "all") is Status.DOWN
        assert len(stage.recorder.of("all")) - before <= 2

    run_in_virtual_time(scenario)


def test_a_group_of_groups_follows_all_the_way() -> None:
    """What happens to a member reaches the outermost group within a few ticks."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        stage.start(
            check("nas", house.script("nas")),
            group_of("inner", "nas"),
            group_of("outer", "inner"),
        )
        await asyncio.sleep(5)
        assert status(stage, "outer") is Status.UP
        house.off = {"nas"}
        await stage.monitor.run_now("nas")
        await asyncio.sleep(0.2)

        assert status(stage, "outer") is Status.DOWN

    run_in_virtual_time(scenario)


def test_a_group_whose_members_are_all_paused_is_pending() -> None:
    """Nothing is known of it, so it is neither up nor down; with the first resumed it is again."""

    async def scenario(clock: FakeClock) -> None:
        stage = Stage(clock, types=_TYPES)
        stage.start(check("nas", good), check("router", good), group_of("all", "nas", "router"))
        await asyncio.sleep(5)
        people = stage.monitor.interventions
        people.pause("nas", duration_s=None, reason=None)
        await asyncio.sleep(1)
        assert status(stage, "all") is Status.UP
        people.pause("router", duration_s=None, reason=None)
        await asyncio.sleep(1)
        assert status(stage, "all") is Status.PENDING
        assert stage.monitor.states["all"].ok is None
        people.resume("nas")
        await asyncio.sleep(1)
        assert status(stage, "all") is Status.UP

    run_in_virtual_time(scenario)


def test_a_group_that_depends_on_its_member_is_no_second_failure() -> None:
    """With `depends_on` the member is the one cause that is told, the group unreachable."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        stage.start(
            check("nas", house.script("nas")),
            group_of("all", "nas", depends_on=("nas",)),
        )
        await asyncio.sleep(5)
        house.off = {"nas"}
        await asyncio.sleep(11)

        assert status(stage, "all") is Status.UNREACHABLE
        assert stage.monitor.states["all"].because == "nas"
        house.off = set()
        await asyncio.sleep(11)
        assert status(stage, "all") is Status.UP

    run_in_virtual_time(scenario)


def test_the_start_raises_no_alarm_about_a_group() -> None:
    """The first member to fail does not speak for those that are still to be asked."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        house.off = {"c0"}
        names = [f"c{number}" for number in range(20)]
        best = GroupOptions(members=tuple(names), rule="best")
        stage.start(
            *[check(name, house.script(name)) for name in names],
            CheckSettings(
                id="any",
                name="any",
                type="group",
                options=best,
                members=best.members,
                retries=0,
                interval_s=0.1,
            ),
        )
        await asyncio.sleep(10)

        shown = {result.state.status for result in stage.recorder.of("any")}
        assert shown == {Status.PENDING, Status.UP}

    run_in_virtual_time(scenario)


def test_a_group_is_not_told_before_its_member() -> None:
    """A member that fails because of its parent makes no news of the group, first or not."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        seen: list[tuple[Status, bool]] = []

        def note(batch: Batch) -> None:
            """Keep how the group was shown."""
            seen.extend(
                (state.status, state.is_held) for state in batch.states() if state.id == "all"
            )

        stage.monitor.subscribe(note)
        stage.start(
            check("router", house.script("router"), interval_s=3600.0),
            check("nas", house.script("nas"), depends_on=("router",)),
            group_of("all", "nas"),
        )
        await asyncio.sleep(15)
        house.off = {"router", "nas"}
        await asyncio.sleep(15)

        assert status(stage, "nas") is Status.UNREACHABLE
        assert status(stage, "all") is Status.PENDING
        assert (Status.DOWN, False) not in seen

    run_in_virtual_time(scenario)


def test_a_group_of_what_lies_outside_is_not_down_without_a_network() -> None:
    """Its members say nothing of themselves then, so nothing is said of the group."""

    async def scenario(clock: FakeClock) -> None:
        uplink, stage = Uplink(), Stage(clock, types=_TYPES)
        names = [f"web-{number}" for number in range(20)]
        stage.start(
            uplink.witness(),
            *[outside(uplink, name) for name in names],
            group_of("all", *names),
        )
        await asyncio.sleep(15)
        uplink.is_on = False
        await asyncio.sleep(600)
        assert status(stage, "all") is Status.PENDING
        uplink.is_on = True
        await asyncio.sleep(60)

        assert status(stage, "all") is Status.UP
        shown = {result.state.status for result in stage.recorder.of("all")}
        assert shown == {Status.PENDING, Status.UP}

    run_in_virtual_time(scenario)


def test_a_group_is_told_when_its_member_is() -> None:
    """Once the parent is known to work, the failure of member and group is their own."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock, types=_TYPES)
        stage.start(
            check("router", house.script("router"), interval_s=3600.0),
            check("nas", house.script("nas"), depends_on=("router",)),
            group_of("all", "nas"),
        )
        await asyncio.sleep(15)
        house.off = {"nas"}
        await asyncio.sleep(15)

        assert status(stage, "all") is Status.DOWN
        assert not stage.monitor.states["nas"].is_held
        assert not stage.monitor.states["all"].is_held

    run_in_virtual_time(scenario)
