"""Let what was decided go out: written first, then handed to the channels or held back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.channels import Channels
from opsmonitor.engine.held import dropped
from opsmonitor.engine.holding import Holding
from opsmonitor.engine.ledger import Ledger, LedgerStore
from opsmonitor.models.alert import OPENING, DeliveryState, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from opsmonitor.config.settings import Settings
    from opsmonitor.engine.muting import Muting
    from opsmonitor.models.alert import Alert, ChannelHealth, Delivery, Notice
    from opsmonitor.notifiers.base import Message, NotifierType, SendContext
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)
_SAVE_AGAIN_S: Final = 10.0


class Dispatch:
    """Holds each delivery from the decision to its channel.

    What is decided reaches the channels only after it was written: a daemon that is killed before
    decides the same again, one that is killed after finds it written.
    """

    def __init__(  # noqa: PLR0913 - what sends, what keeps and what holds back come together here
        self,
        *,
        store: LedgerStore,
        clock: Clock,
        kinds: Mapping[str, NotifierType[object]],
        context: SendContext,
        settings: Callable[[], Settings],
        muting: Muting,
        dress: Callable[[Message], Message],
        on_unheard: Callable[[Delivery], None],
    ) -> None:
        """Take the parts, and who hears of a beginning that a channel was never told."""
        self._clock = clock
        self._settings = settings
        self._muting = muting
        self._on_unheard = on_unheard
        self.channels = Channels(
            clock=clock,
            kinds=kinds,
            context=context,
            on_change=self._note,
            on_left=self._take_back,
            dress=dress,
        )
        self._ledger = Ledger(store)
        self._waiting: list[Delivery] = []
        """Decided, but not handed to the channels before it is written."""
        self._held = Holding()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_alerts(self) -> bool:
        """Tell whether an alert waits to be written."""
        return self._ledger.has_alerts

    @property
    def holds_back(self) -> bool:
        """Tell whether anything waits until people may be told again."""
        return bool(self._held)

    def remember(self, queued: Iterable[Delivery]) -> None:
        """Take over what was on its way before a restart."""
        for item in queued:
            if item.state is DeliveryState.HELD:
                self._ledger.note(*self._held.put(item, self._clock.now_ms()))
            else:
                self._waiting.append(item)
        self.wake()

    def start(self) -> None:
        """Begin to write and to hand on, unless that is done already."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_saving(), name="telling")

    async def close(self) -> None:
        """Write what is left to write, and stop; what is not sent is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.channels.close()
        await self._ledger.save()

    def wake(self) -> None:
        """Look soon whether there is something to write or to hand on."""
        self._news.set()

    def health(self) -> list[ChannelHealth]:
        """Tell how the channels are doing."""
        held = self._held.count()
        return [replace(known, held=held[known.name]) for known in self.channels.health()]

    def note_alert(self, alert: Alert) -> None:
        """Let an alert be written as it is now."""
        self._ledger.note_alert(alert)

    def queue(self, notice: Notice, channel: str, now_ms: int) -> None:
        """Let a notice go to a channel, after quiet hours if they are now."""
        is_muted = self._muting.now is not None
        items = self._held.pass_on(notice, channel, self._settings(), now_ms, is_muted=is_muted)
        self._waiting += [item for item in items if item.state is DeliveryState.QUEUED]
        self._ledger.note(*items)

    async def offer_again(self, deliveries: Sequence[Delivery]) -> None:
        """Let go what nobody else knows of; returns once it is written, if it can be."""
        self._ledger.note(*deliveries)
        await self._ledger.save()
        self._waiting += deliveries

    def hold_what_waits(self) -> None:
        """Hold back what was decided before alerts were muted, but not what people sent by hand."""
        back = self._withdraw(lambda notice: notice.kind is not NoticeKind.MANUAL)
        self._ledger.note(*self._held.put_older(back, self._clock.now_ms()))

    def give_up(self, alert_ids: Collection[str], why: str, now_ms: int) -> None:
        """Send nothing more about some alerts."""
        self._ledger.note(*self._held.give_up(alert_ids, why, now_ms))
        late = self._withdraw(lambda notice: notice.alert_id in alert_ids)
        self._ledger.note(*(dropped(item, why, now_ms) for item in late))

    def release(self, settings: Settings, now_ms: int) -> None:
        """Let go what was held back, where quiet hours are over, unless all is muted."""
        if self._muting.now is not None:
            return
        over = self._held.release(settings, now_ms)
        self._ledger.note(*over)
        self._waiting += over
        if over:
            self.wake()

    def _withdraw(self, is_meant: Callable[[Notice], bool]) -> list[Delivery]:
        """Take back those that are meant, wherever they wait, unless they are being sent now."""
        meant = [item for item in self._waiting if is_meant(item.notice)]
        self._waiting = [item for item in self._waiting if not is_meant(item.notice)]
        return [*self.channels.withdraw(is_meant), *meant]

    def _note(self, deliveries: Sequence[Delivery]) -> None:
        """Keep how deliveries fared; who was never told of a failure is not told of its end."""
        self._ledger.note(*deliveries)
        for item in deliveries:
            if item.state is DeliveryState.DROPPED and item.notice.kind in OPENING:
                self._on_unheard(item)
        self.wake()

    def _take_back(self, deliveries: Sequence[Delivery]) -> None:
        """Hand on again what a channel that is gone has left behind."""
        self._waiting = [*deliveries, *self._waiting]
        self.wake()

    async def _keep_saving(self) -> None:
        """Write whatever changed, then hand it on, even while nothing can be written."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                if self._muting.now is not None:
                    # Left over from before: found at the start, or refused by its channel since.
                    self.hold_what_waits()
                is_saved = await self._muting.forget_the_past()
            except Exception:  # a defect of muting must not be the end of all alerts
                _LOGGER.exception("Muting was not followed")
                is_saved = False
            waiting, self._waiting = self._waiting, []
            is_saved &= await self._ledger.save()
            self._waiting += self.channels.put(waiting)
            if not is_saved:
                asyncio.get_running_loop().call_later(_SAVE_AGAIN_S, self._news.set)
