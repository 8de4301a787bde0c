"""What the tests against a real daemon share: to start it, and to have it in Home Assistant."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import DOMAIN
from tests.e2e.daemon_process import DaemonProcess

type StartDaemon = Callable[[str], Coroutine[Any, Any, DaemonProcess]]
"""Starts a daemon with a configuration."""


@pytest.fixture
def loopback(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
async def start_daemon(loopback: None, tmp_path: Path) -> AsyncIterator[StartDaemon]:
    """Return what starts a daemon that ends with the test."""
    process = DaemonProcess(tmp_path)

    async def start(configuration: str) -> DaemonProcess:
        """Start it, and wait for its address."""
        process.config.write_text(configuration)
        await process.start()
        return process

    yield start
    await process.stop()


async def set_up(
    hass: HomeAssistant, daemon: DaemonProcess, token: str, options: Mapping[str, object]
) -> MockConfigEntry:
    """Have a daemon in Home Assistant, as a person does who knows a token of it."""
    async with ClientSession() as session:
        info = await OpsMonitorClient(session, daemon.url, token).info()
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Lab",
        unique_id=info.instance_id,
        data={CONF_URL: daemon.url, CONF_TOKEN: token, CONF_VERIFY_SSL: True},
        options=options,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry
