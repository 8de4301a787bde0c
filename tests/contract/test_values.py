"""What checks yield, from the real daemon's checks.yml into Home Assistant's entities."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import DOMAIN
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import state_of, wait_for_state
from tests.quiet_server import QuietServer

CONFIGURATION = """\
checks:
  - id: heating
    name: Heating
    type: http
    url: {url}
    interval_s: 0.3
    retries: 0
    export:
      - {{name: Flow, path: $.flow, unit: °C, device_class: temperature, state_class: measurement}}
"""
MODE = "      - {name: Mode, path: $.mode}\n"
FLOW = "sensor.heating_flow"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
def answer() -> dict[str, object]:
    """Return what the target answers, to be changed."""
    return {"flow": 41.5, "mode": "day"}


@pytest.fixture
async def target(answer: dict[str, object]) -> AsyncIterator[QuietServer]:
    """Return a server that tells of a heating."""

    async def tell(_request: web.Request) -> web.Response:
        """Answer."""
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/", tell)
    server = QuietServer(app)
    await server.start_server(shutdown_timeout=0.1)
    yield server
    await server.close()


@pytest.fixture
async def daemon(target: QuietServer, tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    """Return a running daemon that asks this server."""
    process = DaemonProcess(tmp_path)
    process.config.write_text(CONFIGURATION.format(url=target.make_url("/")))
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def entry(hass: HomeAssistant, daemon: DaemonProcess) -> MockConfigEntry:
    """Return an entry for the daemon that is set up."""
    client = OpsMonitorClient(async_get_clientsession(hass), daemon.url)
    config_entry = MockConfigEntry(
        domain=DOMAIN,
        title="Ops Monitor",
        unique_id=await client.instance_id(),
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
    )
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    return config_entry


async def test_exported_values(
    hass: HomeAssistant,
    daemon: DaemonProcess,
    entry: MockConfigEntry,
    answer: dict[str, object],
    entity_registry: er.EntityRegistry,
) -> None:
    """Values follow the target, and come and go with checks.yml, without a restart of anything."""
    await wait_for_state(hass, FLOW, "41.5")
    assert state_of(hass, FLOW).attributes["unit_of_measurement"] == "°C"

    answer["flow"] = "warm"
    await wait_for_state(hass, FLOW, STATE_UNKNOWN)
    answer["flow"] = "42.25"
    await wait_for_state(hass, FLOW, "42.25")

    before = daemon.config.read_text()
    daemon.config.write_text(before + MODE)
    await wait_for_state(hass, "sensor.heating_mode", "day")
    daemon.config.write_text(before)
    await wait_for_state(hass, "sensor.heating_mode", None)
    assert entity_registry.async_get("sensor.heating_mode") is None
