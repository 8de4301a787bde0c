"""Asks how many devices and entities there are to be."""

from __future__ import annotations

from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
import probatio as vol


class FloorConfigFlow(ConfigFlow, domain="ops_monitor_floor"):
    """Sets up the floor."""

    VERSION = 1

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the numbers; those of entities are for each device."""
        if user_input is not None:
            return self.async_create_entry(title="Floor", data=user_input)
        fields = {vol.Required(name): int for name in ("devices", "enabled", "disabled")}
        return self.async_show_form(step_id="user", data_schema=vol.Schema(fields))
