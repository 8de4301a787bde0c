"""Metric checks on values that come, stay away and grow old."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.base import Probe
from opsmonitor.checks.metric import CHECK, MetricOptions
from opsmonitor.config.schema import field_name
from opsmonitor.engine.state_machine import Thresholds, advance
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict
from opsmonitor.models.reading import Measured, Scalar
from opsmonitor.parts.metric_rule import Condition, NotANumberError, Watch, sentence
from opsmonitor.store.rows import check_state, state_row
from opsmonitor.util.clock import FakeClock
from tests.daemon.checks.conftest import MakeProbe

_NAME = "host.memory_percent"


class Values:
    """What was measured, as a test says."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin with nothing."""
        self._clock = clock
        self.known: dict[str, Measured] = {}
        self.awaited: set[str] = set()

    def put(self, value: Scalar, *, name: str = _NAME, is_stale: bool = False) -> None:
        """Measure a value now."""
        self.known[name] = Measured(value=value, at_ms=self._clock.now_ms(), is_stale=is_stale)

    def latest(self, name: str) -> Measured | None:
        """Return the newest value."""
        return self.known.get(name)

    def is_awaited(self, name: str) -> bool:
        """Tell whether a value is about to come."""
        return name in self.awaited

    def names(self) -> Collection[str]:
        """Return all names."""
        return self.known.keys()


@pytest.fixture
def values(clock: FakeClock) -> Values:
    """Return a source without values."""
    return Values(clock)


def options(**keys: Any) -> MetricOptions:
    """Return the options that these keys become."""
    found = vol.Schema(dict(CHECK.schema))({"metric": _NAME, **keys})
    return MetricOptions(**{field_name(key): value for key, value in found.items()})


@pytest.mark.parametrize(
    ("keys", "value", "verdict"),
    [
        ({"gt": 90}, 90, Verdict.OK),
        ({"gt": 90}, 90.1, Verdict.FAIL),
        ({"gte": 90}, 90, Verdict.FAIL),
        ({"lt": 10}, 10, Verdict.OK),
        ({"lt": 10}, 9.9, Verdict.FAIL),
        ({"lte": 10}, 10, Verdict.FAIL),
        ({"lt": 10, "gt": 20}, 15, Verdict.OK),
        ({"lt": 10, "gt": 20}, 25, Verdict.FAIL),
        ({"equals": False}, False, Verdict.FAIL),
        ({"equals": False}, 0, Verdict.OK),
        ({"equals": 1}, True, Verdict.OK),
        ({"equals": 1}, 1.0, Verdict.FAIL),
        ({"not_equals": "running"}, "running", Verdict.OK),
        ({"not_equals": "running"}, "paused", Verdict.FAIL),
        ({"warn": 80, "crit": 90}, 79.9, Verdict.OK),
        ({"warn": 80, "crit": 90}, 80, Verdict.DEGRADED),
        ({"warn": 80, "crit": 90}, 90, Verdict.FAIL),
        ({"warn": 20, "crit": 10, "direction": "below"}, 21, Verdict.OK),
        ({"warn": 20, "crit": 10, "direction": "below"}, 20, Verdict.DEGRADED),
        ({"warn": 20, "crit": 10, "direction": "below"}, 9, Verdict.FAIL),
    ],
)
async def test_limits(
    make_probe: MakeProbe, values: Values, keys: dict[str, Any], value: Scalar, verdict: Verdict
) -> None:
    """A condition names what a value must not be; warn and crit belong to the bad side."""
    values.put(value)

    outcome = await make_probe(CHECK, metric=_NAME, given={"values": values}, **keys)()

    assert outcome.verdict is verdict
    assert outcome.data["value"] == value


