"""Home Assistant, the real daemon and a cluster of Proxmox: guests that run, move and go."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceEntry
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import CONF_GUESTS, DOMAIN
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import wait_for_state, wait_until
from tests.ports import held_port
from tests.quiet_server import QuietServer

LOGIN = "monitor@pve!ops=12345678-aaaa-bbbb-cccc-1234567890ab"
GIB = 1 << 30
NODE = {"type": "node", "status": "online", "cpu": 0.1, "mem": GIB, "maxmem": 4 * GIB}
GUEST = {"status": "running", "mem": GIB, "maxmem": 2 * GIB, "uptime": 1000}


class Cluster:
    """The resources of a cluster of Proxmox VE, in the shape of its API; it knows nothing else."""

    def __init__(self) -> None:
        """Have two nodes with a guest each, and a template."""
        self.port = held_port()
        self.nodes = [{**NODE, "node": name} for name in ("pve1", "pve2")]
        self.guests: dict[int, dict[str, Any]] = {
            100: {**GUEST, "type": "qemu", "name": "router", "node": "pve1", "cpu": 0.02},
            111: {
                **GUEST,
                "type": "lxc",
                "name": "dashboards",
                "node": "pve2",
                "cpu": 0.01,
                "disk": 4 * GIB,
                "maxdisk": 8 * GIB,
            },
            900: {"type": "qemu", "name": "base", "node": "pve1", "template": 1},
        }

    async def answer(self, request: web.Request) -> web.Response:
        """Answer whoever has the token."""
        if request.headers.get("Authorization") != f"PVEAPIToken={LOGIN}":
            return web.json_response({"data": None}, status=401)
        guests = [{"vmid": vmid, **guest} for vmid, guest in self.guests.items()]
        return web.json_response({"data": [*self.nodes, *guests]})


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Allow the loopback, and the integration to be loaded."""


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Return a cluster that answers."""
    double = Cluster()
    app = web.Application()
    app.router.add_get("/api2/json/cluster/resources", double.answer)
    server = QuietServer(app, port=double.port)
    await server.start_server()
    yield double
    await server.close()


@pytest.fixture
async def daemon(tmp_path: Path, cluster: Cluster) -> AsyncIterator[DaemonProcess]:
    """Return a running daemon that polls the cluster as often as it may."""
    process = DaemonProcess(tmp_path)
    process.config.write_text(
        "checks: []\n"
        f"proxmox: {{url: 'http://127.0.0.1:{cluster.port}', token: '{LOGIN}', interval_s: 1}}\n"
    )
    await process.start()
    yield process
    await process.stop()


async def test_guests_are_followed(
    hass: HomeAssistant, daemon: DaemonProcess, cluster: Cluster
) -> None:
    """A guest stops, moves to another node as the same device, and is deleted with it."""
    info = await OpsMonitorClient(async_get_clientsession(hass), daemon.url).info()
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=info.instance_id,
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
        options={CONF_GUESTS: True},
    )
    entry.add_to_hass(hass)

    def device_of(part_id: str) -> DeviceEntry | None:
        """Return the device of a part."""
        identifier = (DOMAIN, f"{info.instance_id}_reading_{part_id}")
        return dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)

    assert await hass.config_entries.async_setup(entry.entry_id)
    await wait_for_state(hass, "binary_sensor.router", STATE_ON)
    router, node = device_of("proxmox.guests.100"), device_of("proxmox.pve2")
    assert router is not None
    assert node is not None
    assert (router.name, router.model) == ("router", "Virtual machine")
    await wait_for_state(hass, "sensor.router_cpu", "2.0")
    await wait_for_state(hass, "sensor.dashboards_disk", "50.0")
    assert device_of("proxmox.guests.900") is None

    cluster.guests[100] |= {"status": "stopped", "node": "pve2"}
    await wait_for_state(hass, "binary_sensor.router", STATE_OFF)
    moved = device_of("proxmox.guests.100")
    assert moved is not None
    assert (moved.id, moved.via_device_id) == (router.id, node.id)

    del cluster.guests[100]
    await wait_until(hass, lambda: device_of("proxmox.guests.100") is None)
    await wait_for_state(hass, "binary_sensor.dashboards", STATE_ON)
    await hass.config_entries.async_remove(entry.entry_id)
