"""Home Assistant and the real daemon: a newer release, from the releases API to the entity."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import DOMAIN
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import state_of, wait_for_state, wait_until
from tests.ports import held_port
from tests.quiet_server import QuietServer

RELEASES = [
    {"tag_name": "v99.1.0rc1", "prerelease": True, "html_url": "https://example.org/rc"},
    {"tag_name": "v99.0.0", "html_url": "https://example.org/99", "body": "Much is new."},
    {"tag_name": "v0.0.1", "html_url": "https://example.org/old"},
]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
async def releases() -> AsyncIterator[str]:
    """Return where a releases API answers."""

    async def answer(_request: web.Request) -> web.Response:
        """Tell of all releases."""
        return web.json_response(RELEASES)

    port = held_port()
    app = web.Application()
    app.router.add_get("/releases", answer)
    server = QuietServer(app, port=port)
    await server.start_server()
    yield f"http://127.0.0.1:{port}/releases"
    await server.close()


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    """Return a running daemon that looks for no updates, as it is by itself."""
    process = DaemonProcess(tmp_path)
    process.config.write_text("checks: []\n")
    await process.start()
    yield process
    await process.stop()


async def test_a_newer_release_is_shown_where_it_is_wanted(
    hass: HomeAssistant,
    daemon: DaemonProcess,
    releases: str,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Nothing by default; told to look, the daemon finds the newest final one, with its notes."""
    info = await OpsMonitorClient(async_get_clientsession(hass), daemon.url).info()
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Lab",
        unique_id=info.instance_id,
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await wait_until(hass, lambda: entry.runtime_data.is_streaming)
    assert hass.states.async_entity_ids("update") == []

    daemon.config.write_text(f"checks: []\nupdates: {{enabled: true, url: '{releases}'}}\n")
    await wait_until(hass, lambda: hass.states.async_entity_ids("update"))
    [entity_id] = hass.states.async_entity_ids("update")
    await wait_for_state(hass, entity_id, STATE_ON)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": entity_id})
    notes = await client.receive_json()

    shown = state_of(hass, entity_id).attributes
    assert (shown["latest_version"], shown["installed_version"]) == ("99.0.0", info.version)
    assert shown["release_url"] == "https://example.org/99"
    assert notes["result"] == "Much is new."
    await wait_until(hass, lambda: entry.runtime_data.data.wellbeing.storage.free_bytes)
    await hass.config_entries.async_remove(entry.entry_id)
