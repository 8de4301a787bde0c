"""Actions run when they should, and never more often than they may; hours pass in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.config.settings import (
    ActionSettings,
    CheckSettings,
    EngineSettings,
    RemediationSettings,
    Settings,
)
from opsmonitor.engine.remedies import Remedies
from opsmonitor.exceptions import ActionError, CheckConflictError, StoreError, UnknownCheckError
from opsmonitor.models.check import CheckState, Outcome
from opsmonitor.models.remediation import Attempt, AttemptState, Incident
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.scripted import BAD, GOOD, Stage, bad, check, good
from tests.daemon.engine.virtual_time import run_in_virtual_time


class MemoryAttempts:
    """Keeps attempts, or refuses to."""

    def __init__(self) -> None:
        """Begin empty."""
        self.kept: dict[str, Attempt] = {}
        self.is_broken = False

    async def save_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Keep them."""
        if self.is_broken:
            raise StoreError("the disk is full")
        self.kept.update({item.id: item for item in attempts})

    async def attempts(self, *, limit: int, check_id: str | None = None) -> list[Attempt]:
        """Return them, newest first."""
        found = sorted(self.kept.values(), key=lambda item: item.started_ms, reverse=True)
        return found[:limit]


class Clinic:
    """A monitor with remedies whose actions note when they ran."""

    def __init__(
        self,
        clock: FakeClock,
        attempts: MemoryAttempts | None = None,
        states: dict[str, CheckState] | None = None,
    ) -> None:
        """Build the parts."""
        self.clock = clock
        self.began_s = clock.monotonic()
        self.stage = Stage(clock, states)
        self.attempts = attempts or MemoryAttempts()
        self.ran: list[tuple[float, str]] = []
        self.does: Callable[[Incident], Awaitable[str]] = self._well
        self.settings = Settings(checks={})
        kind: ActionType[Any] = ActionType(
            name="note",
            options=str,
            schema={},
            run=self._run,
            target=str,
            example={},
        )
        self.remedies = Remedies(
            store=self.attempts,
            clock=clock,
            host=self.stage.monitor,
            kinds={"note": kind},
            http=cast("Any", None),
            settings=lambda: self.settings,
        )
        self.stage.monitor.subscribe(self.remedies.take)

    async def start(self, *checks: CheckSettings, **limits: Any) -> None:
        """Begin."""
        self.settings = Settings(
            checks={item.id: item for item in checks},
            engine=EngineSettings(),
            remediation=RemediationSettings(**limits),
        )
        self.stage.monitor.apply(self.settings)
        await self.remedies.open()
        self.stage.monitor.start()

    async def stop(self) -> None:
        """End."""
        await self.remedies.close()
        await self.stage.monitor.stop()

    @property
    def names(self) -> list[str]:
        """Return which actions ran, in order."""
        return [name for _, name in self.ran]

    def events(self, check_id: str) -> list[str]:
        """Return the kinds of the events of a check, in order."""
        return [
            item.event.value
            for batch in self.stage.batches
            for item in batch.transitions()
            if item.check_id == check_id
        ]

    async def _run(self, options: str, incident: Incident, _context: ActionContext) -> str:
        self.ran.append((round(self.clock.monotonic() - self.began_s), options))
        return await self.does(incident)

    async def _well(self, _incident: Incident) -> str:
        return "well done"


def action(name: str = "restart", **values: Any) -> ActionSettings:
    """Configure an action that only notes that it ran."""
    return ActionSettings(
        **{"type": "note", "options": name, "target": name, "place": name, "settle_s": 5, **values}
    )


def play(
    scenario: Callable[[Clinic], Awaitable[None]], attempts: MemoryAttempts | None = None
) -> Clinic:
    """Play a scenario in virtual time and return what is left of it."""

    async def run(clock: FakeClock) -> Clinic:
        clinic = Clinic(clock, attempts)
        await scenario(clinic)
        await clinic.stop()
        return clinic

    return run_in_virtual_time(run)


