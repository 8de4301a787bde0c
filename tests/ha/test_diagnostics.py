"""Diagnostics: enough to find a fault, nothing that should stay private."""

from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_TOKEN, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.ha.fake_daemon import FakeDaemon, make_down, make_reading
from tests.ha.waiting import wait_for_state

# Home Assistant's own HTTP server, which the user interface is reached by, warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.*Key")


async def test_diagnostics(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """The stream's fate, each check and the last transitions can be downloaded."""
    transition = {
        "ts": dt_util.utcnow().isoformat(),
        "id": "web",
        "event": "DOWN",
        "status": "down",
        "previous": "up",
        "error": "The connection to http://web.home.example was refused.",
    }
    daemon.send(("check", make_down("web")), ("event", transition))
    await wait_for_state(hass, "binary_sensor.web", STATE_OFF)

    told = await get_diagnostics_for_config_entry(hass, hass_client, loaded)

    assert told["connected"] is True
    assert told["stream"]["frames"] == 2
    assert told["snapshot"]["checks"]["web"]["status"] == "down"
    assert [item["event"] for item in told["recent_transitions"]] == ["DOWN"]


async def test_diagnostics_are_redacted(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """Neither tokens nor addresses of the home network are in the download."""
    daemon.require("s3cret")
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "s3cret"})
    exports = [{"key": "wan", "value": "203.0.113.7"}, {"key": "rate", "value": 3.5}]
    daemon.checks["web"]["exports"] = exports
    await hass.config_entries.async_setup(entry.entry_id)

    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert told["entry"][CONF_TOKEN] == REDACTED
    assert "s3cret" not in str(told)
    assert "home.example" not in str(told)
    assert daemon.url not in str(told)
    assert told["snapshot"]["checks"]["web"]["exported"] == {"wan": REDACTED, "rate": 3.5}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics_of_a_device(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """A check's device tells of that check only, the hub's of the whole; neither of addresses."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    by_name = {device.name: device for device in devices}

    of_web = await get_diagnostics_for_device(hass, hass_client, loaded, by_name["Web"])
    of_hub = await get_diagnostics_for_device(hass, hass_client, loaded, by_name["Home lab"])

    assert [check["id"] for check in of_web["checks"]] == ["web"]
    assert of_web["stream"]["transport"] == "websocket"
    assert "home.example" not in str(of_web)
    assert (of_hub["checks"], of_hub["summary"]["total"]) == ([], 2)


async def test_diagnostics_of_something_polled(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """A router's device tells what was read of it, but not who it is and where."""
    values = {"wan_up": True, "external_ipv4": "203.0.113.33"}
    about = {"": {"model": "FRITZ!Box 7590", "serial": "S-123", "version": "8.02"}}
    daemon.read({**make_reading("fritz.home", values), "about": about})
    await wait_for_state(hass, "binary_sensor.fritz_box_home", STATE_ON)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    router = next(device for device in devices if device.name == "FRITZ!Box home")

    of_router = await get_diagnostics_for_device(hass, hass_client, loaded, router)
    of_all = await get_diagnostics_for_config_entry(hass, hass_client, loaded)

    [reading] = of_router["readings"]
    assert (reading["name"], reading["values"]["wan_up"]) == ("fritz.home", True)
    assert of_router["summary"] is None
    for told in (of_router, of_all):
        assert "203.0.113.33" not in str(told)
        assert "S-123" not in str(told)
