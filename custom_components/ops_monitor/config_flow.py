"""Asks a person where the daemon is, and tries it before anything is stored."""

from collections.abc import Mapping
from ipaddress import ip_address
import logging
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import probatio as vol
from yarl import URL

from .client import Info, OpsMonitorClient, OpsMonitorError
from .const import DEFAULT_URL, DOMAIN, SECTION_ADVANCED
from .options_flow import OpsMonitorOptionsFlow

_LOGGER = logging.getLogger(__name__)

_TOKEN: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
CONNECTION_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
        ),
        vol.Optional(CONF_TOKEN): _TOKEN,
        vol.Required(SECTION_ADVANCED): section(
            vol.Schema({vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector()}),
            {"collapsed": True},
        ),
    }
)
DISCOVERED_SCHEMA: Final = vol.Schema({vol.Optional(CONF_TOKEN): _TOKEN})
TOKEN_SCHEMA: Final = vol.Schema({vol.Required(CONF_TOKEN): _TOKEN})


class OpsMonitorConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one daemon, or changes how it is reached."""

    VERSION = 1

    def __init__(self) -> None:
        """Start without a mistake."""
        self._errors: dict[str, str] = {}
        self._found_url = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return what asks for preferences."""
        return OpsMonitorOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up a daemon whose address a person gives."""
        if user_input is not None and (found := await self._try(user_input)):
            data, info = found
            await self.async_set_unique_id(info.instance_id)
            self._abort_if_unique_id_configured()
            return self.async_create_entry(title=info.name, data=data)
        return self._show_connection("user", user_input or {CONF_URL: DEFAULT_URL})

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take up a daemon that announces itself in the network."""
        instance_id = discovery_info.properties.get("id")
        if not instance_id or not discovery_info.port:
            return self.async_abort(reason="not_ops_monitor")
        self._found_url = _url_of(discovery_info)
        entry = await self.async_set_unique_id(instance_id)
        if entry and entry.state is ConfigEntryState.LOADED:
            # Who announces itself has just come back: nothing is to be waited for any more.
            entry.runtime_data.subscription.wake()
        # An address that a person chose on purpose, such as that of a proxy, stays.
        if entry and _is_plain_address(entry.data[CONF_URL]):
            self._abort_if_unique_id_configured(updates={CONF_URL: self._found_url})
        self._abort_if_unique_id_configured()
        name = discovery_info.properties.get("name") or discovery_info.hostname
        self.context["title_placeholders"] = {"name": name}
        return await self.async_step_discovery_confirm()

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the daemon that was found is to be set up, and for its token."""
        found_input = _as_input({CONF_URL: self._found_url, CONF_VERIFY_SSL: True})
        if user_input is not None and (found := await self._try({**found_input, **user_input})):
            data, info = found
            await self.async_set_unique_id(info.instance_id)
            self._abort_if_unique_id_configured()
            return self.async_create_entry(title=info.name, data=data)
        return self.async_show_form(
            step_id="discovery_confirm",
            data_schema=DISCOVERED_SCHEMA,
            errors=self._errors,
            description_placeholders={
                "name": self.context["title_placeholders"]["name"],
                "url": self._found_url,
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the address or the token of a daemon that is set up."""
        entry = self._get_reconfigure_entry()
        if user_input is not None and (found := await self._try(user_input)):
            data, info = found
            await self.async_set_unique_id(info.instance_id)
            self._abort_if_unique_id_mismatch()
            return self.async_update_reload_and_abort(entry, data=data)
        return self._show_connection("reconfigure", user_input or _as_input(entry.data))

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new token because the daemon refuses the one we have."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the new token."""
        entry = self._get_reauth_entry()
        if user_input is not None and (
            found := await self._try({**_as_input(entry.data), **user_input})
        ):
            data, info = found
            await self.async_set_unique_id(info.instance_id)
            self._abort_if_unique_id_mismatch()
            return self.async_update_reload_and_abort(entry, data=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=TOKEN_SCHEMA,
            errors=self._errors,
            description_placeholders={"name": entry.title, "url": entry.data[CONF_URL]},
        )

    def _show_connection(self, step_id: str, suggested: Mapping[str, Any]) -> ConfigFlowResult:
        """Show the form for address and token, with what was typed before."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(CONNECTION_SCHEMA, suggested),
            errors=self._errors,
            description_placeholders={"example_url": DEFAULT_URL},
        )

    async def _try(self, user_input: Mapping[str, Any]) -> tuple[dict[str, Any], Info] | None:
        """Return what to store and who answers; without an answer, note the error."""
        self._errors = {}
        url = _normalise(user_input[CONF_URL])
        if url is None:
            self._errors[CONF_URL] = "invalid_url"
            return None
        data = {
            CONF_URL: url,
            CONF_VERIFY_SSL: user_input[SECTION_ADVANCED][CONF_VERIFY_SSL],
        }
        if token := user_input.get(CONF_TOKEN, "").strip():
            data[CONF_TOKEN] = token
        try:
            return data, await client_for(self.hass, data).info()
        except OpsMonitorError as err:
            _LOGGER.debug("No connection to %s: %s", url, err)
            self._errors["base"] = err.key
        except Exception:  # a person must see a message, not a form that hangs
            _LOGGER.exception("Unexpected error while connecting to a daemon")
            self._errors["base"] = "unknown"
        return None


@callback
def client_for(hass: HomeAssistant, data: Mapping[str, Any]) -> OpsMonitorClient:
    """Return a client of the daemon that an entry's data describe."""
    session = async_get_clientsession(hass, verify_ssl=data[CONF_VERIFY_SSL])
    return OpsMonitorClient(session, data[CONF_URL], data.get(CONF_TOKEN))


def _as_input(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored in the form in which it is asked for."""
    return {**data, SECTION_ADVANCED: {CONF_VERIFY_SSL: data[CONF_VERIFY_SSL]}}


def _url_of(found: ZeroconfServiceInfo) -> str:
    """Return the address of a daemon that announced itself."""
    url = URL.build(
        scheme="https" if found.properties.get("tls") == "1" else "http",
        host=found.host,
        port=found.port,
        path=found.properties.get("path") or "/",
    )
    return str(url).rstrip("/")


def _is_plain_address(text: str) -> bool:
    """Tell whether an address is a number, which a router may give to another machine."""
    try:
        ip_address(URL(text).host or "")
    except ValueError:
        return False
    return True


def _normalise(text: str) -> str | None:
    """Return a base address without what does not belong to one; None if it is none."""
    text = text.strip()
    try:
        url = URL(text if "://" in text else f"http://{text}")
        host = url.host
        port = url.port
    except ValueError:
        return None
    if url.scheme not in {"http", "https"} or not host or not port or url.user is not None:
        return None
    return str(url.with_query(None).with_fragment(None)).rstrip("/")