def test_an_action_runs_when_the_check_turns_down() -> None:
    """Without `after` the threshold of the check decides; what happened is told and kept."""

    async def scenario(clinic: Clinic) -> None:
        sick = check("web", bad, down_threshold=3, actions=(action(cooldown_s=3600),))
        await clinic.start(sick)
        await asyncio.sleep(60)

    clinic = play(scenario)

    assert clinic.names == ["restart"]
    (attempt,) = clinic.attempts.kept.values()
    assert (attempt.state, attempt.message) == (AttemptState.DONE, "well done")
    assert attempt.helped is False
    assert clinic.events("web") == ["INIT", "ACTION_STARTED", "ACTION_DONE"]
    down = next(item for item in clinic.stage.recorder.of("web") if item.transition)
    assert down.state.fail_streak == 3
    assert attempt.started_ms >= down.finished_ms


@pytest.mark.parametrize(("after", "threshold", "streak"), [(2, 5, 2), (4, 1, 4), (1, 1, 1)])
def test_after_counts_failing_runs_in_a_row(after: int, threshold: int, streak: int) -> None:
    """`after` can come before the check is DOWN, or later."""

    async def scenario(clinic: Clinic) -> None:
        sick = check(
            "web", bad, down_threshold=threshold, actions=(action(after=after, cooldown_s=3600),)
        )
        await clinic.start(sick)
        await asyncio.sleep(80)

    clinic = play(scenario)

    (attempt,) = clinic.attempts.kept.values()
    runs = clinic.stage.recorder.of("web")
    assert sum(item.finished_ms <= attempt.started_ms for item in runs) == streak


def test_a_single_failure_short_of_the_threshold_does_nothing() -> None:
    """One good run between failing ones begins the count anew."""
    outcomes = [BAD, BAD, GOOD] * 10

    async def moody() -> Outcome:
        return outcomes.pop() if outcomes else GOOD

    async def scenario(clinic: Clinic) -> None:
        await clinic.start(check("web", moody, down_threshold=3, actions=(action(),)))
        await asyncio.sleep(400)

    assert play(scenario).ran == []


def test_limits_hold_for_a_day() -> None:
    """At most three an hour, with the pause between them, until it is given up; told once."""

    async def scenario(clinic: Clinic) -> None:
        tried = action(max_per_hour=3, cooldown_s=600, give_up_after=8)
        await clinic.start(check("web", bad, interval_s=60.0, actions=(tried,)))
        await asyncio.sleep(86_400)

    clinic = play(scenario)

    times = [at for at, _ in clinic.ran]
    assert len(times) == 8
    assert all(later - at >= 600 for at, later in pairwise(times))
    assert all(sum(at <= other < at + 3600 for other in times) <= 3 for at in times)
    assert clinic.events("web").count("ACTION_GIVEN_UP") == 1
    assert clinic.events("web")[-1] == "ACTION_GIVEN_UP"


def test_what_was_given_up_begins_anew_after_a_recovery() -> None:
    """A new failure is a new trouble."""
    is_well = False

    async def moody() -> Outcome:
        return GOOD if is_well else BAD

    async def scenario(clinic: Clinic) -> None:
        nonlocal is_well
        tried = action(max_per_hour=60, cooldown_s=0, give_up_after=2)
        await clinic.start(check("web", moody, actions=(tried,)), max_per_hour=100)
        await asyncio.sleep(300)
        assert len(clinic.ran) == 2
        is_well = True
        await asyncio.sleep(30)
        is_well = False
        await asyncio.sleep(300)

    clinic = play(scenario)

    assert len(clinic.ran) == 4
    assert clinic.events("web").count("ACTION_GIVEN_UP") == 2


def test_limits_hold_over_restarts_of_the_daemon() -> None:
    """However often the daemon is started anew, an hour has no more attempts than it may."""
    kept = MemoryAttempts()

    async def run(clock: FakeClock) -> list[tuple[float, str]]:
        ran: list[tuple[float, str]] = []
        states: dict[str, CheckState] = {}
        for _ in range(30):
            clinic = Clinic(clock, kept, states)
            await clinic.start(
                check("web", bad, actions=(action(max_per_hour=2, cooldown_s=0, give_up_after=99),))
            )
            await asyncio.sleep(25)
            await clinic.stop()
            states = dict(clinic.stage.monitor.states)
            ran += clinic.ran
        return ran

    assert len(run_in_virtual_time(run)) == 2


