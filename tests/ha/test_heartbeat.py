"""How Home Assistant tells the daemon that it lives."""

from datetime import timedelta
import logging

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ops_monitor.const import CONF_HEARTBEAT, CONF_HEARTBEAT_CHECK, DOMAIN
from tests.ha.fake_daemon import FakeDaemon, error_response
from tests.ha.waiting import wait_for_state, wait_until

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


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (EVENT_HOMEASSISTANT_STARTED, CoreState.running),
        (EVENT_HOMEASSISTANT_STOP, CoreState.stopping),
    ],
)
async def test_start_and_stop(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry, event: str, state: CoreState
) -> None:
    """That it starts or stops is told at once."""
    daemon.replies[PATH] = {"counted": True}
    await start(hass, entry, daemon, CONF_HEARTBEAT)
    await daemon.wait_for(lambda: len(daemon.asked) == 1)
    hass.set_state(state)

    hass.bus.async_fire(event)
    await daemon.wait_for(lambda: len(daemon.asked) == 2)

    assert daemon.asked[1][2]["state"] == state.value
    hass.set_state(CoreState.running)
    await hass.config_entries.async_unload(entry.entry_id)


def beats(daemon: FakeDaemon) -> int:
    """Return how often the daemon was told that Home Assistant is there."""
    return sum(path == PATH for _, path, _ in daemon.asked)


async def test_daemon_comes_back(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A daemon that was restarted is not left in doubt for a minute."""
    daemon.replies[PATH] = {"counted": True}
    await start(hass, entry, daemon, CONF_HEARTBEAT)
    await daemon.wait_for(lambda: beats(daemon) == 1)

    await daemon.stop()
    await wait_for_state(hass, "binary_sensor.home_lab_connected", "off")
    daemon.forget()
    await daemon.start()
    await daemon.wait_for(lambda: beats(daemon) == 2)

    told = [body["state"] for _, path, body in daemon.asked if path == PATH]
    assert told == ["RUNNING", "RUNNING"]
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

    assert beats(daemon) == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_another_check_counts_it(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """The check that counts the heartbeat can be chosen."""
    daemon.replies[PATH] = {"counted": True}
    hass.config_entries.async_update_entry(
        entry, options={CONF_HEARTBEAT: True, CONF_HEARTBEAT_CHECK: "house"}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for(lambda: len(daemon.asked) == 1)

    assert daemon.asked[0][2]["check_id"] == "house"
    await hass.config_entries.async_unload(entry.entry_id)
