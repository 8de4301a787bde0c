"""Asks a person what is to be shown, and how the integration is to behave."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
import probatio as vol

from .client import Snapshot
from .const import (
    CONF_ALLOW_ACTIONS,
    CONF_EXCLUDED,
    CONF_FALLBACK_S,
    CONF_HEARTBEAT,
    CONF_REPAIRS,
    CONF_REPLAY,
    CONF_TAGS,
    DEFAULT_FALLBACK_S,
    RepairLevel,
)

_FALLBACK: Final = NumberSelector(
    NumberSelectorConfig(
        min=15, max=600, step=1, unit_of_measurement="s", mode=NumberSelectorMode.BOX
    )
)
_REPAIRS: Final = SelectSelector(
    SelectSelectorConfig(options=[level.value for level in RepairLevel], translation_key="repairs")
)
BEHAVIOUR_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_FALLBACK_S, default=DEFAULT_FALLBACK_S): vol.All(
            _FALLBACK, vol.Coerce(int)
        ),
        vol.Required(CONF_REPLAY, default=False): BooleanSelector(),
        vol.Required(CONF_HEARTBEAT, default=False): BooleanSelector(),
        vol.Required(CONF_ALLOW_ACTIONS, default=False): BooleanSelector(),
    }
)
REPAIRS_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_REPAIRS, default=RepairLevel.CORE.value): _REPAIRS}
)


class OpsMonitorOptionsFlow(OptionsFlowWithReload):
    """Changes the preferences of one daemon; the entry is reloaded with them."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be changed."""
        return self.async_show_menu(
            step_id="init", menu_options=["import", "behaviour", "notifications"]
        )

    async def async_step_import(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which checks are to be shown."""
        return self._step("import", _import_schema(self._snapshot()), user_input)

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the daemon is to be heard, and what it may know and do."""
        return self._step("behaviour", BEHAVIOUR_SCHEMA, user_input)

    async def async_step_notifications(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what is worth a repair issue."""
        return self._step("notifications", REPAIRS_SCHEMA, user_input)

    def _step(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form, or keep what was filled in beside the other preferences."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, self.config_entry.options),
        )

    def _snapshot(self) -> Snapshot | None:
        """Return what the daemon tells; nothing while the entry is not loaded."""
        coordinator = getattr(self.config_entry, "runtime_data", None)
        return coordinator.data if coordinator else None


def _import_schema(snapshot: Snapshot | None) -> vol.Schema:
    """Return the form for what is shown, with the checks that there are to choose from."""
    checks = list(snapshot.checks.values()) if snapshot else []
    options = [SelectOptionDict(value=check.id, label=check.name) for check in checks]
    return vol.Schema(
        {
            vol.Optional(CONF_TAGS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_EXCLUDED, default=list): SelectSelector(
                SelectSelectorConfig(options=options, multiple=True, custom_value=True)
            ),
        }
    )
