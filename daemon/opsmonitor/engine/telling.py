"""Tell people what is: decide, keep what was decided, then hand it to the channels."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.engine import notices
from opsmonitor.engine.alarm import Alarm
from opsmonitor.engine.announcer import Announcer
from opsmonitor.engine.deciding import Deciding
from opsmonitor.engine.dispatch import Dispatch
from opsmonitor.engine.ledger import LedgerStore
from opsmonitor.engine.muting import MuteStore, Muting
from opsmonitor.engine.open_alerts import OpenAlerts
from opsmonitor.exceptions import UnknownAlertError
from opsmonitor.models.alert import (
    Alert,
    Announcement,
    ChannelHealth,
    Delivery,
    TellingState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opsmonitor.config.settings import CheckSettings, Settings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.links import Links
    from opsmonitor.models.check import CheckState
    from opsmonitor.notifiers.base import NotifierType, SendContext
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)
_LOOKED_BACK: Final = 500
"""How many past alerts are looked at for those that were sent by hand a moment ago."""
_MINUTE_MS: Final = 60_000


class AlertStore(LedgerStore, MuteStore, Protocol):
    """Where it is kept what people were told."""

    async def alerts(self, *, is_resolved: bool | None = None, limit: int) -> list[Alert]:
        """Return alerts, newest first."""
        ...

    async def queued_deliveries(self) -> list[Delivery]:
        """Return what is on its way."""
        ...

    async def last_sent(self) -> dict[str, int]:
        """Return when each channel last took a message."""
        ...

    async def last_failed(self) -> dict[str, tuple[str, int]]:
        """Return why and when a channel failed; those whose latest attempt went well are not in."""
        ...


class Telling:
    """Decides on each batch of results what must be told, and sees to it.

    What is decided reaches the channels only after it was written: a daemon that is killed before
    decides the same again, one that is killed after finds it written.
    """

    def __init__(
        self,
        *,
        store: AlertStore,
        clock: Clock,
        kinds: Mapping[str, NotifierType[object]],
        context: SendContext,
        settings: Callable[[], Settings],
        states: Callable[[], Mapping[str, CheckState]],
        links: Links,
    ) -> None:
        """Take the parts; `open` reads what was told before."""
        self._store = store
        self._clock = clock
        self._settings = settings
        self._open = OpenAlerts()
        self._links = links
        self._muting = Muting(store, clock)
        self._dispatch = Dispatch(
            store=store,
            clock=clock,
            kinds=kinds,
            context=context,
            settings=settings,
            muting=self._muting,
            dress=links.dress,
            on_unheard=self._forget_channel,
        )
        self._channels = self._dispatch.channels
        self._announcer = Announcer(self._channels, clock)
        self._listeners: list[Callable[[], None]] = []
        self._shown: TellingState | None = None
        self._alarm = Alarm(self._look_around, clock)
        self._deciding = Deciding(
            clock=clock,
            settings=settings,
            states=states,
            opened=self._open,
            dispatch=self._dispatch,
            muting=self._muting,
            set_alarm=self._alarm.set,
        )

    async def open(self) -> None:
        """Read what people were told, and what is on its way to them."""
        open_alerts = await self._store.alerts(is_resolved=False, limit=-1)
        self._channels.remember(await self._store.last_sent(), await self._store.last_failed())
        past = await self._store.alerts(is_resolved=True, limit=_LOOKED_BACK)
        self._announcer.remember(past)
        self._open.remember(reversed(open_alerts), past)
        await self._muting.open()
        self._dispatch.remember(await self._store.queued_deliveries())

    async def close(self) -> None:
        """Write what is left to write, and stop; what is not sent is sent after the next start."""
        self._alarm.silence()
        await self._dispatch.close()

    def take(self, batch: Batch) -> None:
        """Compare the states of a batch with what people were told."""
        self._deciding.take(batch)
        if batch.config_changed or self._dispatch.has_alerts:
            self._tell_listeners()

    @property
    def state(self) -> TellingState:
        """Return what there is to tell, and whether it is told."""
        channels = self._settings().alerts.channels.values()
        return TellingState(
            open_alerts=len(self._open),
            last_opened_ms=self._open.last_opened_ms,
            mute=self._muting.now,
            channels=tuple((channel.name, channel.type) for channel in channels),
        )

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever `state` is another one; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def mute(self, *, duration_s: float | None, reason: str | None, by: str | None) -> None:
        """Tell nobody anything, for a while or until that is taken back.

        What is decided meanwhile is held back as in quiet hours, and so is what was decided before
        and is not being sent now. What a person sends by hand, and tests, go out all the same.

        Raises:
            StoreError: It cannot be kept, and nothing was changed.

        """
        await self._muting.begin(duration_s=duration_s, reason=reason, by=by)
        self._dispatch.hold_what_waits()
        self._dispatch.wake()
        self._tell_listeners()
        self._alarm.set(self._clock.now_ms())

    async def unmute(self) -> None:
        """Tell again, beginning with what was held back.

        Raises:
            StoreError: It cannot be kept, and nothing was changed.

        """
        await self._muting.end()
        self._tell_listeners()
        self._alarm.set(self._clock.now_ms())

    def health(self) -> list[ChannelHealth]:
        """Tell how the channels are doing."""
        return self._dispatch.health()

    async def test(self, channel: str, check: CheckSettings | None) -> None:
        """Send a test to a channel now.

        Raises:
            UnknownChannelError: There is no such channel.
            DeliveryError: It did not take the message.

        """
        await self._channels.send_now(channel, notices.test(check, self._clock.now_ms()))

    async def announce(
        self, service: str, severity: str, message: str, channels: Sequence[str] | None
    ) -> Announcement:
        """Send an alert by hand, to every channel if none is named; one that fails stops no other.

        What some channel took, or is to be offered again, is kept among the alerts.
        """
        settings = self._settings().alerts
        told = await self._announcer.announce(
            service,
            severity,
            message,
            settings.channels if channels is None else channels,
            now_ms=self._clock.now_ms(),
            dedupe_s=settings.dedupe_s,
        )
        if told.alert.channels:
            self._dispatch.note_alert(told.alert)
        if told.deliveries:
            # Who is told that it goes on must be able to rely on it.
            await self._dispatch.offer_again(told.deliveries)
        self._dispatch.wake()
        return told

    def open_alert(self, alert_id: str, signature: str) -> Alert | None:
        """Return the alert that a link of a message leads to, unless it is over.

        Raises:
            UnknownAlertError: The link is none of ours.

        """
        if not self._links.is_ours(alert_id, signature):
            raise UnknownAlertError("this link leads nowhere")
        return next((alert for alert in self._open if alert.id == alert_id), None)

    def _tell_listeners(self) -> None:
        """Tell those who want to know that something is another way than before."""
        before, self._shown = self._shown, self.state
        if before != self._shown:
            for listener in tuple(self._listeners):
                listener()

    def _look_around(self) -> None:
        """Do what only the time asks for; a defect must not be the end of it."""
        try:
            self._deciding.do_what_is_due()
            self._tell_listeners()
        except Exception:
            _LOGGER.exception("What the time asks for could not be told")
            self._alarm.set(self._clock.now_ms() + _MINUTE_MS)

    def _forget_channel(self, item: Delivery) -> None:
        """Tell a channel no more of an alert whose beginning it was never told."""
        for alert in self._open.without_channel(item):
            self._dispatch.note_alert(alert)
            self._open.keep(alert)
