"""Devices: one for the daemon, one for each check, and none for what is gone."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon, make_check, make_down, make_reading
from tests.ha.waiting import state_of, wait_for_state, wait_until

# Home Assistant's own HTTP server, which the user interface is reached by, warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.*Key")


def find(registry: dr.DeviceRegistry, entry: MockConfigEntry, what: str) -> dr.DeviceEntry:
    """Return the device of a check, or the hub for an empty name."""
    device = look_for(registry, entry, what)
    assert device is not None, what
    return device


def look_for(
    registry: dr.DeviceRegistry, entry: MockConfigEntry, what: str
) -> dr.DeviceEntry | None:
    """Return the device of a check, if there is one, or the hub for an empty name."""
    identifier = f"{INSTANCE_ID}_check_{what}" if what else INSTANCE_ID
    return registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)


async def test_devices(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Each check is a service behind the hub, and leads to its place on the daemon's page."""
    hub = find(device_registry, loaded, "")
    web = find(device_registry, loaded, "web")

    assert (hub.name, hub.sw_version, hub.configuration_url) == ("Home lab", "0.1.0", daemon.url)
    assert (web.name, web.model, web.via_device_id) == ("Web", "HTTP check", hub.id)
    assert web.configuration_url == f"{daemon.url}/?check=web#log"
    assert {hub.entry_type, web.entry_type} == {dr.DeviceEntryType.SERVICE}


async def test_check_comes_and_goes(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """A new check appears and a removed one disappears with its device, without a reload."""
    daemon.add(make_check("printer"))
    await wait_for_state(hass, "binary_sensor.printer", STATE_ON)
    await wait_for_state(hass, "sensor.printer_status", "up")

    daemon.remove("printer")
    await wait_for_state(hass, "binary_sensor.printer", None)
    await wait_for_state(hass, "sensor.printer_status", None)
    assert look_for(device_registry, loaded, "printer") is None
    assert entity_registry.async_get("sensor.printer_status") is None

    daemon.add(make_down("printer"))
    await wait_for_state(hass, "binary_sensor.printer", STATE_OFF)


async def test_checks_change_while_away(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """What a daemon lost and got while it was away is gone and there when it is back."""
    await daemon.stop()
    daemon.forget()
    daemon.checks = {"web": make_check("web"), "printer": make_check("printer")}
    await daemon.start()

    await wait_for_state(hass, "binary_sensor.printer", STATE_ON)
    await wait_for_state(hass, "binary_sensor.nas", None)
    assert look_for(device_registry, loaded, "nas") is None


async def test_unreadable_check_keeps_its_device(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A check that is there but cannot be read keeps device, entities and with them its history."""
    await daemon.stop()
    daemon.forget()
    daemon.checks["nas"] = {"id": "nas", "tags": "not a list"}
    await daemon.start()
    await wait_for_state(hass, "binary_sensor.web", STATE_ON)

    await wait_for_state(hass, "binary_sensor.nas", "unavailable")
    assert find(device_registry, loaded, "nas")


async def test_unreadable_new_check(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A new check gets its entities as soon as it can be read."""
    daemon.add({"id": "printer", "tags": "not a list"})
    daemon.put(make_down("web"))
    await wait_for_state(hass, "binary_sensor.web", STATE_OFF)
    assert hass.states.get("binary_sensor.printer") is None

    daemon.put(make_check("printer"))
    await wait_for_state(hass, "binary_sensor.printer", STATE_ON)


async def test_stale_devices_are_removed_at_start(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A check that was removed while Home Assistant was off leaves no device behind."""
    device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"{INSTANCE_ID}_check_old")}
    )

    await hass.config_entries.async_setup(entry.entry_id)

    assert look_for(device_registry, entry, "old") is None
    assert find(device_registry, entry, "web")


async def test_device_follows_the_check(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A check that gets another name or type in checks.yml gets it here too."""
    daemon.put(make_check("web", name="Front page", type="job"))
    await wait_until(hass, lambda: find(device_registry, loaded, "web").name == "Front page")

    assert find(device_registry, loaded, "web").model == "Job check"


async def test_a_check_of_another_type_has_other_sensors(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What such a check has is there at once, and what it has not is gone, after a start, too."""
    assert entity_registry.async_get("sensor.web_http_status_code")

    daemon.put(make_check("web", type="disk", value=41))
    await wait_for_state(hass, "sensor.web_used", "41")
    assert entity_registry.async_get("sensor.web_http_status_code") is None
    assert state_of(hass, "sensor.web_status").state == "up"

    await hass.config_entries.async_unload(loaded.entry_id)
    daemon.checks["web"] = make_check("web", type="metric", value=7)
    await hass.config_entries.async_setup(loaded.entry_id)
    assert state_of(hass, "sensor.web_value").state == "7"
    assert entity_registry.async_get("sensor.web_used") is None
    assert "does not generate unique IDs" not in caplog.text


async def test_a_certificate_that_is_seen_later(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A check of which nobody knew that it sees one gets the sensor once, and keeps it."""
    sensor, expires = "sensor.nas_certificate_expires", "2027-02-01T00:00:00+00:00"
    blind = make_check("nas", type="tcp", target="nas:993")
    seeing = {**blind, "certificate_expires": expires}
    daemon.put(blind)
    await wait_until(hass, lambda: not entity_registry.async_get("sensor.nas_http_status_code"))
    assert hass.states.get(sensor) is None

    daemon.put(seeing)
    await wait_for_state(hass, sensor, expires)
    daemon.put(blind)
    await wait_for_state(hass, sensor, STATE_UNKNOWN)
    daemon.put(seeing)
    await wait_for_state(hass, sensor, expires)
    assert "does not generate unique IDs" not in caplog.text


async def test_hub_follows_the_daemon(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """An update of the daemon shows in the hub's version."""
    await daemon.stop()
    daemon.forget()
    daemon.version = "0.2.0"
    await daemon.start()

    await wait_until(hass, lambda: find(device_registry, loaded, "").sw_version == "0.2.0")
    # What it can do may have changed as well: the entry is set up anew.
    await wait_until(
        hass,
        lambda: (
            loaded.state is ConfigEntryState.LOADED and loaded.runtime_data.info.version == "0.2.0"
        ),
    )
    await hass.async_block_till_done()
    assert find(device_registry, loaded, "").sw_version == "0.2.0"


@pytest.mark.parametrize(("what", "is_removed"), [("web", False), ("", False), ("old", True)])
async def test_person_removes_a_device(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    hass_ws_client: WebSocketGenerator,
    what: str,
    is_removed: object,
) -> None:
    """A person may delete what the daemon does not have any more, and nothing else."""
    device_registry.async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, f"{INSTANCE_ID}_check_old")}
    )

    answer = await remove(hass, hass_ws_client, find(device_registry, loaded, what))

    assert answer["success"] is is_removed


async def test_person_removes_a_device_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    hass_ws_client: WebSocketGenerator,
    daemon: FakeDaemon,
) -> None:
    """While the daemon cannot be asked, a person knows better."""
    await daemon.stop()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    device = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"{INSTANCE_ID}_check_web")}
    )

    answer = await remove(hass, hass_ws_client, device)

    assert answer["success"]


