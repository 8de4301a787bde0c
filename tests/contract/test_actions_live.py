"""What Home Assistant asks of the daemon, against the real one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPMethod
from typing import Any

from aiohttp import ClientSession
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import DOMAIN
from custom_components.ops_monitor.heartbeat import PATH, vital_signs
from tests.contract.conftest import StartDaemon, set_up
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import state_of, wait_for_state, wait_until

TOKEN = "admin-token-of-the-contract-test"  # noqa: S105 - of a daemon that lives for this test
READ_TOKEN = "read-token-of-the-contract-test"  # noqa: S105 - as above
CONFIGURATION = f"""\
server:
  token: {TOKEN}
  read_token: {READ_TOKEN}
checks:
  - id: web
    name: Web
    type: tcp
    host: 127.0.0.1
    port: 9
    interval_s: 3600
    timeout_s: 1
    retries: 0
    core: true
    tags: [lab]
  - id: home-assistant
    type: heartbeat
    period: 2m
"""


@pytest.fixture
async def daemon(start_daemon: StartDaemon) -> DaemonProcess:
    """Return a running daemon with a check that fails and one that is reported to."""
    return await start_daemon(CONFIGURATION)


@pytest.fixture
async def entry(hass: HomeAssistant, daemon: DaemonProcess) -> AsyncIterator[MockConfigEntry]:
    """Return an entry for it that is set up."""
    config_entry = await set_up(hass, daemon, TOKEN, {})
    await wait_for_state(hass, "binary_sensor.web", STATE_OFF)
    yield config_entry
    await hass.config_entries.async_unload(config_entry.entry_id)


async def act(hass: HomeAssistant, name: str, data: dict[str, Any] | None = None) -> Any:
    """Perform an action that answers."""
    return await hass.services.async_call(
        DOMAIN, name, data or {}, blocking=True, return_response=True
    )


async def test_questions(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each question is understood, and its answer too."""
    summary = await act(hass, "get_summary")
    history = await act(hass, "get_history", {"check": "web", "range": {"hours": 1}})
    incidents = await act(hass, "get_incidents", {"open_only": True})
    ports = await act(hass, "get_ports")
    port = await act(hass, "check_port", {"port": 9})

    assert (summary["status"], summary["down"]) == ("crit", 1)
    assert history["id"] == "web"
    assert history["intervals"][-1]["status"] == "down"
    assert isinstance(incidents["incidents"], list)
    assert isinstance(ports["ports"], list)
    assert port["free"] is True
    await entry.runtime_data.uptimes.async_refresh()
    assert set(entry.runtime_data.uptimes.data) == {"web", "home-assistant"}


async def test_wishes(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each wish is understood, and what comes of it is shown."""
    ran = await act(hass, "run_check", {"check": "web"})
    assert ran["checks"]["web"]["status"] == "down"
    await hass.services.async_call(
        DOMAIN, "acknowledge", {"check": "web", "note": "On it"}, blocking=True
    )

    switch = {"entity_id": "switch.web_monitoring"}
    await hass.services.async_call("switch", "turn_off", switch, blocking=True)
    await wait_for_state(hass, switch["entity_id"], STATE_OFF)
    assert state_of(hass, "sensor.web_status").state == "paused"
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    await wait_for_state(hass, switch["entity_id"], STATE_ON)


async def test_alerts_are_muted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Alerts are muted for a while, shown as muted, and told again."""

    def hub(domain: str, key: str) -> str:
        """Return the id of one of the hub's entities: its name is that of the machine."""
        unique_id = f"{entry.unique_id}_hub_{key}"
        entity_id = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
        assert entity_id
        return entity_id

    alerts = hub("switch", "alerts")
    await wait_for_state(hass, hub("sensor", "open_incidents"), "1")
    muted = {"duration": {"hours": 1}, "reason": "party"}
    await hass.services.async_call(DOMAIN, "mute_alerts", muted, blocking=True)
    await wait_for_state(hass, alerts, STATE_OFF)
    assert state_of(hass, alerts).attributes["reason"] == "party"

    await hass.services.async_call("switch", "turn_on", {"entity_id": alerts}, blocking=True)
    await wait_for_state(hass, alerts, STATE_ON)
    assert entry.runtime_data.data.started_at is not None


async def test_maintenance(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """Work is announced, shown, changed while it is under way, and ended."""
    window = await act(
        hass, "start_maintenance", {"tags": ["lab"], "duration": 600, "reason": "New disks"}
    )
    await wait_for_state(hass, "sensor.web_status", "maintenance")
    calendar_id = er.async_get(hass).async_get_entity_id(
        "calendar", DOMAIN, f"{entry.unique_id}_hub_maintenance"
    )
    assert calendar_id
    await wait_for_state(hass, calendar_id, STATE_ON)
    now = dt_util.utcnow()
    changed = {
        "summary": "More disks",
        "description": "web",
        "dtstart": (now - timedelta(hours=1)).isoformat(),
        "dtend": (now + timedelta(hours=5)).isoformat(),
    }
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "calendar/event/update",
            "entity_id": calendar_id,
            "uid": window["id"],
            "event": changed,
        }
    )
    assert (await client.receive_json())["success"]
    await wait_until(
        hass,
        lambda: state_of(hass, calendar_id).attributes.get("message") == "More disks",
    )
    shown = state_of(hass, calendar_id).attributes
    assert shown["description"] == "web"

    ended = await act(hass, "end_maintenance")

    assert ended == {"ended": [window["id"]]}
    await wait_for_state(hass, "sensor.web_status", "down")


async def test_heartbeat(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The heartbeat counts, and its check is up."""
    client = entry.runtime_data.client

    answer = await client.send(HTTPMethod.POST, PATH, vital_signs(hass))

    assert answer == {"counted": True, "check_id": "home-assistant", "note": None}
    await wait_for_state(hass, "binary_sensor.home_assistant", STATE_OFF)


async def test_token_that_may_only_read(
    hass: HomeAssistant, entry: MockConfigEntry, daemon: DaemonProcess
) -> None:
    """The better token is told from the one that may only read, without anything being done."""
    async with ClientSession() as session:
        await OpsMonitorClient(session, daemon.url, TOKEN).probe_admin()
        with pytest.raises(Exception, match="403"):
            await OpsMonitorClient(session, daemon.url, READ_TOKEN).probe_admin()
    with pytest.raises(HomeAssistantError):
        await act(hass, "send_test_alert")
