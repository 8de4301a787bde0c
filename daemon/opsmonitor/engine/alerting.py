"""Compare what people were told with what is: pure, without clock or I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final, TypeAlias

from opsmonitor.engine import notices
from opsmonitor.engine.dependencies import Dependencies
from opsmonitor.engine.routing import channels_for
from opsmonitor.models.alert import Alert, AlertKind, Notice, NoticeKind
from opsmonitor.models.check import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opsmonitor.config.settings import AlertSettings, CheckSettings
    from opsmonitor.models.check import CheckState

_GOOD: Final = frozenset({Status.UP, Status.DEGRADED})
_JUDGED: Final = frozenset({*_GOOD, Status.DOWN})
_DEADLINES: Final = frozenset({"deadline_missed", "heartbeat_missed"})
"""The codes of failures that are something not having come in time."""
_WANTED_BY: Final = {
    AlertKind.DEGRADED: NoticeKind.DEGRADED,
    AlertKind.CERT_EXPIRING: NoticeKind.CERT_EXPIRING,
    AlertKind.FLAPPING: NoticeKind.FLAPPING,
}
"""Alerts that there are only for checks whose `notify_on` has the notice."""

Told: TypeAlias = Mapping[str, Mapping[AlertKind, Alert]]
"""The open alerts, by check and kind."""
_NONE: Final[Mapping[AlertKind, Alert]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The difference between what people were told and what is."""

    alerts: tuple[Alert, ...] = ()
    """Those that opened, changed or were resolved."""
    notices: tuple[tuple[Notice, tuple[str, ...]], ...] = ()
    """What is to be told, and to which channels."""
    again: tuple[tuple[str, int], ...] = ()
    """Checks that nothing is decided of yet, and when to look at each again."""


def reconcile(
    told: Told,
    states: Iterable[CheckState],
    checks: Mapping[str, CheckSettings],
    *,
    alerts: AlertSettings,
    now_ms: int,
    zone: tzinfo = UTC,
) -> Decision:
    """Return what must be told so that people know what is.

    Being down opens an alert, and only being up or degraded resolves it: whatever else a state is
    says nothing about the target. Further kinds of alert are there for checks that ask for them.
    """
    desk: _Desk | None = None
    for state in states:
        check = checks.get(state.id)
        if check is not None and (state.id in told or _may_be_news(state, check)):
            desk = desk or _Desk(alerts, checks, now_ms, zone)
            desk.judge(state, check, told.get(state.id, _NONE))
    return _NOTHING if desk is None else desk.decision()


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