async def remove(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    device: dr.DeviceEntry,
) -> dict[str, Any]:
    """Delete a device as the user interface does; return the answer."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    answer: dict[str, Any] = await client.remove_device(device.id)
    return answer


async def test_a_check_belongs_to_what_its_target_is_part_of(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """The nearest device that there is: one within a thing, the thing, or the hub."""
    daemon.readings = {
        "host": make_reading("host", {"cpu_percent": 3.0}),
        "proxmox": make_reading("proxmox", {"online": True, "pve1.cpu_percent": 3.0}),
    }
    places = {
        "disk": "host.disk.root",
        "node": "proxmox.pve1",
        "guest": "proxmox.pve2",
        "box": "fritz.home",
        "shop": None,
    }
    daemon.checks = {name: make_check(name, belongs_to=place) for name, place in places.items()}

    await hass.config_entries.async_setup(entry.entry_id)

    def parent(what: str) -> str | None:
        """Return the name of the device that a check belongs to."""
        device = find(device_registry, entry, what)
        found = device_registry.async_get(device.via_device_id or "")
        return found.name if found else None

    assert {what: parent(what) for what in places} == {
        "disk": "Host",
        "node": "pve1",
        "guest": "Proxmox",
        "box": "Home lab",
        "shop": "Home lab",
    }


async def test_a_check_moves_when_it_belongs_elsewhere(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
) -> None:
    """It follows the configuration, and what there is; nothing has to be loaded anew."""

    def parent() -> str | None:
        """Return the name of the device that the check belongs to."""
        device = device_registry.async_get(find(device_registry, loaded, "web").via_device_id or "")
        return device.name if device else None

    daemon.put(make_check("web", belongs_to="fritz.home"))
    await wait_until(hass, lambda: loaded.runtime_data.data.checks["web"].belongs_to)
    assert parent() == "Home lab"

    daemon.read(make_reading("fritz.home", {"reachable": True}))
    await wait_until(hass, lambda: parent() == "FRITZ!Box home")

    daemon.readings = {}
    daemon.send(("readings", []))
    await wait_until(hass, lambda: parent() == "Home lab")

    daemon.read(make_reading("host", {"cpu_percent": 3.0}))
    daemon.put(make_check("web", belongs_to="host"))
    await wait_until(hass, lambda: parent() == "Host")

    daemon.put(make_check("web"))
    await wait_until(hass, lambda: parent() == "Home lab")


async def test_the_area_is_only_suggested(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    """A new device is put into the area of checks.yml; where a person puts it, it stays."""
    daemon.add(make_check("printer", area="Office"))
    await wait_for_state(hass, "binary_sensor.office_printer", STATE_ON)
    office = area_registry.async_get_area_by_name("Office")
    printer = find(device_registry, loaded, "printer")
    assert office
    assert printer.area_id == office.id

    attic = area_registry.async_create("Attic")
    device_registry.async_update_device(printer.id, area_id=attic.id)
    daemon.put(make_check("printer", area="Cellar", name="Old printer"))
    await wait_until(hass, lambda: find(device_registry, loaded, "printer").name == "Old printer")
    await hass.config_entries.async_reload(loaded.entry_id)

    assert find(device_registry, loaded, "printer").area_id == attic.id
    assert area_registry.async_get_area_by_name("Cellar") is None
