"""Compare what people were told with what is: pure, without clock or I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from opsmonitor.engine import notices
from opsmonitor.engine.certificate_alerts import judge_certificate
from opsmonitor.engine.degraded_alerts import judge_degraded, new_degraded
from opsmonitor.engine.down_alerts import miss_deadline, misses_deadline, open_down, recover
from opsmonitor.engine.drafting import Decision, Draft, Told, error_of, joined
from opsmonitor.engine.unheard import tell_unheard
from opsmonitor.models.alert import Alert, AlertKind, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from opsmonitor.config.settings import AlertSettings, CheckSettings
    from opsmonitor.models.check import CheckState

_GOOD: Final = frozenset({Status.UP, Status.DEGRADED})
_JUDGED: Final = frozenset({*_GOOD, Status.DOWN})
_WANTED_BY: Final = {
    AlertKind.DEGRADED: NoticeKind.DEGRADED,
    AlertKind.CERT_EXPIRING: NoticeKind.CERT_EXPIRING,
    AlertKind.FLAPPING: NoticeKind.FLAPPING,
}
"""Alerts that there are only for checks whose `notify_on` has the notice."""
_NONE: Final[Mapping[AlertKind, Alert]] = {}


def reconcile(
    told: Told,
    states: Iterable[CheckState],
    checks: Mapping[str, CheckSettings],
    *,
    alerts: AlertSettings,
    now_ms: int,
    zone: tzinfo = UTC,
    unheard: Collection[str] = (),
) -> Decision:
    """Return what must be told so that people know what is.

    Being down opens an alert, and only being up or degraded resolves it: whatever else a state is
    says nothing about the target. Further kinds of alert are there for checks that ask for them.
    `unheard` are open alerts that are told once more, as nobody has heard of them.
    """
    draft: Draft | None = None
    for state in states:
        check = checks.get(state.id)
        if check is not None and (state.id in told or _may_be_news(state, check)):
            draft = draft or Draft(alerts, checks, now_ms, zone, unheard)
            _judge(draft, state, check, told.get(state.id, _NONE))
    return _NOTHING if draft is None else draft.decision()


def close_orphans(told: Told, checks: Mapping[str, CheckSettings], now_ms: int) -> Decision:
    """Return the alerts that nobody asks for any more, resolved; there is nothing to tell."""
    gone = [
        alert
        for subject, kinds in told.items()
        for alert in kinds.values()
        if subject not in checks or not _is_wanted(alert.kind, checks[subject])
    ]
    return Decision(alerts=tuple(replace(alert, resolved_ms=now_ms) for alert in gone))


_NOTHING: Final = Decision()


def _may_be_news(state: CheckState, check: CheckSettings) -> bool:
    """Tell whether there can be anything to tell of a check without an open alert.

    Nearly every run says that all is as it was: it must cost next to nothing.
    """
    if state.status is not Status.UP or state.flapping_since_ms is not None:
        return True
    has_certificate = state.outcome is not None and state.outcome.tls is not None
    return has_certificate and _is_wanted(AlertKind.CERT_EXPIRING, check)


def _judge(
    draft: Draft, state: CheckState, check: CheckSettings, told: Mapping[AlertKind, Alert]
) -> None:
    """Draw the consequences of one state; while it flaps no single change is news."""
    if state.status is Status.MAINTENANCE:
        return
    if draft.unheard and told:
        told = tell_unheard(draft, told, state, check)
    if state.flapping_since_ms is None:
        steadied = told.get(AlertKind.FLAPPING)
        if steadied is not None and state.status in _JUDGED:
            _steady(draft, steadied, state, check, told)
        else:
            _judge_status(draft, state, check, told)
    elif not _is_wanted(AlertKind.FLAPPING, check):
        _judge_unsteady(draft, state, check, told.get(AlertKind.DOWN))
    elif AlertKind.FLAPPING not in told:
        _open_flapping(draft, state, check)
    if _is_wanted(AlertKind.CERT_EXPIRING, check):
        judge_certificate(draft, state, check, told.get(AlertKind.CERT_EXPIRING))


def _judge_status(
    draft: Draft, state: CheckState, check: CheckSettings, told: Mapping[AlertKind, Alert]
) -> None:
    """Tell what is down or degraded, and what is no more."""
    status = state.status
    has_recovered: tuple[str, ...] = ()
    down = told.get(AlertKind.DOWN)
    if status is Status.DOWN:
        if down is None and not state.is_held:
            down = open_down(draft, state, check)
        elif down is not None and misses_deadline(state):
            miss_deadline(draft, down, state, check)
    elif down is not None and status in _GOOD:
        has_recovered = recover(draft, down, state, check)
    if _is_wanted(AlertKind.DEGRADED, check):
        degraded = told.get(AlertKind.DEGRADED)
        judge_degraded(draft, state, check, degraded, has_recovered, down)


def _judge_unsteady(
    draft: Draft, state: CheckState, check: CheckSettings, down: Alert | None
) -> None:
    """Tell that it is down, but not that it is up again before that lasts.

    Who did not ask to hear of flapping must not be left believing that all is well.
    """
    if state.status is Status.DOWN and down is None and not state.is_held:
        open_down(draft, state, check)


def _open_flapping(draft: Draft, state: CheckState, check: CheckSettings) -> None:
    """Tell that a check changes too often."""
    since_ms = state.flapping_since_ms or draft.now_ms
    message = f"it keeps changing, now it is {state.status}: you hear of it when it is steady"
    alert = draft.new(AlertKind.FLAPPING, check, since_ms, message)
    draft.tell_opened(alert, NoticeKind.FLAPPING, check)


def _steady(
    draft: Draft,
    alert: Alert,
    state: CheckState,
    check: CheckSettings,
    told: Mapping[AlertKind, Alert],
) -> None:
    """Tell how a check is that changes no more; who is told this hears nothing else of it.

    Others may have been told that it is down, or must be: each kind has its own routes.
    """
    after = replace(alert, resolved_ms=draft.now_ms)
    draft.alerts.append(after)
    error = None if state.status is Status.UP else error_of(state, "see the page")
    news = notices.steady(after, check, state.status, error)
    draft.notices.append((news, after.channels))
    know = after.channels
    down = told.get(AlertKind.DOWN)
    if state.status in _GOOD:
        if down is not None:
            know = joined(know, recover(draft, down, state, check, but=know))
    elif down is None:
        down = open_down(draft, state, check, know=know)
    else:
        down = replace(down, channels=joined(down.channels, know))
        draft.alerts.append(down)
    if _is_wanted(AlertKind.DEGRADED, check):
        degraded = told.get(AlertKind.DEGRADED)
        if state.status is Status.DEGRADED and after.channels:
            opened = degraded or new_degraded(draft, state, check)
            opened = replace(opened, channels=joined(opened.channels, after.channels))
            kind = NoticeKind.DEGRADED if degraded is None else None
            draft.tell_opened(opened, kind, check, but=know)
        else:
            judge_degraded(draft, state, check, degraded, know, down)


def _is_wanted(kind: AlertKind, check: CheckSettings) -> bool:
    """Tell whether a check asks for alerts of a kind."""
    wanted_by = _WANTED_BY.get(kind)
    return wanted_by is None or wanted_by in check.notify_on
