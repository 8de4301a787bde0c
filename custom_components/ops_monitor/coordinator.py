"""Holds what the daemon tells, and tells the entities what changed."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from enum import Enum
import logging
from operator import attrgetter
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

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
    OpsMonitorVersionError,
    ReadingEventFrame,
    Snapshot,
    Subscription,
    Transition,
)
from .const import (
    CONF_EXCLUDED,
    CONF_FALLBACK_S,
    CONF_REPLAY,
    CONF_TAGS,
    DEFAULT_FALLBACK_S,
    DOMAIN,
)
from .uptimes import UptimeCoordinator

_LOGGER = logging.getLogger(__name__)

COALESCE_S: Final = 0.05
"""Frames that come this close together are applied as one change."""

FRESH: Final = timedelta(minutes=5)
"""What is older than this when the connection is back is told only to those who want it."""
_MOST_MISSED: Final = 500
_KEPT_KEYS: Final = 1000

type EventListener = Callable[[Transition], None]
type ErrandListener = Callable[[ActionFrame], None]
type NewsListener = Callable[[ReadingEventFrame], None]
type OpsMonitorConfigEntry = ConfigEntry[OpsMonitorCoordinator]


class Topic(Enum):
    """What a listener wants to hear of.

    The id of a check is a topic too: it was judged otherwise, renamed, added or removed. So is
    `every_run` of an id: the check was run, or any of that.
    """

    HUB = "hub"
    """The whole: counts, overall status, configuration, alerts."""
    CERTIFICATES = "certificates"
    """When the certificates expire that the checks see."""
    DEVICES = "devices"
    """Which devices there are and how they are described."""


def every_run(check_id: str) -> tuple[str, str]:
    """Return the topic of all that happens to a check, be it only that it was run once more."""
    return (check_id, "run")


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
        self.recent_transitions: deque[Transition] = deque(maxlen=20)
        self.subscription = Subscription(client, self, instance_id=entry.unique_id or "")
        self.is_streaming = False
        self._fallback = timedelta(seconds=entry.options.get(CONF_FALLBACK_S, DEFAULT_FALLBACK_S))
        self._tags = frozenset(entry.options.get(CONF_TAGS, ()))
        self._excluded = frozenset(entry.options.get(CONF_EXCLUDED, ()))
        self._replays: bool = entry.options.get(CONF_REPLAY, False)
        self._pending: list[Frame] = []
        self._flush_handle: asyncio.TimerHandle | None = None
        self._told: tuple[Snapshot, bool] | None = None
        self._reported: set[str] = set()
        self._by_topic: dict[object, dict[CALLBACK_TYPE, CALLBACK_TYPE]] = {}
        """What to call, by what it wants to hear of and by what ends that."""
        self._event_listeners: list[EventListener] = []
        self._errand_listeners: list[ErrandListener] = []
        self._news_listeners: list[NewsListener] = []
        self._told_events: deque[tuple[object, ...]] = deque(maxlen=_KEPT_KEYS)

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the right daemon and that we understand each other."""
        try:
            self.info = await self.client.info()
            if self.info.instance_id != self.config_entry.unique_id:
                raise OpsMonitorIdentityError(f"another daemon answers: {self.info.name}")
        except OpsMonitorError as err:
            if isinstance(err, OpsMonitorVersionError):
                self._tell_version(err)
            raise _as_setup_error(err) from err
        ir.async_delete_issue(self.hass, DOMAIN, self._version_issue)

    @property
    def _version_issue(self) -> str:
        """Return the id of the issue of a daemon that is too old or too new."""
        return f"unsupported_version_{self.config_entry.entry_id}"

    @callback
    def _tell_version(self, error: OpsMonitorVersionError) -> None:
        """Say that one of the two has to be updated; set-up is not tried again by itself."""
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._version_issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="unsupported_version",
            translation_placeholders={"name": self.config_entry.title, "error": str(error)},
        )

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
            raise _as_setup_error(err) from err
        if self.is_streaming and snapshot.id != self.subscription.last_id:
            # The stream is ahead of this answer, or about to tell what is new in it.
            return self.data
        self._report_unreadable(snapshot)
        return snapshot

    async def async_listen(self) -> None:
        """Receive the stream until the entry is unloaded."""
        try:
            await self.subscription.run(self.data.id)
        except OpsMonitorAuthError as err:
            self.lost(err)
            self.update_interval = None
            self._async_unsub_refresh()
            self.config_entry.async_start_reauth(self.hass)
        finally:
            self._cancel_flush()

    def shows(self, check: Check) -> bool:
        """Tell whether a person wants to see a check."""
        return check.id not in self._excluded and (
            not self._tags or not self._tags.isdisjoint(check.tags)
        )

    @property
    def shown(self) -> Iterator[Check]:
        """Yield the checks that a person wants to see."""
        return filter(self.shows, self.data.checks.values())

    @callback
    def async_add_event_listener(self, listener: EventListener) -> CALLBACK_TYPE:
        """Tell a listener of each event, once; the answer ends that."""
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    @callback
    def async_add_errand_listener(self, listener: ErrandListener) -> CALLBACK_TYPE:
        """Tell a listener of what the daemon asks for; the answer ends that."""
        self._errand_listeners.append(listener)
        return lambda: self._errand_listeners.remove(listener)

    @callback
    def async_add_news_listener(self, listener: NewsListener) -> CALLBACK_TYPE:
        """Tell a listener of what happened to what is polled; the answer ends that."""
        self._news_listeners.append(listener)
        return lambda: self._news_listeners.remove(listener)

    @callback
    def received(self, frames: list[Frame], *, is_first: bool) -> None:
        """Take frames in, to be applied together with those that follow closely."""
        if is_first:
            self._go_on(frames)
        self._pending += frames
        is_news = bool(self._pending) or not self.last_update_success
        if is_news and self._flush_handle is None:
            self._flush_handle = self.hass.loop.call_later(COALESCE_S, self._flush)

    @callback
    def _go_on(self, frames: list[Frame]) -> None:
        """Be told again, rather than having to ask; see to what was missed meanwhile."""
        self.is_streaming = True
        self.update_interval = None
        self._async_unsub_refresh()
        if self._replays:
            if any(isinstance(frame, Snapshot) for frame in frames):
                self.config_entry.async_create_background_task(
                    self.hass, self._catch_up(), name=f"{self.name} missed events"
                )
            return
        oldest = dt_util.utcnow() - FRESH
        for frame in frames:
            if isinstance(frame, EventFrame) and (at := frame.transition.at) and at < oldest:
                self._told_events.append(_key(frame.transition))

    async def _catch_up(self) -> None:
        """Ask for the events that the stream did not tell, and tell them."""
        if not self.recent_transitions or not (last := self.recent_transitions[-1].at):
            return
        try:
            answer = await self.client.get(
                "api/status/events", {"limit": str(_MOST_MISSED), "since": last.isoformat()}
            )
            missed = [Transition.from_api(item) for item in answer]
        except (OpsMonitorError, TypeError) as err:
            _LOGGER.debug("What was missed cannot be had: %s", err)
            return
        for transition in reversed(missed):
            self._tell_event(transition)

    @callback
    def lost(self, error: OpsMonitorError) -> None:
        """Remember that the daemon cannot be heard, and ask it from time to time instead."""
        self._cancel_flush()
        if self._pending:
            self._flush()
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
    def _cancel_flush(self) -> None:
        """Forget the planned flush."""
        if self._flush_handle:
            self._flush_handle.cancel()
            self._flush_handle = None

    @callback
    def _flush(self) -> None:
        """Apply the frames that came in."""
        self._flush_handle = None
        frames, self._pending = self._pending, []
        data = self.data
        for frame in frames:
            data = data.apply(frame)
        if not self.last_update_success:
            _LOGGER.info("The connection to %s is back", self.name)
        self._report_unreadable(data)
        self.async_set_updated_data(data)
        for frame in frames:
            if isinstance(frame, EventFrame):
                self._tell_event(frame.transition)
            elif isinstance(frame, ActionFrame):
                for take_errand in list(self._errand_listeners):
                    take_errand(frame)
            elif isinstance(frame, ReadingEventFrame):
                for take_news in list(self._news_listeners):
                    take_news(frame)
        if (data.api_version, data.version) != (self.info.api_version, self.info.version):
            # The daemon was exchanged for another release: find out anew what it can do.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def _tell_event(self, transition: Transition) -> None:
        """Tell an event, unless it was told before."""
        key = _key(transition)
        if key in self._told_events:
            return
        self._told_events.append(key)
        self.recent_transitions.append(transition)
        for listener in list(self._event_listeners):
            try:
                listener(transition)
            except Exception:
                _LOGGER.exception("An event of %s could not be told", self.name)

    @callback
    def _report_unreadable(self, data: Snapshot) -> None:
        """Log each check that cannot be read, once."""
        for check_id in data.unreadable.keys() - self._reported:
            _LOGGER.warning("A check cannot be read: %s", data.unreadable[check_id])
        self._reported = set(data.unreadable)

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: object = None
    ) -> CALLBACK_TYPE:
        """Tell a listener of a topic, given as the context; the answer ends that."""
        remove = super().async_add_listener(update_callback, context)
        listeners = self._by_topic.setdefault(context, {})
        listeners[remove] = update_callback

        @callback
        def forget() -> None:
            """Tell it no more."""
            remove()
            del listeners[remove]
            if not listeners:
                self._by_topic.pop(context, None)

        return forget

    @override
    @callback
    def async_update_listeners(self) -> None:
        """Tell the listeners whose topic changed.

        With a thousand checks and several entities for each, telling all of them about every run of
        every check would keep Home Assistant busy.
        """
        told, self._told = self._told, (self.data, self.last_update_success)
        if told is None or told[1] != self.last_update_success:
            super().async_update_listeners()
            return
        topics = _changed_topics(told[0], self.data)
        # First of all the devices: entities belong to them.
        for topic in sorted(topics, key=lambda topic: topic is not Topic.DEVICES):
            for update_callback in list(self._by_topic.get(topic, {}).values()):
                self._tell(update_callback)

    @callback
    def _tell(self, update_callback: CALLBACK_TYPE) -> None:
        """Tell one listener; its failure must not keep the others from hearing."""
        try:
            update_callback()
        except Exception:
            _LOGGER.exception("An entity of %s could not be updated", self.name)


