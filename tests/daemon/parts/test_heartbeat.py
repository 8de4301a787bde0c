"""When pings are due, what they add up to, and what that means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from opsmonitor.models.check import Verdict
from opsmonitor.models.heartbeat import Ping, PingKind, Pulse
from opsmonitor.parts.heartbeat_judge import HeartbeatJudge
from opsmonitor.parts.heartbeat_schedule import Cron, Every, cron_problem, expected
from opsmonitor.parts.pulse import beat, go_blind

_BERLIN = ZoneInfo("Europe/Berlin")
_ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")]
_HOUR = 3_600_000
_DAY = 24 * _HOUR
_PULSE = Pulse(check_id="backup", since_ms=0)


def ms(text: str, zone: Any = UTC) -> int:
    """Return a time as epoch milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def ping(kind: PingKind = PingKind.SUCCESS, at_ms: int = 0, **values: Any) -> Ping:
    """Return a ping."""
    return Ping(check_id="backup", at_ms=at_ms, kind=kind, **values)


def hear(*pings: Ping, pulse: Pulse = _PULSE) -> Pulse:
    """Return what is known after some pings."""
    for one in pings:
        pulse, _ = beat(pulse, one)
    return pulse


# Schedules


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("30 3 * * *", "2026-01-10T03:30:10", "2026-01-11T03:30:00"),
        ("30 3 * * *", "2026-03-28T03:30:10", "2026-03-29T03:30:00"),
        ("30 3 * * *", "2026-10-24T03:30:10", "2026-10-25T03:30:00"),
        ("*/15 * * * *", "2026-01-10T03:31:00", "2026-01-10T03:45:00"),
        ("0 9 * * 1-5", "2026-11-20T09:00:30", "2026-11-23T09:00:00"),
        ("0 0 1 * *", "2026-01-01T00:00:30", "2026-02-01T00:00:00"),
        ("0 12 29 2 *", "2026-03-01T00:00:00", "2028-02-29T12:00:00"),
    ],
)
def test_cron_times_are_those_of_the_zone(expression: str, after: str, due: str) -> None:
    """03:30 is 03:30 on the clock on the wall, winter and summer."""
    cron = Cron(expression, _BERLIN)

    assert cron.after(ms(after, _BERLIN)) == ms(due, _BERLIN)


def test_a_time_that_is_skipped_is_due_right_afterwards() -> None:
    """When clocks are set forward over 02:30, the job runs as soon as there is a time again."""
    cron = Cron("30 2 * * *", _BERLIN)

    assert cron.after(ms("2026-03-28T03:00:00", _BERLIN)) == ms("2026-03-29T01:00:00")


def test_a_time_that_comes_twice_is_due_once() -> None:
    """When clocks are set back over 02:30, one ping is enough for that day."""
    cron = Cron("30 2 * * *", _BERLIN)
    first = cron.after(ms("2026-10-24T12:00:00", _BERLIN))

    assert first in {ms("2026-10-25T00:30:00"), ms("2026-10-25T01:30:00")}
    assert cron.after(first + 60_000) == ms("2026-10-26T02:30:00", _BERLIN)


def test_a_job_that_is_a_little_early_pings_for_the_time_to_come() -> None:
    """A clock that is a few seconds ahead does not make the same time due again."""
    cron = Cron("0 3 * * *", UTC)

    assert cron.after(ms("2026-01-10T02:59:58")) == ms("2026-01-11T03:00:00")


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    day=st.integers(0, 365),
    second=st.integers(0, 86_399),
    zone=st.sampled_from(_ZONES),
)
def test_a_daily_time_is_due_once_a_day_in_any_zone(
    minute: int, hour: int, day: int, second: int, zone: ZoneInfo
) -> None:
    """Whatever is pinged from: the next time is within a day and a bit, and on the wall's clock."""
    cron = Cron(f"{minute} {hour} * * *", zone)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=second)
    start_ms = round(start.timestamp() * 1000)

    first = cron.after(start_ms)
    second_one = cron.after(first)

    assert start_ms < first <= start_ms + 25 * _HOUR + 10_000
    assert 22 * _HOUR <= second_one - first <= 26 * _HOUR
    local = datetime.fromtimestamp(first / 1000, zone)
    is_skipped = local.replace(hour=hour, minute=minute, fold=0).utcoffset() != local.utcoffset()
    assert (local.hour, local.minute) == (hour, minute) or is_skipped


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("* * * *", "expected five fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("a b c d e", "bad minute"),
        ("* * * * * *", "expected five fields"),
    ],
)
def test_a_bad_cron_expression_is_explained(expression: str, problem: str) -> None:
    """The field that is wrong is named."""
    assert problem in (cron_problem(expression) or "")
    assert cron_problem("*/5 2-4 * jan mon") is None


