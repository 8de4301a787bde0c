"""Home Assistant and the real daemon: let in by a code, shut out, let in again, gone."""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientSession
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import (
    CONF_CODE,
    CONF_RESTART_CHECKS,
    CONF_TOKEN_ID,
    DOMAIN,
    SECTION_ADVANCED,
)
from tests.contract.conftest import StartDaemon
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import wait_for_state, wait_until

ADMIN_TOKEN = "admin-token-of-the-pairing-test"  # noqa: S105 - of a daemon that lives for this test
CONFIGURATION = f"""\
server:
  token: {ADMIN_TOKEN}
checks:
  - id: backup
    type: heartbeat
    period: 1d
    grace: 1h
"""


@pytest.fixture
async def daemon(start_daemon: StartDaemon) -> DaemonProcess:
    """Return a running daemon that asks for a token."""
    return await start_daemon(CONFIGURATION)


@pytest.fixture
async def admin(daemon: DaemonProcess) -> AsyncIterator[ClientSession]:
    """Return what a person has who knows the admin token."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with ClientSession(daemon.url, headers=headers, raise_for_status=True) as session:
        yield session


async def show_code(admin: ClientSession) -> str:
    """Have the daemon show a code."""
    async with admin.post("/api/pair/code", json={}) as response:
        code: str = (await response.json())["code"]
        return code


async def tokens(admin: ClientSession) -> list[dict[str, Any]]:
    """Return who has a token."""
    async with admin.get("/api/tokens") as response:
        found: list[dict[str, Any]] = await response.json()
        return found


async def maintained(admin: ClientSession) -> list[Any]:
    """Return which checks are in maintenance by whom."""
    async with admin.get("/api/maintenance") as response:
        return [(window["checks"], window["reason"]) for window in await response.json()]


async def pair(hass: HomeAssistant, daemon: DaemonProcess, code: str) -> MockConfigEntry:
    """Set the daemon up, as a person does who was shown a code."""
    flows = hass.config_entries.flow
    menu = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(menu["flow_id"], {"next_step_id": "code"})
    filled = {CONF_URL: daemon.url, CONF_CODE: code, SECTION_ADVANCED: {CONF_VERIFY_SSL: True}}
    result = await flows.async_configure(menu["flow_id"], filled)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    entry: MockConfigEntry = result["result"]
    return entry


async def test_from_the_first_code_to_the_end(
    hass: HomeAssistant, daemon: DaemonProcess, admin: ClientSession
) -> None:
    """The token is rotated while all is running, and none is left when the entry is removed."""
    entry = await pair(hass, daemon, await show_code(admin))
    assert entry.state is ConfigEntryState.LOADED
    await wait_until(hass, lambda: entry.runtime_data.is_streaming)
    [known] = await tokens(admin)
    assert known["id"] == entry.data[CONF_TOKEN_ID]
    assert known["name"].startswith("Home Assistant")
    first = entry.data[CONF_TOKEN]

    async with admin.delete(f"/api/tokens/{known['id']}"):
        pass
    await wait_until(hass, lambda: list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))
    [flow] = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    await wait_for_state(hass, "binary_sensor.backup", "unavailable")

    flows = hass.config_entries.flow
    await flows.async_configure(flow["flow_id"], {"next_step_id": "code"})
    result = await flows.async_configure(flow["flow_id"], {CONF_CODE: "no code"})
    assert result["errors"] == {CONF_CODE: "wrong_code"}
    code = await show_code(admin)
    result = await flows.async_configure(flow["flow_id"], {CONF_CODE: code})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await wait_until(hass, lambda: entry.state is ConfigEntryState.LOADED)
    await wait_until(hass, lambda: entry.runtime_data.is_streaming)
    assert entry.data[CONF_TOKEN] != first
    assert [token["id"] for token in await tokens(admin)] == [entry.data[CONF_TOKEN_ID]]

    await hass.config_entries.async_remove(entry.entry_id)
    assert await tokens(admin) == []


async def test_a_restart_is_announced(
    hass: HomeAssistant, daemon: DaemonProcess, admin: ClientSession
) -> None:
    """While Home Assistant restarts, the chosen check is in maintenance at the real daemon."""
    entry = await pair(hass, daemon, await show_code(admin))
    hass.config_entries.async_update_entry(entry, options={CONF_RESTART_CHECKS: ["backup"]})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await wait_for_state(hass, "sensor.backup_status", "maintenance")
    assert await maintained(admin) == [(["backup"], "Home Assistant restarts")]

    await hass.config_entries.async_reload(entry.entry_id)
    await wait_until(
        hass, lambda: entry.runtime_data.data.checks["backup"].status.value != "maintenance"
    )
    assert await maintained(admin) == []
    await hass.config_entries.async_remove(entry.entry_id)
