"""Values that checks read beside what they judge, as sensors."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.client import Export
from custom_components.ops_monitor.export_kinds import ExportKind, kind_of_export, shown_value
from tests.ha.fake_daemon import FakeDaemon, make_check
from tests.ha.waiting import state_of, wait_for_state, wait_until

QUEUE = "sensor.web_queue"


def make_export(name: str, value: object, **how: Any) -> dict[str, Any]:
    """Return an export as the daemon tells it."""
    return {
        "key": name.lower().replace(" ", "-"),
        "name": name,
        "value": value,
        "unit": None,
        "device_class": None,
        "state_class": None,
        "precision": None,
        **how,
    }


def make_shown(*exports: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the check `web` with exports."""
    return make_check("web", exports=list(exports), **changes)


async def test_a_sensor_for_each_value(
    hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Name, unit and classes are those of the configuration; each run brings a new value."""
    how = {"unit": "°C", "device_class": "temperature", "state_class": "measurement"}
    daemon.checks["web"] = make_shown(
        make_export("Flow temperature", 21.46, precision=1, **how),
        make_export("Mode", "heating"),
        make_export("Pump", value=True),
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    flow = state_of(hass, "sensor.web_flow_temperature")
    assert flow.state == "21.46"
    assert flow.attributes["friendly_name"] == "Web Flow temperature"
    assert flow.attributes["unit_of_measurement"] == "°C"
    assert flow.attributes["device_class"] == "temperature"
    assert flow.attributes["state_class"] == "measurement"
    assert state_of(hass, "sensor.web_mode").state == "heating"
    assert state_of(hass, "sensor.web_pump").state == "true"

    daemon.put(make_shown(make_export("Flow temperature", None, precision=1, **how)))
    await wait_for_state(hass, "sensor.web_flow_temperature", STATE_UNKNOWN)


async def test_values_come_and_go(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """What is configured anew gets a sensor, and what is no longer configured leaves nothing."""
    daemon.put(make_shown(make_export("Queue", 3)))
    await wait_for_state(hass, QUEUE, "3")

    daemon.put(make_shown(make_export("Depth", 4)))
    await wait_for_state(hass, "sensor.web_depth", "4")
    await wait_for_state(hass, QUEUE, None)
    assert entity_registry.async_get(QUEUE) is None

    daemon.put(make_shown(make_export("Queue", 5), make_export("Depth", 4)))
    await wait_for_state(hass, QUEUE, "5")


async def test_values_that_went_while_nobody_looked(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
) -> None:
    """After a start the sensors are those of the configuration; whoever is named alike stays."""
    daemon.checks["web_export_a"] = make_check("web_export_a")
    daemon.checks["web"] = make_shown(make_export("Queue", 3))
    await hass.config_entries.async_reload(loaded.entry_id)
    assert state_of(hass, QUEUE).state == "3"
    others = {entity_id for entity_id in entity_registry.entities if "export_a" in entity_id}
    await hass.config_entries.async_unload(loaded.entry_id)

    daemon.checks["web"] = make_check("web")
    await hass.config_entries.async_setup(loaded.entry_id)

    assert entity_registry.async_get(QUEUE) is None
    assert others
    assert others <= entity_registry.entities.keys()


async def test_numbers_that_nothing_can_hold(
    hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A number without end is unknown, and keeps no other sensor from being there."""
    daemon.checks["web"] = make_shown(make_export("Huge", 10**400), make_export("Queue", 3))

    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    assert state_of(hass, "sensor.web_huge").state == STATE_UNKNOWN
    assert state_of(hass, QUEUE).state == "3"

    daemon.put(make_shown(make_export("Huge", 1), make_export("Queue", -(10**400))))
    await wait_for_state(hass, QUEUE, STATE_UNKNOWN)
    assert state_of(hass, "sensor.web_huge").state == "1"


async def test_another_unit_is_taken_over(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A sensor keeps its id when the configuration says otherwise how it is shown."""
    daemon.put(make_shown(make_export("Queue", 3)))
    await wait_for_state(hass, QUEUE, "3")

    daemon.put(make_shown(make_export("Queue", 4, unit="jobs", state_class="measurement")))
    await wait_until(
        hass,
        lambda: (
            (state := hass.states.get(QUEUE))
            and state.attributes.get("unit_of_measurement") == "jobs"
            and state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        ),
    )
    await hass.async_block_till_done()

    assert state_of(hass, QUEUE).state == "4"
    assert loaded.state is ConfigEntryState.LOADED


async def test_a_check_that_cannot_be_read_keeps_its_sensors(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An export that is no object makes its check unreadable for a while, and costs no sensor."""
    daemon.put(make_shown(make_export("Queue", 3)))
    await wait_for_state(hass, QUEUE, "3")

    daemon.put(make_check("web", exports=["Queue"]))
    await wait_for_state(hass, QUEUE, STATE_UNAVAILABLE)
    assert "check web: one of exports: expected an object" in caplog.text
    assert entity_registry.async_get(QUEUE)

    daemon.put(make_shown(make_export("Queue", 4)))
    await wait_for_state(hass, QUEUE, "4")


# Device class, state class, unit, precision; what is left of them; a value and what is shown.
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (("temperature", "measurement", "°C", 1), ("temperature", "measurement", "°C", 1)),
        (("temperature", "measurement", "bananas", 1), (None, "measurement", "bananas", 1)),
        (("temperature", "total", "°C", None), ("temperature", None, "°C", None)),
        (("no_such_class", "no_such_class", None, None), (None, None, None, None)),
        (("connectivity", None, None, None), (None, None, None, None)),
        (("enum", None, None, None), (None, None, None, None)),
        (("timestamp", "measurement", "s", 1), ("timestamp", None, None, None)),
        (("wind_direction", "measurement_angle", "°", None),) * 2,
        ((None, "measurement_angle", "K", None), (None, None, "K", None)),
        (("energy", "total_increasing", "kWh", 2),) * 2,
        (("monetary", "total", "EUR", 2),) * 2,
    ],
)
def test_only_what_goes_together_is_kept(
    told: tuple[str | None, str | None, str | None, int | None],
    kept: tuple[str | None, str | None, str | None, int | None],
) -> None:
    """Home Assistant would complain about units and classes that exclude each other."""
    device_class, state_class, unit, precision = told
    kind = kind_of_export(Export("a", "A", unit, device_class, state_class, precision))

    assert (kind.device_class, kind.state_class, kind.unit, kind.precision) == kept


