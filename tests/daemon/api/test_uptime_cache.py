"""The uptime of all checks is asked for in bulk, and rarely."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import logging

import pytest

from opsmonitor.api.uptime_cache import Percentages, UptimeCache
from opsmonitor.engine.budget import Budget
from opsmonitor.models.history import Uptime
from opsmonitor.util.clock import FakeClock
from tests.daemon.api.doubles import HandMonitor, HandStore
from tests.daemon.api.samples import BAD, GOOD, check

_DAY_S = 86_400


class Scene:
    """A cache with what it asks."""

    def __init__(self) -> None:
        """Build the parts, with one check that was up for half of the time."""
        self.clock = FakeClock()
        self.store = HandStore()
        self.store.uptimes = {
            "nas": Uptime(up_s=50 * _DAY_S, down_s=50 * _DAY_S),
            "web": Uptime(up_s=1),
        }
        self.monitor = HandMonitor(self.clock, [check("nas"), check("web")])
        self.cache = UptimeCache(self.monitor, self.store, self.clock)
        self.monitor.subscribe(self.cache.note)

    async def percentages(self) -> dict[str, Percentages]:
        """Return the percentages alone."""
        return {check_id: past.percent for check_id, past in (await self.cache.get()).items()}

    async def settle(self) -> None:
        """Let a fetch under way end."""
        tasks = [task for task in asyncio.all_tasks() if task.get_name() == "uptime-cache"]
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


@pytest.fixture
def scene() -> Scene:
    """Return a cache that has asked nothing yet."""
    return Scene()


async def test_all_windows_of_all_checks(scene: Scene) -> None:
    """Each check has a percentage for each window, None where nothing was judged."""
    del scene.store.uptimes["web"]

    assert await scene.percentages() == {
        "nas": {"24h": 50.0, "7d": 50.0, "30d": 50.0, "90d": 50.0},
        "web": {"24h": None, "7d": None, "30d": None, "90d": None},
    }


async def test_a_young_check_has_no_uptime_of_90_days(scene: Scene) -> None:
    """A window is told once the past reaches beyond the next shorter one."""
    scene.store.uptimes = {"nas": Uptime(up_s=2 * 86_400), "web": Uptime(up_s=60)}

    found = await scene.percentages()

    assert found["nas"] == {"24h": 100.0, "7d": 100.0, "30d": None, "90d": None}
    assert found["web"] == {"24h": 100.0, "7d": None, "30d": None, "90d": None}


async def test_time_behind_a_check_that_was_down(scene: Scene) -> None:
    """It is left out of the uptime, unless a check is not to be excused."""
    behind = Uptime(up_s=86_400, unreachable_s=86_400)
    scene.store.uptimes = {"nas": behind, "web": behind}
    strict = replace(scene.monitor.checks["web"], exclude_when_parent_down=False)
    scene.monitor.checks = {**scene.monitor.checks, "web": strict}

    found = await scene.percentages()

    assert (found["nas"]["24h"], found["web"]["24h"]) == (100.0, 50.0)


async def test_mean_latencies_are_asked_for_less_often(scene: Scene) -> None:
    """They change slowly: they are asked for anew after a minute, or while one is not known."""
    scene.monitor.tick(nas=GOOD, web=GOOD)
    scene.store.means = {"nas": 12.5}
    await scene.cache.get()
    scene.store.means = {"nas": 12.5, "web": 3.0}
    scene.clock.advance(40)
    await scene.cache.get()
    await scene.settle()
    before = await scene.cache.get()

    scene.store.means = {"nas": 20.0}
    scene.clock.advance(40)
    await scene.cache.get()
    await scene.settle()
    soon = await scene.cache.get()
    scene.clock.advance(61)
    later = await scene.cache.get()

    found = [each["nas"].latency_avg_ms for each in (before, soon, later)]
    assert found == [12.5, 12.5, 20.0]
    assert (before["web"].latency_avg_ms, later["web"].latency_avg_ms) == (3.0, None)


async def test_a_check_without_latencies_has_no_mean_asked_for(scene: Scene) -> None:
    """A group never has one: that is no reason to ask for those of all checks each time."""
    scene.monitor.tick(nas=GOOD, web=replace(GOOD, latency_ms=None))
    scene.store.means = {"nas": 12.5}
    await scene.cache.get()

    scene.store.means = {"nas": 20.0}
    scene.clock.advance(40)
    await scene.cache.get()
    await scene.settle()

    assert (await scene.cache.get())["nas"].latency_avg_ms == 12.5


async def test_an_agreed_uptime_has_a_budget(scene: Scene) -> None:
    """It is of 30 days, of those checks only for which an uptime was agreed."""
    behind = Uptime(up_s=86_400, down_s=600, unreachable_s=_DAY_S)
    scene.store.uptimes = {"nas": behind, "web": behind}
    scene.monitor.checks = {
        "nas": replace(scene.monitor.checks["nas"], sla=99.0),
        "web": replace(scene.monitor.checks["web"], sla=99.0, exclude_when_parent_down=False),
        "abc": check("abc"),
    }

    found = await scene.cache.get()

    nas, web = found["nas"].budget, found["web"].budget
    assert (nas, web) == (
        Budget(agreed_percent=99.0, allowed_s=29 * 864, used_s=600),
        Budget(agreed_percent=99.0, allowed_s=30 * 864, used_s=600 + _DAY_S),
    )
    assert nas is not None
    assert nas.remaining_s == 29 * 864 - 600
    assert found["abc"].budget is None


async def test_many_ask_at_once(scene: Scene) -> None:
    """Many callers at once cost the store one question for each window."""
    answers = await asyncio.gather(*(scene.percentages() for _ in range(50)))

    assert scene.store.uptime_calls == 4
    assert all(answer == answers[0] for answer in answers)


async def test_a_fresh_answer_is_kept(scene: Scene) -> None:
    """Within half a minute nothing is asked again."""
    await scene.percentages()
    scene.clock.advance(29)
    await scene.percentages()

    assert scene.store.uptime_calls == 4


async def test_what_is_unknown_is_asked_again_soon(scene: Scene) -> None:
    """While a check has no figure yet, an answer is old after five seconds."""
    scene.store.uptimes.clear()
    await scene.percentages()
    scene.clock.advance(6)
    await scene.percentages()
    await scene.settle()

    assert scene.store.uptime_calls == 8


async def test_an_old_answer_is_given_while_a_new_one_is_fetched(scene: Scene) -> None:
    """After half a minute the caller gets the old answer at once, and the next the new one."""
    await scene.percentages()
    scene.store.uptimes["nas"] = Uptime(up_s=100)
    scene.clock.advance(31)

    old = await scene.percentages()
    await scene.settle()
    new = await scene.percentages()

    assert (old["nas"]["24h"], new["nas"]["24h"]) == (50.0, 100.0)


async def test_an_answer_of_long_ago_is_not_given(scene: Scene) -> None:
    """Who asks once an hour waits for what is true now; all who ask meanwhile wait as well."""
    await scene.percentages()
    scene.store.uptimes["nas"] = Uptime(up_s=100)
    scene.clock.advance(3600)

    answers = await asyncio.gather(*(scene.percentages() for _ in range(3)))

    assert [answer["nas"]["24h"] for answer in answers] == [100.0, 100.0, 100.0]
    assert scene.store.uptime_calls == 8


async def test_a_change_of_state_is_in_the_next_answer(scene: Scene) -> None:
    """Five seconds after the last answer, one that a change made wrong is not given again."""
    scene.monitor.tick(nas=GOOD)
    await scene.percentages()
    scene.clock.advance(5)
    scene.monitor.tick(nas=GOOD)
    await scene.percentages()
    assert scene.store.uptime_calls == 4

    scene.monitor.tick(nas=BAD)
    scene.store.uptimes["nas"] = Uptime(up_s=50, down_s=150)

    assert (await scene.percentages())["nas"]["24h"] == 25.0


async def test_many_changes_cost_no_more_than_one_question_in_five_seconds(scene: Scene) -> None:
    """A check that goes up and down all the time does not keep the store busy."""
    await scene.percentages()
    for outcome in (GOOD, BAD, GOOD, BAD):
        scene.clock.advance(1)
        scene.monitor.tick(nas=outcome)
        await scene.percentages()

    assert scene.store.uptime_calls == 4


async def test_a_caller_that_leaves(scene: Scene) -> None:
    """A caller that goes away does not take the answer from the others."""
    leaving = asyncio.create_task(scene.percentages())
    staying = asyncio.create_task(scene.percentages())
    await asyncio.sleep(0)
    leaving.cancel()

    assert (await staying)["nas"]["7d"] == 50.0


async def test_a_store_that_fails(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """When the store fails the old answer stays, it is logged, and the next caller tries again."""
    await scene.percentages()
    scene.clock.advance(31)
    scene.store.failure = OSError("disk")
    with caplog.at_level(logging.WARNING):
        during = await scene.percentages()
        await scene.settle()
    scene.store.failure = None
    await scene.percentages()
    await scene.settle()

    assert during["nas"]["24h"] == 50.0
    assert "disk" in caplog.text
    assert scene.store.uptime_calls == 4 + 1 + 4


async def test_the_first_failure_is_told(scene: Scene) -> None:
    """Without any answer yet, the caller learns of the failure."""
    scene.store.failure = OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await scene.percentages()


async def test_closing_while_fetching(scene: Scene) -> None:
    """Closing ends a fetch under way."""
    asking = asyncio.create_task(scene.percentages())
    await asyncio.sleep(0)

    await scene.cache.close()

    with pytest.raises(asyncio.CancelledError):
        await asking
