"""What automations can use: events, the logbook, triggers, conditions and blueprints."""

from pathlib import Path
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.automation.const import DOMAIN as AUTOMATION
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.const import STATE_OFF, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import condition, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import yaml as yaml_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.ops_monitor import logbook
from custom_components.ops_monitor.client import Transition
from custom_components.ops_monitor.const import DOMAIN, EVENT
from custom_components.ops_monitor.occurrence import OF_CHECKS, OF_THINGS, Kind, kind_of
from tests.ha.fake_daemon import FakeDaemon, make_check, make_down
from tests.ha.test_events import make_event
from tests.ha.waiting import state_of, wait_for_state, wait_until

WEB = "binary_sensor.web"
INCIDENT = "event.home_lab_incident"
BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / "ops_monitor"


def web_device(hass: HomeAssistant) -> str:
    """Return the id of the device of the check `web`."""
    entity = er.async_get(hass).async_get(WEB)
    assert entity
    assert entity.device_id
    return entity.device_id


def fail(daemon: FakeDaemon, **changes: Any) -> None:
    """Let the check `web` go down."""
    check = make_down("web", **changes)
    daemon.checks["web"] = check
    daemon.send(("check", check), ("event", make_event()), ("summary", daemon.summary()))


def recover(daemon: FakeDaemon) -> None:
    """Let the check `web` be up again."""
    check = make_check("web")
    daemon.checks["web"] = check
    event = make_event(event="UP", status="up", previous="down", ok=True, error=None)
    daemon.send(("check", check), ("event", event), ("summary", daemon.summary()))


@pytest.mark.parametrize(
    ("event", "status", "previous", "kind"),
    [
        ("DOWN", "down", "up", Kind.DOWN),
        ("UP", "up", "down", Kind.RECOVERED),
        ("UP", "up", "degraded", Kind.RECOVERED),
        ("UP", "up", "paused", None),
        ("INIT", "up", "pending", None),
        ("INIT", "down", "pending", Kind.DOWN),
        ("DEGRADED", "degraded", "up", Kind.DEGRADED),
        ("UNREACHABLE", "unreachable", "up", Kind.UNREACHABLE),
        ("ACTION_DONE", "down", "down", Kind.REMEDIATION_SUCCEEDED),
        ("PENDING", "pending", "up", None),
        ("SOMETHING_NEW", "up", "up", None),
    ],
)
def test_kinds(event: str, status: str, previous: str, kind: Kind | None) -> None:
    """What is no news to people is not told as such."""
    raw = make_event(event=event, status=status, previous=previous)

    assert kind_of(Transition.from_api(raw)) is kind