async def test_the_error_names_value_limit_and_time(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """A person reads what was measured, what it should be, and since when it is not."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "1m"})
    for _ in range(3):
        values.put(93.25)
        await probe()
        clock.advance(30)
    values.put(93.25)

    outcome = await probe()

    assert outcome.error == "host.memory_percent is 93.25, above 90 for 1 min 30 s"
    assert outcome.error_code == "limit_exceeded"
    assert outcome.assertions[0].name == "host.memory_percent at most 90"


async def test_it_must_last_for_as_long_as_asked(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """With `for: 5m` the value counts with the measurement five minutes after the first one."""
    probe = make_probe(CHECK, metric=f"{_NAME} gt 90 for 5m", given={"values": values})
    verdicts = []
    for _ in range(12):
        values.put(95)
        verdicts.append((await probe()).verdict)
        clock.advance(30)

    assert verdicts == [Verdict.OK] * 10 + [Verdict.FAIL] * 2


async def test_one_good_value_begins_the_count_anew(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """What was above, below and above again has not lasted."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "1m"})
    outcomes = []
    for value in (95, 95, 80, 95, 95, 95):
        values.put(value)
        outcomes.append((await probe()).verdict)
        clock.advance(30)

    assert outcomes == [Verdict.OK] * 5 + [Verdict.FAIL]


async def test_what_is_still_counted_can_be_seen(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """Before the time is up the check is fine, and its expectation tells what is going on."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "5m"})
    values.put(95)
    await probe()
    clock.advance(60)
    values.put(96)

    outcome = await probe()

    assert outcome.assertions[0].actual == "96 for 1 min, counts after 5 min"


async def test_a_gap_begins_the_count_anew(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """While the machine slept nobody knows what the value was."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "5m"})
    values.put(95)
    await probe()
    clock.sleep_machine(3600)
    values.put(95)

    assert (await probe()).verdict is Verdict.OK


async def test_a_gap_ends_no_failure(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """What failed before the machine slept, and is as bad afterwards, did not recover."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "1m"})
    verdicts = []
    for _ in range(3):
        values.put(95)
        verdicts.append((await probe()).verdict)
        clock.advance(30)
    assert verdicts[-1] is Verdict.FAIL
    clock.sleep_machine(3600)
    values.put(95)

    assert (await probe()).verdict is Verdict.FAIL


async def test_a_stale_value_never_passes(
    make_probe: MakeProbe, values: Values, clock: FakeClock
) -> None:
    """A value that nobody measures any more is a failure of its own, and resets the count."""
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, **{"gt": 90, "for": "1m"})
    values.put(95)
    await probe()
    values.put(95, is_stale=True)
    clock.advance(75)

    stale = await probe()
    values.put(95)
    fresh = await probe()

    assert (stale.verdict, stale.error_code) == (Verdict.FAIL, "metric_stale")
    assert stale.error == "host.memory_percent was last measured 1 min 15 s ago: its probe fails"
    assert fresh.verdict is Verdict.OK


async def test_an_unknown_name_is_told_with_a_close_one(
    make_probe: MakeProbe, values: Values
) -> None:
    """A typing error is a failure that names what was most likely meant."""
    values.put(50)

    outcome = await make_probe(
        CHECK, metric="host.memory_procent", given={"values": values}, gt=90
    )()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "metric_unknown")
    assert outcome.error == (
        "nothing measures host.memory_procent; did you mean `host.memory_percent`?"
    )


async def test_new_names_are_compared_anew(make_probe: MakeProbe, values: Values) -> None:
    """What a probe measures from now on may be what was meant."""
    probe = make_probe(CHECK, metric="nvme.d0.temprature_c", given={"values": values}, gt=90)
    values.put(50)
    before = await probe()
    values.put(40, name="nvme.d0.temperature_c")

    after = await probe()

    assert before.error == "nothing measures nvme.d0.temprature_c; docs/probes.md has the names"
    assert str(after.error).endswith("did you mean `nvme.d0.temperature_c`?")


async def test_a_value_that_its_probe_cannot_tell_never_passes(
    make_probe: MakeProbe, values: Values
) -> None:
    """Null is no number below the limit."""
    values.put(None)

    outcome = await make_probe(CHECK, metric=_NAME, given={"values": values}, gt=90)()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "metric_unknown")


@pytest.mark.parametrize("value", ["95", True, float("nan"), float("inf")])
async def test_what_is_no_number_never_passes(
    make_probe: MakeProbe, values: Values, value: Scalar
) -> None:
    """Text, truth values and numbers that are none cannot be below a limit."""
    values.put(value)

    outcome = await make_probe(CHECK, metric=_NAME, given={"values": values}, gt=90)()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "metric_not_a_number")


async def test_a_value_that_is_about_to_come_is_waited_for(
    make_probe: MakeProbe, values: Values
) -> None:
    """Just after the start the first poll of a probe is still under way."""
    values.awaited.add(_NAME)
    probe = make_probe(CHECK, metric=_NAME, given={"values": values}, gt=90)

    asyncio.get_running_loop().call_soon(values.put, 50)
    outcome = await probe()

    assert outcome.verdict is Verdict.OK


async def test_what_has_not_come_yet_is_neither_good_nor_bad(
    make_probe: MakeProbe, values: Values
) -> None:
    """A slow first poll raises no alarm, and is not taken for a good value."""
    values.awaited.add(_NAME)
    probe = make_probe(CHECK, timeout_s=0.15, metric=_NAME, given={"values": values}, gt=90)

    outcome = await probe()

    assert (outcome.verdict, outcome.error_code) == (Verdict.UNKNOWN, "metric_awaited")


def restarted(
    make_probe: MakeProbe, values: Values, status: Status, code: str = "limit_exceeded", **keys: Any
) -> Probe:
    """Return the probe of a check that was in trouble before the daemon was restarted."""
    outcome = Outcome(verdict=Verdict.FAIL, error="before", error_code=code)
    state = CheckState(id="memory", type="metric", status=status, ok=False, outcome=outcome)
    context = {"values": values, "check_id": "memory", "states": {"memory": state}.get}
    return make_probe(CHECK, metric=_NAME, given=context, **{"for": "5m", **keys})


async def test_a_restart_ends_no_failure(make_probe: MakeProbe, values: Values) -> None:
    """What was down for its value stays down while the value is as bad, without a false UP."""
    probe = restarted(make_probe, values, Status.DOWN, warn=80, crit=90)
    values.put(95)
    worst = await probe()
    values.put(85)
    better = await probe()
    values.put(70)
    good = await probe()
    values.put(95)
    again = await probe()

    verdicts = [outcome.verdict for outcome in (worst, better, good, again)]
    assert verdicts == [Verdict.FAIL, Verdict.DEGRADED, Verdict.OK, Verdict.OK]


async def test_a_failure_for_another_reason_is_not_continued(
    make_probe: MakeProbe, values: Values
) -> None:
    """What was down for want of a value has not been too high for five minutes."""
    probe = restarted(make_probe, values, Status.DOWN, "metric_stale", gt=90)
    values.put(95)

    assert (await probe()).verdict is Verdict.OK


class Life:
    """A check that lives through changes of configuration and restarts, as the store keeps it."""

    def __init__(self, make_probe: MakeProbe, values: Values, clock: FakeClock) -> None:
        """Begin with nothing known."""
        self._make_probe, self._values, self._clock = make_probe, values, clock
        self.state = CheckState(id="memory", type="metric")

    def begin(self, **keys: Any) -> Probe:
        """Return the probe of a daemon that has just read what the one before wrote."""
        row = state_row(1, self.state)
        self.state = check_state(("memory", *row[1:]))
        context = {
            "values": self._values,
            "check_id": "memory",
            "interval_s": 60.0,
            "states": {"memory": self.state}.get,
        }
        return self._make_probe(CHECK, metric=_NAME, given=context, **{"for": "10m", **keys})

    async def run(self, probe: Probe, value: Scalar, *, minutes: int) -> Verdict:
        """Measure a value and judge it once a minute; return the last verdict."""
        verdict = Verdict.UNKNOWN
        for _ in range(minutes):
            self._clock.advance(60)
            self._values.put(value)
            outcome = await probe()
            verdict = outcome.verdict
            self.state, _ = advance(self.state, outcome, Thresholds(), self._clock.now_ms())
        return verdict


@pytest.fixture
def life(make_probe: MakeProbe, values: Values, clock: FakeClock) -> Life:
    """Return a check of which nothing is known."""
    return Life(make_probe, values, clock)


async def test_the_count_goes_on_after_a_restart(life: Life) -> None:
    """A daemon that is restarted now and then must not keep a long `for` from ever ending."""
    assert await life.run(life.begin(gt=90), 95, minutes=6) is Verdict.OK
    probe = life.begin(gt=90)

    assert await life.run(probe, 95, minutes=4) is Verdict.OK
    assert await life.run(probe, 95, minutes=1) is Verdict.FAIL
    assert life.state.outcome is not None
    assert life.state.outcome.error == f"{_NAME} is 95, above 90 for 10 min"


async def test_the_count_begins_anew_after_a_long_absence(life: Life, clock: FakeClock) -> None:
    """Nobody knows how the value was meanwhile."""
    await life.run(life.begin(gt=90), 95, minutes=6)
    clock.advance(3600)
    probe = life.begin(gt=90)

    assert await life.run(probe, 95, minutes=10) is Verdict.OK
    assert await life.run(probe, 95, minutes=1) is Verdict.FAIL


async def test_another_limit_is_counted_for_itself(life: Life) -> None:
    """What was above the old limit says nothing of the new one; an unchanged one goes on."""
    await life.run(life.begin(gt=90, lt=5), 95, minutes=6)

    assert await life.run(life.begin(gt=80, lt=5), 95, minutes=6) is Verdict.OK
    assert await life.run(life.begin(gt=80, lt=6), 95, minutes=5) is Verdict.FAIL


async def test_a_good_value_ends_the_count_for_good(life: Life) -> None:
    """A restart brings back nothing that was over."""
    probe = life.begin(gt=90)
    await life.run(probe, 95, minutes=9)
    await life.run(probe, 50, minutes=1)

    assert await life.run(life.begin(gt=90), 95, minutes=10) is Verdict.OK


@pytest.mark.parametrize("told", [None, "soon", {"above 90": 5}, {"above 90": "soon"}, ["above"]])
async def test_odd_moments_are_left_out(
    make_probe: MakeProbe, values: Values, told: object
) -> None:
    """Whatever stands in the database, the check runs, and counts from now."""
    data = {"metric": _NAME, "holds_since": told}
    outcome = Outcome(verdict=Verdict.OK, data=data)
    state = CheckState(id="memory", type="metric", last_run_ms=0, outcome=outcome)
    context = {"values": values, "check_id": "memory", "states": {"memory": state}.get}
    probe = make_probe(CHECK, metric=_NAME, given=context, gt=90, **{"for": "10m"})
    values.put(95)

    assert (await probe()).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("text", "name", "condition", "for_s"),
    [
        ("host.load_1m", "host.load_1m", None, None),
        (
            "host.memory_percent gt 90 for 5m",
            "host.memory_percent",
            Condition(operator="gt", limit=90.0),
            300,
        ),
        ("fritz.home.wan_up for 2m", "fritz.home.wan_up", None, 120),
        (
            "fritz.home.wan_up equals false",
            "fritz.home.wan_up",
            Condition(operator="equals", limit=False),
            None,
        ),
        ("x.y not_equals a b", "x.y", Condition(operator="not_equals", limit="a b"), None),
        ('x.y equals "on"', "x.y", Condition(operator="equals", limit="on"), None),
        ("x.y equals 3", "x.y", Condition(operator="equals", limit=3.0), None),
    ],
)
def test_a_condition_can_be_one_sentence(
    text: str, name: str, condition: Condition | None, for_s: int | None
) -> None:
    """A name alone, with a condition, with a time, or with both."""
    found = sentence(text)

    assert (found.name, found.condition, found.for_s) == (name, condition, for_s)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("host.x above 3", "expected one of gt, gte, lt, lte, equals, not_equals"),
        ("host.x gt much", "expected a number behind gt, got much"),
        ("host.x gt 3 for long", "expected a duration"),
        ("host.x gt nan", "expected a number"),
        ("host.x gt", "expected the name of a value"),
    ],
)
def test_a_bad_sentence_is_refused(text: str, complaint: str) -> None:
    """The remedy is in the message."""
    with pytest.raises(vol.Invalid, match=complaint):
        sentence(text)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "a limit is missing"),
        ({"warn": 90, "crit": 80}, "warn must come before crit"),
        ({"warn": 80, "crit": 90, "direction": "below"}, "warn must come before crit"),
        ({"metric": "x gt 3 for 5m", "for": "1m"}, "both say for how long"),
    ],
)
def test_keys_that_do_not_fit_together_are_refused(keys: dict[str, Any], complaint: str) -> None:
    """Each key may be right by itself."""
    with pytest.raises(ValueError, match=complaint):
        options(**keys)


def test_the_target_says_what_is_bad() -> None:
    """On its card a check shows what it waits for."""
    assert CHECK.target(options(**{"gt": 90, "for": "5m"})) == (
        "host.memory_percent (above 90 for 5 min)"
    )


@given(
    seen=st.lists(
        st.tuples(st.integers(0, 100), st.integers(1, 300)),
        min_size=1,
        max_size=40,
    ),
    for_s=st.integers(0, 600),
    gap_s=st.integers(30, 400),
)
def test_agrees_with_a_naive_reading_of_any_series(
    seen: list[tuple[int, int]], for_s: int, gap_s: int
) -> None:
    """A condition counts when each look of the last `for` seconds, without a gap, saw it hold."""
    condition = Condition(operator="gt", limit=50)
    watch = Watch([condition], for_s=for_s, gap_s=gap_s)
    times: list[tuple[int, int]] = []
    now_s = 0
    counted = False
    for value, step_s in seen:
        now_s += step_s
        times.append((now_s, value))
        held = watch.look(Measured(value=value, at_ms=now_s * 1000), now_s * 1000)

        start_s = now_s
        for earlier_s, earlier in reversed(times):
            if earlier <= 50 or start_s - earlier_s > gap_s:
                break
            start_s = earlier_s
        counted = value > 50 and (counted or now_s - start_s >= for_s)
        assert [item.is_confirmed for item in held] == ([counted] if value > 50 else [])


@given(st.one_of(st.text(), st.booleans(), st.none(), st.floats(), st.integers()))
def test_any_value_is_compared_or_refused(value: Scalar) -> None:
    """Whatever a probe yields, a condition holds, does not hold, or says that it cannot tell."""
    for name in ("gt", "gte", "lt", "lte", "equals", "not_equals"):
        try:
            held = Condition(operator=name, limit=5.0).holds(value)
        except NotANumberError:
            held = None
        assert held in {True, False, None}
