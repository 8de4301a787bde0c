"""Home Assistant reports that it lives, and the real daemon knows how it is doing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL, __version__
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import CONF_HEARTBEAT, DOMAIN
from tests.e2e.daemon_process import DaemonProcess

TOKEN = "admin-token-of-the-contract-test"  # noqa: S105 - of a daemon that lives for this test
CONFIGURATION = f"""\
server: {{ token: {TOKEN} }}
homeassistant: {{ interval_s: 1, timeout_s: 1 }}
host: {{ enabled: false }}
nvme: {{ enabled: false }}
ports: {{ enabled: false }}
checks: []
"""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    """Return a running daemon that waits for reports."""
    process = DaemonProcess(tmp_path)
    process.config.write_text(CONFIGURATION)
    await process.start()
    yield process
    await process.stop()


async def test_heartbeat(hass: HomeAssistant, daemon: DaemonProcess) -> None:
    """The daemon tells of Home Assistant, without a token of it, what that has reported."""
    hass.states.async_set("light.kitchen", "unavailable")
    async with ClientSession() as session:
        client = OpsMonitorClient(session, daemon.url, TOKEN)
        info = await client.info()
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Ops Monitor",
            unique_id=info.instance_id,
            data={CONF_URL: daemon.url, CONF_TOKEN: TOKEN, CONF_VERIFY_SSL: True},
            options={CONF_HEARTBEAT: True},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        told: dict[str, Any] = {}
        async with asyncio.timeout(30):
            while told.get("version") is None:
                told = await client.get("api/homeassistant")
                await asyncio.sleep(0.1)
    await hass.config_entries.async_unload(entry.entry_id)

    assert (told["version"], told["state"], told["status"]) == (__version__, "RUNNING", "ok")
    assert told["entities_unavailable"] == 1
    assert told["heartbeat_ts"]
    assert told["stale"] is False
