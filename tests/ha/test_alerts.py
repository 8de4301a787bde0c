"""What there is to tell, whether people are told, and by which ways."""

from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import FakeDaemon
from tests.ha.waiting import state_of, wait_for_state, wait_until

SWITCH = "switch.home_lab_alerts"
MUTED = {"since": "2026-11-20T10:00:00Z", "until": "2026-11-20T11:00:00Z", "reason": "party"}


@pytest.fixture
async def muting(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry whose daemon can be muted, and has two channels."""
    daemon.capabilities = ["mute"]
    daemon.replies |= {"/api/alerts/mute": {}, "/api/alerts/unmute": {}, "/api/alerts": {}}
    daemon.alerts["channels"] = [{"name": "phone", "type": "ntfy"}, {"name": "mail", "type": "x"}]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await daemon.wait_for_client()
    return entry


async def act(hass: HomeAssistant, domain: str, name: str, **data: Any) -> None:
    """Perform an action."""
    await hass.services.async_call(domain, name, data, blocking=True)


async def test_alerts_are_muted(
    hass: HomeAssistant, muting: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Off mutes, on tells again; who else does so is followed, with the reason."""
    assert state_of(hass, SWITCH).state == STATE_ON
    await act(hass, "switch", "turn_off", entity_id=SWITCH)
    daemon.tell_alerts(muted=MUTED)
    await wait_for_state(hass, SWITCH, STATE_OFF)
    attributes = state_of(hass, SWITCH).attributes
    await act(hass, "switch", "turn_on", entity_id=SWITCH)
    daemon.tell_alerts(muted=None)
    await wait_for_state(hass, SWITCH, STATE_ON)

    assert attributes["reason"] == "party"
    assert attributes["muted_until"].isoformat() == "2026-11-20T11:00:00+00:00"
    assert daemon.asked == [
        ("POST", "/api/alerts/mute", {"reason": "muted from Home Assistant"}),
        ("POST", "/api/alerts/unmute", {}),
    ]


async def test_actions(hass: HomeAssistant, muting: MockConfigEntry, daemon: FakeDaemon) -> None:
    """An automation mutes for a while."""
    await act(hass, DOMAIN, "mute_alerts", duration={"hours": 1}, reason="party")
    await act(hass, DOMAIN, "mute_alerts")
    await act(hass, DOMAIN, "unmute_alerts")

    assert [body for _, _, body in daemon.asked] == [
        {"duration_s": 3600, "reason": "party", "by": "Home Assistant"},
        {"by": "Home Assistant"},
        {},
    ]


async def test_older_daemon(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What cannot be muted has no switch, and says so."""
    assert hass.states.get(SWITCH) is None

    with pytest.raises(ServiceValidationError, match="cannot do this"):
        await act(hass, DOMAIN, "mute_alerts")


@pytest.mark.parametrize("odd", [{"muted": None}, None, [], {"muted": "yes"}, {"channels": [3]}])
async def test_daemon_that_tells_nothing_of_alerts(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry, odd: Any
) -> None:
    """What is not told is unknown, and takes nothing else along."""
    daemon.alerts = odd
    daemon.capabilities = ["mute"]
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    is_readable = odd in ({"muted": None}, {"channels": [3]})
    assert state_of(hass, "sensor.home_lab_open_incidents").state == STATE_UNKNOWN
    assert state_of(hass, "sensor.home_lab_last_incident").state == STATE_UNKNOWN
    assert state_of(hass, SWITCH).state == (STATE_ON if is_readable else STATE_UNKNOWN)
    assert state_of(hass, "binary_sensor.web").state == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


async def test_incidents(hass: HomeAssistant, muting: MockConfigEntry, daemon: FakeDaemon) -> None:
    """The hub tells how many are open and when the latest began, and since when the daemon runs."""
    started = state_of(hass, "sensor.home_lab_daemon_started")
    daemon.tell_alerts(open=2, last_opened_at="2026-11-20T10:00:00Z")

    await wait_for_state(hass, "sensor.home_lab_open_incidents", "2")
    last = state_of(hass, "sensor.home_lab_last_incident")
    assert last.state == "2026-11-20T10:00:00+00:00"
    assert (started.state, started.attributes["device_class"]) == (
        "2026-11-20T08:00:00+00:00",
        "uptime",
    )


async def test_channels(hass: HomeAssistant, muting: MockConfigEntry, daemon: FakeDaemon) -> None:
    """Each channel has an entity, off at first; they come and go with the channels."""
    registry = er.async_get(hass)

    def channels() -> set[str]:
        """Return the entities of single channels."""
        found = er.async_entries_for_config_entry(registry, muting.entry_id)
        return {item.entity_id for item in found if "_channel_" in item.unique_id}

    phone = "notify.home_lab_channel_phone"
    assert channels() == {phone, "notify.home_lab_channel_mail"}
    assert hass.states.get(phone) is None

    daemon.tell_alerts(channels=[{"name": "phone", "type": "ntfy"}, {"name": "tv", "type": "x"}])
    await wait_until(hass, lambda: channels() == {phone, "notify.home_lab_channel_tv"})
    registry.async_update_entity(phone, disabled_by=None)
    await hass.config_entries.async_reload(muting.entry_id)
    await daemon.wait_for_client()
    daemon.asked.clear()
    await act(hass, "notify", "send_message", entity_id=phone, message="It is done.")

    [(_, path, body)] = daemon.asked
    assert (path, body["channels"]) == ("/api/alerts", ["phone"])