class _Desk:
    """Collects what follows from one state after the other."""

    def __init__(
        self,
        settings: AlertSettings,
        checks: Mapping[str, CheckSettings],
        now_ms: int,
        zone: tzinfo,
    ) -> None:
        """Begin with nothing."""
        self._settings = settings
        self._checks = checks
        self._graph: Dependencies | None = None
        self._now_ms = now_ms
        self._zone = zone
        self._now = datetime.fromtimestamp(now_ms / 1000, zone)
        self._alerts: list[Alert] = []
        self._notices: list[tuple[Notice, tuple[str, ...]]] = []
        self._again: list[tuple[str, int]] = []

    def decision(self) -> Decision:
        """Return everything that follows."""
        return Decision(
            alerts=tuple(self._alerts), notices=tuple(self._notices), again=tuple(self._again)
        )

    def judge(
        self, state: CheckState, check: CheckSettings, told: Mapping[AlertKind, Alert]
    ) -> None:
        """Draw the consequences of one state; while it flaps no single change is news."""
        if state.status is Status.MAINTENANCE:
            return
        if state.flapping_since_ms is None:
            steadied = told.get(AlertKind.FLAPPING)
            if steadied is not None and state.status in _JUDGED:
                self._steady(steadied, state, check, told)
            else:
                self._judge_status(state, check, told)
        elif not _is_wanted(AlertKind.FLAPPING, check):
            self._judge_unsteady(state, check, told.get(AlertKind.DOWN))
        elif AlertKind.FLAPPING not in told:
            self._open_flapping(state, check)
        if _is_wanted(AlertKind.CERT_EXPIRING, check):
            self._judge_certificate(state, check, told.get(AlertKind.CERT_EXPIRING))

    def _judge_status(
        self, state: CheckState, check: CheckSettings, told: Mapping[AlertKind, Alert]
    ) -> None:
        """Tell what is down or degraded, and what is no more."""
        status = state.status
        has_recovered: tuple[str, ...] = ()
        down = told.get(AlertKind.DOWN)
        if status is Status.DOWN:
            if down is None and not state.is_held:
                down = self._open_down(state, check)
            elif down is not None and _misses_deadline(state):
                self._miss_deadline(down, state, check)
        elif down is not None and status in _GOOD:
            has_recovered = self._recover(down, state, check)
        if _is_wanted(AlertKind.DEGRADED, check):
            degraded = told.get(AlertKind.DEGRADED)
            self._judge_degraded(state, check, degraded, has_recovered, down)

    # Flapping

    def _judge_unsteady(self, state: CheckState, check: CheckSettings, down: Alert | None) -> None:
        """Tell that it is down, but not that it is up again before that lasts.

        Who did not ask to hear of flapping must not be left believing that all is well.
        """
        if state.status is Status.DOWN and down is None and not state.is_held:
            self._open_down(state, check)

    def _open_flapping(self, state: CheckState, check: CheckSettings) -> None:
        """Tell that a check changes too often."""
        since_ms = state.flapping_since_ms or self._now_ms
        message = f"it keeps changing, now it is {state.status}: you hear of it when it is steady"
        alert = self._new(AlertKind.FLAPPING, check, since_ms, message)
        self._tell_opened(alert, NoticeKind.FLAPPING, check)

    def _steady(
        self,
        alert: Alert,
        state: CheckState,
        check: CheckSettings,
        told: Mapping[AlertKind, Alert],
    ) -> None:
        """Tell how a check is that changes no more; who is told this hears nothing else of it.

        Others may have been told that it is down, or must be: each kind has its own routes.
        """
        after = replace(alert, resolved_ms=self._now_ms)
        self._alerts.append(after)
        error = None if state.status is Status.UP else _error(state, "see the page")
        news = notices.steady(after, check, state.status, error)
        self._notices.append((news, after.channels))
        know = after.channels
        down = told.get(AlertKind.DOWN)
        if state.status in _GOOD:
            if down is not None:
                know = _joined(know, self._recover(down, state, check, but=know))
        elif down is None:
            down = self._open_down(state, check, know=know)
        else:
            down = replace(down, channels=_joined(down.channels, know))
            self._alerts.append(down)
        if _is_wanted(AlertKind.DEGRADED, check):
            degraded = told.get(AlertKind.DEGRADED)
            if state.status is Status.DEGRADED and after.channels:
                opened = degraded or self._new_degraded(state, check)
                opened = replace(opened, channels=_joined(opened.channels, after.channels))
                kind = NoticeKind.DEGRADED if degraded is None else None
                self._tell_opened(opened, kind, check, but=know)
            else:
                self._judge_degraded(state, check, degraded, know, down)

    # Down

    def _open_down(
        self, state: CheckState, check: CheckSettings, *, know: tuple[str, ...] = ()
    ) -> Alert:
        """Tell that a check is down; those who know it already are told of the end only."""
        opened_ms = state.last_change_ms or self._now_ms
        alert = self._new(AlertKind.DOWN, check, opened_ms, _error(state, "the check fails"))
        kind = None
        if NoticeKind.FIRST_FAIL in check.notify_on:
            kind = NoticeKind.FIRST_FAIL
        if _misses_deadline(state):
            alert = replace(alert, steps=(NoticeKind.DEADLINE_MISS.value,))
            if NoticeKind.DEADLINE_MISS in check.notify_on:
                kind = NoticeKind.DEADLINE_MISS
        alert = replace(alert, channels=_joined(alert.channels, know))
        self._tell_opened(alert, kind, check, but=know)
        return alert

    def _miss_deadline(self, alert: Alert, state: CheckState, check: CheckSettings) -> None:
        """Tell once that what is down for another reason has missed its deadline, too."""
        step = NoticeKind.DEADLINE_MISS.value
        if step in alert.steps or step not in check.notify_on:
            return
        message = _error(state, alert.message)
        after = replace(alert, steps=(*alert.steps, step), told_ms=self._now_ms)
        self._alerts.append(after)
        news = notices.deadline_missed(after, check, message, self._now_ms)
        self._notices.append((news, after.channels))

    def _recover(
        self,
        alert: Alert,
        state: CheckState,
        check: CheckSettings,
        *,
        but: tuple[str, ...] = (),
    ) -> tuple[str, ...]:
        """Tell that a check is up again; return who is told."""
        after = replace(alert, resolved_ms=state.last_change_ms or self._now_ms)
        self._alerts.append(after)
        if NoticeKind.RECOVERED not in check.notify_on:
            return ()
        is_degraded = state.status is Status.DEGRADED
        why = _error(state, "see the page") if is_degraded else None
        news = notices.recovered(after, check, self._now_ms, now_degraded=why)
        whom = _without(alert.channels, but)
        self._notices.append((news, whom))
        return whom

    # Degraded

    def _judge_degraded(
        self,
        state: CheckState,
        check: CheckSettings,
        alert: Alert | None,
        has_recovered: tuple[str, ...],
        down: Alert | None,
    ) -> None:
        """Tell what works badly for some time, and when it works well again.

        Being down takes the place of it only if all who were told hear of that end instead.
        """
        if state.status is Status.DEGRADED and alert is None:
            since_ms = state.last_change_ms or self._now_ms
            settled_ms = since_ms + round(self._settings.settle_s * 1000)
            if self._now_ms < settled_ms and not has_recovered:
                self._again.append((state.id, settled_ms))
                return
            opened = self._new_degraded(state, check)
            # Who was told a moment ago that it is up again was told of this, too.
            self._tell_opened(opened, NoticeKind.DEGRADED, check, but=has_recovered)
        elif state.status is Status.UP and alert is not None:
            after = replace(alert, resolved_ms=state.last_change_ms or self._now_ms)
            self._alerts.append(after)
            news = notices.recovered(after, check, self._now_ms)
            self._notices.append((news, _without(alert.channels, has_recovered)))
        elif state.status is Status.DOWN and alert is not None and down is not None:
            is_told_of_end = NoticeKind.RECOVERED in check.notify_on
            if is_told_of_end and not _without(alert.channels, down.channels):
                resolved_ms = state.last_change_ms or self._now_ms
                self._alerts.append(replace(alert, resolved_ms=resolved_ms))

    def _new_degraded(self, state: CheckState, check: CheckSettings) -> Alert:
        """Return an alert that a check works badly."""
        since_ms = state.last_change_ms or self._now_ms
        return self._new(AlertKind.DEGRADED, check, since_ms, _error(state, "it works badly"))

    # Certificates

    def _judge_certificate(
        self, state: CheckState, check: CheckSettings, alert: Alert | None
    ) -> None:
        """Tell at each threshold that a certificate is about to expire, and when it was renewed."""
        tls = None if state.outcome is None else state.outcome.tls
        if tls is None or tls.days_left is None or tls.not_after_ms is None:
            return
        left = tls.days_left
        alert_id = _alert_id(check, AlertKind.CERT_EXPIRING, tls.not_after_ms)
        crossed = [days for days in self._settings.cert_days if left <= days]
        if alert is not None and (alert.id != alert_id or not crossed):
            after = replace(alert, resolved_ms=self._now_ms)
            self._alerts.append(after)
            news = notices.renewed(after, check, left, self._now_ms)
            self._notices.append((news, alert.channels))
            alert = None
        if not crossed:
            return
        step = f"{NoticeKind.CERT_EXPIRING}:{crossed[-1]}"
        if alert is None:
            # The id tells the certificate, not the moment: it is the same whenever it is decided.
            message = f"the certificate of {check.name} expires soon"
            alert = replace(
                self._new(AlertKind.CERT_EXPIRING, check, self._now_ms, message), id=alert_id
            )
        if step in alert.steps:
            return
        alert = replace(alert, steps=(*alert.steps, step), told_ms=self._now_ms)
        self._alerts.append(alert)
        news = notices.expiring(alert, check, left, step, self._now_ms)
        self._notices.append((news, alert.channels))

    # What all have in common

    def _new(self, kind: AlertKind, check: CheckSettings, opened_ms: int, message: str) -> Alert:
        """Return an alert that begins."""
        return Alert(
            id=_alert_id(check, kind, opened_ms),
            subject=check.id,
            name=check.name,
            kind=kind,
            severity=check.severity,
            message=message,
            opened_ms=opened_ms,
            channels=channels_for(check, kind, self._settings, self._now),
        )

    def _tell_opened(
        self,
        alert: Alert,
        kind: NoticeKind | None,
        check: CheckSettings,
        *,
        but: tuple[str, ...] = (),
    ) -> None:
        """Open an alert, and tell it if there is a kind of notice for it."""
        if kind is not None:
            whom = _without(alert.channels, but)
            affected = self._affected(check) if alert.kind is AlertKind.DOWN else ()
            news = notices.first_told(kind, alert, check, self._zone, affected)
            self._notices.append((news, whom))
        self._alerts.append(alert)

    def _affected(self, check: CheckSettings) -> Sequence[str]:
        """Return the names of what depends on a check."""
        if self._graph is None:
            self._graph = Dependencies.of(self._checks.values())
        return [self._checks[check_id].name for check_id in self._graph.descendants(check.id)]


def _alert_id(check: CheckSettings, kind: AlertKind, mark: int) -> str:
    """Return the id of an alert: the same however often it is decided."""
    return f"{check.id}:{kind}:{mark}"


def _joined(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Return the channels of both, each once."""
    return tuple(dict.fromkeys((*some, *more)))


def _without(channels: tuple[str, ...], but: tuple[str, ...]) -> tuple[str, ...]:
    """Return those channels that are not among the others."""
    return tuple(name for name in channels if name not in but)


def _is_wanted(kind: AlertKind, check: CheckSettings) -> bool:
    """Tell whether a check asks for alerts of a kind."""
    wanted_by = _WANTED_BY.get(kind)
    return wanted_by is None or wanted_by in check.notify_on


def _misses_deadline(state: CheckState) -> bool:
    """Tell whether a check fails because something did not come in time."""
    return state.outcome is not None and state.outcome.error_code in _DEADLINES


def _error(state: CheckState, otherwise: str) -> str:
    """Return what the latest run says is wrong."""
    return (state.outcome.error if state.outcome else None) or otherwise