def _changed_readings(old: Snapshot, new: Snapshot) -> tuple[set[object], bool]:
    """Return the topics of the readings that differ, and whether there is something new to read."""
    topics: set[object] = set()
    is_new = False
    if old.readings is new.readings:
        return topics, is_new
    for name in old.readings.keys() | new.readings.keys():
        then, now = old.readings.get(name), new.readings.get(name)
        if then is now or then == now:
            continue
        topics.add(reading_topic(name))
        is_new |= then is None or now is None or then.values.keys() != now.values.keys()
    return topics, is_new


def reading_topic(name: str) -> tuple[str, str]:
    """Return the topic of a reading."""
    return ("reading", name)


def _face(check: Check) -> tuple[object, ...]:
    """Return what the device of a check shows of it, and by what it is chosen."""
    return (check.name, check.type, check.tags)


def _key(transition: Transition) -> tuple[object, ...]:
    """Return what tells one event from another."""
    return (transition.check_id, transition.at, transition.event)


_whole: Final = attrgetter("summary", "problems", "alerts", "started_at")
"""Return what concerns the whole."""
_lasting: Final = attrgetter(
    *(
        field.name
        for field in fields(Check)
        if field.name not in {"last_run", "last_ok", "latency_ms", "value", "deadline"}
    )
)
"""Return what a further run of a check leaves as it is, as a rule."""


