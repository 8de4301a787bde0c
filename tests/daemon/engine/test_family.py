"""Checks that depend on others, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from opsmonitor.models.check import Change, CheckState, Outcome, Status, Verdict
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, check, configure
from tests.daemon.engine.test_pause import story
from tests.daemon.engine.virtual_time import run_in_virtual_time


class House:
    """Targets that a test switches off and on."""

    def __init__(self) -> None:
        """Begin with everything on."""
        self.off: set[str] = set()

    def script(self, name: str) -> Callable[[], Awaitable[Outcome]]:
        """Return a probe that tells whether a target is on."""

        async def probe() -> Outcome:
            return BAD if name in self.off else GOOD

        return probe


def chain(house: House, **settings: float) -> list[object]:
    """Return a router, a switch behind it and a nas behind that; the router is looked at least."""
    return [
        check("router", house.script("router"), interval_s=60.0, **settings),
        check("switch", house.script("switch"), depends_on=("router",), **settings),
        check("nas", house.script("nas"), depends_on=("switch",), **settings),
    ]


def shown(stage: Stage) -> dict[str, tuple[Status, str | None]]:
    """Return what is shown of each check, and because of what."""
    return {key: (state.status, state.because) for key, state in stage.monitor.states.items()}


def test_the_topmost_failure_is_named() -> None:
    """Everything behind a dead router is unreachable because of the router."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        stage.start(*chain(house))  # type: ignore[arg-type]  # the helper keeps no types
        await asyncio.sleep(65)
        house.off = {"router", "switch", "nas"}
        await asyncio.sleep(30)

        assert shown(stage) == {
            "router": (Status.DOWN, None),
            "switch": (Status.UNREACHABLE, "router"),
            "nas": (Status.UNREACHABLE, "router"),
        }
        assert stage.monitor.states["nas"].judged is Status.DOWN
        assert stage.monitor.states["nas"].ok is False

    run_in_virtual_time(scenario)


def test_a_child_that_fails_first_has_its_parent_looked_at() -> None:
    """A failing child does not wait for its parent's turn: within a second the cause is known."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        stage.start(
            check("router", house.script("router"), interval_s=3600.0),
            check("nas", house.script("nas"), interval_s=5.0, depends_on=("router",)),
        )
        await asyncio.sleep(30)
        house.off = {"router", "nas"}
        await asyncio.sleep(6)

        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")
        changes = [item for item in stage.recorder.items if isinstance(item, Change)]
        assert [item.interval for item in changes] == [Status.UNREACHABLE]
        assert changes[0].transition is not None
        assert changes[0].transition.error == "it depends on router, which is down"

    run_in_virtual_time(scenario)


def test_checking_is_never_suppressed() -> None:
    """An unreachable check keeps running at its interval, and is up as soon as it answers."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        stage.start(
            check("router", house.script("router")),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(600)
        assert len(stage.recorder.of("nas")) >= 59

        house.off = {"router"}
        await asyncio.sleep(11)
        assert shown(stage)["nas"] == (Status.UP, None)

    run_in_virtual_time(scenario)


def test_a_working_parent_explains_nothing() -> None:
    """Behind a switch that works a dead nas is down by itself, even if the router is down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        stage.start(*chain(house))  # type: ignore[arg-type]  # the helper keeps no types
        await asyncio.sleep(30)

        assert shown(stage)["nas"] == (Status.DOWN, None)

    run_in_virtual_time(scenario)


def test_recovery_is_never_told_as_a_failure() -> None:
    """When everything recovers with the router, nothing behind it is ever called down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        stage.start(
            check("router", house.script("router"), interval_s=10.0),
            check("nas", house.script("nas"), interval_s=3600.0, depends_on=("router",)),
        )
        await asyncio.sleep(5)
        house.off = {"router", "nas"}
        await asyncio.sleep(11)
        await stage.monitor.run_now("nas")
        house.off = set()
        await asyncio.sleep(11)

        assert story(stage, "nas") == ["INIT", "UNREACHABLE", "UP"]
        assert story(stage, "router") == ["INIT", "DOWN", "UP"]

    run_in_virtual_time(scenario)