async def test_event_entity(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """The hub's event entity shows what happened to any check."""
    assert state_of(hass, INCIDENT).state == STATE_UNKNOWN
    fail(daemon)
    await wait_until(hass, lambda: state_of(hass, INCIDENT).state != STATE_UNKNOWN)

    attributes = state_of(hass, INCIDENT).attributes
    assert attributes["event_type"] == "down"
    things = [kind.value for kind in OF_THINGS.values()]
    assert attributes["event_types"] == [*(kind.value for kind in OF_CHECKS), *things, "test"]
    assert (attributes["check_id"], attributes["name"]) == ("web", "Web")
    assert attributes["error"] == "The connection was refused."


async def test_event_entity_of_a_check(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A check's own event entity is off by default, and shows its own events only."""
    registry = er.async_get(hass)
    for check_id in ("web", "nas"):
        registry.async_get_or_create(
            "event",
            DOMAIN,
            f"{entry.unique_id}_check_{check_id}_occurrence",
            config_entry=entry,
            disabled_by=None,
            object_id_base=f"{check_id}_event",
        )
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    fail(daemon)
    await wait_until(hass, lambda: state_of(hass, "event.web_event").state != STATE_UNKNOWN)

    assert state_of(hass, "event.web_event").attributes["event_type"] == "down"
    assert state_of(hass, "event.nas_event").state == STATE_UNKNOWN
    await hass.config_entries.async_unload(entry.entry_id)


async def test_event_on_the_bus(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What happens is on the event bus, with all that an automation may ask for."""
    events = async_capture_events(hass, EVENT)
    fail(daemon, severity="P1", tags=["lab"], core=True)
    await wait_until(hass, lambda: len(events) == 2)

    of_check, of_whole = sorted(events, key=lambda event: event.data["type"], reverse=True)
    assert of_check.data["type"] == "down"
    assert of_check.data["device_id"] == web_device(hass)
    assert of_check.data["entry_id"] == loaded.entry_id
    assert (of_check.data["severity"], of_check.data["tags"]) == ("P1", ["lab"])
    assert (of_whole.data["type"], of_whole.data["previous"]) == ("became_critical", "ok")


def test_logbook() -> None:
    """The logbook has a sentence for everything that may happen."""
    described: dict[str, Any] = {}
    logbook.async_describe_events(
        None,  # type: ignore[arg-type] # not used
        lambda domain, event, describe: described.update({f"{domain}/{event}": describe}),
    )
    describe = described[f"{DOMAIN}/{EVENT}"]

    sentences = [
        describe(Event(EVENT, {"type": kind.value, "name": "Web"}))["message"] for kind in Kind
    ]

    assert len(set(sentences)) == len(Kind)
    assert describe(Event(EVENT, {"type": "down", "name": "Web", "error": "Refused."})) == {
        "name": "Web",
        "message": "is down: Refused.",
    }
    assert describe(Event(EVENT, {"type": "new", "name": "Web"}))["message"] == "changed"


async def automate(hass: HomeAssistant, **config: Any) -> list[ServiceCall]:
    """Set up an automation that calls a service; return the calls."""
    calls: list[ServiceCall] = async_mock_service(hass, "test", "automation")
    action = {
        "action": "test.automation",
        "data": {"name": "{{ trigger.name }}", "type": "{{ trigger.type }}"},
    }
    assert await async_setup_component(
        hass, AUTOMATION, {AUTOMATION: {"alias": "Test", "actions": [action], **config}}
    )
    await hass.async_block_till_done()
    return calls


@pytest.mark.parametrize(
    ("trigger", "options", "expected"),
    [
        ("check_failed", {}, [{"name": "Web", "type": "down"}]),
        ("check_failed", {"severity": ["P1"]}, [{"name": "Web", "type": "down"}]),
        ("check_failed", {"severity": ["P2"]}, []),
        ("check_failed", {"tags": ["lab"]}, [{"name": "Web", "type": "down"}]),
        ("check_failed", {"tags": "other"}, []),
        ("check_failed", {"device_id": "of-nobody"}, []),
        ("check_recovered", {}, [{"name": "Web", "type": "recovered"}]),
        ("check_degraded", {}, []),
        ("status_became_critical", {}, [{"name": "Home lab", "type": "became_critical"}]),
    ],
)
async def test_triggers(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    trigger: str,
    options: dict[str, Any],
    expected: list[dict[str, str]],
) -> None:
    """Each trigger triggers on what it says, narrowed down by its options."""
    calls = await automate(hass, triggers={"trigger": f"ops_monitor.{trigger}", "options": options})

    fail(daemon, severity="P1", tags=["lab"], core=True)
    await wait_for_state(hass, WEB, STATE_OFF)
    recover(daemon)
    await wait_for_state(hass, WEB, "on")
    await hass.async_block_till_done()

    assert [call.data for call in calls] == expected


async def test_trigger_for_one_device(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A trigger for one check's device survives a reload of the entry."""
    calls = await automate(
        hass,
        triggers={
            "trigger": "ops_monitor.check_failed",
            "options": {"device_id": [web_device(hass)]},
        },
    )
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_client()

    fail(daemon)
    await wait_until(hass, lambda: calls)

    assert calls[0].data["name"] == "Web"


async def holds(hass: HomeAssistant, name: str, options: dict[str, Any]) -> bool | None:
    """Return whether a condition holds."""
    config = {"condition": f"ops_monitor.{name}", "options": options}
    valid = await condition.async_validate_condition_config(hass, config)
    checker = await condition.async_from_config(hass, valid)
    return checker.async_check()


async def test_condition_check_is_up(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """All of the chosen checks have to be up, or any; what is not known is not up."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    both = [device.id for device in devices if device.model == "HTTP check"]
    assert await holds(hass, "is_check_up", {"device_id": both})

    fail(daemon)
    await wait_for_state(hass, WEB, STATE_OFF)

    assert not await holds(hass, "is_check_up", {"device_id": both})
    assert await holds(hass, "is_check_up", {"device_id": both, "behavior": "any"})
    assert not await holds(hass, "is_check_up", {"device_id": "of-nobody"})


async def test_condition_status(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """The whole has one of the statuses; a daemon that is away has none."""
    assert await holds(hass, "is_status", {"status": ["ok", "warn"]})
    assert not await holds(hass, "is_status", {"status": "crit"})
    assert not await holds(hass, "is_status", {"status": "ok", "config_entry_id": "another"})
    with pytest.raises(vol.Invalid):
        await holds(hass, "is_status", {"status": "unknown"})

    await daemon.stop()
    await wait_for_state(hass, WEB, "unavailable")
    assert not await holds(hass, "is_status", {"status": "ok"})


async def test_condition_maintenance(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Maintenance is active while any check is in it."""
    assert not await holds(hass, "is_maintenance_active", {})

    daemon.put(make_check("web", status="maintenance"))
    await wait_for_state(hass, "sensor.web_status", "maintenance")

    assert await holds(hass, "is_maintenance_active", {"config_entry_id": loaded.entry_id})


INPUTS: dict[str, dict[str, Any]] = {
    "notify_check_down": {"phone": "a-device"},
    "restart_when_down": {"check": WEB, "repair": [{"action": "test.automation"}]},
    "morning_report": {"daemon": "an-entry"},
}


@pytest.mark.parametrize("name", sorted(path.stem for path in BLUEPRINTS.glob("*.yaml")))
async def test_blueprints(hass: HomeAssistant, name: str) -> None:
    """Each blueprint is a valid one, and makes an automation."""
    path = BLUEPRINTS / f"{name}.yaml"
    content = await hass.async_add_executor_job(yaml_util.load_yaml_dict, path)
    blueprint = Blueprint(
        content, path=path.name, expected_domain=AUTOMATION, schema=AUTOMATION_BLUEPRINT_SCHEMA
    )

    inputs = BlueprintInputs(
        blueprint, {"use_blueprint": {"path": path.name, "input": INPUTS[name]}}
    )
    inputs.validate()

    assert blueprint.validate() is None
    assert inputs.async_substitute()["actions"]


async def test_morning_report(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """The morning report says what is down, and what happened."""
    calls = async_mock_service(hass, "test", "automation")
    daemon.replies["/api/alerts"] = [
        {"id": str(number), "name": "Web", "message": message, "resolved_at": None}
        for number, message in enumerate(("no answer", "too slow"))
    ]
    fail(daemon)
    await wait_for_state(hass, WEB, STATE_OFF)
    path = BLUEPRINTS / "morning_report.yaml"
    content = await hass.async_add_executor_job(yaml_util.load_yaml_dict, path)
    blueprint = Blueprint(
        content, path=path.name, expected_domain=AUTOMATION, schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    tell = [
        {
            "action": "test.automation",
            "data": {"title": "{{ title }}", "message": "{{ message }}"},
        }
    ]
    inputs = {"daemon": loaded.entry_id, "tell": tell}
    made = BlueprintInputs(blueprint, {"use_blueprint": {"path": path.name, "input": inputs}})
    config = made.async_substitute() | {"alias": "Report"}
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: config})

    await hass.services.async_call(
        AUTOMATION, "trigger", {"entity_id": "automation.report"}, blocking=True
    )
    await hass.async_block_till_done()

    [call] = calls
    await hass.services.async_call(
        AUTOMATION, "turn_off", {"entity_id": "automation.report"}, blocking=True
    )
    assert call.data["title"] == "1 down: Web"
    assert call.data["message"] == (
        "1 of 2 checks are up. In the last day: Web: no answer; Web: too slow."
    )
