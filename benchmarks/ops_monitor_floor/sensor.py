"""Sensors that show what they are given."""

from __future__ import annotations

from homeassistant.components.sensor import SensorEntity
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback


class Value(SensorEntity):
    """A number, described like a response time."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_device_class = SensorDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.MILLISECONDS
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 0

    def __init__(self, device: int, number: int, *, is_enabled: bool) -> None:
        """Belong to a device."""
        self._attr_name = f"Value {number}"
        self._attr_unique_id = f"{device}_{number}"
        self._attr_entity_registry_enabled_default = is_enabled
        self._attr_native_value = 0.0
        self._attr_device_info = DeviceInfo(
            identifiers={("ops_monitor_floor", str(device))}, name=f"Device {device}"
        )

    @callback
    def show(self, number: int) -> None:
        """Write a state that differs from the one before."""
        self._attr_native_value = (number % 9973) / 7
        self.async_write_ha_state()


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: ConfigEntry[list[Value]],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add as many as were asked for; the first of each device is written later on."""
    enabled, disabled = entry.data["enabled"], entry.data["disabled"]
    values = [
        Value(device, number, is_enabled=number < enabled)
        for device in range(entry.data["devices"])
        for number in range(enabled + disabled)
    ]
    entry.runtime_data += values[:: enabled + disabled]
    async_add_entities(values)
