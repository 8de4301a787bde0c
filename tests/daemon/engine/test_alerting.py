"""What follows from comparing what people were told with what is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsmonitor.config.settings import AlertSettings, ChannelSettings, CheckSettings
from opsmonitor.engine.alerting import close_orphans, reconcile
from opsmonitor.engine.drafting import Decision
from opsmonitor.models.alert import Alert, AlertKind
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict

_NOW_MS = 1_700_000_060_000
_SINCE_MS = 1_700_000_000_000
_CHECKS = {"nas": CheckSettings(id="nas", type="tcp", name="NAS", options=None, target="nas:22")}


def named(*names: str) -> AlertSettings:
    """Return settings with channels of these names."""
    return AlertSettings(
        channels={name: ChannelSettings(name=name, type="webhook", options=None) for name in names}
    )


def state(status: Status, since_ms: int = _SINCE_MS) -> CheckState:
    """Return the state of the check."""
    outcome = Outcome(verdict=Verdict.FAIL, error="connection refused")
    return CheckState(id="nas", type="tcp", status=status, last_change_ms=since_ms, outcome=outcome)


def opened() -> Alert:
    """Return the alert that the check is down."""
    (alert,) = reconcile(
        {}, [state(Status.DOWN)], _CHECKS, alerts=named("a"), now_ms=_NOW_MS
    ).alerts
    return alert


def test_the_same_failure_is_decided_the_same_however_often() -> None:
    """Ids are made of subject, kind and beginning, not of when it was decided."""
    first = reconcile({}, [state(Status.DOWN)], _CHECKS, alerts=named("a"), now_ms=_NOW_MS)
    later = reconcile({}, [state(Status.DOWN)], _CHECKS, alerts=named("a"), now_ms=_NOW_MS + 9999)

    assert first == later
    assert first.notices[0][0].id == f"nas:down:{_SINCE_MS}:first_fail"


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DOWN])
def test_only_down_opens_an_alert(status: Status) -> None:
    """Nobody is told because of any other state."""
    decision = reconcile({}, [state(status)], _CHECKS, alerts=named("a"), now_ms=_NOW_MS)

    assert decision == Decision()


@pytest.mark.parametrize("status", list(Status))
def test_only_up_resolves_an_alert(status: Status) -> None:
    """Being up or degraded ends it; whatever else says nothing about the target."""
    after = state(status, _NOW_MS)

    decision = reconcile(
        {"nas": {AlertKind.DOWN: opened()}}, [after], _CHECKS, alerts=named("a"), now_ms=_NOW_MS
    )

    is_over = status in (Status.UP, Status.DEGRADED)
    assert bool(decision.alerts) == bool(decision.notices) == is_over
    for notice, channels in decision.notices:
        assert (notice.kind, channels) == ("recovered", ("a",))
        assert notice.text.startswith("It was down for 1 min: connection refused")


def test_a_recovery_goes_to_who_was_told_even_if_others_are_configured_now() -> None:
    """A channel that is new does not hear of the end of what it was never told."""
    decision = reconcile(
        {"nas": {AlertKind.DOWN: opened()}},
        [state(Status.UP)],
        _CHECKS,
        alerts=named("a", "b"),
        now_ms=_NOW_MS,
    )

    assert [channels for _, channels in decision.notices] == [("a",)]


def test_nothing_steers_a_terminal_or_turns_a_line_around() -> None:
    """Names and errors come from outside; pictures of several parts stay whole."""
    family = "\U0001f468\u200d\U0001f469"
    named_so = {"nas": replace(_CHECKS["nas"], name=f"N\x1b[31m\u202eAS\n{family}")}
    outcome = Outcome(verdict=Verdict.FAIL, error="a\x07b\nc\u2028d")
    failing = replace(state(Status.DOWN), outcome=outcome)

    ((notice, _),) = reconcile({}, [failing], named_so, alerts=named("a"), now_ms=_NOW_MS).notices

    assert notice.title == f"DOWN: N [31m AS {family}"
    assert notice.text.startswith("a b\nc d\n")


def test_a_check_that_left_ends_its_alert_quietly() -> None:
    """The alert is over, and nothing is told."""
    decision = close_orphans({"nas": {AlertKind.DOWN: opened()}}, {}, _NOW_MS)

    assert [alert.resolved_ms for alert in decision.alerts] == [_NOW_MS]
    assert decision.notices == ()
    assert close_orphans({"nas": {AlertKind.DOWN: opened()}}, _CHECKS, _NOW_MS).alerts == ()


def test_what_is_held_is_not_told_yet() -> None:
    """A failure whose cause is looked for opens no alert."""
    held = replace(state(Status.DOWN), is_held=True)

    assert reconcile({}, [held], _CHECKS, alerts=named("a"), now_ms=_NOW_MS) == Decision()


def test_the_cause_names_what_cannot_work_without_it() -> None:
    """One message tells of the router and of all that is behind it, however many these are."""
    router = CheckSettings(id="router", type="tcp", name="Router", options=None, target="r:80")
    lamps = {
        f"lamp{at}": replace(router, id=f"lamp{at}", name=f"Lamp {at}", depends_on=("router",))
        for at in range(30)
    }
    down = replace(state(Status.DOWN), id="router")

    decision = reconcile({}, [down], {"router": router, **lamps}, alerts=named("a"), now_ms=_NOW_MS)

    [(notice, _)] = decision.notices
    affected = "Affected: Lamp 0, Lamp 1, Lamp 2, Lamp 3, Lamp 4 and 25 more"
    assert notice.text.splitlines()[-1] == affected
