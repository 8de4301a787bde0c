"""How a daemon is reached, as an entry keeps it."""

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PORT,
    CONF_SSL,
    CONF_TOKEN,
    CONF_URL,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from yarl import URL

from .client import (
    OpsMonitorBusyError,
    OpsMonitorClient,
    OpsMonitorError,
    OpsMonitorRefusalError,
)
from .const import CONF_CODE, CONF_FINGERPRINT, CONF_TOKEN_ID

_LONGEST_NAME: Final = 100


@callback
def client_for(hass: HomeAssistant, data: Mapping[str, Any]) -> OpsMonitorClient:
    """Return a client of the daemon that an entry's data describe."""
    session = async_get_clientsession(hass, verify_ssl=data[CONF_VERIFY_SSL])
    return OpsMonitorClient(
        session, data[CONF_URL], data.get(CONF_TOKEN), fingerprint=data.get(CONF_FINGERPRINT)
    )


async def pair(hass: HomeAssistant, data: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Return what an entry keeps of the token that a daemon gives for a code.

    Raises:
        OpsMonitorError: It gives none.

    """
    name = f"Home Assistant ({hass.config.location_name})"[:_LONGEST_NAME]
    paired = await client_for(hass, data).pair(code, name)
    return {CONF_TOKEN: paired.token, CONF_TOKEN_ID: paired.token_id}


def form_error(error: OpsMonitorError, filled: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form says of an error: beside a field, or of the whole."""
    if CONF_CODE in filled:
        if isinstance(error, OpsMonitorRefusalError) and error.code == "unknown_code":
            return {CONF_CODE: "wrong_code"}
        if isinstance(error, OpsMonitorBusyError):
            return {"base": "too_many_codes"}
    return {"base": error.key}


async def give_token_back(hass: HomeAssistant, data: Mapping[str, Any]) -> None:
    """Let the token of an entry be worth nothing any more, if it is the entry's own.

    A daemon that cannot be told keeps it in its list, where a person can revoke it.
    """
    if CONF_TOKEN_ID in data:
        with suppress(OpsMonitorError):
            await client_for(hass, data).give_token_back()


def spoken_fingerprint(fingerprint: str) -> str:
    """Return a fingerprint as other programs show it: `AB:CD:...`."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


def url_of_service(found: ZeroconfServiceInfo) -> str | None:
    """Return the address of a daemon that announced itself in the network; None if it is none.

    What is announced may come from anybody.
    """
    if not found.port:
        return None
    try:
        url = URL.build(
            scheme="https" if found.properties.get("tls") == "1" else "http",
            host=found.host,
            port=found.port,
            path=found.properties.get("path") or "/",
        )
    except ValueError:
        return None
    return normalise(str(url))


def url_of_app(config: Mapping[str, Any]) -> str | None:
    """Return the address of a daemon that the Supervisor announced; None if it has none."""
    host, port = config.get(CONF_HOST), config.get(CONF_PORT)
    if not host or not isinstance(port, int | str):
        return None
    scheme = "https" if config.get(CONF_SSL) else "http"
    return normalise(f"{scheme}://{host}:{port}")


def is_plain_address(text: str) -> bool:
    """Tell whether an address is a number, which a router may give to another machine."""
    try:
        ip_address(URL(text).host or "")
    except ValueError:
        return False
    return True


def normalise(text: str) -> str | None:
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