def _changed_topics(old: Snapshot, new: Snapshot) -> set[object]:
    """Return what differs between two states."""
    topics: set[object] = set()
    if old is new:
        return topics
    has_new_devices = old.version != new.version or old.unreadable.keys() != new.unreadable.keys()
    for check_id, check in new.checks.items():
        before = old.checks.get(check_id)
        if before is check or before == check:
            continue
        topics.add(every_run(check_id))
        if before is not None and _lasting(before) == _lasting(check):
            continue
        topics.add(check_id)
        if before is None or before.certificate_expires != check.certificate_expires:
            topics.add(Topic.CERTIFICATES)
        if before is None or _face(before) != _face(check):
            has_new_devices = True
    if gone := old.checks.keys() - new.checks.keys():
        topics |= gone | {Topic.CERTIFICATES}
        topics.update(map(every_run, gone))
        has_new_devices = True
    readings, has_new_parts = _changed_readings(old, new)
    topics |= readings
    if has_new_devices or has_new_parts:
        topics.add(Topic.DEVICES)
    if _whole(old) != _whole(new):
        topics.add(Topic.HUB)
    return topics


def _as_setup_error(error: OpsMonitorError) -> HomeAssistantError:
    """Return the exception by which Home Assistant does the right thing about an error."""
    kind: type[HomeAssistantError] = UpdateFailed
    if isinstance(error, OpsMonitorAuthError):
        kind = ConfigEntryAuthFailed
    elif isinstance(error, OpsMonitorVersionError | OpsMonitorIdentityError):
        kind = ConfigEntryError
    return kind(
        str(error),
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders={"error": str(error)},
    )