@given(st.text(alphabet="0123456789*/,-LW#abcMON ", max_size=30))
def test_any_text_is_a_cron_expression_or_is_refused(text: str) -> None:
    """Whatever somebody types, it is judged and not passed on as an error of the library."""
    if cron_problem(text) is None:
        assert Cron(text, _BERLIN).after(ms("2026-01-01T00:00:00")) > 0


# Deadlines


def test_a_ping_is_late_after_period_and_grace() -> None:
    """Exactly then, and not earlier."""
    assert expected(Every(_DAY), 1000, _HOUR) == (1000 + _DAY, 1000 + _DAY + _HOUR)


def test_grace_is_real_time() -> None:
    """An hour of grace is an hour, also in the night in which clocks are set."""
    cron = Cron("30 1 * * *", _BERLIN)
    wanted = expected(cron, ms("2026-03-28T12:00:00", _BERLIN), 2 * _HOUR)

    assert wanted.due_ms == ms("2026-03-29T01:30:00", _BERLIN)
    assert wanted.late_ms == ms("2026-03-29T04:30:00", _BERLIN)


def test_time_without_ears_is_not_held_against_the_job() -> None:
    """A ping that was due while the daemon was off may be lost: the next one is waited for."""
    blind = [(_DAY - 600_000, _DAY + 600_000)]

    wanted = expected(Every(_DAY), 0, _HOUR, blind)

    assert wanted.late_ms == _DAY + 600_000 + _DAY + _HOUR


def test_cron_times_without_ears_are_skipped() -> None:
    """With a cron expression the one after it is the next one that counts."""
    cron = Cron("0 3 * * *", UTC)
    blind = [(ms("2026-01-10T02:50:00"), ms("2026-01-10T03:10:00"))]

    wanted = expected(cron, ms("2026-01-09T03:00:02"), _HOUR, blind)

    assert wanted.due_ms == ms("2026-01-11T03:00:00")


def test_a_short_restart_gives_a_second_chance() -> None:
    """A job that repeats its ping, as the documentation says, gets through after a restart."""
    late_ms = _DAY + _HOUR
    blind = [(late_ms - 5000, late_ms + 5000)]

    assert expected(Every(_DAY), 0, _HOUR, blind).late_ms == late_ms + 65_000


def test_a_restart_long_before_changes_nothing() -> None:
    """What cannot have hit the ping does not move its deadline."""
    assert expected(Every(_DAY), 0, _HOUR, [(_HOUR, 3 * _HOUR)]).late_ms == _DAY + _HOUR


def test_what_was_late_before_stays_late() -> None:
    """A daemon that is restarted does not forgive what it had noticed already."""
    late_ms = _DAY + _HOUR

    assert expected(Every(_DAY), 0, _HOUR, [(late_ms, late_ms + _DAY)]).late_ms == late_ms


@given(
    gaps=st.lists(st.tuples(st.integers(1, 2 * _DAY), st.integers(1, 2 * _DAY)), max_size=6),
    period=st.integers(60_000, 2 * _DAY),
    grace=st.integers(1000, _DAY),
)
def test_deaf_times_only_ever_move_a_deadline_on(
    gaps: list[tuple[int, int]], period: int, grace: int
) -> None:
    """No gap makes a ping late earlier, and a ping that is late before a gap stays so."""
    blind: list[tuple[int, int]] = []
    now = 0
    for wait, length in gaps:
        blind.append((now + wait, now + wait + length))
        now += wait + length
    plain = expected(Every(period), 0, grace)

    wanted = expected(Every(period), 0, grace, blind)

    assert wanted.late_ms >= plain.late_ms
    assert wanted.due_ms <= wanted.late_ms
    assert (wanted.late_ms == plain.late_ms) or blind[0][0] < plain.late_ms


