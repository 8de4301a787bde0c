"""Holds what the daemon tells, and tells the entities what changed."""

import asyncio
from collections import deque
from enum import Enum
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .client import (
    EventFrame,
    Frame,
    Info,
    OpsMonitorAuthError,
    OpsMonitorClient,
    OpsMonitorError,
    OpsMonitorIdentityError,
    OpsMonitorVersionError,
    Snapshot,
    Subscription,
    Transition,
)
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

COALESCE_S: Final = 0.05
"""Frames that come this close together are applied as one change."""

type OpsMonitorConfigEntry = ConfigEntry[OpsMonitorCoordinator]


class Topic(Enum):
    """What a listener wants to hear of; the id of a check is a topic too."""

    HUB = "hub"
    """The whole: counts, overall status, configuration."""
    DEVICES = "devices"
    """Which devices there are and how they are described."""


class OpsMonitorCoordinator(DataUpdateCoordinator[Snapshot]):
    """The state of one daemon, kept up to date by its stream."""

    config_entry: OpsMonitorConfigEntry
    info: Info

    def __init__(
        self, hass: HomeAssistant, entry: OpsMonitorConfigEntry, client: OpsMonitorClient
    ) -> None:
        """Prepare to hear one daemon."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.recent_transitions: deque[Transition] = deque(maxlen=20)
        self.subscription = Subscription(client, self, instance_id=entry.unique_id or "")
        self._client = client
        self._resume_at: str | None = None
        self._pending: list[Frame] = []
        self._flush_handle: asyncio.TimerHandle | None = None
        self._told: tuple[Snapshot, bool] | None = None
        self._reported: set[str] = set()

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the right daemon and that we understand each other."""
        try:
            self.info = await self._client.info()
            if self.info.instance_id != self.config_entry.unique_id:
                raise OpsMonitorIdentityError(f"another daemon answers: {self.info.name}")
        except OpsMonitorError as err:
            raise _as_setup_error(err) from err

    @override
    async def _async_update_data(self) -> Snapshot:
        """Return the whole state, as the stream tells it at its beginning."""
        try:
            snapshot, self._resume_at = await self._client.snapshot()
        except OpsMonitorError as err:
            raise _as_setup_error(err) from err
        self._report_unreadable(snapshot)
        return snapshot

    async def async_listen(self) -> None:
        """Receive the stream until the entry is unloaded."""
        try:
            await self.subscription.run(self._resume_at)
        except OpsMonitorAuthError as err:
            self.lost(err)
            self.config_entry.async_start_reauth(self.hass)
        finally:
            self._cancel_flush()

    @callback
    def received(self, frames: list[Frame]) -> None:
        """Take frames in, to be applied together with those that follow closely."""
        self._pending += frames
        is_news = bool(self._pending) or not self.last_update_success
        if is_news and self._flush_handle is None:
            self._flush_handle = self.hass.loop.call_later(COALESCE_S, self._flush)

    @callback
    def lost(self, error: OpsMonitorError) -> None:
        """Remember that the daemon cannot be heard."""
        self._cancel_flush()
        if self._pending:
            self._flush()
        self.last_exception = error
        if self.last_update_success:
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
            if isinstance(frame, EventFrame):
                self.recent_transitions.append(frame.transition)
        if not self.last_update_success:
            _LOGGER.info("The connection to %s is back", self.name)
        self._report_unreadable(data)
        self.async_set_updated_data(data)
        if data.api_version != self.info.api_version:
            # The daemon was exchanged for another release: find out anew whether we understand it.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def _report_unreadable(self, data: Snapshot) -> None:
        """Log each check that cannot be read, once."""
        for check_id in data.unreadable.keys() - self._reported:
            _LOGGER.warning("A check cannot be read: %s", data.unreadable[check_id])
        self._reported = set(data.unreadable)

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
        for update_callback, topic in list(self._listeners.values()):
            if topic in topics:
                self._tell(update_callback)

    @callback
    def _tell(self, update_callback: CALLBACK_TYPE) -> None:
        """Tell one listener; its failure must not keep the others from hearing."""
        try:
            update_callback()
        except Exception:
            _LOGGER.exception("An entity of %s could not be updated", self.name)


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
        topics.add(check_id)
        if before is None or (before.name, before.type) != (check.name, check.type):
            has_new_devices = True
    if gone := old.checks.keys() - new.checks.keys():
        topics |= gone
        has_new_devices = True
    if has_new_devices:
        topics.add(Topic.DEVICES)
    if old.summary != new.summary or old.problems != new.problems:
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
