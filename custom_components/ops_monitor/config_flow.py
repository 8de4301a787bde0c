"""Asks a person where the daemon is and how to get in, and tries it before anything is stored."""

from collections.abc import Mapping
import logging
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import probatio as vol

from .access import (
    client_for,
    form_error,
    give_token_back,
    normalise,
    pair,
    spoken_fingerprint,
    url_of_app,
    url_of_service,
)
from .client import Info, OpsMonitorError, OpsMonitorTlsError
from .const import (
    CONF_CODE,
    CONF_FINGERPRINT,
    CONF_TOKEN_ID,
    DEFAULT_URL,
    DOMAIN,
    SECTION_ADVANCED,
)
from .options_flow import OpsMonitorOptionsFlow
from .recognition import Move, get_to_know, judge_move, require_proof

_LOGGER = logging.getLogger(__name__)

_WAYS: Final = ["code", "token"]
type Fields = dict[vol.Marker, Any]

_ADDRESS: Final[Fields] = {
    vol.Required(CONF_URL): TextSelector(
        TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
    )
}
_ADVANCED: Final[Fields] = {
    vol.Required(SECTION_ADVANCED): section(
        vol.Schema({vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector()}),
        {"collapsed": True},
    )
}
_PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_OPTIONAL_TOKEN: Final[Fields] = {vol.Optional(CONF_TOKEN): _PASSWORD}
TOKEN_FIELD: Final[Fields] = {vol.Required(CONF_TOKEN): _PASSWORD}
CODE_FIELD: Final[Fields] = {
    vol.Required(CONF_CODE): TextSelector(TextSelectorConfig(autocomplete="one-time-code"))
}


class OpsMonitorConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one daemon, or changes how it is reached.

    Whatever a flow begins with, it leads to one of two steps: a code, or a token.
    """

    VERSION = 1

    def __init__(self) -> None:
        """Know nothing yet."""
        self._errors: dict[str, str] = {}
        self._suggested: dict[str, Any] = {CONF_URL: DEFAULT_URL}
        self._known: dict[str, Any] | None = None
        """The address, where nobody has to be asked for it."""
        self._trusted: dict[str, str] = {}
        """Fingerprints of certificates that are trusted, by address."""
        self._untrusted: tuple[str, dict[str, Any], str, str] | None = None
        """What was filled into which step, until a person trusts that address's certificate."""
        self._paired: tuple[tuple[str, str], dict[str, Any]] | None = None
        """What a code gave, by address and code: it gives that only once."""
        self._moved: tuple[ConfigEntry, str] | None = None
        """An entry, and the address at which its daemon is said to be from now on."""
        self._found: tuple[dict[str, Any], Info] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return what asks for preferences."""
        return OpsMonitorOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how a person wants to get in."""
        return self.async_show_menu(step_id="user", menu_options=_WAYS)

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the address or the token of a daemon that is set up."""
        entry = self._get_reconfigure_entry()
        # Not the token: a browser has no use for it, and an empty field keeps it.
        self._suggested = {
            CONF_URL: entry.data[CONF_URL],
            SECTION_ADVANCED: {CONF_VERIFY_SSL: entry.data[CONF_VERIFY_SSL]},
        }
        self._trust_as_before(entry)
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=_WAYS,
            description_placeholders={"name": entry.title},
        )

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for another way in because the daemon refuses the token we have."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how a person wants to get in again."""
        entry = self._get_reauth_entry()
        self._known = {key: entry.data[key] for key in (CONF_URL, CONF_VERIFY_SSL)}
        self._trust_as_before(entry)
        return self.async_show_menu(
            step_id="reauth_confirm",
            menu_options=_WAYS,
            description_placeholders={"name": entry.title, "url": entry.data[CONF_URL]},
        )

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take up a daemon that announces itself in the network."""
        instance_id = discovery_info.properties.get("id")
        url = url_of_service(discovery_info)
        if not instance_id or url is None:
            return self.async_abort(reason="not_ops_monitor")
        name = discovery_info.properties.get("name") or discovery_info.hostname
        return await self._take_up(instance_id, url, name)

    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """Take up a daemon that runs as an app (add-on) of this Home Assistant."""
        url = url_of_app(discovery_info.config)
        if url is None:
            return self.async_abort(reason="not_ops_monitor")
        data = {CONF_URL: url, CONF_VERIFY_SSL: True}
        if token := discovery_info.config.get(CONF_TOKEN):
            data[CONF_TOKEN] = token
        try:
            self._found = data, await client_for(self.hass, data).info()
        except OpsMonitorError as err:
            _LOGGER.debug("The app at %s does not let us in: %s", url, err)
        instance_id = discovery_info.config.get("id")
        if self._found:
            instance_id = self._found[1].instance_id
        if not instance_id:
            return self.async_abort(reason="cannot_connect")
        return await self._take_up(instance_id, url, discovery_info.name)

    async def _take_up(self, instance_id: str, url: str, name: str) -> ConfigFlowResult:
        """Go on with a daemon that was found, unless it is set up already."""
        entry = await self.async_set_unique_id(instance_id)
        if entry and entry.state is ConfigEntryState.LOADED:
            # Who announces itself has just come back: nothing is to be waited for any more.
            entry.runtime_data.subscription.wake()
        move = await judge_move(self.hass, entry.data, url, instance_id) if entry else Move.NONE
        # The Supervisor's own word is as good as a proof: it told the token that let us in.
        if move is Move.PROVEN or (move is Move.CLAIMED and self._found):
            self._abort_if_unique_id_configured(updates={CONF_URL: url})
        if entry and move is Move.CLAIMED:
            self._moved = entry, url
            self.context["title_placeholders"] = {"name": entry.title}
            return await self.async_step_moved()
        self._abort_if_unique_id_configured()
        self._known = {CONF_URL: url, CONF_VERIFY_SSL: True}
        self.context["title_placeholders"] = {"name": name}
        if self._found:
            return await self.async_step_hassio_confirm()
        return await self.async_step_discovery_confirm()

    async def async_step_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether a daemon that cannot prove who it is was moved on purpose."""
        assert self._moved  # noqa: S101 - the step is reached with it only
        entry, url = self._moved
        if user_input is None:
            return self.async_show_form(
                step_id="moved",
                description_placeholders={
                    "name": entry.title,
                    "url": entry.data[CONF_URL],
                    "new_url": url,
                },
            )
        # It may have been asked long ago: a daemon that is back meanwhile has not moved at all.
        is_known = self.hass.config_entries.async_get_entry(entry.entry_id) is entry
        if not is_known or Move.NONE is await judge_move(
            self.hass, entry.data, url, entry.unique_id or ""
        ):
            return self.async_abort(reason="not_moved")
        return self.async_update_reload_and_abort(
            entry, data_updates={CONF_URL: url}, reason="moved"
        )

    async def async_step_hassio_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the daemon that lets us in already is to be set up."""
        assert self._found  # noqa: S101 - the step is reached with it only
        if user_input is not None:
            return await self._finish(*self._found)
        return self.async_show_form(
            step_id="hassio_confirm", description_placeholders=self._placeholders()
        )

    async def async_step_discovery_confirm(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how a person wants to get into the daemon that was found."""
        return self.async_show_menu(
            step_id="discovery_confirm",
            menu_options=_WAYS,
            description_placeholders=self._placeholders(),
        )

    async def async_step_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Exchange a code for a token of our own."""
        return await self._step("code", CODE_FIELD, user_input)

    async def async_step_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take a token that a person has; a daemon of this machine may need none."""
        field = TOKEN_FIELD if self.source == SOURCE_REAUTH else _OPTIONAL_TOKEN
        return await self._step("token", field, user_input)

    async def async_step_trust(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a certificate that nobody vouches for; go on if a person knows it."""
        assert self._untrusted  # noqa: S101 - the step is reached with it only
        step_id, filled, url, fingerprint = self._untrusted
        if user_input is None:
            return self.async_show_form(
                step_id="trust",
                description_placeholders={
                    "url": url,
                    "fingerprint": spoken_fingerprint(fingerprint),
                },
            )
        self._trusted[url] = fingerprint
        step: ConfigFlowResult = await getattr(self, f"async_step_{step_id}")(filled)
        return step

    async def _step(
        self, step_id: str, field: Fields, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Try what was filled in; show the form until it works."""
        self._errors = {}
        if user_input is not None:
            self._suggested = {**self._suggested, **user_input}
            if result := await self._try(step_id, user_input):
                return result
        fields = {**_ADDRESS, **field, **_ADVANCED} if self._known is None else field
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), self._suggested),
            errors=self._errors,
            description_placeholders={"example_url": DEFAULT_URL},
        )

    async def _try(self, step_id: str, filled: dict[str, Any]) -> ConfigFlowResult | None:
        """Get in and go on; where that fails, note the error."""
        address = self._known or _address(filled)
        if address is None:
            self._errors[CONF_URL] = "invalid_url"
            return None
        data = dict(address)
        url = data[CONF_URL]
        if url in self._trusted:
            data[CONF_FINGERPRINT] = self._trusted[url]
        try:
            data |= await self._credentials(data, filled)
            info = await client_for(self.hass, data).info()
        except OpsMonitorTlsError as err:
            return await self._ask_for_trust(step_id, filled, data, err)
        except OpsMonitorError as err:
            _LOGGER.debug("No connection to %s: %s", url, err)
            self._errors = form_error(err, filled)
        except Exception:  # a person must see a message, not a form that hangs
            _LOGGER.exception("Unexpected error while connecting to a daemon")
            self._errors["base"] = "unknown"
        else:
            return await self._finish(data, info)
        return None

    async def _credentials(self, data: dict[str, Any], filled: dict[str, Any]) -> dict[str, Any]:
        """Return by what we get in: what was typed, or what the daemon gives for the code."""
        if CONF_CODE not in filled:
            token = filled.get(CONF_TOKEN, "").strip()
            if not token:
                await self._know_again(data)
            return self._kept_token(token)
        key = (data[CONF_URL], filled[CONF_CODE])
        if self._paired is None or self._paired[0] != key:
            self._paired = key, await pair(self.hass, data, filled[CONF_CODE])
        return self._paired[1]

    async def _know_again(self, data: dict[str, Any]) -> None:
        """Let nobody at another address have the token that is stored but the same daemon.

        Raises:
            OpsMonitorError: Who answers is another one, or cannot prove that it is not.

        """
        if self.source != SOURCE_RECONFIGURE:
            return
        entry = self._get_reconfigure_entry()
        if CONF_TOKEN in entry.data and data[CONF_URL] != entry.data[CONF_URL]:
            await require_proof(self.hass, entry.data, data, entry.unique_id or "")

    def _kept_token(self, token: str) -> dict[str, Any]:
        """Return what is kept of a token that was typed; none typed leaves the stored one."""
        if self.source == SOURCE_RECONFIGURE:
            stored = self._get_reconfigure_entry().data
            if token in {"", stored.get(CONF_TOKEN)}:
                return {key: stored[key] for key in (CONF_TOKEN, CONF_TOKEN_ID) if key in stored}
        return {CONF_TOKEN: token} if token else {}

    async def _ask_for_trust(
        self, step_id: str, filled: dict[str, Any], data: dict[str, Any], error: OpsMonitorTlsError
    ) -> ConfigFlowResult | None:
        """Show the certificate that is not trusted; note the error where there is none."""
        _LOGGER.debug("No secure connection to %s: %s", data[CONF_URL], error)
        try:
            fingerprint = await client_for(self.hass, data).certificate()
        except OpsMonitorError as err:
            self._errors["base"] = err.key
            return None
        self._untrusted = step_id, filled, data[CONF_URL], fingerprint
        return await self.async_step_trust()

    async def _finish(self, data: dict[str, Any], info: Info) -> ConfigFlowResult:
        """Keep what works; what leads elsewhere than it should is given back."""
        await self.async_set_unique_id(info.instance_id, raise_on_progress=False)
        is_update = self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}
        entry = self._get_entry() if is_update else None
        is_new_token = entry is None or entry.data.get(CONF_TOKEN) != data.get(CONF_TOKEN)
        try:
            if entry is None:
                self._abort_if_unique_id_configured()
            else:
                self._abort_if_unique_id_mismatch()
        except AbortFlow:
            if is_new_token:
                await give_token_back(self.hass, data)
            raise
        data |= await get_to_know(self.hass, data, info, entry)
        if entry is None:
            return self.async_create_entry(title=info.name, data=data)
        if is_new_token:
            await give_token_back(self.hass, entry.data)
        return self.async_update_reload_and_abort(entry, data=data)

    def _get_entry(self) -> ConfigEntry:
        """Return the entry that is to be changed."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry()

    def _trust_as_before(self, entry: ConfigEntry) -> None:
        """Go on trusting the certificate that an entry trusts."""
        if CONF_FINGERPRINT in entry.data:
            self._trusted[entry.data[CONF_URL]] = entry.data[CONF_FINGERPRINT]

    def _placeholders(self) -> dict[str, str]:
        """Return what the texts say of a daemon that was found."""
        assert self._known  # noqa: S101 - it was found
        return {"name": self.context["title_placeholders"]["name"], "url": self._known[CONF_URL]}


def _address(filled: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the address that was filled in; None if it is none."""
    url = normalise(filled[CONF_URL])
    if url is None:
        return None
    return {CONF_URL: url, CONF_VERIFY_SSL: filled[SECTION_ADVANCED][CONF_VERIFY_SSL]}