def test_an_attempt_that_a_killed_daemon_began_counts() -> None:
    """It is known to be over, its end is told as not known, and the pause holds."""
    kept = MemoryAttempts()

    async def scenario(clinic: Clinic) -> None:
        now_ms = clinic.clock.now_ms()
        kept.kept["x"] = Attempt(
            id="x",
            check_id="web",
            action="note",
            target="restart",
            place="restart",
            started_ms=now_ms - 1000,
        )
        await clinic.start(check("web", bad, actions=(action(cooldown_s=300),)))
        await asyncio.sleep(250)
        assert clinic.ran == []
        await asyncio.sleep(100)

    clinic = play(scenario, kept)

    assert len(clinic.ran) == 1
    assert kept.kept["x"].state is AttemptState.INTERRUPTED
    assert clinic.events("web").count("ACTION_FAILED") == 1


def test_two_checks_share_the_limits_of_one_thing() -> None:
    """What is restarted for one check is not restarted again for the other."""

    async def scenario(clinic: Clinic) -> None:
        checks = [
            check(name, bad, actions=(action(place="db", cooldown_s=900, max_per_hour=2),))
            for name in ("web", "shop", "mail")
        ]
        await clinic.start(*checks)
        await asyncio.sleep(3000)

    assert len(play(scenario).ran) == 2


def test_all_actions_together_have_a_limit() -> None:
    """A hundred checks that fail at once do not bring a hundred actions."""

    async def scenario(clinic: Clinic) -> None:
        checks = [check(f"c{at}", bad, actions=(action(f"a{at}"),)) for at in range(100)]
        await clinic.start(*checks, max_per_hour=7)
        await asyncio.sleep(300)

    assert len(play(scenario).ran) == 7


def test_the_next_action_follows_when_one_did_not_help() -> None:
    """They run in their order, one at a time, each after the look at what the last one did."""

    async def scenario(clinic: Clinic) -> None:
        steps = tuple(
            action(name, settle_s=20, cooldown_s=9999) for name in ("one", "two", "three")
        )
        await clinic.start(check("web", bad, interval_s=1000, actions=steps))
        await asyncio.sleep(900)

    clinic = play(scenario)

    assert clinic.names == ["one", "two", "three"]
    first, second, third = (at for at, _ in clinic.ran)
    assert (second - first, third - second) == (20, 20)
    assert [item.helped for item in clinic.attempts.kept.values()] == [False, False, False]


def test_what_helped_ends_the_steps() -> None:
    """A check that is well in the run afterwards needs nothing more."""
    is_well = False

    async def moody() -> Outcome:
        return GOOD if is_well else BAD

    async def scenario(clinic: Clinic) -> None:
        async def heal(_incident: Incident) -> str:
            nonlocal is_well
            is_well = True
            return "healed"

        clinic.does = heal
        await clinic.start(
            check("web", moody, interval_s=1000, actions=(action("one"), action("two")))
        )
        await asyncio.sleep(900)

    clinic = play(scenario)

    assert clinic.names == ["one"]
    assert [item.helped for item in clinic.attempts.kept.values()] == [True]
    assert clinic.events("web") == ["INIT", "ACTION_STARTED", "ACTION_DONE", "UP"]


def test_a_dry_run_does_nothing_and_says_so() -> None:
    """Neither one that the action asks for nor one for all."""

    async def scenario(clinic: Clinic) -> None:
        await clinic.start(
            check("web", bad, actions=(action("one", dry_run=True),)),
            check("shop", bad, actions=(action("two"),)),
            dry_run=True,
        )
        await asyncio.sleep(60)

    clinic = play(scenario)

    assert clinic.ran == []
    assert {item.state for item in clinic.attempts.kept.values()} == {AttemptState.DRY_RUN}
    assert clinic.events("web") == ["INIT", "ACTION_DONE"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ActionError("answered 500"), "answered 500"),
        (TimeoutError(), "it did not end within 30 s"),
        (RuntimeError("with a secret"), "the action itself failed; the log has the details"),
    ],
)
def test_what_goes_wrong_is_said(error: Exception, message: str) -> None:
    """An action that fails is an event with its reason, and counts as any other."""

    async def scenario(clinic: Clinic) -> None:
        async def fail(_incident: Incident) -> str:
            raise error

        clinic.does = fail
        await clinic.start(check("web", bad, actions=(action(),)))
        await asyncio.sleep(60)

    clinic = play(scenario)

    (attempt,) = clinic.attempts.kept.values()
    assert (attempt.state, attempt.message) == (AttemptState.FAILED, message)
    assert clinic.events("web") == ["INIT", "ACTION_STARTED", "ACTION_FAILED"]


