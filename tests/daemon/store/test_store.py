"""What goes into the store comes out of it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import json
from typing import TYPE_CHECKING

import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.exceptions import StoreError
from opsmonitor.models.check import (
    Acknowledgement,
    Assertion,
    Change,
    CheckState,
    EventKind,
    Outcome,
    Pause,
    Status,
    Timings,
    TlsInfo,
    Transition,
    Verdict,
)
from opsmonitor.models.history import RawRun, Resolution
from opsmonitor.store.database import Database
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore


async def test_state_survives_restart(
    store: Store, open_store: OpenStore, clock: FakeClock
) -> None:
    """All that is known of a check survives a restart, but for timings and assertions."""
    now_ms = clock.now_ms()
    tls = TlsInfo(not_after_ms=now_ms + 1, days_left=30, subject="nas", issuer="CA", verified=True)
    outcome = Outcome(
        verdict=Verdict.DEGRADED,
        latency_ms=1234.567,
        error="slow: 1.2 s",
        error_code="slow",
        status_code=200,
        attempts=2,
        tls=tls,
        data={"answers": ["192.0.2.1"], "load": 1.5},
    )
    state = CheckState(
        id="nas",
        type="http",
        status=Status.DEGRADED,
        ok=True,
        fail_streak=0,
        ok_streak=7,
        last_run_ms=now_ms,
        last_ok_ms=now_ms - 1,
        last_change_ms=now_ms - 2,
        outcome=outcome,
    )
    seen = replace(
        outcome,
        timings=Timings(dns_ms=1.0),
        assertions=(Assertion(name="status", ok=True, actual="200"),),
    )
    run = replace(ScriptedCheck().run(now_ms), state=replace(state, outcome=seen))

    store.record([run])
    await store.close()
    again = await open_store()

    assert await again.load_states() == {"nas": state}


async def test_state_before_the_first_run_survives_restart(
    store: Store, open_store: OpenStore, clock: FakeClock
) -> None:
    """A check that was paused before it ever ran is known, without an outcome."""
    pause = Pause(since_ms=clock.now_ms(), until_ms=clock.now_ms() + 60_000, reason="moving")
    state = CheckState(
        id="nas", type="tcp", status=Status.PAUSED, covered=Status.PENDING, pause=pause
    )
    told = Transition(
        check_id="nas",
        at_ms=clock.now_ms(),
        event=EventKind.PAUSED,
        status=Status.PAUSED,
        previous=Status.PENDING,
        ok=None,
        error="moving",
    )

    store.record([Change(state=state, at_ms=told.at_ms, transition=told, interval=Status.PAUSED)])
    await store.close()
    again = await open_store()

    assert await again.load_states() == {"nas": state}
    assert await again.events(limit=10) == [told]


async def test_what_people_know_survives_restart(
    store: Store, open_store: OpenStore, clock: FakeClock
) -> None:
    """An acknowledgement and the root cause are kept, and an acknowledgement ends no interval."""
    run = ScriptedCheck().run(clock.now_ms(), Status.DOWN)
    state = replace(
        run.state,
        status=Status.UNREACHABLE,
        covered=Status.DOWN,
        because="router",
        acknowledged=Acknowledgement(at_ms=clock.now_ms(), by="Ada", note="on my way"),
    )

    store.record([run, Change(state=state, at_ms=clock.now_ms() + 1)])
    clock.advance(60)
    start_ms = clock.now_ms() - 3_600_000
    history = await store.history("nas", start_ms, clock.now_ms(), Resolution.RAW)
    await store.close()
    again = await open_store()

    assert [interval.status for interval in history.intervals] == [Status.DOWN]
    assert await again.load_states() == {"nas": state}


async def test_runs_come_back_as_they_were(store: Store, clock: FakeClock) -> None:
    """A run keeps its start, verdict, latency, codes, error and attempts."""
    run = ScriptedCheck().run(clock.now_ms(), Status.DOWN, latency_ms=None)
    run = replace(run, outcome=replace(run.outcome, attempts=3))

    store.record([run])

    assert await store.recent_runs() == {
        "nas": [
            RawRun(
                check_id="nas",
                at_ms=run.started_ms,
                verdict=Verdict.FAIL,
                latency_ms=None,
                status_code=500,
                error_code="status_unexpected",
                error="the server answered 500",
                attempts=3,
            )
        ]
    }


async def test_recent_runs_are_the_latest_of_each_check(store: Store, clock: FakeClock) -> None:
    """Of each check asked for come the latest runs, oldest first."""
    checks = [ScriptedCheck("nas"), ScriptedCheck("router"), ScriptedCheck("web")]
    start_ms = clock.now_ms()
    clock.advance(10)
    for second in range(5):
        store.record([check.run(start_ms + second * 1000) for check in checks])

    found = await store.recent_runs(2, ["nas", "web", "unknown"])

    times = {check_id: [run.at_ms for run in runs] for check_id, runs in found.items()}
    latest = [start_ms + 3000, start_ms + 4000]
    assert times == {"nas": latest, "web": latest}


async def test_runs_of_all_checks_come_newest_first(store: Store, clock: FakeClock) -> None:
    """The table of runs mixes all checks, reaches back as far as asked, and can be capped."""
    start_ms = clock.now_ms()
    nas, router = ScriptedCheck("nas"), ScriptedCheck("router")
    store.record([nas.run(start_ms), router.run(start_ms + 7_200_000)])
    store.record([nas.run(start_ms + 10_800_000, Status.DOWN)])
    clock.advance(20_000)

    everything = await store.runs(since_ms=start_ms, limit=10)
    later = await store.runs(since_ms=start_ms + 1, limit=10)
    capped = await store.runs(since_ms=start_ms, limit=1)
    failed = await store.runs(since_ms=start_ms, limit=10, only_failed=True)
    one = await store.runs(since_ms=start_ms, limit=10, check_id="router")

    assert [run.check_id for run in everything] == ["nas", "router", "nas"]
    assert later == everything[:2]
    assert capped == failed == everything[:1]
    assert one == everything[1:2]


async def test_events_are_newest_first_and_filtered(store: Store, clock: FakeClock) -> None:
    """Transitions can be asked for by time and check."""
    start_ms = clock.now_ms()
    nas, router = ScriptedCheck("nas"), ScriptedCheck("router")
    runs = [
        nas.run(start_ms),
        router.run(start_ms + 1000),
        nas.run(start_ms + 2000, Status.DOWN),
        nas.run(start_ms + 3000, Status.DEGRADED),
    ]
    store.record(runs)
    expected = [run.transition for run in reversed(runs)]

    assert await store.events(limit=10) == expected
    assert await store.events(limit=2) == expected[:2]
    assert await store.events(limit=9, since_ms=start_ms + 2000) == expected[:2]
    assert await store.events(limit=9, before_ms=start_ms + 1000) == expected[3:]
    assert await store.events(limit=9, check_id="router") == expected[2:3]
    assert await store.events(limit=9, check_id="unknown") == []


async def test_number_of_events_is_bounded(open_store: OpenStore, clock: FakeClock) -> None:
    """Only the latest transitions are kept, as many as configured."""
    store = await open_store(retention=RetentionSettings(events=3))
    check = ScriptedCheck()
    for number in range(8):
        status = Status.DOWN if number % 2 else Status.UP
        store.record([check.run(clock.now_ms() + number, status)])
        await store.flush()

    found = await store.events(limit=100)

    assert [event.at_ms - clock.now_ms() for event in found] == [7, 6, 5]


async def test_change_is_written_at_once(
    store: Store, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transition does not wait for the next group of plain runs."""
    monkeypatch.setattr("opsmonitor.store.writer.GROUP_S", 1e6)
    store.record([ScriptedCheck().run(clock.now_ms())])

    await _written(path, runs=1)


