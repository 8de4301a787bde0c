"""Home Assistant reports that it lives, and the real daemon knows how it is doing."""

import asyncio
from typing import Any

from aiohttp import ClientSession
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import CONF_HEARTBEAT
from tests.contract.conftest import StartDaemon, set_up
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


@pytest.fixture
async def daemon(start_daemon: StartDaemon) -> DaemonProcess:
    """Return a running daemon that waits for reports."""
    return await start_daemon(CONFIGURATION)


async def test_heartbeat(hass: HomeAssistant, daemon: DaemonProcess) -> None:
    """The daemon tells of Home Assistant, without a token of it, what that has reported."""
    hass.states.async_set("light.kitchen", "unavailable")
    async with ClientSession() as session:
        client = OpsMonitorClient(session, daemon.url, TOKEN)
        entry = await set_up(hass, daemon, TOKEN, {CONF_HEARTBEAT: True})
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
