"""The real daemon has Home Assistant do something about a check that fails."""

import asyncio
from http import HTTPMethod
from typing import Any

from homeassistant.core import Event, HomeAssistant, ServiceCall
import pytest

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import CONF_ALLOW_ACTIONS, EVENT
from tests.contract.conftest import StartDaemon, set_up

TOKEN = "admin-token-of-the-contract-test"  # noqa: S105 - of a daemon that lives for this test
CONFIGURATION = """\
server: {{ token: {token} }}
checks:
  - id: router
    type: tcp
    host: 127.0.0.1
    port: 1
    interval_s: 3600
    timeout_s: 1
    retries: 0
    on_fail:
      actions:
        - type: home_assistant
          action: {action}
          target: {{ entity_id: switch.router_plug }}
          data: {{ seconds: 5 }}
          timeout_s: 20
          settle_s: 0
          after: 50
"""


@pytest.mark.parametrize(
    ("action", "calls", "ended", "said"),
    [
        ("script.restart_router", 1, "remediation_succeeded", "Home Assistant did it"),
        ("shell_command.restart_router", 0, "remediation_failed", "use a script"),
    ],
)
async def test_errand(
    hass: HomeAssistant,
    start_daemon: StartDaemon,
    action: str,
    calls: int,
    ended: str,
    said: str,
) -> None:
    """It is done once, or refused, and the daemon tells everybody how it went."""
    done: list[ServiceCall] = []
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def act(call: ServiceCall) -> None:
        """Do what was asked for."""
        done.append(call)

    async def hear(event: Event[Any]) -> None:
        """Take in how it ended."""
        if event.data["type"] == ended:
            told.set_result(event.data["error"])

    domain, _, name = action.partition(".")
    hass.services.async_register(domain, name, act)
    hass.states.async_set("switch.router_plug", "on")
    hass.bus.async_listen(EVENT, hear)
    daemon = await start_daemon(CONFIGURATION.format(token=TOKEN, action=action))
    entry = await set_up(hass, daemon, TOKEN, {CONF_ALLOW_ACTIONS: True})
    client: OpsMonitorClient = entry.runtime_data.client

    await client.send(HTTPMethod.POST, "api/checks/router/remediate")
    async with asyncio.timeout(30):
        error = await told

    assert said in error
    assert [dict(call.data) for call in done] == [
        {"entity_id": "switch.router_plug", "seconds": 5}
    ] * calls
    await hass.config_entries.async_unload(entry.entry_id)