async def test_plain_runs_share_a_transaction(store: Store, path: Path, clock: FakeClock) -> None:
    """Runs without a change wait for others, about a second."""
    loop = asyncio.get_running_loop()
    check = ScriptedCheck()
    store.record([check.run(clock.now_ms())])
    await store.flush()
    started = loop.time()
    store.record([check.run(clock.now_ms() + 1)])
    assert store.health().queued == 1

    await _written(path, runs=2)

    assert loop.time() - started > 0.8


async def _written(path: Path, *, runs: int) -> None:
    """Wait until others can read this many runs from the disk."""
    other = await Database.open(path)
    try:
        async with asyncio.timeout(60):
            while (await other.query("SELECT count(*) FROM results"))[0][0] < runs:  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.005)
    finally:
        await other.close()


async def test_removed_check_is_gone_but_its_past_stays(store: Store, clock: FakeClock) -> None:
    """A check that left the configuration has no state; its interval ends when it left."""
    check = ScriptedCheck()
    start_ms = clock.now_ms()
    store.record([check.run(start_ms)])
    clock.advance(60)
    store.remove_checks(["nas", "never seen"], clock.now_ms())
    clock.advance(60)

    uptime = await store.uptime(["nas"], start_ms, clock.now_ms())

    assert await store.load_states() == {}
    assert await store.recent_runs() == {}
    assert uptime["nas"].up_s == 60
    assert len(await store.events(limit=10)) == 1


