"""What goes from Home Assistant to the daemon: its heartbeat, and what came of errands."""

from datetime import timedelta
import logging
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.ops_monitor.const import CONF_ALLOW_ACTIONS, CONF_HEARTBEAT, DOMAIN
from tests.ha.fake_daemon import FakeDaemon, error_response
from tests.ha.waiting import wait_until

PATH = "/api/homeassistant/heartbeat"


async def start(hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon, key: str) -> None:
    """Set the entry up with an option."""
    hass.config_entries.async_update_entry(entry, options={key: True})
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()


async def test_heartbeat(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """Every minute the daemon is told how Home Assistant is doing."""
    daemon.replies[PATH] = {"counted": True}
    hass.states.async_set("light.kitchen", "unavailable")
    hass.states.async_set("update.core", "on")
    await start(hass, entry, daemon, CONF_HEARTBEAT)
    await daemon.wait_for(lambda: len(daemon.asked) == 1)

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=61))
    await daemon.wait_for(lambda: len(daemon.asked) == 2)

    _, _, signs = daemon.asked[0]
    assert (signs["state"], signs["unavailable"], signs["updates"]) == ("RUNNING", 1, 1)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_no_heartbeat_by_default(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Nothing of Home Assistant is told unless a person wants it."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=61))
    await hass.async_block_till_done(wait_background_tasks=False)

    assert daemon.asked == []


async def test_nobody_waits_for_it(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A daemon without a check for it is told of once."""
    caplog.set_level(logging.INFO)
    daemon.replies[PATH] = {"counted": False, "note": "add a check"}
    await start(hass, entry, daemon, CONF_HEARTBEAT)
    await daemon.wait_for(lambda: len(daemon.asked) == 1)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=61))
    await daemon.wait_for(lambda: len(daemon.asked) == 2)
    await hass.config_entries.async_unload(entry.entry_id)

    assert caplog.text.count("Nobody waits for the heartbeat: add a check") == 1


async def test_heartbeat_with_a_read_token(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A token that may only read is told of where it can be exchanged."""
    daemon.replies[PATH] = error_response(403, "forbidden")
    await start(hass, entry, daemon, CONF_HEARTBEAT)
    issue_id = f"read_only_token_{entry.entry_id}"
    await wait_until(hass, lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id))

    await hass.config_entries.async_unload(entry.entry_id)


def errand(action: str = "test.switch", seconds: float = 30, **changes: Any) -> dict[str, Any]:
    """Return what the daemon asks for."""
    now = dt_util.utcnow()
    return {
        "id": "e-1",
        "check_id": "web",
        "name": "Web",
        "reason": "The connection was refused.",
        "action": action,
        "target": {"entity_id": ["switch.plug"]},
        "data": {"brightness": 5},
        "ts": now.isoformat(),
        "expires_at": (now + timedelta(seconds=seconds)).isoformat(),
        **changes,
    }


async def result_of(hass: HomeAssistant, daemon: FakeDaemon, asked: dict[str, Any]) -> Any:
    """Ask for something; return what the daemon is told of it."""
    daemon.replies["/api/remediations/e-1/result"] = {"ok": True}
    daemon.send(("action", asked))
    await daemon.wait_for(lambda: daemon.asked != [])
    [(_, _, body)] = daemon.asked
    return body


async def test_errand(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """What is allowed is done, and the daemon is told so."""
    calls = async_mock_service(hass, "test", "switch")
    await start(hass, entry, daemon, CONF_ALLOW_ACTIONS)

    result = await result_of(hass, daemon, errand())

    assert result == {"ok": True}
    assert calls[0].data == {"entity_id": ["switch.plug"], "brightness": 5}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_errand_is_not_allowed(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Without a person's consent nothing is done, and the daemon is told how to get it."""
    calls = async_mock_service(hass, "test", "switch")

    result = await result_of(hass, daemon, errand())

    assert result["ok"] is False
    assert "Allow actions" in result["message"]
    assert calls == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HomeAssistantError("The plug is gone."), "The plug is gone."),
        (RuntimeError("a bug"), "RuntimeError: a bug"),
    ],
)
async def test_errand_fails(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    error: Exception,
    expected: str,
) -> None:
    """What could not be done is told with its reason."""

    async def fail(_call: ServiceCall) -> None:
        """Fail."""
        raise error

    hass.services.async_register("test", "switch", fail)
    await start(hass, entry, daemon, CONF_ALLOW_ACTIONS)

    assert await result_of(hass, daemon, errand()) == {"ok": False, "message": expected}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_errand_that_nobody_knows(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """An action that is not there is named."""
    await start(hass, entry, daemon, CONF_ALLOW_ACTIONS)

    result = await result_of(hass, daemon, errand("test.nothing"))

    assert result == {"ok": False, "message": "there is no action test.nothing"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_errand_that_is_too_late(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """What was asked for long ago is left alone; what cannot be told is no trouble."""
    calls = async_mock_service(hass, "test", "switch")
    await start(hass, entry, daemon, CONF_ALLOW_ACTIONS)

    daemon.send(("action", errand(seconds=-1)))
    daemon.send(("action", errand(data={"brightness": 7})))
    await wait_until(hass, lambda: calls)
    await daemon.wait_for(lambda: daemon.asked != [])

    assert [item.data["brightness"] for item in calls] == [7]
    await hass.config_entries.async_unload(entry.entry_id)
