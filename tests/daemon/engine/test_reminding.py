"""Alerts beyond being down, and saying again what nobody has taken note of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opsmonitor.config.settings import AlertSettings, CheckSettings, ReminderSettings
from opsmonitor.engine.alerting import close_orphans, reconcile
from opsmonitor.engine.deeds import tell_deeds
from opsmonitor.engine.drafting import Decision
from opsmonitor.engine.reminding import look_around
from opsmonitor.models.alert import Alert, AlertKind
from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    EventKind,
    Outcome,
    Status,
    TlsInfo,
    Transition,
    Verdict,
)
from tests.daemon.engine.test_alerting import named

_T0 = 1_700_000_000_000
_HOUR = 3_600_000
_ALL = (
    *("first_fail", "recovered", "reminder", "degraded", "deadline_miss"),
    "cert_expiring",
)


class Desk:
    """Decides step by step, and keeps what is open."""

    def __init__(self, notify_on: tuple[str, ...] = _ALL, **settings: Any) -> None:
        """Begin with one check and one channel."""
        check = CheckSettings(
            id="nas", type="tcp", name="NAS", options=None, target="nas:22", notify_on=notify_on
        )
        self.checks = {"nas": check}
        self.alerts = replace(named("a"), **settings)
        self.told: dict[str, dict[AlertKind, Alert]] = {}
        self.state = CheckState(id="nas", type="tcp", status=Status.PENDING)
        self.again: tuple[tuple[str, int], ...] = ()

    def see(self, status: Status, at_ms: int, **outcome: Any) -> list[str]:
        """Run the check; return the titles that are told."""
        changed_ms = at_ms if status is not self.state.status else self.state.last_change_ms
        self.state = replace(
            self.state,
            status=status,
            last_change_ms=changed_ms,
            last_run_ms=at_ms,
            outcome=Outcome(verdict=Verdict.FAIL, **{"error": "refused", **outcome}),
        )
        return self.look(at_ms)

    def look(self, at_ms: int) -> list[str]:
        """Compare again."""
        decision = reconcile(self.told, [self.state], self.checks, alerts=self.alerts, now_ms=at_ms)
        self.again = decision.again
        return self._take(decision)

    def wait(self, at_ms: int, *, runs: bool = True) -> list[str]:
        """Let time pass; return the titles that are told."""
        if runs:
            self.state = replace(self.state, last_run_ms=at_ms)
        agenda = look_around(
            self.told, {"nas": self.state}, self.checks, alerts=self.alerts, now_ms=at_ms
        )
        self.next_ms = agenda.next_ms
        return self._take(agenda.decision)

    def _take(self, decision: Decision) -> list[str]:
        for alert in decision.alerts:
            kinds: dict[AlertKind, Alert] = self.told.setdefault(alert.subject, {})
            kinds[alert.kind] = alert
            if alert.resolved_ms is not None:
                del kinds[alert.kind]
        return [notice.title for notice, channels in decision.notices if channels]


def kinds(told: Mapping[str, Mapping[AlertKind, Alert]]) -> set[AlertKind]:
    """Return the kinds of the open alerts."""
    return {kind for of_check in told.values() for kind in of_check}


def test_reminders_come_with_growing_pauses_up_to_a_cap() -> None:
    """One, two, four hours, then four again: never all at once, however late one looks."""
    desk = Desk(reminders=ReminderSettings(first_s=3600, factor=2, longest_s=4 * 3600))
    assert desk.see(Status.DOWN, _T0) == ["DOWN: NAS"]

    told = [hour for hour in range(24) if desk.wait(_T0 + hour * _HOUR) == ["Still DOWN: NAS"]]

    assert told == [1, 3, 7, 11, 15, 19, 23]
    assert desk.wait(_T0 + 100 * _HOUR) == ["Still DOWN: NAS"]
    assert desk.wait(_T0 + 100 * _HOUR) == []
    assert desk.next_ms == _T0 + 104 * _HOUR


def test_an_acknowledged_alert_is_not_told_again_until_it_is_taken_back() -> None:
    """Who knows of it is left alone; the end is told all the same."""
    desk = Desk()
    desk.see(Status.DOWN, _T0)
    known = Acknowledgement(at_ms=_T0, by="Ada")
    desk.state = replace(desk.state, acknowledged=known)
    assert desk.wait(_T0 + 10 * _HOUR) == []
    assert desk.next_ms is None

    desk.state = replace(desk.state, acknowledged=None)
    assert desk.wait(_T0 + 11 * _HOUR) == ["Still DOWN: NAS"]
    assert desk.see(Status.UP, _T0 + 12 * _HOUR) == ["UP again: NAS"]
    assert desk.wait(_T0 + 20 * _HOUR) == []


def test_time_behind_a_failing_parent_does_not_count() -> None:
    """A reminder waits its whole pause from when the check is known to be down again."""
    desk = Desk()
    desk.see(Status.DOWN, _T0)
    desk.see(Status.UNREACHABLE, _T0 + _HOUR // 2)
    assert desk.wait(_T0 + 5 * _HOUR) == []
    assert desk.see(Status.DOWN, _T0 + 6 * _HOUR) == []

    assert desk.wait(_T0 + 6 * _HOUR + 1) == []
    assert desk.wait(_T0 + 7 * _HOUR) == ["Still DOWN: NAS"]


def test_what_no_run_has_confirmed_lately_is_not_told_again() -> None:
    """After a night's sleep of the machine nobody is reminded of yesterday's state."""
    desk = Desk()
    desk.see(Status.DOWN, _T0)

    assert desk.wait(_T0 + 9 * _HOUR, runs=False) == []
    assert desk.wait(_T0 + 9 * _HOUR) == ["Still DOWN: NAS"]


def test_without_the_word_there_are_no_reminders() -> None:
    """`reminder` must be asked for."""
    desk = Desk(("first_fail", "recovered"))
    desk.see(Status.DOWN, _T0)

    assert desk.wait(_T0 + 100 * _HOUR) == []


def test_degraded_is_told_once_it_has_settled() -> None:
    """A short dip is no news; a long one is, and so is its end."""
    desk = Desk(settle_s=30)
    assert desk.see(Status.DEGRADED, _T0) == []
    assert desk.again == (("nas", _T0 + 30_000),)
    assert desk.see(Status.UP, _T0 + 20_000) == []
    desk.see(Status.DEGRADED, _T0 + 60_000)

    assert desk.look(_T0 + 90_000) == ["DEGRADED: NAS"]
    assert desk.see(Status.DEGRADED, _T0 + 99_000) == []
    assert desk.see(Status.UP, _T0 + 120_000) == ["No longer degraded: NAS"]
    assert kinds(desk.told) == set()


def test_worse_takes_the_place_of_bad() -> None:
    """From degraded to down and back: each told once, and what it is now is said at once."""
    desk = Desk(settle_s=1)
    desk.see(Status.DEGRADED, _T0)
    assert desk.look(_T0 + 1000) == ["DEGRADED: NAS"]
    assert desk.see(Status.DOWN, _T0 + 1000) == ["DOWN: NAS"]
    assert kinds(desk.told) == {AlertKind.DOWN}

    assert desk.see(Status.DEGRADED, _T0 + 2000) == ["UP again: NAS"]
    assert kinds(desk.told) == {AlertKind.DEGRADED}
    assert desk.see(Status.UP, _T0 + 3000) == ["No longer degraded: NAS"]


def test_a_missed_deadline_has_a_notice_of_its_own() -> None:
    """It is told as what it is; `first_fail` tells it where nobody asks for the word."""
    missed = {"error": "deadline missed", "error_code": "deadline_missed"}

    assert Desk().see(Status.DOWN, _T0, **missed) == ["DEADLINE MISSED: NAS"]
    assert Desk(("first_fail",)).see(Status.DOWN, _T0, **missed) == ["DOWN: NAS"]
    assert Desk(("deadline_miss",)).see(Status.DOWN, _T0, **missed) == ["DEADLINE MISSED: NAS"]
    assert Desk(("deadline_miss",)).see(Status.DOWN, _T0) == []


def test_a_deadline_missed_while_down_is_told_once_more() -> None:
    """The job failed, and then its time ran out: two things to know, not twenty."""
    desk = Desk()
    missed = {"error": "deadline missed", "error_code": "deadline_missed"}
    assert desk.see(Status.DOWN, _T0) == ["DOWN: NAS"]

    assert desk.see(Status.DOWN, _T0 + 1000, **missed) == ["DEADLINE MISSED: NAS"]
    assert desk.see(Status.DOWN, _T0 + 2000, **missed) == []
    assert desk.see(Status.UP, _T0 + 3000) == ["UP again: NAS"]


def certificate(days: int, number: int = 1) -> dict[str, TlsInfo]:
    """Return what is seen of a certificate."""
    return {"tls": TlsInfo(days_left=days, not_after_ms=number)}


def test_a_certificate_is_told_once_at_each_threshold() -> None:
    """21, 14, 7, 3, 1: each once, only the nearest if some were slept through, reset by another."""
    desk = Desk(cert_days=(21, 14, 7))
    days = (30, 21, 20, 15, 5, 4)

    told = [desk.see(Status.UP, _T0 + day, **certificate(day)) for day in days]

    assert told == [
        [],
        ["CERTIFICATE: NAS expires in 21 days"],
        [],
        [],
        ["CERTIFICATE: NAS expires in 5 days"],
        [],
    ]
    assert desk.see(Status.UP, _T0 + 99, error=None) == []
    assert desk.see(Status.UP, _T0 + 99, **certificate(90, 2)) == []
    an_hour_later = _T0 + 99 + _HOUR
    assert desk.see(Status.UP, an_hour_later, **certificate(90, 2)) == ["Certificate renewed: NAS"]
    assert desk.see(Status.UP, an_hour_later, **certificate(90, 2)) == []
    assert kinds(desk.told) == set()


def test_servers_with_a_certificate_each_are_told_once() -> None:
    """Two of them answer in turn, and only one was renewed: no message for every run."""
    desk = Desk(cert_days=(21, 14, 7))
    told: list[str] = []

    for minute in range(0, 600, 2):
        told += desk.see(Status.UP, _T0 + minute * 60_000, **certificate(12))
        told += desk.see(Status.UP, _T0 + (minute + 1) * 60_000, **certificate(80, 2))

    assert told == ["CERTIFICATE: NAS expires in 12 days"]


def test_other_thresholds_renew_no_certificate() -> None:
    """Nor does a clock that is set back: it is still the same one, and was told."""
    desk = Desk(cert_days=(21, 14, 7))
    desk.see(Status.UP, _T0, **certificate(12))
    desk.alerts = replace(desk.alerts, cert_days=(7, 3))

    assert desk.see(Status.UP, _T0 + 1, **certificate(12)) == []
    assert desk.see(Status.UP, _T0 + 1, **certificate(40)) == []
    assert desk.see(Status.UP, _T0 + 2, **certificate(6)) == ["CERTIFICATE: NAS expires in 6 days"]


def test_a_certificate_that_has_run_out_is_told_as_that() -> None:
    """The words follow the days."""
    ends = {0: "expires today", 1: "expires tomorrow", -2: "has expired"}

    for left, words in ends.items():
        desk = Desk(cert_days=(1, 0, -1))
        assert desk.see(Status.DOWN, _T0, **certificate(left))[-1] == f"CERTIFICATE: NAS {words}"


def test_alerts_that_are_no_longer_asked_for_end_quietly() -> None:
    """Taking a word out of `notify_on` closes what it opened."""
    desk = Desk(settle_s=0)
    desk.see(Status.DEGRADED, _T0, **certificate(3))
    assert kinds(desk.told) == {AlertKind.DEGRADED, AlertKind.CERT_EXPIRING}
    plain = {"nas": replace(desk.checks["nas"], notify_on=("first_fail",))}

    decision = close_orphans(desk.told, plain, _T0 + 1)

    assert {alert.kind for alert in decision.alerts} == kinds(desk.told)
    assert decision.notices == ()
    assert AlertSettings().cert_days == (21, 14, 7, 3, 1)


def test_flapping_is_told_again_like_any_trouble() -> None:
    """By the time since it was told, as its status changes all the time."""
    desk = Desk((*_ALL, "flapping"), reminders=ReminderSettings(first_s=3600, factor=1))
    desk.state = replace(desk.state, flapping_since_ms=_T0)
    assert desk.see(Status.DOWN, _T0) == ["FLAPPING: NAS"]
    for minute in range(1, 59):
        assert desk.see((Status.DOWN, Status.UP)[minute % 2], _T0 + minute * 60_000) == []

    assert desk.wait(_T0 + 59 * 60_000) == []
    assert desk.wait(_T0 + _HOUR) == ["Still FLAPPING: NAS"]


def test_who_did_not_ask_for_flapping_is_not_left_believing_that_all_is_well() -> None:
    """DOWN is told once, and UP only once that lasts."""
    desk = Desk(("first_fail", "recovered"))
    desk.state = replace(desk.state, flapping_since_ms=_T0)
    assert desk.see(Status.UP, _T0) == []
    assert desk.see(Status.DOWN, _T0 + 1000) == ["DOWN: NAS"]
    assert desk.see(Status.UP, _T0 + 2000) == []
    assert desk.see(Status.DOWN, _T0 + 3000) == []
    desk.state = replace(desk.state, flapping_since_ms=None)

    assert desk.see(Status.UP, _T0 + 4000) == ["UP again: NAS"]


def test_what_came_of_an_action_is_told_to_those_who_know_of_the_trouble() -> None:
    """Done, failed, given up; never that one begins, and only where it is asked for."""
    desk = Desk(("first_fail", "remediation"))
    desk.see(Status.DOWN, _T0)
    desk.alerts = replace(desk.alerts, channels=named("a", "b").channels)
    events = [
        Transition(
            check_id="nas",
            at_ms=_T0 + at,
            event=kind,
            status=Status.DOWN,
            previous=Status.DOWN,
            ok=False,
            error="docker_restart: restarted",
        )
        for at, kind in enumerate(
            (
                EventKind.ACTION_STARTED,
                EventKind.ACTION_DONE,
                EventKind.ACTION_FAILED,
                EventKind.ACTION_GIVEN_UP,
            )
        )
    ]
    quiet = {"nas": replace(desk.checks["nas"], notify_on=("first_fail",))}

    told = tell_deeds(events, desk.told, desk.checks, alerts=desk.alerts).notices
    early = tell_deeds(events, {}, desk.checks, alerts=desk.alerts).notices

    assert [(notice.title, whom) for notice, whom in told] == [
        ("ACTION DONE: NAS", ("a",)),
        ("ACTION FAILED: NAS", ("a",)),
        ("NO FURTHER ACTION: NAS", ("a",)),
    ]
    assert {notice.alert_id for notice, _ in told} == {f"nas:down:{_T0}"}
    assert {whom for _, whom in early} == {("a", "b")}
    assert tell_deeds(events, desk.told, quiet, alerts=desk.alerts).notices == ()