@pytest.mark.parametrize(
    ("device_class", "unit", "value", "shown"),
    [
        (None, "W", 3, 3),
        (None, "W", "three", None),
        (None, "W", True, None),
        (None, None, False, "false"),
        (None, None, "x" * 300, "x" * 255),
        (None, None, float("inf"), None),
        ("battery", "%", "full", None),
        ("timestamp", None, "2026-11-21T13:00:00+01:00", NOON),
        ("timestamp", None, "2026-11-21T12:00:00", None),
        ("timestamp", None, "yesterday", None),
        ("timestamp", None, NOON.timestamp(), NOON),
        ("timestamp", None, NOON.timestamp() * 1000, NOON),
        ("timestamp", None, 1e300, None),
        ("timestamp", None, True, None),
        ("date", None, "2026-11-21", NOON.date()),
        ("date", None, "soon", None),
        ("date", None, 3, None),
        ("date", None, None, None),
    ],
)
def test_only_what_can_be_shown_is_shown(
    device_class: str | None, unit: str | None, value: Any, shown: object
) -> None:
    """A value that its sensor cannot show is unknown, and breaks nothing."""
    kind = kind_of_export(Export("a", "A", unit, device_class, None, None))

    assert shown_value(kind, value) == shown


UNITS = (None, "°C", "°F", "%", "W", "kWh", "EUR", "s", "GB", "°", "\u00b5g/m³", "bananas")
VALUES: tuple[Any, ...] = (None, True, 3, 2.5, -1e300, "text", "2026-11-21T12:00:00Z", "2026-11-21")


class AnySensor(SensorEntity):
    """A sensor of a kind, with a value."""

    def __init__(self, hass: HomeAssistant, kind: ExportKind, value: Any) -> None:
        """Show the value."""
        self.hass = hass
        self.entity_id = "sensor.any"
        self._attr_device_class = kind.device_class
        self._attr_state_class = kind.state_class
        self._attr_native_unit_of_measurement = kind.unit
        self._attr_suggested_display_precision = kind.precision
        self._attr_native_value = shown_value(kind, value)


@pytest.mark.parametrize("device_class", [None, *SensorDeviceClass])
async def test_home_assistant_takes_whatever_people_write(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, device_class: str | None
) -> None:
    """No class, unit and value make a sensor fail, or something be said about it in the log."""
    kinds = [
        kind_of_export(Export("a", "A", unit, device_class, state_class, precision))
        for unit, state_class, precision in product(UNITS, [None, *SensorStateClass], (None, 1))
    ]

    states = [AnySensor(hass, kind, value).state for kind, value in product(kinds, VALUES)]

    assert len(states) == len(UNITS) * 5 * 2 * len(VALUES)
    assert caplog.text == ""
