"""Serves the card and the dashboard strategy, and tells Home Assistant's frontend of them.

Whatever goes wrong here, the integration works without it: the frontend's inside is no public
contract. So each step is guarded, and a failure is a line for whoever looks for it.
"""

from hashlib import sha256
import logging
from pathlib import Path
from typing import Any, Final

# Meant for others, but not marked as exported.
from homeassistant.components.http import StaticPathConfig  # type: ignore[attr-defined]
from homeassistant.core import HomeAssistant

_LOGGER = logging.getLogger(__name__)

_FOLDER: Final = Path(__file__).parent / "frontend"
_MODULE: Final = "ops-monitor.js"
_PREFIX: Final = "/ops_monitor_static/"
_LOVELACE: Final = "lovelace"


async def async_register_frontend(hass: HomeAssistant) -> None:
    """Offer the module to browsers, under an address that changes with what it holds."""
    try:
        digest = await hass.async_add_executor_job(_digest)
        folder = f"{_PREFIX}{digest}"
        await hass.http.async_register_static_paths(
            [StaticPathConfig(folder, str(_FOLDER), cache_headers=True)]
        )
        await _announce(hass, f"{folder}/{_MODULE}")
    except Exception:
        _LOGGER.debug("The card and the dashboard cannot be offered", exc_info=True)


async def async_unregister_frontend(hass: HomeAssistant) -> None:
    """Take the module out of the resources of the dashboards."""
    try:
        resources = _editable_resources(hass)
        if resources is not None:
            await _keep_only(resources, None)
    except Exception:
        _LOGGER.debug("The card is still among the resources", exc_info=True)


def _digest() -> str:
    """Return what changes with the module: browsers may keep each of its versions for ever."""
    return sha256((_FOLDER / _MODULE).read_bytes()).hexdigest()[:12]


async def _announce(hass: HomeAssistant, url: str) -> None:
    """Tell dashboards of the module.

    They wait for their resources. What is added to every page they do not wait for, but where the
    resources are kept in YAML there is no other way.
    """
    resources = _editable_resources(hass)
    if resources is not None:
        await _keep_only(resources, url)
    elif "frontend" in hass.config.components:
        # Imported late: in tests and on small installations there may be no frontend.
        from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415

        add_extra_js_url(hass, url)


def _editable_resources(hass: HomeAssistant) -> Any | None:
    """Return the resources of the dashboards if a program may change them."""
    lovelace = hass.data.get(_LOVELACE)
    if getattr(lovelace, "resource_mode", None) != "storage":
        return None
    return getattr(lovelace, "resources", None)


async def _keep_only(resources: Any, url: str | None) -> None:
    """Let one resource be ours, with this address; None: let there be none."""
    # Asking for it loads the collection.
    await resources.async_get_info()
    ours = [item for item in resources.async_items() if item["url"].startswith(_PREFIX)]
    if url is not None and not ours:
        await resources.async_create_item({"res_type": "module", "url": url})
        return
    for item in ours[0 if url is None else 1 :]:
        await resources.async_delete_item(item["id"])
    if url is not None and ours[0]["url"] != url:
        await resources.async_update_item(ours[0]["id"], {"res_type": "module", "url": url})