async def test_removed_check_may_come_back(store: Store, clock: FakeClock) -> None:
    """A check that is configured again goes on; in between, nothing is known of it."""
    start_ms = clock.now_ms()
    store.record([ScriptedCheck().run(start_ms)])
    store.remove_checks(["nas"], start_ms + 10_000)
    store.record([ScriptedCheck().run(start_ms + 30_000)])
    clock.advance(60)

    uptime = (await store.uptime(["nas"], start_ms, clock.now_ms()))["nas"]

    assert (uptime.up_s, uptime.unmonitored_s) == (40, 0)
    assert list(await store.load_states()) == ["nas"]


async def test_unwritable_run_does_not_keep_others_back(store: Store, clock: FakeClock) -> None:
    """What SQLite can never take is given up alone, and counted."""
    now_ms = clock.now_ms()
    bad = replace(ScriptedCheck("bad").run(now_ms), started_ms=2**70)

    store.record([ScriptedCheck("first").run(now_ms), bad, ScriptedCheck("last").run(now_ms)])
    await store.flush()

    assert (await store.recent_runs()).keys() == {"first", "last"}
    assert store.health().dropped == 1
    assert store.health().writable


async def test_odd_values_are_kept_as_well_as_can_be(store: Store, clock: FakeClock) -> None:
    """Text that is not Unicode or without end, and numbers that are none, do no harm."""
    run = ScriptedCheck().run(clock.now_ms(), Status.DOWN, latency_ms=float("nan"))
    odd = replace(run.outcome, error="\udcff\0" + "x" * 5000, status_code=2**64)

    store.record([replace(run, outcome=odd, state=replace(run.state, outcome=odd))])
    [kept] = (await store.recent_runs())["nas"]

    assert kept.error is not None
    assert kept.error.startswith("?\0xxx")
    assert len(kept.error) == 500
    assert (kept.latency_ms, kept.status_code) == (None, None)


async def test_instance_id_stays(store: Store, open_store: OpenStore) -> None:
    """The installation keeps its identity through restarts."""
    instance_id = store.instance_id
    await store.close()

    assert (await open_store()).instance_id == instance_id


async def test_closed_store_says_so(store: Store, clock: FakeClock) -> None:
    """Closing twice is harmless; asking afterwards is an error, not a hang."""
    await store.close()
    await store.close()

    with pytest.raises(StoreError):
        await store.flush()
    with pytest.raises(StoreError):
        await store.events(limit=1)
    assert not store.health().writable


async def test_cancelled_caller_leaves_no_transaction_open(
    store: Store, path: Path, clock: FakeClock
) -> None:
    """Whoever waits for the store may be cancelled; what was recorded is still written whole."""
    check = ScriptedCheck()
    for number in range(20):
        store.record([check.run(clock.now_ms() + number)])
        waiting = asyncio.create_task(store.flush())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await store.flush()

    other = await Database.open(path)
    try:
        async with other.transaction():
            rows = await other.fetch("SELECT count(*) FROM results")
    finally:
        await other.close()
    assert rows == [(20,)]


async def test_cancelled_transaction_is_undone(store: Store, path: Path) -> None:
    """Cancelling within a transaction rolls it back, also the statement under way."""
    del store
    database = await Database.open(path)
    slow = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)
    INSERT INTO meta SELECT 'k' || n, n FROM numbers
    """

    async def write() -> None:
        """Write for a while."""
        async with database.transaction():
            await database.execute(slow)

    try:
        for _ in range(3):
            writing = asyncio.create_task(write())
            await asyncio.sleep(0.005)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        async with database.transaction():
            rows = await database.fetch("SELECT count(*) FROM meta WHERE key LIKE 'k%'")
    finally:
        await database.close()
    assert rows == [(0,)]


async def test_health_counts(store: Store, path: Path, clock: FakeClock) -> None:
    """The store tells its mode, size, queue and last commit."""
    store.record([ScriptedCheck().run(clock.now_ms())])
    before = store.health()
    await store.flush()
    after = store.health()

    assert (before.mode, before.writable, before.reason, before.queued) == ("disk", True, None, 1)
    assert (after.queued, after.last_commit_ms) == (0, clock.now_ms())
    assert after.size_bytes == path.stat().st_size  # noqa: ASYNC240 - a test may wait


async def test_further_values_are_json(store: Store, path: Path, clock: FakeClock) -> None:
    """Values of a check's type are kept as JSON, whatever they are."""
    run = ScriptedCheck().run(clock.now_ms())
    rich = replace(run.outcome, data={"seen": {1}})

    store.record([replace(run, state=replace(run.state, outcome=rich))])
    await store.flush()
    other = await Database.open(path)
    try:
        [(extra,)] = await other.query("SELECT extra FROM check_states")
    finally:
        await other.close()

    assert json.loads(extra) == {"data": {"seen": "{1}"}}