# Pulses


def test_start_and_success_make_a_duration() -> None:
    """The length of a run is known when its start was told."""
    pulse = hear(ping(PingKind.START, 1000), ping(at_ms=61_000))

    assert pulse.duration_ms == 60_000
    assert pulse.started == {}
    assert (pulse.last_kind, pulse.ended_ms) == (PingKind.SUCCESS, 61_000)


def test_overlapping_runs_are_told_apart() -> None:
    """Each end belongs to the start with the same id."""
    pulse = hear(
        ping(PingKind.START, 0, run_id="a"),
        ping(PingKind.START, 30_000, run_id="b"),
        ping(at_ms=40_000, run_id="b"),
    )

    assert pulse.duration_ms == 10_000
    assert pulse.started == {"a": 0}


def test_a_success_without_the_id_of_a_run_leaves_it() -> None:
    """Another run's success says nothing of it."""
    pulse = hear(ping(PingKind.START, 0, run_id="a"), ping(at_ms=5000))

    assert (pulse.duration_ms, pulse.started) == (None, {"a": 0})


def test_a_failure_that_names_no_run_ends_all() -> None:
    """The job as a whole has failed."""
    pulse = hear(ping(PingKind.START, 0, run_id="a"), ping(PingKind.FAIL, 5000))

    assert pulse.started == {}
    assert pulse.has_failed


def test_a_start_long_ago_belongs_to_no_end() -> None:
    """A run that never ended does not make the next one three days long."""
    pulse = hear(ping(PingKind.START, 0), ping(at_ms=73 * _HOUR))

    assert pulse.duration_ms is None


def test_log_pings_change_nothing() -> None:
    """They are kept elsewhere."""
    before = hear(ping(PingKind.FAIL, 1000))

    assert hear(ping(PingKind.LOG, 2000, body="x"), pulse=before) is before


def test_a_failure_is_told_in_its_own_last_words() -> None:
    """Most programs say at the end what went wrong."""
    body = "copying\nrsync: connection refused\n----\n\n"

    assert hear(ping(PingKind.FAIL, 1, body=body)).message == "rsync: connection refused"
    assert hear(ping(PingKind.FAIL, 1, body="-- --")).message is None


def test_runs_under_way_are_bounded() -> None:
    """A job that never ends its runs does not fill the memory."""
    pulse = hear(*[ping(PingKind.START, number, run_id=str(number)) for number in range(200)])

    assert len(pulse.started) == 50
    assert "199" in pulse.started


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PingKind), st.sampled_from([None, "a", "b"]), st.integers(0, 10_000)
        ),
        max_size=30,
    )
)
def test_any_series_of_pings_adds_up(series: list[tuple[PingKind, str | None, int]]) -> None:
    """The latest end decides about failure, and no run is under way that did not begin."""
    now, pulse = 0, _PULSE
    for kind, run_id, wait in series:
        now += wait
        pulse = hear(ping(kind, now, run_id=run_id), pulse=pulse)
    ends = [kind for kind, _, _ in series if kind in (PingKind.SUCCESS, PingKind.FAIL)]
    begun = {run_id or "" for kind, run_id, _ in series if kind is PingKind.START}

    assert pulse.has_failed == (ends[-1:] == [PingKind.FAIL])
    assert pulse.started.keys() <= begun
    assert (pulse.ended_ms is None) == (not ends)


# Judging


def judge(pulse: Pulse, now_ms: int, *, max_runtime_s: int = 3600, **keys: Any) -> Any:
    """Judge a job that reports once a day, with an hour of grace."""
    every = HeartbeatJudge(Every(_DAY), grace_s=3600, max_runtime_s=max_runtime_s, zone=_BERLIN)
    return every(pulse, now_ms, **keys)


