"""Lets a person give an entry a better token where an issue about it is shown."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.const import CONF_TOKEN
import probatio as vol

from .access import client_for, form_error, give_token_back, pair
from .client import OpsMonitorError, OpsMonitorForbiddenError, OpsMonitorIdentityError
from .config_flow import CODE_FIELD, TOKEN_FIELD, Fields
from .const import CONF_CODE, CONF_TOKEN_ID
from .coordinator import OpsMonitorConfigEntry


class TokenFlow(RepairsFlow):
    """Asks for a code or a token in place of the one that is stored."""

    def __init__(self, entry: OpsMonitorConfigEntry, *, needs_admin: bool) -> None:
        """Take the entry, and whether the token has to be good for more than reading."""
        self._entry = entry
        self._needs_admin = needs_admin

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask how a person wants to get in."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["code", "token"],
            description_placeholders={"name": self._entry.title},
        )

    async def async_step_code(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Exchange a code for a token."""
        return await self._step("code", CODE_FIELD, user_input)

    async def async_step_token(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Take a token that a person has."""
        return await self._step("token", TOKEN_FIELD, user_input)

    async def _step(
        self, step_id: str, field: Fields, user_input: dict[str, str] | None
    ) -> RepairsFlowResult:
        """Try what was filled in; show the form until it works."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                data = await self._try(user_input)
            except OpsMonitorError as err:
                errors = form_error(err, user_input)
            else:
                await give_token_back(self.hass, self._entry.data)
                self.hass.config_entries.async_update_entry(self._entry, data=data)
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema(field),
            errors=errors,
            description_placeholders={"name": self._entry.title},
        )

    async def _try(self, filled: dict[str, str]) -> dict[str, Any]:
        """Return the entry's data with the new token, if it is a better one."""
        data = {key: value for key, value in self._entry.data.items() if key != CONF_TOKEN_ID}
        if CONF_CODE in filled:
            data |= await pair(self.hass, data, filled[CONF_CODE])
        else:
            data[CONF_TOKEN] = filled[CONF_TOKEN].strip()
        try:
            await self._check(data)
        except OpsMonitorError:
            await give_token_back(self.hass, data)
            raise
        return data

    async def _check(self, data: dict[str, Any]) -> None:
        """Make sure that a token is of the right daemon, and good for what is needed."""
        client = client_for(self.hass, data)
        info = await client.info()
        if info.instance_id != self._entry.unique_id:
            raise OpsMonitorIdentityError(f"another daemon answers: {info.name}")
        if not self._needs_admin:
            return
        if info.may_change is None:
            await client.probe_admin()
        elif not info.may_change:
            raise OpsMonitorForbiddenError("this token may only read, too")
