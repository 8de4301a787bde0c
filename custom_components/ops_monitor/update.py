"""Updates: what the daemon and the things that it polls know of newer releases."""

from typing import Final, override

from homeassistant.components.update import UpdateEntity, UpdateEntityDescription
from homeassistant.components.update.const import UpdateDeviceClass, UpdateEntityFeature
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asking import ask
from .client import Release, Value
from .const import DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .entity import HubEntity
from .parts import Part
from .reading_entity import ReadingEntity, keep_adding_readings
from .topics import Topic
from .wellbeing import is_router

PARALLEL_UPDATES = 0

DAEMON: Final = UpdateEntityDescription(
    key="update", translation_key="daemon", entity_category=EntityCategory.DIAGNOSTIC
)
_UNNAMED: Final = "newer"
"""A box may say that there is an update, and not which one."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the updates of routers, and the daemon's own while it looks for that."""
    keep_daemon_update(hass, entry, async_add_entities)
    keep_adding_readings(
        entry,
        async_add_entities,
        lambda _part, _name, _kind: None,
        lambda part, _reading: [FirmwareUpdate(entry, part)] if is_router(part) else [],
    )


@callback
def keep_daemon_update(
    hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Have the daemon's update while it is told of newer releases, and no trace of it otherwise."""
    coordinator = entry.runtime_data
    unique_id = f"{coordinator.data.instance_id}_hub_{DAEMON.key}"
    is_there = False

    @callback
    def compare() -> None:
        """Add the entity or take it away, if that has changed."""
        nonlocal is_there
        is_wanted = _release(coordinator) is not None
        if is_wanted and not is_there:
            async_add_entities([DaemonUpdate(entry, DAEMON)])
        if not is_wanted:
            entities = er.async_get(hass)
            if entity_id := entities.async_get_entity_id(Platform.UPDATE, DOMAIN, unique_id):
                entities.async_remove(entity_id)
        is_there = is_wanted

    compare()
    entry.async_on_unload(coordinator.async_add_listener(compare, Topic.HUB))


def _release(coordinator: OpsMonitorCoordinator) -> Release | None:
    """Return what the daemon knows of its newest release; None: it does not look for it."""
    wellbeing = coordinator.data.wellbeing
    return wellbeing.release if wellbeing else None


class DaemonUpdate(HubEntity, UpdateEntity):
    """Whether there is a newer daemon; how to install it depends on how it was installed."""

    _attr_supported_features = UpdateEntityFeature.RELEASE_NOTES
    _attr_title = "Ops Monitor"

    @property
    @override
    def installed_version(self) -> str:
        """Return what runs."""
        return self.coordinator.data.version

    @property
    @override
    def latest_version(self) -> str | None:
        """Return what could run."""
        release = _release(self.coordinator)
        return release.version if release else None

    @property
    @override
    def release_url(self) -> str | None:
        """Return the page of the release."""
        release = _release(self.coordinator)
        return release.url if release else None

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Believe the daemon: it knows how its versions follow each other."""
        release = _release(self.coordinator)
        return release is not None and release.is_newer

    @override
    async def async_release_notes(self) -> str | None:
        """Return what is new, which the daemon has read already."""
        answer = await ask(self.coordinator, "api/update")
        notes = answer.get("notes") if isinstance(answer, dict) else None
        return notes if isinstance(notes, str) else None

    @override
    def _to_show(self) -> object:
        """Return both versions, and which is newer."""
        return (self.installed_version, _release(self.coordinator))


class FirmwareUpdate(ReadingEntity, UpdateEntity):
    """Whether there is a newer FRITZ!OS; it is installed on the box's own page."""

    _attr_translation_key = "firmware"
    _attr_device_class = UpdateDeviceClass.FIRMWARE
    _attr_title = "FRITZ!OS"

    def __init__(self, entry: OpsMonitorConfigEntry, part: Part) -> None:
        """Belong to a router."""
        super().__init__(entry, part, "firmware")

    @property
    @override
    def installed_version(self) -> str | None:
        """Return what runs on the box."""
        return self._text("os_version")

    @property
    @override
    def latest_version(self) -> str | None:
        """Return what could run on it, if the box looks for that."""
        has_update = self._value("update_available")
        if has_update is None:
            return None
        return (self._text("update_version") or _UNNAMED) if has_update else self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Believe the box: it knows how its versions follow each other."""
        return latest_version != installed_version

    @override
    def _to_show(self) -> object:
        """Return both versions."""
        return (self.installed_version, self.latest_version)

    def _text(self, name: str) -> str | None:
        """Return a value that is a text."""
        value = self._value(name)
        return value if isinstance(value, str) else None

    def _value(self, name: str) -> Value | None:
        """Return a value; None while it is not known, or too old to go by."""
        reading = self.reading
        return None if reading is None or reading.is_stale else reading.values.get(name)