def test_before_the_first_ping_nothing_is_known() -> None:
    """It is neither up nor down, and will be judged when the first ping is late."""
    found = judge(_PULSE, 1000)

    assert (found.outcome.verdict, found.outcome.error_code) == (
        Verdict.UNKNOWN,
        "heartbeat_awaited",
    )
    assert found.until_ms == _DAY + _HOUR


def test_a_job_that_never_reported_is_missed_in_the_end() -> None:
    """Who configures a heartbeat and forgets the job is told."""
    found = judge(_PULSE, _DAY + _HOUR)

    assert (found.outcome.verdict, found.outcome.error_code) == (Verdict.FAIL, "heartbeat_missed")
    assert found.outcome.error == "no ping ever, one was due by 02 Jan 02:00:00"


@pytest.mark.parametrize(("after_ms", "verdict"), [(-1, Verdict.OK), (0, Verdict.FAIL)])
def test_late_is_late_to_the_millisecond(after_ms: int, verdict: Verdict) -> None:
    """A check is down exactly when period and grace are over."""
    pulse = hear(ping(at_ms=5000))

    assert judge(pulse, 5000 + _DAY + _HOUR + after_ms).outcome.verdict is verdict


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "the job has failed"),
        ({"exit_code": 3}, "the job has failed with exit code 3"),
        (
            {"exit_code": 23, "body": "rsync: no space left"},
            "the job has failed with exit code 23: rsync: no space left",
        ),
    ],
)
def test_a_failure_counts_at_once(values: dict[str, Any], error: str) -> None:
    """Until the next success."""
    failed = hear(ping(at_ms=0), ping(PingKind.FAIL, 1000, **values))
    found = judge(failed, 1000).outcome

    assert (found.verdict, found.error_code, found.error) == (
        Verdict.FAIL,
        "heartbeat_failed",
        error,
    )
    assert judge(hear(ping(at_ms=2000), pulse=failed), 2000).outcome.verdict is Verdict.OK


def test_a_run_that_does_not_end_is_told() -> None:
    """A start without an end is a failure after `max_runtime`, long before the period is over."""
    pulse = hear(ping(at_ms=0), ping(PingKind.START, _HOUR))
    before, after = judge(pulse, 2 * _HOUR - 1), judge(pulse, 2 * _HOUR)

    assert (before.outcome.verdict, before.until_ms) == (Verdict.OK, 2 * _HOUR)
    assert after.outcome.error_code == "heartbeat_overrun"
    assert after.outcome.error == "the run that began at 01 Jan 02:00:00 has not ended within 1 h"


def test_the_end_of_a_run_may_be_lost_as_well() -> None:
    """A run that was under way while nobody listened is not said to hang."""
    pulse = go_blind(hear(ping(at_ms=0), ping(PingKind.START, _HOUR)), _HOUR + 1000, _HOUR + 90_000)

    assert judge(pulse, 3 * _HOUR).outcome.verdict is Verdict.OK


def test_the_length_of_a_run_is_told_once() -> None:
    """It is the latency of the run in which it was news, and of no other."""
    pulse = hear(ping(PingKind.START, 0), ping(at_ms=90_000))

    assert judge(pulse, 90_000, is_news=True).outcome.latency_ms == 90_000.0
    assert judge(pulse, 91_000).outcome.latency_ms is None


def test_what_is_known_is_told() -> None:
    """The API shows the latest ping and when the next one is due."""
    pulse = hear(ping(PingKind.START, 0), ping(at_ms=90_000), ping(PingKind.START, 95_000))

    assert judge(pulse, 96_000).outcome.data == {
        "last_ping": "1970-01-01T00:01:35.000Z",
        "last_kind": "start",
        "duration_ms": 90_000,
        "running": 1,
        "due": "1970-01-02T00:01:30.000Z",
        "late": "1970-01-02T01:01:30.000Z",
    }


def test_started_cannot_be_changed() -> None:
    """What is known is not changed behind anybody's back."""
    pulse = hear(ping(PingKind.START, 0))

    assert isinstance(pulse.started, MappingProxyType)
