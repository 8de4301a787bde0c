"""Holds what the daemon tells, and tells the entities what changed."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .client import (
    ActionFrame,
    Check,
    EventFrame,
    Frame,
    Info,
    OpsMonitorAuthError,
    OpsMonitorClient,
    OpsMonitorError,
    OpsMonitorIdentityError,
    Reading,
    ReadingEventFrame,
    Snapshot,
    Subscription,
    Transition,
)
from .const import (
    CONF_FALLBACK_S,
    CONF_REPLAY,
    DEFAULT_FALLBACK_S,
)
from .event_feed import EventFeed
from .frame_buffer import FrameBuffer
from .listeners import Listeners
from .moments import moments
from .parts import Part, parts_of
from .selection import Selection
from .setup_error import as_setup_error, tell_trouble, withdraw_trouble
from .topic_listeners import TopicListeners
from .topics import Topic, changed_topics, told_checks
from .uptimes import UptimeCoordinator

_LOGGER = logging.getLogger(__name__)

RESYNC: Final = timedelta(minutes=10)
"""So often the whole state is asked for though the stream tells each change."""

type EventListener = Callable[[Transition], None]
type ErrandListener = Callable[[ActionFrame], None]
type NewsListener = Callable[[ReadingEventFrame], None]
type StateListener = Callable[[Snapshot], None]
type OpsMonitorConfigEntry = ConfigEntry[OpsMonitorCoordinator]


class OpsMonitorCoordinator(DataUpdateCoordinator[Snapshot]):
    """The state of one daemon, kept up to date by its stream."""

    config_entry: OpsMonitorConfigEntry
    info: Info

    def __init__(
        self, hass: HomeAssistant, entry: OpsMonitorConfigEntry, client: OpsMonitorClient
    ) -> None:
        """Prepare to hear one daemon."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.client = client
        self.uptimes = UptimeCoordinator(hass, client, entry.title)
        self._selection = Selection.of(entry.options)
        self._events = EventFeed(
            client,
            self.name,
            lambda transition: self._selection.wants(transition, self.data),
            replays=entry.options.get(CONF_REPLAY, False),
        )
        self._errands = Listeners[ActionFrame](self.name)
        self._news = Listeners[ReadingEventFrame](self.name)
        self._onlookers = Listeners[Snapshot](self.name)
        self._buffer = FrameBuffer(hass.loop, self._apply)
        self.subscription = Subscription(client, self, instance_id=entry.unique_id or "")
        self.is_streaming = False
        self.orphans: frozenset[tuple[str, str]] = frozenset()
        """Identifiers of devices that stay though the daemon has them no more."""
        self._fallback = timedelta(seconds=entry.options.get(CONF_FALLBACK_S, DEFAULT_FALLBACK_S))
        self._release: tuple[int, str] | None = None
        """The daemon's own, by the state that it told last."""
        self._told: tuple[Snapshot, bool] | None = None
        self._reported: set[str] = set()
        self._told_checks: set[str] | None = None
        """The checks that may differ from what was told; None: any of them."""
        self._topic_listeners = TopicListeners(self.name)
        self._forget_all: CALLBACK_TYPE | None = None
        self._forget_uptimes: CALLBACK_TYPE | None = None

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the right daemon and that we understand each other."""
        try:
            self.info = await self.client.info()
            if self.info.instance_id != self.config_entry.unique_id:
                raise OpsMonitorIdentityError(f"another daemon answers: {self.info.name}")
        except OpsMonitorError as err:
            tell_trouble(self.hass, self.config_entry.entry_id, self.name, err)
            raise as_setup_error(err) from err
        withdraw_trouble(self.hass, self.config_entry.entry_id)
        self._events.begin()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Return the whole state, asked for because nobody tells it by himself."""
        try:
            snapshot = await self.client.snapshot()
            if snapshot.instance_id != self.config_entry.unique_id:
                raise OpsMonitorIdentityError(f"another daemon answers: {snapshot.instance_id}")
        except OpsMonitorError as err:
            if self.is_streaming:
                return self.data
            raise as_setup_error(err) from err
        if self.is_streaming and snapshot.id != self.subscription.last_id:
            # The stream is ahead of this answer, or about to tell what is new in it.
            return self.data
        self._report_unreadable(snapshot)
        if not self.is_streaming:
            self._look_behind(snapshot)
        return snapshot

    async def async_listen(self) -> None:
        """Receive the stream until the entry is unloaded."""
        stop = async_track_time_interval(
            self.hass, self._resync, RESYNC, name=f"{self.name} resync", cancel_on_shutdown=True
        )
        try:
            await self.subscription.run(self.data.id)
        except OpsMonitorAuthError as err:
            self.lost(err)
            self.update_interval = None
            self._async_unsub_refresh()
            self.config_entry.async_start_reauth(self.hass)
        finally:
            stop()
            self._buffer.cancel()

    async def _resync(self, _now: datetime) -> None:
        """Make sure that what we hold is what the daemon has, should the two ever drift apart."""
        if not self.is_streaming:
            return
        await self.async_refresh()
        if self._events.is_behind:
            await self._events.catch_up()

    def shows(self, check: Check) -> bool:
        """Tell whether a person wants to see a check."""
        return self._selection.shows(check)

    def shows_reading(self, name: str) -> bool:
        """Tell whether a person wants to see what is polled under a name."""
        return self._selection.shows_reading(name)

    @property
    def shown(self) -> Iterator[Check]:
        """Yield the checks that a person wants to see."""
        return filter(self.shows, self.data.checks.values())

    @property
    def shown_readings(self) -> Iterator[Reading]:
        """Yield the readings that a person wants to see."""
        for name, reading in self.data.readings.items():
            if self.shows_reading(name):
                yield reading

    def parts_of(self, reading: Reading) -> dict[str, Part]:
        """Return the devices of a reading that a person wants to see."""
        return parts_of(reading, with_guests=self._selection.with_guests)

    @property
    def recent_transitions(self) -> deque[Transition]:
        """Return the latest events, the last at the end."""
        return self._events.recent

    @callback
    def async_add_event_listener(self, listener: EventListener) -> CALLBACK_TYPE:
        """Tell a listener of each event, once; the answer ends that."""
        return self._events.listeners.add(listener)

    @callback
    def async_add_errand_listener(self, listener: ErrandListener) -> CALLBACK_TYPE:
        """Tell a listener of what the daemon asks for; the answer ends that."""
        return self._errands.add(listener)

    @callback
    def async_add_news_listener(self, listener: NewsListener) -> CALLBACK_TYPE:
        """Tell a listener of what happened to what is polled; the answer ends that."""
        return self._news.add(listener)

    @callback
    def async_add_onlooker(self, listener: StateListener) -> CALLBACK_TYPE:
        """Tell a listener of each state when all entities show it; the answer ends that."""
        return self._onlookers.add(listener)

    @callback
    def received(self, frames: list[Frame], *, is_first: bool) -> None:
        """Take frames in, to be applied together with those that follow closely."""
        if is_first:
            self._go_on()
        self._buffer.add(frames, is_news=not self.last_update_success)

    @callback
    def _go_on(self) -> None:
        """Be told again, rather than having to ask."""
        self.is_streaming = True
        withdraw_trouble(self.hass, self.config_entry.entry_id)
        self.update_interval = None
        self._async_unsub_refresh()
        self._events.connected()

    @callback
    def _look_behind(self, snapshot: Snapshot) -> None:
        """See to what led to a state that was told as a whole."""
        before, self._release = self._release, (snapshot.api_version, snapshot.version)
        if before is None:
            return
        self.config_entry.async_create_background_task(
            self.hass,
            self._catch_up(is_exchanged=before != self._release),
            name=f"{self.name} missed events",
        )

    async def _catch_up(self, *, is_exchanged: bool) -> None:
        """Tell what was missed; a daemon that was exchanged is then looked at anew."""
        await self._events.catch_up()
        if is_exchanged:
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def lost(self, error: OpsMonitorError) -> None:
        """Remember that the daemon cannot be heard, and ask it from time to time instead."""
        self._buffer.flush()
        tell_trouble(self.hass, self.config_entry.entry_id, self.name, error)
        self.last_exception = error
        if self.update_interval is None:
            self.update_interval = self._fallback
            self._schedule_refresh()
        was_streaming, self.is_streaming = self.is_streaming, False
        if self.last_update_success and was_streaming:
            self.last_update_success = False
            _LOGGER.warning("The connection to %s is lost: %s", self.name, error)
            self.async_update_listeners()

    @callback
    def _apply(self, frames: list[Frame]) -> None:
        """Apply frames to the state, and tell of what they say; of each moment by itself."""
        for moment in moments(frames):
            self._apply_moment(moment)

    @callback
    def _apply_moment(self, frames: list[Frame]) -> None:
        """Apply frames as one change, and tell of what they say."""
        data = self.data.after(frames)
        self._told_checks = told_checks(frames)
        if not self.last_update_success:
            _LOGGER.info("The connection to %s is back", self.name)
        self._report_unreadable(data)
        self.async_set_updated_data(data)
        for frame in frames:
            match frame:
                case EventFrame():
                    self._events.tell(frame.transition)
                case ActionFrame():
                    self._errands.tell(frame)
                case ReadingEventFrame():
                    self._news.tell(frame)
                case _:
                    pass
        if any(isinstance(frame, Snapshot) for frame in frames):
            self._look_behind(data)

    @callback
    def _report_unreadable(self, data: Snapshot) -> None:
        """Log each check, and whatever else cannot be read, once."""
        for check_id in data.unreadable.keys() - self._reported:
            _LOGGER.warning("A check cannot be read: %s", data.unreadable[check_id])
        flaws = data.all_flaws()
        for flaw in flaws - self._reported:
            _LOGGER.warning("A part of what the daemon tells cannot be read: %s", flaw)
        self._reported = flaws | data.unreadable.keys()

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: object = None
    ) -> CALLBACK_TYPE:
        """Tell a listener of a topic, given as the context; the answer ends that."""
        self.hear(context, update_callback)
        return partial(self.forget, context, update_callback)

    @callback
    def hear(self, topic: object, update_callback: CALLBACK_TYPE) -> None:
        """Tell a listener of a topic from now on.

        Entities listen this way: a thousand checks have several thousand, and what would end it
        takes more memory for each of them than it is worth.
        """
        self._topic_listeners.add(topic, update_callback)
        if self._forget_all is None:
            # One for all of them: the base class keeps each in a table of its own.
            self._forget_all = super().async_add_listener(self._topic_listeners.tell_all)
        if self._forget_uptimes is None and topic is Topic.UPTIMES:
            self._forget_uptimes = self.uptimes.async_add_listener(
                partial(self._topic_listeners.tell, Topic.UPTIMES)
            )

    @callback
    def forget(self, topic: object, update_callback: CALLBACK_TYPE) -> None:
        """Tell a listener no more, and after the last one nobody."""
        self._topic_listeners.remove(topic, update_callback)
        if self._forget_uptimes and Topic.UPTIMES not in self._topic_listeners:
            self._forget_uptimes()
            self._forget_uptimes = None
        if not self._topic_listeners and self._forget_all:
            self._forget_all()
            self._forget_all = None

    @override
    @callback
    def async_update_listeners(self) -> None:
        """Tell the listeners whose topic changed.

        With a thousand checks and several entities for each, telling all of them about every run of
        every check would keep Home Assistant busy.
        """
        told, self._told = self._told, (self.data, self.last_update_success)
        ids, self._told_checks = self._told_checks, None
        if told is None or told[1] != self.last_update_success:
            self._topic_listeners.tell_all()
        else:
            self._topic_listeners.tell_each(changed_topics(told[0], self.data, ids))
        self._onlookers.tell(self.data)