def test_what_stays_broken_is_down_after_the_parent_recovered() -> None:
    """A child that still fails is run at once after its parent's recovery, and is then down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        stage.start(
            check("router", house.script("router"), interval_s=10.0),
            check("nas", house.script("nas"), interval_s=3600.0, depends_on=("router",)),
        )
        await asyncio.sleep(5)
        house.off = {"nas"}
        await asyncio.sleep(11)

        assert shown(stage)["nas"] == (Status.DOWN, None)
        assert story(stage, "nas") == ["INIT", "DOWN"]

    run_in_virtual_time(scenario)


def test_a_failure_seen_before_the_recovery_does_not_count() -> None:
    """A run that was under way when the parent recovered is made again before it is judged."""
    answers = iter([(0.0, BAD), (8.0, BAD), (0.0, GOOD)])

    async def slow() -> Outcome:
        wait_s, outcome = next(answers, (0.0, GOOD))
        await asyncio.sleep(wait_s)
        return outcome

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router"}
        stage.start(
            check("router", house.script("router"), interval_s=3600.0),
            check("nas", slow, interval_s=3600.0, timeout_s=20.0, depends_on=("router",)),
        )
        await asyncio.sleep(5)
        waiting = asyncio.create_task(stage.monitor.run_now("nas"))
        await asyncio.sleep(1)
        house.off = set()
        await stage.monitor.run_now("router")
        result = await waiting
        await asyncio.sleep(1)

        assert result.outcome.verdict is Verdict.OK
        assert story(stage, "nas") == ["INIT", "UP"]

    run_in_virtual_time(scenario)


def test_a_paused_parent_explains_nothing() -> None:
    """While the router is paused nothing is known of it: what fails behind it is down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        stage.start(
            check("router", house.script("router")),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(5)
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")

        stage.monitor.interventions.pause("router", duration_s=None, reason=None)
        await asyncio.sleep(5)
        assert shown(stage)["nas"] == (Status.DOWN, None)
        stage.monitor.interventions.resume("router")
        assert shown(stage)["nas"] == (Status.UNREACHABLE, "router")

    run_in_virtual_time(scenario)


def test_a_resumed_child_is_shown_as_what_it_is() -> None:
    """An unreachable check that was paused is unreachable again when it is resumed."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        stage.start(
            check("router", house.script("router")),
            check("nas", house.script("nas"), depends_on=("router",)),
        )
        await asyncio.sleep(5)
        state = stage.monitor.interventions.pause("nas", duration_s=None, reason=None)
        assert (state.because, state.judged) == (None, Status.DOWN)

        state = stage.monitor.interventions.resume("nas")
        assert (state.status, state.because) == (Status.UNREACHABLE, "router")

    run_in_virtual_time(scenario)


def test_the_cause_is_known_after_a_restart() -> None:
    """A check that was unreachable stays so until there is something new, whoever runs first."""

    async def scenario(clock: FakeClock) -> None:
        house = House()
        house.off = {"router", "nas"}
        known = {
            "router": CheckState(id="router", type="scripted", status=Status.DOWN, ok=False),
            "nas": CheckState(
                id="nas",
                type="scripted",
                status=Status.UNREACHABLE,
                covered=Status.DOWN,
                because="router",
                ok=False,
            ),
        }
        stage = Stage(clock, known)
        stage.start(
            check("nas", house.script("nas"), depends_on=("router",)),
            check("router", house.script("router")),
        )
        await asyncio.sleep(30)

        assert story(stage, "nas") == story(stage, "router") == []
        assert stage.recorder.of("nas")[0].interval is Status.UNREACHABLE

    run_in_virtual_time(scenario)


def test_a_dependency_that_is_gone_explains_nothing() -> None:
    """When the configuration no longer names the parent, the failing child is down."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        house.off = {"router", "nas"}
        router = check("router", house.script("router"))
        stage.start(router, check("nas", house.script("nas"), depends_on=("router",)))
        await asyncio.sleep(5)

        stage.monitor.apply(configure(router, check("nas", house.script("nas"))))
        await asyncio.sleep(1)

        assert shown(stage)["nas"] == (Status.DOWN, None)

    run_in_virtual_time(scenario)


def test_a_whole_house_behind_one_router() -> None:
    """Three hundred checks behind a dead router: one is down, all others name it."""

    async def scenario(clock: FakeClock) -> None:
        house, stage = House(), Stage(clock)
        names = [f"lamp{number}" for number in range(300)]
        stage.start(
            check("router", house.script("router")),
            *(check(name, house.script(name), depends_on=("router",)) for name in names),
        )
        await asyncio.sleep(15)
        house.off = {"router", *names}
        await asyncio.sleep(15)

        assert set(shown(stage).values()) == {
            (Status.DOWN, None),
            (Status.UNREACHABLE, "router"),
        }
        house.off = set()
        await asyncio.sleep(15)
        assert set(shown(stage).values()) == {(Status.UP, None)}
        downs = [name for name in names if story(stage, name).count("DOWN") > 1]
        assert downs == []

    run_in_virtual_time(scenario)
