"""Who is told, when, and who else if nobody acts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from opsmonitor.config.settings import (
    CheckSettings,
    EscalationSettings,
    QuietSettings,
    ReminderSettings,
    RouteSettings,
)
from opsmonitor.engine.routing import channels_for
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import AlertKind
from opsmonitor.models.check import Acknowledgement, Status
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.daytime import DayWindow, parse_days, parse_span
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.test_alerting import named
from tests.daemon.engine.virtual_time import run_in_virtual_time

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = DayWindow(start=time(22), end=time(7))
NOON = datetime(2026, 1, 7, 12, tzinfo=BERLIN)
"""A Wednesday."""


def check(**keys: object) -> CheckSettings:
    """Return a check."""
    return CheckSettings(id="nas", type="tcp", name="NAS", options=None, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("routes", "channels"),
    [
        ([], ("a", "b", "c")),
        ([RouteSettings(channels=("a",), severity=frozenset({"P1"}))], ("a", "b", "c")),
        ([RouteSettings(channels=("a",), severity=frozenset({"P2"}))], ("a",)),
        ([RouteSettings(channels=("a",), tag=frozenset({"x", "disk"}))], ("a",)),
        ([RouteSettings(channels=("a",), site=frozenset({"home"}))], ("a",)),
        ([RouteSettings(channels=("a",), check=("n*",))], ("a",)),
        ([RouteSettings(channels=("a",), check=("web-*",))], ("a", "b", "c")),
        ([RouteSettings(channels=("a",), kind=frozenset({"degraded"}))], ("a", "b", "c")),
        ([RouteSettings(channels=("a",), window=NIGHT)], ("a", "b", "c")),
        ([RouteSettings(channels=("a",)), RouteSettings(channels=("b",))], ("a",)),
        (
            [
                RouteSettings(channels=("b",), goes_on=True),
                RouteSettings(channels=("a", "b")),
                RouteSettings(channels=("c",)),
            ],
            ("b", "a"),
        ),
        ([RouteSettings(channels=())], ()),
    ],
)
def test_the_first_route_that_fits_is_taken(
    routes: list[RouteSettings], channels: tuple[str, ...]
) -> None:
    """`continue` goes on; what fits none goes to all, so that no gap swallows an alert."""
    alerts = replace(named("a", "b", "c"), routes=tuple(routes))
    found = check(tags=("disk",), site="home")

    assert channels_for(found, AlertKind.DOWN, alerts, NOON) == channels


def test_what_a_check_says_itself_comes_before_the_routes() -> None:
    """`notify: [b]` and `notify: false` are the last word."""
    alerts = replace(named("a", "b"), routes=(RouteSettings(channels=("a",)),))

    assert channels_for(check(notify=("b",)), AlertKind.DOWN, alerts, NOON) == ("b",)
    assert channels_for(check(notify=False), AlertKind.DOWN, alerts, NOON) == ()


@pytest.mark.parametrize(
    ("days", "moment", "is_within"),
    [
        ("mon-sun", "2026-01-07T23:00", True),
        ("mon-sun", "2026-01-07T07:00", False),
        ("mon-sun", "2026-01-07T06:59", True),
        ("fri", "2026-01-09T22:00", True),
        ("fri", "2026-01-10T06:59", True),
        ("fri", "2026-01-09T06:59", False),
        ("sat-mon", "2026-01-12T23:00", True),
        ("sat-mon", "2026-01-13T23:00", False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(
    days: str, moment: str, *, is_within: bool
) -> None:
    """22:00-07:00 on Friday ends on Saturday morning."""
    window = replace(NIGHT, days=parse_days((days,)))

    assert window.holds(datetime.fromisoformat(moment)) is is_within


@settings(max_examples=50)
@given(start=st.times(), end=st.times(), minutes=st.integers(min_value=0, max_value=3 * 366 * 1440))
def test_a_window_goes_by_the_clock_on_the_wall(start: time, end: time, minutes: int) -> None:
    """In any hour of any day, those of clock changes included, a window and its rest are one."""
    local = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).astimezone(BERLIN)
    window, rest = DayWindow(start=start, end=end), DayWindow(start=end, end=start)

    assert window.holds(local) != rest.holds(local) or start == end
    if start < end:
        assert window.holds(local) is (start <= local.time() < end)


def test_spans_and_days_are_read_as_people_write_them() -> None:
    """24:00 is midnight; a day can be short or long."""
    assert parse_span("22:00-07:30") == (time(22), time(7, 30))
    assert parse_span("8:00 - 24:00") == (time(8), time())
    assert parse_days(("Monday", "fri-sun")) == {0, 4, 5, 6}


@pytest.mark.parametrize("wrong", ["22-7", "25:00-07:00", "22:00", "", "07:00-24:01"])
def test_what_is_no_span_is_refused(wrong: str) -> None:
    """Two times of day that exist, nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller words it
        parse_span(wrong)


