"""Updates: what the things that are polled know of newer releases of themselves."""

from typing import Final, override

from homeassistant.components.update import UpdateEntity
from homeassistant.components.update.const import UpdateDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client import Value
from .coordinator import OpsMonitorConfigEntry
from .parts import Part
from .reading_entity import ReadingEntity, keep_adding_readings
from .wellbeing import is_router

PARALLEL_UPDATES = 0

_UNNAMED: Final = "newer"
"""A box may say that there is an update, and not which one."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the updates of routers."""
    keep_adding_readings(
        entry,
        async_add_entities,
        lambda _part, _name, _kind: None,
        lambda part, _reading: [FirmwareUpdate(entry, part)] if is_router(part) else [],
    )


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
