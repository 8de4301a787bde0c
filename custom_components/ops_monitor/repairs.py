"""Lets a person see to an issue where it is shown."""

import logging
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import probatio as vol

from .access import client_for, spoken_fingerprint
from .asking import tell
from .client import OpsMonitorError, OpsMonitorTlsError
from .const import CONF_CORE, CONF_FINGERPRINT, CONF_REPAIRS, RepairLevel
from .coordinator import OpsMonitorConfigEntry
from .devices import remove_orphans
from .options_flow import check_selector
from .token_repair import TokenFlow

_LOGGER = logging.getLogger(__name__)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return what sees to an issue."""
    entry = hass.config_entries.async_get_entry((data or {})["entry_id"])
    assert entry is not None  # noqa: S101 - its issues go with it
    match issue_id.removesuffix(f"_{entry.entry_id}"):
        case "tls_certificate":
            return CertificateFlow(entry)
        case "no_core_checks":
            return CoreFlow(entry)
        case "orphaned_devices":
            return OrphansFlow(entry)
        case "read_only_token":
            return TokenFlow(entry, needs_admin=True)
        case "token_expires_soon":
            may_change = (
                entry.state is ConfigEntryState.LOADED and entry.runtime_data.info.may_change
            )
            return TokenFlow(entry, needs_admin=bool(may_change))
        case _:
            return CheckDownFlow(entry, (data or {})["check_id"])


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


class CertificateFlow(RepairsFlow):
    """Shows the certificate that is not trusted, to be trusted from then on."""

    def __init__(self, entry: OpsMonitorConfigEntry) -> None:
        """Take the entry."""
        self._entry = entry
        self._fingerprint = ""

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Look at the certificate that is shown now."""
        try:
            self._fingerprint = await client_for(self.hass, self._entry.data).certificate()
        except OpsMonitorError as err:
            return self.async_abort(
                reason="no_certificate", description_placeholders={"error": str(err)}
            )
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Trust it, if a person says so; one that an authority vouches for needs no fingerprint."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders={
                    "name": self._entry.title,
                    "url": self._entry.data[CONF_URL],
                    "fingerprint": spoken_fingerprint(self._fingerprint),
                },
            )
        data = {key: value for key, value in self._entry.data.items() if key != CONF_FINGERPRINT}
        try:
            await client_for(self.hass, data).info()
        except OpsMonitorTlsError:
            data[CONF_FINGERPRINT] = self._fingerprint
        except OpsMonitorError as err:
            # Whatever else is wrong is told once the entry is set up again.
            _LOGGER.debug("The certificate is fine: %s", err)
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class CoreFlow(RepairsFlow):
    """Asks which checks are important enough for an issue."""

    def __init__(self, entry: OpsMonitorConfigEntry) -> None:
        """Take the entry."""
        self._entry = entry

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask whether any are."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["choose", "none"],
            description_placeholders={"name": self._entry.title},
        )

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Take the checks that a person chooses."""
        if user_input and user_input[CONF_CORE]:
            return self._prefer({CONF_CORE: user_input[CONF_CORE]})
        is_loaded = self._entry.state is ConfigEntryState.LOADED
        checks = check_selector(self._entry.runtime_data.data if is_loaded else None)
        return self.async_show_form(
            step_id="choose",
            data_schema=vol.Schema({vol.Required(CONF_CORE, default=list): checks}),
            errors={} if user_input is None else {CONF_CORE: "nothing_chosen"},
            description_placeholders={"name": self._entry.title},
        )

    async def async_step_none(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Want no issues of checks that are down."""
        return self._prefer({CONF_REPAIRS: RepairLevel.NONE.value})

    def _prefer(self, preference: dict[str, Any]) -> RepairsFlowResult:
        """Keep a preference, and put it in force."""
        options = {**self._entry.options, **preference}
        self.hass.config_entries.async_update_entry(self._entry, options=options)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class OrphansFlow(RepairsFlow):
    """Asks whether devices that vanished all at once are gone for good."""

    def __init__(self, entry: OpsMonitorConfigEntry) -> None:
        """Take the entry."""
        self._entry = entry

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin: what comes with this step is not from a person."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Remove them, if a person says so."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="cannot_connect")
        if user_input is None:
            count = str(len(self._entry.runtime_data.orphans))
            return self.async_show_form(
                step_id="confirm",
                description_placeholders={"name": self._entry.title, "count": count},
            )
        remove_orphans(self.hass, self._entry)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})