@pytest.mark.parametrize("wrong", ["m", "monsun", "xyz", "mon-", "-fri"])
def test_what_is_no_day_is_refused(wrong: str) -> None:
    """Names of days, three letters at least."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller words it
        parse_days((wrong,))


def at(clock: FakeClock, text: str) -> None:
    """Set the clock."""
    clock.wall_ms = round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def bench(clock: FakeClock, *channels: str, **keys: object) -> Bench:
    """Return a bench in Berlin."""
    found = Bench(clock, zone=BERLIN)
    found.name(*channels, **keys)
    return found


def test_quiet_hours_hold_back_and_end_with_one_digest() -> None:
    """P3 waits for the morning as one message; P1 wakes; what was over by then is told as over."""

    async def scenario(clock: FakeClock) -> None:
        at(clock, "2026-01-07T23:00")
        house = bench(clock, "a", quiet_hours=(QuietSettings(window=NIGHT),))
        house.add("alarm", severity="P1")
        for name in ("nas", "tv", "printer"):
            house.add(name, severity="P3")
        await house.start()

        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        await house.see("alarm", Status.DOWN)
        await house.wait(3600)
        await house.see("tv", Status.UP)
        assert house.of("a") == ["DOWN: alarm"]
        assert house.telling.health()[0].held == 2
        await house.restart()
        await house.wait(7 * 3600 - 120)
        await house.see("printer", Status.DOWN)
        assert house.of("a") == ["DOWN: alarm"]
        await house.wait(240)

        assert house.of("a")[1:] == ["While it was quiet: 2 down, 1 up again"]
        assert house.messages[-1].severity == "P3"
        await house.see("nas", Status.UP)
        assert house.of("a")[2:] == ["UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("evening", "hours"), [("2026-03-28T23:30", 6.5), ("2026-10-24T23:30", 8.5)]
)
def test_quiet_hours_end_in_time_when_the_clocks_change(evening: str, hours: float) -> None:
    """07:00 is 07:00, in a night of 23 hours as in one of 25."""

    async def scenario(clock: FakeClock) -> None:
        at(clock, evening)
        house = bench(clock, "a", quiet_hours=(QuietSettings(window=NIGHT),))
        house.add("nas", severity="P4")
        await house.start()
        await house.see("nas", Status.DOWN)

        await house.wait(hours * 3600 - 61)
        assert house.told == []
        await house.wait(122)
        assert house.of("a") == ["DOWN: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_quiet_hours_hold_back_an_end_whose_beginning_waits() -> None:
    """Even if the check has become P1 meanwhile, nobody hears of the end first."""

    async def scenario(clock: FakeClock) -> None:
        at(clock, "2026-01-07T23:00")
        house = bench(clock, "a", quiet_hours=(QuietSettings(window=NIGHT),))
        house.add("nas", severity="P3")
        await house.start()
        await house.see("nas", Status.DOWN)
        house.checks["nas"] = replace(house.checks["nas"], severity="P1")
        await house.see("nas", Status.UP)
        await house.wait(60)
        assert house.told == []
        house.alerts = replace(house.alerts, quiet_hours=())
        house.configure()
        await house.wait(1)

        assert house.of("a") == ["UP again: nas"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_quiet_hours_do_not_end_with_checks_that_are_gone() -> None:
    """What was held back of a check that left the configuration is not told."""

    async def scenario(clock: FakeClock) -> None:
        at(clock, "2026-01-07T23:00")
        house = bench(clock, "a", quiet_hours=(QuietSettings(window=NIGHT),))
        house.add("nas", severity="P3")
        house.add("tv", severity="P3")
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.see("tv", Status.DOWN)
        del house.checks["nas"]
        house.configure()
        await house.wait(9 * 3600)

        assert house.of("a") == ["DOWN: tv"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_quiet_hours_can_be_those_of_one_channel() -> None:
    """The telephone sleeps, the mail does not; no reminder is piled up meanwhile."""

    async def scenario(clock: FakeClock) -> None:
        at(clock, "2026-01-07T23:10")
        quiet = QuietSettings(window=NIGHT, channels=frozenset({"phone"}))
        house = bench(
            clock,
            "phone",
            "mail",
            quiet_hours=(quiet,),
            reminders=ReminderSettings(first_s=3600, factor=1, longest_s=3600),
        )
        house.add("nas", severity="P3", notify_on=("first_fail", "recovered", "reminder"))
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(7.9 * 3600)

        assert house.of("phone") == ["DOWN: nas"]
        assert house.of("mail") == ["DOWN: nas", *["Still DOWN: nas"] * 7]
        await house.telling.close()

    run_in_virtual_time(scenario)


STEPS = (
    EscalationSettings(after_s=900, channels=("sms",)),
    EscalationSettings(after_s=3600, channels=("boss",), severity=frozenset({"P1"})),
)


def test_what_nobody_acknowledges_is_told_to_others() -> None:
    """Once per step, over a restart, only where the severity fits; all of them hear of the end."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(clock, "a", "sms", "boss", escalation=STEPS)
        house.add("alarm", severity="P1", notify=("a",))
        house.add("nas", severity="P2", notify=("a",))
        house.add("off", severity="P1", notify=False)
        await house.start()
        for name in house.checks:
            await house.see(name, Status.DOWN)
        await house.wait(890)
        assert house.of("sms") == []
        await house.wait(60)
        assert sorted(house.of("sms")) == [
            "NOBODY ACTS: alarm is DOWN",
            "NOBODY ACTS: nas is DOWN",
        ] or house.of("sms") == ["2 not acknowledged"]
        sent = len(house.of("sms"))
        await house.restart()
        await house.wait(3600)

        assert house.of("boss") == ["NOBODY ACTS: alarm is DOWN"]
        assert len(house.of("sms")) == sent
        await house.see("alarm", Status.UP)
        assert house.of("boss")[1:] == house.of("sms")[sent:] == ["UP again: alarm"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_who_is_told_that_nobody_acts_is_not_reminded_at_once() -> None:
    """Both are due when an acknowledgement is taken back: each hears it once."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(clock, "a", "sms", escalation=STEPS[:1])
        house.add("alarm", notify=("a",), notify_on=("first_fail", "reminder"))
        await house.start()
        await house.see("alarm", Status.DOWN)
        known = Acknowledgement(at_ms=clock.now_ms())
        await house.see("alarm", Status.DOWN, acknowledged=known)
        await house.wait(7200)
        await house.see("alarm", Status.DOWN, acknowledged=None)
        await house.wait(61)

        assert house.of("a") == ["DOWN: alarm", "Still DOWN: alarm"]
        assert house.of("sms") == ["NOBODY ACTS: alarm is DOWN"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_an_acknowledged_alert_is_not_escalated() -> None:
    """Somebody acts; once the acknowledgement is taken back the time goes on."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(clock, "a", "sms", escalation=STEPS)
        house.add("alarm", severity="P1", notify=("a",))
        await house.start()
        await house.see("alarm", Status.DOWN)
        known = Acknowledgement(at_ms=clock.now_ms())
        await house.see("alarm", Status.DOWN, acknowledged=known)
        await house.wait(7200)
        assert house.of("sms") == []
        await house.see("alarm", Status.DOWN, acknowledged=None)
        await house.wait(61)

        assert house.of("sms") == ["NOBODY ACTS: alarm is DOWN"]
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_dead_channel_gets_one_message_when_it_is_back() -> None:
    """Failure, nine reminders and the end were waiting: two lines are told, not eleven."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(
            clock, "a", "b", reminders=ReminderSettings(first_s=3600, factor=1, longest_s=3600)
        )
        house.add("nas", notify_on=("first_fail", "recovered", "reminder"))
        house.broken["a"] = DeliveryError("answered 503")
        await house.start()
        await house.see("nas", Status.DOWN)
        await house.wait(9.5 * 3600)
        await house.see("nas", Status.UP)
        assert len(house.of("b")) == 11
        del house.broken["a"]
        await house.wait(1000)

        assert house.of("a") == ["1 down, 1 up again"]
        late = next(told for told in house.messages if told.title == "1 down, 1 up again")
        assert "(This comes 9 h 3" in late.text
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_changed_channel_goes_on_where_the_old_one_was() -> None:
    """A reload in the middle of a send: what is under way arrives, the rest follows, all once."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(clock, "a")
        for name in ("nas", "tv"):
            house.add(name)
        house.broken["a"] = DeliveryError("answered 503")
        await house.start()
        await house.see("nas", Status.DOWN)
        house.broken["a"] = None
        await house.wait(5)
        await house.see("tv", Status.DOWN)
        house.name("a", group_wait_s=1.0)
        house.configure()
        del house.broken["a"]
        await house.wait(60)

        assert house.of("a") == ["2 down"]
        await house.restart()
        await house.wait(60)
        assert len(house.told) == 1
        await house.telling.close()

    run_in_virtual_time(scenario)


def test_a_channel_that_hangs_delays_no_other() -> None:
    """Whatever one channel does, the other is told at once."""

    async def scenario(clock: FakeClock) -> None:
        house = bench(clock, "a", "b")
        house.add("nas")
        house.broken["a"] = None
        await house.start()
        await house.see("nas", Status.DOWN)
        assert house.of("b") == ["DOWN: nas"]
        await house.wait(3600)
        assert house.of("b") == ["DOWN: nas"]
        assert house.telling.health()[0].last_error == "no answer in time"
        await asyncio.wait_for(house.telling.close(), 60)

    run_in_virtual_time(scenario)