def test_an_action_that_hangs_is_ended() -> None:
    """Its time is limited, whatever it does."""

    async def scenario(clinic: Clinic) -> None:
        async def hang(_incident: Incident) -> str:
            await asyncio.sleep(1e6)
            return "never"

        clinic.does = hang
        await clinic.start(check("web", bad, actions=(action(timeout_s=10, cooldown_s=3600),)))
        await asyncio.sleep(60)

    (attempt,) = play(scenario).attempts.kept.values()

    assert attempt.message == "it did not end within 10 s"


def test_what_cannot_be_written_down_is_not_done() -> None:
    """Without a record the limits would not hold over a restart."""
    kept = MemoryAttempts()
    kept.is_broken = True

    async def scenario(clinic: Clinic) -> None:
        await clinic.start(check("web", bad, actions=(action(),)))
        await asyncio.sleep(60)

    clinic = play(scenario, kept)

    assert clinic.ran == []
    assert clinic.events("web") == ["INIT", "ACTION_FAILED"]


def test_nothing_is_done_about_what_somebody_knows_of() -> None:
    """Acknowledged trouble, a paused check, and `enabled: false` keep all actions from running."""

    async def scenario(clinic: Clinic) -> None:
        late = action(after=5)
        await clinic.start(
            check("known", bad, actions=(late,)), check("paused", bad, actions=(late,))
        )
        await asyncio.sleep(15)
        wishes = clinic.stage.monitor.interventions
        wishes.acknowledge("known", by="me", note=None)
        wishes.pause("paused", duration_s=None, reason=None)
        await asyncio.sleep(600)
        assert clinic.ran == []
        clinic.settings = replace(clinic.settings, remediation=RemediationSettings(enabled=False))
        wishes.resume("paused")
        await asyncio.sleep(600)

    assert play(scenario).ran == []


def test_nothing_is_done_while_a_check_is_flapping() -> None:
    """It goes up and down all day, and is restarted only before that is known."""
    runs = 0

    async def moody() -> Outcome:
        nonlocal runs
        runs += 1
        return BAD if runs % 2 else GOOD

    async def scenario(clinic: Clinic) -> None:
        tried = action(max_per_hour=60, cooldown_s=0, settle_s=0, verify=False)
        await clinic.start(check("web", moody, actions=(tried,)), max_per_hour=1000)
        await asyncio.sleep(600)
        before = len(clinic.ran)
        assert clinic.stage.monitor.states["web"].flapping_since_ms is not None
        await asyncio.sleep(3600)
        assert len(clinic.ran) == before < 30

    play(scenario)


def test_what_another_check_explains_is_left_alone() -> None:
    """While the router is down nothing is restarted behind it; afterwards time is given."""
    is_router_well = True
    is_nas_well = True

    async def router() -> Outcome:
        return GOOD if is_router_well else BAD

    async def nas() -> Outcome:
        return GOOD if is_nas_well and is_router_well else BAD

    async def scenario(clinic: Clinic) -> None:
        nonlocal is_router_well, is_nas_well
        await clinic.start(
            check("nas", nas, depends_on=("switch",), actions=(action(after=1, cooldown_s=3600),)),
            check("switch", good, depends_on=("router",)),
            check("router", router),
        )
        await asyncio.sleep(60)
        is_router_well = False
        await asyncio.sleep(300)
        assert clinic.ran == []
        is_nas_well = False
        is_router_well = True
        up_s = clinic.clock.monotonic() - clinic.began_s
        await asyncio.sleep(120)
        ((at_s, _),) = clinic.ran
        assert 40 <= at_s - up_s <= 65

    play(scenario)


@pytest.mark.parametrize("failures", [1, 99])
def test_nothing_is_done_while_a_parent_may_be_going_down(failures: int) -> None:
    """The router must fail thrice to be down; the nas fails with it, and comes back with it."""
    is_on = True
    left = failures

    async def router() -> Outcome:
        nonlocal left
        if is_on or left == 0:
            return GOOD
        left -= 1
        await asyncio.sleep(2)
        return BAD

    async def nas() -> Outcome:
        return GOOD if is_on else BAD

    async def scenario(clinic: Clinic) -> None:
        nonlocal is_on
        await clinic.start(
            check("nas", nas, depends_on=("router",), actions=(action(cooldown_s=3600),)),
            check("router", router, interval_s=600, down_threshold=3),
        )
        await asyncio.sleep(60)
        is_on = False
        await asyncio.sleep(25)
        is_on = True
        await asyncio.sleep(1200)

        assert clinic.ran == []

    play(scenario)


