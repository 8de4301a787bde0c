"""What people switch, press, send and look up: switches, buttons, notify, calendar."""

from datetime import timedelta
from typing import Any

from homeassistant.components.calendar.const import DOMAIN as CALENDAR
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ops_monitor.const import DOMAIN, EVENT
from tests.ha.fake_daemon import FakeDaemon, answering, error_response, make_check, make_down
from tests.ha.waiting import state_of, wait_for_state, wait_until

SWITCH = "switch.web_monitoring"
CALENDAR_ID = "calendar.home_lab_incidents"


async def call(hass: HomeAssistant, domain: str, name: str, entity_id: str, **data: Any) -> None:
    """Perform an action on an entity."""
    target = {"entity_id": entity_id}
    await hass.services.async_call(domain, name, {**target, **data}, blocking=True)


def turn_on(entry: MockConfigEntry, hass: HomeAssistant, domain: str, key: str, name: str) -> None:
    """Let an entity be on that is off by default."""
    er.async_get(hass).async_get_or_create(
        domain,
        DOMAIN,
        f"{entry.unique_id}_{key}",
        config_entry=entry,
        disabled_by=None,
        object_id_base=name,
    )


async def test_check_is_paused_and_resumed(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Off pauses a check, and its other entities stay; on resumes it."""
    daemon.replies["/api/checks/web/pause"] = daemon.replies["/api/checks/web/resume"] = {}
    assert state_of(hass, SWITCH).state == STATE_ON
    await call(hass, "switch", "turn_off", SWITCH)

    daemon.put(make_check("web", status="paused", ok=None, paused={"since": "", "until": None}))
    await wait_for_state(hass, SWITCH, STATE_OFF)
    assert state_of(hass, "sensor.web_status").state == "paused"
    await call(hass, "switch", "turn_on", SWITCH)

    assert daemon.asked == [
        ("POST", "/api/checks/web/pause", {"reason": "paused from Home Assistant"}),
        ("POST", "/api/checks/web/resume", {}),
    ]


async def test_check_is_resumed_before_its_pause_is_heard_of(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Off and on at once ends with on, though the stream has not told of the pause yet."""
    daemon.replies["/api/checks/web/pause"] = daemon.replies["/api/checks/web/resume"] = {}

    await call(hass, "switch", "turn_off", SWITCH)
    assert state_of(hass, SWITCH).state == STATE_ON
    await call(hass, "switch", "turn_on", SWITCH)

    assert [path for _, path, _ in daemon.asked] == [
        "/api/checks/web/pause",
        "/api/checks/web/resume",
    ]


async def test_check_that_is_not_paused_is_turned_on(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """On is no mistake where it is on already; what else is refused is one."""
    daemon.replies["/api/checks/web/resume"] = lambda _body: error_response(409, "not_paused")
    await call(hass, "switch", "turn_on", SWITCH)

    daemon.replies["/api/checks/web/resume"] = lambda _body: error_response(404, "unknown_check")
    with pytest.raises(ServiceValidationError):
        await call(hass, "switch", "turn_on", SWITCH)


async def test_daemon_refuses(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What the daemon does not do is said where it was asked for."""
    daemon.answer = answering(lambda: error_response(404, "unknown_check"))

    with pytest.raises(ServiceValidationError):
        await call(hass, "switch", "turn_off", SWITCH)


async def test_run_all(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """All checks are run but those that are paused."""
    daemon.replies["/api/checks/nas/run"] = {}
    daemon.put(make_check("web", status="paused", ok=None, paused={"since": "", "until": None}))
    await wait_for_state(hass, SWITCH, STATE_OFF)

    await call(hass, "button", "press", "button.home_lab_run_all_checks")

    assert [path for _, path, _ in daemon.asked] == ["/api/checks/nas/run"]


async def test_run_all_though_one_cannot_be_run(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """All others are run before a failure is told."""
    daemon.checks |= {f"new-{number}": make_check(f"new-{number}") for number in range(20)}
    daemon.replies |= {f"/api/checks/{check_id}/run": {} for check_id in daemon.checks}
    daemon.replies["/api/checks/web/run"] = lambda _body: error_response(404, "unknown_check")
    await hass.config_entries.async_reload(loaded.entry_id)

    with pytest.raises(ServiceValidationError):
        await call(hass, "button", "press", "button.home_lab_run_all_checks")

    asked = sorted(path for _, path, _ in daemon.asked if path.endswith("/run"))
    assert asked == sorted(f"/api/checks/{check_id}/run" for check_id in daemon.checks)


async def test_run_one(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """A check's own button runs it."""
    turn_on(entry, hass, "button", "check_web_run", "web_run_now")
    await hass.config_entries.async_setup(entry.entry_id)
    daemon.replies["/api/checks/web/run"] = {}

    await call(hass, "button", "press", "button.web_run_now")

    assert [path for _, path, _ in daemon.asked] == ["/api/checks/web/run"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_test_alert(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """A test goes through all channels, and automations can be tried with it, too."""
    told = async_capture_events(hass, EVENT)
    daemon.replies["/api/alerts/test"] = error_response(502, "channel_failed")
    with pytest.raises(HomeAssistantError):
        await call(hass, "button", "press", "button.home_lab_send_test_alert")
    assert not told

    daemon.replies["/api/alerts/test"] = {"ok": True, "channel": "phone,mail"}
    await call(hass, "button", "press", "button.home_lab_send_test_alert")

    assert [path for _, path, _ in daemon.asked] == 2 * ["/api/alerts/test"]
    [event] = told
    hub = er.async_get(hass).async_get("button.home_lab_send_test_alert")
    assert hub
    assert event.data == {
        "entry_id": loaded.entry_id,
        "device_id": hub.device_id,
        "type": "test",
        "name": "Home lab",
        "channels": ["phone", "mail"],
    }
    await wait_until(
        hass,
        lambda: state_of(hass, "event.home_lab_incident").attributes["event_type"] == "test",
    )
    shown = state_of(hass, "event.home_lab_incident").attributes
    assert shown["channels"] == ["phone", "mail"]


@pytest.mark.parametrize(("title", "subject"), [("Washing", "Washing"), (None, "Home Assistant")])
async def test_message(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    title: str | None,
    subject: str,
) -> None:
    """A message goes through the daemon's channels."""
    daemon.replies["/api/alerts"] = {"ok": True}
    data = {"message": "It is done."} | ({"title": title} if title else {})

    await call(hass, "notify", "send_message", "notify.home_lab_alert", **data)

    [(_, _, body)] = daemon.asked
    assert body == {"service_name": subject, "severity": "P3", "message": "It is done."}


def calendar_of(hass: HomeAssistant, entity_id: str) -> Any:
    """Return a calendar, to ask it what the frontend asks."""
    return hass.data["entity_components"][CALENDAR].get_entity(entity_id)


async def test_calendar(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """The calendar has what went wrong, and is on while something is."""
    turn_on(entry, hass, CALENDAR, "hub_incidents", "home_lab_incidents")
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    assert state_of(hass, CALENDAR_ID).state == STATE_OFF
    now = dt_util.utcnow()

    def incident(number: int, began: timedelta, ended: timedelta | None) -> dict[str, Any]:
        """Return an incident."""
        return {
            "id": str(number),
            "name": "Web",
            "kind": "down",
            "message": "Refused.",
            "opened_at": (now - began).isoformat(),
            "resolved_at": None if ended is None else (now - ended).isoformat(),
        }

    daemon.replies["/api/alerts"] = [
        incident(1, timedelta(minutes=30), None),
        incident(2, timedelta(hours=3), timedelta(hours=2)),
        incident(3, timedelta(days=9), timedelta(days=8)),
        {"id": "4", "opened_at": "?"},
        "nonsense",
    ]
    found: Any = await hass.services.async_call(
        CALENDAR,
        "get_events",
        {
            "entity_id": CALENDAR_ID,
            "start_date_time": now - timedelta(days=1),
            "end_date_time": now + timedelta(minutes=1),
        },
        blocking=True,
        return_response=True,
    )
    events = found[CALENDAR_ID]["events"]
    assert [event["summary"] for event in events] == ["Web: down"] * 2

    daemon.put(make_down("web"))
    await wait_for_state(hass, CALENDAR_ID, STATE_ON)
    attributes = state_of(hass, CALENDAR_ID).attributes
    assert attributes["message"] == "Web is down"
    assert attributes["end_time"].endswith(" 00:00:00")

    daemon.replies["/api/alerts"] = {"not": "a list"}
    with pytest.raises(HomeAssistantError) as caught:
        await calendar_of(hass, CALENDAR_ID).async_get_events(hass, now, now + timedelta(days=1))
    assert caught.value.translation_key == "unreadable_answer"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_work_without_a_reason_gets_none_by_moving_it(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """What the calendar calls it for want of a reason does not become one; what is typed does."""
    now = dt_util.utcnow()
    start, end = now - timedelta(minutes=5), now + timedelta(hours=1)
    daemon.capabilities = ["maintenance"]
    window = {"id": "m-1", "checks": ["web"], "start": start.isoformat(), "end": end.isoformat()}
    daemon.replies["/api/maintenance"] = [{**window, "reason": None}]
    daemon.replies["/api/maintenance/m-1"] = {}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    calendar = calendar_of(hass, "calendar.home_lab_maintenance")
    [event] = await calendar.async_get_events(hass, now, end)

    moved = {"dtstart": start, "dtend": end, "description": event.description}
    await calendar.async_update_event("m-1", {**moved, "summary": event.summary})
    await calendar.async_update_event("m-1", {**moved, "summary": "New disks"})

    told = [body for method, _, body in daemon.asked if method == "PATCH"]
    assert [body.get("reason") for body in told] == [None, "New disks"]
    assert "reason" not in told[0]


async def test_maintenance_of_a_check_that_cannot_be_read(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """It is there all the same, and is not taken for a tag."""
    now = dt_util.utcnow()
    daemon.capabilities = ["maintenance"]
    daemon.checks["nas"] = make_check("nas", name=7)
    daemon.replies["/api/maintenance"] = lambda body: {} if "from" in body else []
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    await calendar_of(hass, "calendar.home_lab_maintenance").async_create_event(
        dtstart=now, dtend=now + timedelta(hours=1), description="nas, lab"
    )

    [added] = [body for method, _, body in daemon.asked if method == "POST"]
    assert (added["checks"], added["tags"]) == (["nas"], ["lab"])


async def test_maintenance_calendar(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """The calendar has the work that is announced; work is announced and called off there."""
    now = dt_util.utcnow()
    daemon.capabilities = ["maintenance"]
    daemon.replies["/api/maintenance"] = [
        {
            "id": "m-1",
            "reason": "New disks",
            "checks": ["web"],
            "tags": ["lab"],
            "sites": ["attic"],
            "start": (now - timedelta(minutes=5)).isoformat(),
            "end": (now + timedelta(hours=1)).isoformat(),
        },
        {"id": "m-0", "start": None, "end": None},
    ]
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    calendar_id = "calendar.home_lab_maintenance"
    await wait_for_state(hass, calendar_id, STATE_ON)
    attributes = state_of(hass, calendar_id).attributes
    assert (attributes["message"], attributes["description"]) == ("New disks", "web, lab, attic")

    daemon.asked.clear()
    windows = daemon.replies["/api/maintenance"]
    daemon.replies["/api/maintenance"] = lambda body: {} if "from" in body else windows
    for description in ("All", "web, lab"):
        await call(
            hass,
            CALENDAR,
            "create_event",
            calendar_id,
            summary="Update",
            description=description,
            start_date_time=now,
            end_date_time=now + timedelta(hours=2),
        )
    added = [body for method, _, body in daemon.asked if method == "POST"]
    assert [(body["all"], body["checks"], body["tags"]) for body in added] == [
        (True, [], []),
        (False, ["web"], ["lab"]),
    ]

    daemon.asked.clear()
    event = {"summary": "Update", "dtstart": now, "dtend": now + timedelta(hours=2)}
    for refused, more in (
        ("maintenance_of_what", {"description": " , "}),
        ("maintenance_of_what", {}),
        ("recurring_maintenance", {"description": "web", "rrule": "FREQ=WEEKLY;BYDAY=SU"}),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await calendar_of(hass, calendar_id).async_create_event(**event, **more)
        assert caught.value.translation_key == refused
    assert daemon.asked == []

    daemon.replies["/api/maintenance/m-1"] = {}
    calendar = calendar_of(hass, calendar_id)
    await calendar.async_update_event("m-1", {**event, "description": "nas, lab, attic, barn"})
    [changed] = [body for method, _, body in daemon.asked if method == "PATCH"]
    assert (changed["reason"], changed["to"]) == ("Update", (now + timedelta(hours=2)).isoformat())
    assert (changed["checks"], changed["tags"], changed["sites"], changed["all"]) == (
        ["nas"],
        ["lab", "barn"],
        ["attic"],
        False,
    )
    with pytest.raises(ServiceValidationError):
        await calendar.async_update_event("../token", {**event, "description": "web"})
    await calendar.async_delete_event("m-1")
    assert ("DELETE", "/api/maintenance/m-1", {}) in daemon.asked
    with pytest.raises(ServiceValidationError):
        await calendar.async_delete_event("../token")
    assert [path for method, path, _ in daemon.asked if method == "DELETE"] == [
        "/api/maintenance/m-1"
    ]
    found = await calendar.async_get_events(hass, now, now + timedelta(days=1))
    assert [event.uid for event in found] == ["m-1"]

    daemon.replies["/api/maintenance"] = {"not": "a list"}
    assert await calendar.async_get_events(hass, now, now + timedelta(days=1)) == found

    daemon.replies["/api/maintenance"] = lambda _body: error_response(503, "not_ready")
    daemon.put(make_check("web", status="maintenance"))
    daemon.add(make_check("new"))
    await wait_for_state(hass, "sensor.new_status", "up")
    assert state_of(hass, calendar_id).state == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)
