"""Lets a person see to an issue where it is shown."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import probatio as vol

from .access import client_for
from .asking import tell
from .client import OpsMonitorClient, OpsMonitorError
from .config_flow import TOKEN_FIELD
from .coordinator import OpsMonitorConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return what sees to an issue."""
    entry = hass.config_entries.async_get_entry((data or {})["entry_id"])
    assert entry is not None  # noqa: S101 - its issues go with it
    if issue_id.startswith("check_down_"):
        return CheckDownFlow(entry, (data or {})["check_id"])
    return ReadOnlyTokenFlow(entry)


class CheckDownFlow(RepairsFlow):
    """Offers what can be done about a check that is down."""

    def __init__(self, entry: OpsMonitorConfigEntry, check_id: str) -> None:
        """Take the check."""
        self._entry = entry
        self._check_id = check_id

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask what is to be done."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["acknowledge", "run", "pause"],
            description_placeholders=self._placeholders(),
        )

    async def async_step_acknowledge(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Note that somebody knows."""
        return await self._do("acknowledge", {"by": "Home Assistant"})

    async def async_step_run(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Look again: the issue goes by itself if all is well."""
        return await self._do("run", {})

    async def async_step_pause(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Run it no more until it is resumed."""
        return await self._do("pause", {"reason": "paused from Home Assistant's repairs"})

    async def _do(self, wish: str, body: dict[str, str]) -> RepairsFlowResult:
        """Ask it of the daemon."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="cannot_connect")
        try:
            path = f"api/checks/{self._check_id}/{wish}"
            await tell(self._entry.runtime_data, path, body)
        except HomeAssistantError as err:
            return self.async_abort(reason="failed", description_placeholders={"error": str(err)})
        return self.async_create_entry(data={})

    def _placeholders(self) -> dict[str, str]:
        """Return what the texts speak of."""
        check = None
        if self._entry.state is ConfigEntryState.LOADED:
            check = self._entry.runtime_data.data.checks.get(self._check_id)
        return {
            "name": check.name if check else self._check_id,
            "error": (check.error if check else None) or "-",
        }


class ReadOnlyTokenFlow(RepairsFlow):
    """Asks for a token that may do more than read."""

    def __init__(self, entry: OpsMonitorConfigEntry) -> None:
        """Take the entry."""
        self._entry = entry

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin: what comes with this step is not from a person."""
        return await self.async_step_token()

    async def async_step_token(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Take the token, if it is a better one."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**self._entry.data, CONF_TOKEN: user_input[CONF_TOKEN].strip()}
            client: OpsMonitorClient = client_for(self.hass, data)
            try:
                await client.probe_admin()
            except OpsMonitorError as err:
                errors["base"] = err.key
            else:
                self.hass.config_entries.async_update_entry(self._entry, data=data)
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="token",
            data_schema=vol.Schema(TOKEN_FIELD),
            errors=errors,
            description_placeholders={"name": self._entry.title},
        )