def test_its_own_trouble_waits_only_for_a_look_at_the_others() -> None:
    """The check that it depends on is run at once; when that is well, the action runs."""
    is_well = True

    async def nas() -> Outcome:
        return GOOD if is_well else BAD

    async def scenario(clinic: Clinic) -> None:
        nonlocal is_well
        await clinic.start(
            check("nas", nas, depends_on=("router",), actions=(action(cooldown_s=3600),)),
            check("router", good, interval_s=3000),
        )
        await asyncio.sleep(60)
        is_well = False
        await asyncio.sleep(30)

    assert len(play(scenario).ran) == 1


def test_stopping_ends_an_action_and_says_so() -> None:
    """What was under way is kept as interrupted."""

    async def scenario(clinic: Clinic) -> None:
        async def hang(_incident: Incident) -> str:
            await asyncio.sleep(1e6)
            return "never"

        clinic.does = hang
        await clinic.start(check("web", bad, actions=(action(),)))
        await asyncio.sleep(12)

    (attempt,) = play(scenario).attempts.kept.values()

    assert attempt.state is AttemptState.INTERRUPTED


def test_people_may_begin_one_that_the_limits_allow() -> None:
    """Whatever the state; not two at a time, not one that there is not, not when switched off."""

    async def scenario(clinic: Clinic) -> None:
        await clinic.start(check("web", good, actions=(action(max_per_hour=2, settle_s=0),)))
        await asyncio.sleep(20)
        begun = clinic.remedies.begin_now("web", 1)
        refusals = [_refusal(clinic, "web", 1), _refusal(clinic, "web", 2)]
        await asyncio.sleep(20)
        clinic.remedies.begin_now("web", 1)
        await asyncio.sleep(20)
        refusals.append(_refusal(clinic, "web", 1))
        clinic.settings = replace(clinic.settings, remediation=RemediationSettings(enabled=False))
        refusals.append(_refusal(clinic, "web", 1))
        with pytest.raises(UnknownCheckError):
            clinic.remedies.begin_now("nope", 1)

        assert begun.state is AttemptState.STARTED
        assert refusals == ["busy", "no_action", "too_often", "disabled"]
        assert clinic.names == ["restart", "restart"]
        assert [item.helped for item in clinic.attempts.kept.values()] == [True, True]

    play(scenario)


def _refusal(clinic: Clinic, check_id: str, number: int) -> str:
    """Return the code with which a wish is refused."""
    with pytest.raises(CheckConflictError) as caught:
        clinic.remedies.begin_now(check_id, number)
    return caught.value.code


def test_a_defect_of_an_action_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A store that fails in a way that nobody thought of is logged, and the next one runs."""

    class Odd(MemoryAttempts):
        """Fails once, oddly."""

        async def save_attempts(self, attempts: Iterable[Attempt]) -> None:
            """Fail at the first attempt only."""
            if not self.kept:
                self.kept["odd"] = next(iter(attempts))
                raise RuntimeError("odd")
            await super().save_attempts(attempts)

    async def scenario(clinic: Clinic) -> None:
        await clinic.start(check("web", bad, actions=(action("one"), action("two"))))
        await asyncio.sleep(60)

    clinic = play(scenario, Odd())

    assert clinic.names == ["two"]
    assert "An action for web broke off" in caplog.text


def test_words_of_others_are_made_harmless() -> None:
    """What a client or a program says is shown on one line, without control characters, cut."""

    async def scenario(clinic: Clinic) -> None:
        async def odd(_incident: Incident) -> str:
            return "a\nb\x1b[31m\tc " + "x" * 1000

        clinic.does = odd
        await clinic.start(check("web", bad, actions=(action(cooldown_s=3600),)))
        await asyncio.sleep(60)

    (attempt,) = play(scenario).attempts.kept.values()

    assert attempt.message is not None
    assert attempt.message.startswith("a b [31m c xxx")
    assert len(attempt.message) <= 300
