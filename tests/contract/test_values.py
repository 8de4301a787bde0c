"""What checks yield, from the real daemon's checks.yml into Home Assistant's entities."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from aiohttp import web
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import OpsMonitorClient, Snapshot
from custom_components.ops_monitor.client.snapshot import ChecksFrame, read_frame
from custom_components.ops_monitor.const import DOMAIN
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import state_of, wait_for_state, wait_until
from tests.quiet_server import QuietServer

CONFIGURATION = """\
checks:
  - id: heating
    name: Heating
    type: http
    url: {url}
    interval_s: 0.3
    retries: 0
    sla: 99.9
    area: Cellar
    export:
      - {{name: Flow, path: $.flow, unit: °C, device_class: temperature, state_class: measurement}}
"""
MODE = "      - {name: Mode, path: $.mode}\n"
FLOW = "sensor.cellar_heating_flow"


@pytest.fixture(autouse=True)
def _sockets(
    socket_enabled: None, enable_custom_integrations: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Allow the loopback, and the integration to be loaded; what is off at first is on."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


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
    await wait_for_run(client)
    config_entry = MockConfigEntry(
        domain=DOMAIN,
        title="Ops Monitor",
        unique_id=await client.instance_id(),
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
    )
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    return config_entry


async def wait_for_run(client: OpsMonitorClient) -> None:
    """Wait until the daemon has judged its check."""
    async with asyncio.timeout(60), aclosing(client.socket(None)) as batches:
        async for batch in batches:
            for frame in map(read_frame, batch):
                if (
                    isinstance(frame, Snapshot | ChecksFrame)
                    and (check := frame.checks.get("heating"))
                    and check.ok is not None
                ):
                    return


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
    await wait_for_state(hass, "sensor.cellar_heating_mode", "day")
    daemon.config.write_text(before)
    await wait_for_state(hass, "sensor.cellar_heating_mode", None)
    assert entity_registry.async_get("sensor.cellar_heating_mode") is None


async def test_place_and_past(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """A check of a loopback address belongs to the host, and stands in the room of its own.

    Mean response time and budget come with the uptimes, as soon as there was a run.
    """

    def find(identifier: str) -> dr.DeviceEntry | None:
        """Return a device."""
        known = (DOMAIN, f"{entry.unique_id}_{identifier}")
        return device_registry.async_get_device_by_identifier(known, entry.entry_id)

    def parent() -> str | None:
        """Return the device that the check belongs to."""
        device = find("check_heating")
        return device.via_device_id if device else None

    await wait_until(
        hass, lambda: (host := find("reading_host")) is not None and parent() == host.id
    )
    heating, cellar = find("check_heating"), area_registry.async_get_area_by_name("Cellar")
    assert heating
    assert cellar
    assert heating.area_id == cellar.id

    budget = entity_registry.async_get_entity_id(
        "sensor", DOMAIN, f"{entry.unique_id}_hub_sla_budget_30d"
    )
    assert budget
    await wait_until(hass, lambda: state_of(hass, budget).state != STATE_UNKNOWN)

    assert float(state_of(hass, "sensor.cellar_heating_average_response_time_24_hours").state) > 0
    # Next to nothing of the 43 minutes was used, and next to nothing of the month was not watched.
    assert float(state_of(hass, budget).state) == pytest.approx(43.2, abs=0.1)
    assert state_of(hass, budget).attributes["check"] == "Heating"
