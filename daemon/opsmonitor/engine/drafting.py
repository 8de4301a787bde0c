"""Collect what follows from the states of checks: alerts, and who is to be told: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, TypeAlias

from opsmonitor.engine import notices
from opsmonitor.engine.dependencies import Dependencies
from opsmonitor.engine.routing import channels_for
from opsmonitor.models.alert import Alert, AlertKind, Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsmonitor.config.settings import AlertSettings, CheckSettings
    from opsmonitor.models.check import CheckState

Told: TypeAlias = Mapping[str, Mapping[AlertKind, Alert]]
"""The open alerts, by check and kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The difference between what people were told and what is."""

    alerts: tuple[Alert, ...] = ()
    """Those that opened, changed or were resolved."""
    notices: tuple[tuple[Notice, tuple[str, ...]], ...] = ()
    """What is to be told, and to which channels."""
    again: tuple[tuple[str, int], ...] = ()
    """Checks that nothing is decided of yet, and when to look at each again."""


class Draft:
    """Collects what follows from one state after the other."""

    def __init__(
        self,
        settings: AlertSettings,
        checks: Mapping[str, CheckSettings],
        now_ms: int,
        zone: tzinfo,
        unheard: Collection[str] = (),
    ) -> None:
        """Begin with nothing."""
        self.settings = settings
        self.unheard = unheard
        """The ids of open alerts that none of the channels there are has heard of."""
        self.now_ms = now_ms
        self.alerts: list[Alert] = []
        self.notices: list[tuple[Notice, tuple[str, ...]]] = []
        self.again: list[tuple[str, int]] = []
        self._checks = checks
        self._graph: Dependencies | None = None
        self.zone = zone
        self._now = datetime.fromtimestamp(now_ms / 1000, zone)

    def decision(self) -> Decision:
        """Return everything that follows."""
        return Decision(
            alerts=tuple(self.alerts), notices=tuple(self.notices), again=tuple(self.again)
        )

    def new(self, kind: AlertKind, check: CheckSettings, opened_ms: int, message: str) -> Alert:
        """Return an alert that begins."""
        return Alert(
            id=alert_id_of(check, kind, opened_ms),
            subject=check.id,
            name=check.name,
            kind=kind,
            severity=check.severity,
            message=message,
            opened_ms=opened_ms,
            channels=channels_for(check, kind, self.settings, self._now),
        )

    def tell_opened(
        self,
        alert: Alert,
        kind: NoticeKind | None,
        check: CheckSettings,
        *,
        but: tuple[str, ...] = (),
    ) -> None:
        """Open an alert, and tell it if there is a kind of notice for it."""
        if kind is not None:
            whom = without(alert.channels, but)
            affected = self._affected(check) if alert.kind is AlertKind.DOWN else ()
            news = notices.first_told(kind, alert, check, self.zone, affected)
            self.notices.append((news, whom))
        self.alerts.append(alert)

    def _affected(self, check: CheckSettings) -> Sequence[str]:
        """Return the names of what depends on a check."""
        if self._graph is None:
            self._graph = Dependencies.of(self._checks.values())
        return [self._checks[check_id].name for check_id in self._graph.descendants(check.id)]


def alert_id_of(check: CheckSettings, kind: AlertKind, mark: int) -> str:
    """Return the id of an alert: the same however often it is decided."""
    return f"{check.id}:{kind}:{mark}"


def joined(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Return the channels of both, each once."""
    return tuple(dict.fromkeys((*some, *more)))


def without(channels: tuple[str, ...], but: tuple[str, ...]) -> tuple[str, ...]:
    """Return those channels that are not among the others."""
    return tuple(name for name in channels if name not in but)


def error_of(state: CheckState, otherwise: str) -> str:
    """Return what the latest run says is wrong."""
    return (state.outcome.error if state.outcome else None) or otherwise
