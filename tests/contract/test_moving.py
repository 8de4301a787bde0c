"""Home Assistant and the real daemon: known again at another address, and nobody else is."""

from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

from aiohttp import ClientSession
from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.ops_monitor.const import CONF_CODE, DOMAIN, SECTION_ADVANCED
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.fake_daemon import FakeDaemon
from tests.ha.waiting import wait_until

ADMIN_TOKEN = "admin-token-of-the-moving-test"  # noqa: S105 - of a daemon that lives for this test
CONFIGURATION = f"""\
server:
  token: {ADMIN_TOKEN}
checks: []
"""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
async def daemons(tmp_path: Path) -> AsyncIterator[list[DaemonProcess]]:
    """Return two processes of one daemon, each with its own port; none runs yet."""
    processes = [DaemonProcess(tmp_path) for _ in range(2)]
    processes[0].config.write_text(CONFIGURATION)
    yield processes
    for process in processes:
        await process.stop()


async def set_up(hass: HomeAssistant, url: str) -> MockConfigEntry:
    """Set the daemon up by a code, as a person does."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with (
        ClientSession(url, headers=headers, raise_for_status=True) as admin,
        admin.post("/api/pair/code", json={}) as response,
    ):
        code: str = (await response.json())["code"]
    flows = hass.config_entries.flow
    menu = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(menu["flow_id"], {"next_step_id": "code"})
    filled = {CONF_URL: url, CONF_CODE: code, SECTION_ADVANCED: {CONF_VERIFY_SSL: True}}
    entry: MockConfigEntry = (await flows.async_configure(menu["flow_id"], filled))["result"]
    await hass.async_block_till_done()
    return entry


async def announce(hass: HomeAssistant, url: str, instance_id: str) -> str:
    """Announce a daemon in the network; return why nobody was asked about it."""
    service = ZeroconfServiceInfo(
        ip_address=ip_address("127.0.0.1"),
        ip_addresses=[ip_address("127.0.0.1")],
        port=URL(url).port,
        hostname="server.local.",
        type="_ops-monitor._tcp.local.",
        name="server._ops-monitor._tcp.local.",
        properties={"id": instance_id, "path": "/"},
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=service
    )
    await hass.async_block_till_done()
    return result["reason"]


async def test_only_the_daemon_itself_is_followed(
    hass: HomeAssistant, daemons: list[DaemonProcess]
) -> None:
    """An impostor with its id gets nothing; the daemon at its new address is known again."""
    before, after = daemons
    await before.start()
    entry = await set_up(hass, before.url)
    assert entry.state is ConfigEntryState.LOADED
    await wait_until(hass, lambda: entry.runtime_data.is_streaming)
    await before.stop()
    await wait_until(hass, lambda: not entry.runtime_data.is_streaming)

    impostor = FakeDaemon()
    impostor.instance_id, impostor.proof_key = entry.unique_id or "", "00" * 32
    await impostor.start()
    assert await announce(hass, impostor.url, impostor.instance_id) == "already_configured"
    await impostor.stop()
    assert entry.data[CONF_URL] == before.url
    assert impostor.shown_to_strangers == [None, None]
    assert impostor.seen_last_event_ids == []

    await after.start()
    assert await announce(hass, after.url, entry.unique_id or "") == "already_configured"
    assert entry.data[CONF_URL] == after.url != before.url
    await wait_until(hass, lambda: entry.state is ConfigEntryState.LOADED)
    await wait_until(hass, lambda: entry.runtime_data.is_streaming)
    await hass.config_entries.async_remove(entry.entry_id)
