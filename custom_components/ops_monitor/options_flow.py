"""Asks a person what is to be shown, and how the integration is to behave."""

from collections.abc import Callable, Mapping
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

from .client import Check, Snapshot
from .const import (
    CONF_ALLOW_ACTIONS,
    CONF_ASSIST,
    CONF_CORE,
    CONF_DETAILS,
    CONF_EXCLUDED,
    CONF_EXCLUDED_READINGS,
    CONF_FALLBACK_S,
    CONF_GUESTS,
    CONF_HEARTBEAT,
    CONF_HEARTBEAT_CHECK,
    CONF_REPAIRS,
    CONF_REPLAY,
    CONF_RESTART_CHECKS,
    CONF_TAGS,
    DEFAULT_FALLBACK_S,
    Details,
    RepairLevel,
)
from .parts import parts_of

_HEARTBEAT_TYPE: Final = "heartbeat"
_FALLBACK: Final = NumberSelector(
    NumberSelectorConfig(
        min=15, max=600, step=1, unit_of_measurement="s", mode=NumberSelectorMode.BOX
    )
)
_DETAILS: Final = SelectSelector(
    SelectSelectorConfig(options=[choice.value for choice in Details], translation_key="details")
)
_REPAIRS: Final = SelectSelector(
    SelectSelectorConfig(options=[level.value for level in RepairLevel], translation_key="repairs")
)


class OpsMonitorOptionsFlow(OptionsFlowWithReload):
    """Changes the preferences of one daemon; the entry is reloaded with them."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be changed."""
        return self.async_show_menu(
            step_id="init", menu_options=["import", "behaviour", "notifications"]
        )

    async def async_step_import(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which checks and readings are to be shown."""
        return self._step("import", _import_schema(self._snapshot()), user_input)

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the daemon is to be heard, and what it may know and do."""
        return self._step("behaviour", _behaviour_schema(self._snapshot()), user_input)

    async def async_step_notifications(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what is worth a repair issue."""
        return self._step("notifications", _repairs_schema(self._snapshot()), user_input)

    def _step(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form, or keep what was filled in beside the other preferences."""
        if user_input is not None:
            others = {
                key: value
                for key, value in self.config_entry.options.items()
                # A field that was cleared is not among what was filled in.
                if key not in schema.schema
            }
            return self.async_create_entry(data={**others, **user_input})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, self.config_entry.options),
        )

    def _snapshot(self) -> Snapshot | None:
        """Return what the daemon tells; nothing while the entry is not loaded."""
        coordinator = getattr(self.config_entry, "runtime_data", None)
        return coordinator.data if coordinator else None


def check_selector(
    snapshot: Snapshot | None,
    *,
    multiple: bool = True,
    is_wanted: Callable[[Check], bool] = lambda _check: True,
) -> SelectSelector:
    """Return what lets a person choose checks, also some that are not there at the moment."""
    checks = snapshot.checks.values() if snapshot else ()
    return _chooser({it.id: it.name for it in checks if is_wanted(it)}, multiple=multiple)


def _chooser(names: Mapping[str, str], *, multiple: bool = True) -> SelectSelector:
    """Return what lets a person choose things by their names."""
    options = [SelectOptionDict(value=value, label=name) for value, name in names.items()]
    return SelectSelector(
        SelectSelectorConfig(options=options, multiple=multiple, custom_value=True)
    )


def _import_schema(snapshot: Snapshot | None) -> vol.Schema:
    """Return the form for what is shown, with what there is to choose from."""
    readings = snapshot.readings if snapshot else {}
    names = {name: parts_of(reading)[name].name for name, reading in readings.items()}
    return vol.Schema(
        {
            vol.Optional(CONF_TAGS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_EXCLUDED, default=list): check_selector(snapshot),
            vol.Optional(CONF_EXCLUDED_READINGS, default=list): _chooser(names),
            vol.Required(CONF_GUESTS, default=False): BooleanSelector(),
            vol.Required(CONF_DETAILS, default=Details.AUTOMATIC.value): _DETAILS,
        }
    )


def _behaviour_schema(snapshot: Snapshot | None) -> vol.Schema:
    """Return the form for how the daemon is heard, and what it may know and do."""
    return vol.Schema(
        {
            vol.Required(CONF_FALLBACK_S, default=DEFAULT_FALLBACK_S): vol.All(
                _FALLBACK, vol.Coerce(int)
            ),
            vol.Required(CONF_REPLAY, default=False): BooleanSelector(),
            vol.Required(CONF_HEARTBEAT, default=False): BooleanSelector(),
            vol.Optional(CONF_HEARTBEAT_CHECK): check_selector(
                snapshot, multiple=False, is_wanted=lambda check: check.type == _HEARTBEAT_TYPE
            ),
            vol.Optional(CONF_RESTART_CHECKS, default=list): check_selector(snapshot),
            vol.Required(CONF_ALLOW_ACTIONS, default=False): BooleanSelector(),
            vol.Required(CONF_ASSIST, default=True): BooleanSelector(),
        }
    )


def _repairs_schema(snapshot: Snapshot | None) -> vol.Schema:
    """Return the form for what is worth a repair issue."""
    return vol.Schema(
        {
            vol.Required(CONF_REPAIRS, default=RepairLevel.CORE.value): _REPAIRS,
            vol.Optional(CONF_CORE, default=list): check_selector(snapshot),
        }
    )
