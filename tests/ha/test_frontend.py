"""The card and the dashboard are offered to browsers, and never stand in the way."""

from http import HTTPStatus
import sys
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ops_monitor import frontend
from custom_components.ops_monitor.const import DOMAIN

PREFIX = "/ops_monitor_static/"


@pytest.fixture
async def lovelace(hass: HomeAssistant) -> None:
    """Let there be dashboards whose resources are kept by Home Assistant."""
    assert await async_setup_component(hass, "lovelace", {})


def collection(hass: HomeAssistant) -> Any:
    """Return where the resources of the dashboards are kept."""
    return hass.data["lovelace"].resources


def resources(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the resources of the dashboards."""
    return list(collection(hass).async_items())


async def set_up(hass: HomeAssistant) -> None:
    """Set up the integration, without a daemon."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()


@pytest.mark.usefixtures("lovelace")
async def test_module_is_served(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """The one resource is a module that a browser gets, and may keep for ever."""
    await set_up(hass)
    [item] = resources(hass)
    client = await hass_client_no_auth()

    response = await client.get(item["url"])

    assert item["type"] == "module"
    assert response.status == HTTPStatus.OK
    assert "javascript" in response.headers["Content-Type"]
    assert "max-age" in response.headers["Cache-Control"]
    assert "ops-monitor-card" in await response.text()


@pytest.mark.usefixtures("lovelace")
async def test_one_resource_after_updates(hass: HomeAssistant) -> None:
    """Addresses of earlier versions are replaced, and what belongs to others is left alone."""
    foreign = {"res_type": "module", "url": "/local/other.js"}
    await collection(hass).async_create_item(foreign)
    for version in ("old", "older"):
        url = f"{PREFIX}{version}/ops-monitor.js"
        await collection(hass).async_create_item({"res_type": "module", "url": url})

    await set_up(hass)

    urls = [item["url"] for item in resources(hass)]
    assert len(urls) == 2
    assert urls[0] == foreign["url"]
    assert urls[1].startswith(PREFIX)
    assert "old" not in urls[1]


@pytest.mark.usefixtures("lovelace")
async def test_nothing_is_left_behind(hass: HomeAssistant) -> None:
    """With the last entry the resource goes; with another one it stays."""
    await set_up(hass)
    entries = [MockConfigEntry(domain=DOMAIN, unique_id=name) for name in "ab"]
    for entry in entries:
        entry.add_to_hass(hass)

    await hass.config_entries.async_remove(entries[0].entry_id)
    assert len(resources(hass)) == 1

    await hass.config_entries.async_remove(entries[1].entry_id)
    assert resources(hass) == []


async def test_resources_in_yaml(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where people keep the resources in a file, every page loads the module."""
    assert await async_setup_component(hass, "lovelace", {"lovelace": {"mode": "yaml"}})
    added: list[str] = []
    fake = SimpleNamespace(add_extra_js_url=lambda _hass, url: added.append(url))
    monkeypatch.setitem(sys.modules, "homeassistant.components.frontend", fake)
    hass.config.components.add("frontend")

    await set_up(hass)

    assert resources(hass) == []
    assert len(added) == 1
    assert added[0].startswith(PREFIX)


async def test_without_dashboards(hass: HomeAssistant) -> None:
    """A Home Assistant without a frontend is none the worse."""
    await set_up(hass)

    assert "lovelace" not in hass.data


@pytest.mark.parametrize(
    "broken", [object(), SimpleNamespace(resource_mode="storage", resources=3)]
)
async def test_trouble_does_not_stop_the_integration(hass: HomeAssistant, broken: object) -> None:
    """A frontend of another make costs the card and nothing else."""
    hass.data["lovelace"] = broken

    await set_up(hass)
    await frontend.async_unregister_frontend(hass)

    assert DOMAIN in hass.config.components
