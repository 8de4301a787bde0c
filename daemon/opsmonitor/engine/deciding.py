"""Decide what people are to be told, on each batch and when time asks for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.alerting import close_orphans, reconcile
from opsmonitor.engine.deeds import tell_deeds
from opsmonitor.engine.holding import is_silent
from opsmonitor.engine.reminding import look_around
from opsmonitor.engine.unheard import find_unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from opsmonitor.config.settings import Settings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.dispatch import Dispatch
    from opsmonitor.engine.drafting import Decision
    from opsmonitor.engine.muting import Muting
    from opsmonitor.engine.open_alerts import OpenAlerts
    from opsmonitor.models.alert import Alert, Notice
    from opsmonitor.models.check import CheckState
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)
_MINUTE_MS: Final = 60_000


class Deciding:
    """Compares what is with what people were told, and lets the difference go out."""

    def __init__(
        self,
        *,
        clock: Clock,
        settings: Callable[[], Settings],
        states: Callable[[], Mapping[str, CheckState]],
        opened: OpenAlerts,
        dispatch: Dispatch,
        muting: Muting,
        set_alarm: Callable[[int], None],
    ) -> None:
        """Take what is known and what sends; `set_alarm` asks to be called at a time."""
        self._clock = clock
        self._settings = settings
        self._states = states
        self._open = opened
        self._told = opened.told
        self._dispatch = dispatch
        self._muting = muting
        self._set_alarm = set_alarm
        self._unheard: set[str] = set()
        """Open alerts to be told to the channels there are now, as soon as each is confirmed."""
        self._again: dict[str, int] = {}
        """Checks to be looked at again, and when."""

    def take(self, batch: Batch) -> None:
        """Decide what a batch makes worth telling."""
        settings = self._settings()
        if batch.config_changed:
            has_changed = self._dispatch.channels.configure(settings.alerts)
            self._close_orphans(settings)
            if has_changed:
                self._unheard = find_unheard(
                    self._told, settings.checks, settings.alerts, settings.zone
                )
            self._dispatch.start()
            self._set_alarm(self._clock.now_ms())
            self._dispatch.wake()
        self._compare(self._in_question(batch), settings)
        transitions = batch.transitions()
        if not transitions:
            return
        deeds = tell_deeds(
            transitions, self._told, settings.checks, alerts=settings.alerts, zone=settings.zone
        )
        self._decide(deeds)
        if any(transition.check_id in self._told for transition in transitions):
            # Somebody took an acknowledgement back, a pause is over, or the like.
            self._set_alarm(self._clock.now_ms())

    def do_what_is_due(self) -> None:
        """Look at checks again, remind, and let go what quiet hours held back."""
        settings, states, now_ms = self._settings(), self._states(), self._clock.now_ms()
        due = [check_id for check_id, at_ms in self._again.items() if at_ms <= now_ms]
        for check_id in due:
            del self._again[check_id]
        self._compare([states[check_id] for check_id in due if check_id in states], settings)
        is_muted = self._muting.now is not None
        agenda = look_around(
            self._told,
            states,
            settings.checks,
            alerts=settings.alerts,
            now_ms=now_ms,
            is_silent=lambda alert: is_silent(alert, settings, now_ms, is_muted=is_muted),
        )
        self._decide(agenda.decision)
        self._dispatch.release(settings, now_ms)
        moments = [*self._again.values(), *([] if agenda.next_ms is None else [agenda.next_ms])]
        mute = self._muting.now
        if mute is not None and mute.until_ms is not None:
            moments.append(mute.until_ms)
        if self._muting.is_kept_too_long:
            self._dispatch.wake()
        if self._dispatch.holds_back:
            # Quiet hours end at full minutes, whatever the zone.
            moments.append(now_ms - now_ms % _MINUTE_MS + _MINUTE_MS)
        if moments:
            self._set_alarm(min(moments))

    def _in_question(self, batch: Batch) -> Collection[CheckState]:
        """Return the states in which checks are left, but for those that go on as people know."""
        if batch.changes:
            return batch.states()
        told = self._told
        return {
            item.check_id: item.state
            for item in batch.results
            if not item.is_plain or item.check_id in told
        }.values()

    def _compare(self, states: Collection[CheckState], settings: Settings) -> None:
        """Compare states with what people were told."""
        if not states:
            return
        decision = reconcile(
            self._told,
            states,
            settings.checks,
            alerts=settings.alerts,
            now_ms=self._clock.now_ms(),
            zone=settings.zone,
            unheard=self._unheard,
        )
        if self._unheard:
            self._unheard -= {alert.id for alert in decision.alerts}
        self._decide(decision)

    def _close_orphans(self, settings: Settings) -> None:
        """End alerts that nobody asks for any more, and what is on its way of them."""
        now_ms = self._clock.now_ms()
        decision = close_orphans(self._told, settings.checks, now_ms)
        self._decide(decision)
        gone = {alert.id for alert in decision.alerts}
        if not gone:
            return
        why = "the check is gone, or nobody is to be told of this any more"
        self._dispatch.give_up(gone, why, now_ms)

    def _decide(self, decision: Decision) -> None:
        """Take a decision over, to be written and then told."""
        now_ms = self._clock.now_ms()
        for alert in decision.alerts:
            self._keep(alert)
        for notice, channels in decision.notices:
            for name in channels:
                self._dispatch.queue(notice, name, now_ms)
            if not self._settings().alerts.channels:
                self._print(notice)
        for check_id, at_ms in decision.again:
            self._again[check_id] = at_ms
            self._set_alarm(at_ms)
        if decision.alerts:
            self._set_alarm(now_ms + 1)
        if decision.alerts or decision.notices:
            self._dispatch.wake()

    def _keep(self, alert: Alert) -> None:
        """Hold an alert while it is open, and write it."""
        self._dispatch.note_alert(alert)
        self._open.keep(alert)

    def _print(self, notice: Notice) -> None:
        """Leave a notice in the log, as nobody can be told."""
        check = self._settings().checks.get(notice.subject)
        if check is not None and check.notify is not False:
            _LOGGER.warning(
                "Nobody is told, as there is no channel under `alerts`: %s\n%s",
                notice.title,
                notice.text,
            )
