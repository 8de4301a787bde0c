"""Actions: what they ask the daemon, what they answer, and how they refuse."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.script import Script
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ops_monitor.const import DOMAIN
from custom_components.ops_monitor.services import ACTIONS
from tests.ha.fake_daemon import FakeDaemon, answering, error_response, make_check, make_down
from tests.ha.waiting import wait_for_state

WEB = "binary_sensor.web"


async def act(hass: HomeAssistant, name: str, data: dict[str, Any], **more: Any) -> Any:
    """Perform an action, and return its response if it has one."""
    has_response = ACTIONS[name].response != "none"
    return await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=has_response, **more
    )


@pytest.mark.parametrize("name", ACTIONS)
async def test_actions_without_a_daemon(hass: HomeAssistant, name: str) -> None:
    """Actions are there before any daemon is, and say what is missing."""
    assert await async_setup_component(hass, DOMAIN, {})
    needs: dict[str, dict[str, Any]] = {
        "check_port": {"port": 80},
        "get_logs": {"host": "nas"},
        "get_report": {"report_id": "r-1"},
        "start_maintenance": {"duration": 60},
    }
    needed = needs.get(name, {})

    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, name, needed | ({"check": "web"} if "check" in _keys(name) else {}))

    assert caught.value.translation_key


def _keys(name: str) -> set[str]:
    """Return the fields of an action."""
    return {str(key) for key in ACTIONS[name].fields}


async def test_summary(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """The summary is answered from what is known, without asking."""
    daemon.put(make_down("web"))
    await wait_for_state(hass, WEB, "off")

    answer = await act(hass, "get_summary", {})

    assert (answer["status"], answer["down"], answer["up"]) == ("warn", 1, 1)
    assert [(check["id"], check["status"]) for check in answer["checks"]] == [
        ("web", "down"),
        ("nas", "up"),
    ]
    assert daemon.asked == []


async def test_history(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """A history is asked for by the check's entity and a range."""
    daemon.replies["/api/history/web"] = {"id": "web", "points": []}

    answer = await act(hass, "get_history", {"entity_id": WEB, "range": {"hours": 2}})

    assert answer == {"id": "web", "points": []}
    assert daemon.asked == [
        ("GET", "/api/history/web", {"range_minutes": "120", "resolution": "auto"})
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"range": {"hours": 2}}, ["1", "2"]),
        ({"severity": "P1"}, ["1", "3"]),
        ({"check": "nas"}, ["2"]),
        ({"entity_id": WEB, "range": {"hours": 2}}, ["1"]),
    ],
)
async def test_incidents(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    filters: dict[str, Any],
    expected: list[str],
) -> None:
    """Incidents are narrowed down by time, severity and check."""
    now = dt_util.utcnow()
    daemon.replies["/api/alerts"] = [
        {"id": "1", "check_id": "web", "severity": "P1", "resolved_at": None},
        {
            "id": "2",
            "check_id": "nas",
            "severity": "P2",
            "resolved_at": (now - timedelta(hours=1)).isoformat(),
        },
        {
            "id": "3",
            "check_id": "web",
            "severity": "P1",
            "resolved_at": (now - timedelta(hours=5)).isoformat(),
        },
    ]

    answer = await act(hass, "get_incidents", filters)

    assert [item["id"] for item in answer["incidents"]] == expected


async def test_open_incidents(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Open incidents are all that the daemon is asked for."""
    daemon.replies["/api/alerts"] = []

    assert await act(hass, "get_incidents", {"open_only": True}) == {"incidents": []}
    assert daemon.asked == [("GET", "/api/alerts", {"limit": "500", "resolved": "false"})]


async def test_run(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """Checks are run by their device, and what came of it is answered."""
    daemon.replies["/api/checks/web/run"] = make_down("web")
    daemon.replies["/api/checks/nas/run"] = make_check("nas")
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    device_ids = [device.id for device in devices]

    answer = await act(hass, "run_check", {"device_id": device_ids})

    assert {key: state["ok"] for key, state in answer["checks"].items()} == {
        "web": False,
        "nas": True,
    }


async def test_run_without_response(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Whoever does not want to know is not told."""
    daemon.replies["/api/checks/web/run"] = make_check("web")

    await hass.services.async_call(DOMAIN, "run_check", {"check": "web"}, blocking=True)

    assert daemon.asked == [("POST", "/api/checks/web/run", {})]


async def test_pause(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """A pause has a duration and a reason, or neither."""
    daemon.replies["/api/checks/web/pause"] = make_check("web")

    await act(hass, "pause_check", {"entity_id": WEB, "duration": 90, "reason": "Update"})
    await act(hass, "pause_check", {"entity_id": WEB})

    assert [body for _, _, body in daemon.asked] == [{"duration_s": 90, "reason": "Update"}, {}]


async def test_resume(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """The daemon knows what is paused; that something is not, is no mistake."""
    daemon.replies["/api/checks/web/resume"] = lambda _body: error_response(409, "not_paused")
    daemon.replies["/api/checks/nas/resume"] = make_check("nas")

    await act(hass, "resume_check", {"check": ["web", "nas"]})

    assert [path for _, path, _ in daemon.asked] == [
        "/api/checks/web/resume",
        "/api/checks/nas/resume",
    ]


@pytest.mark.parametrize("is_person", [True, False])
async def test_acknowledge(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_admin_user: MockUser,
    is_person: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Who knows of the trouble is told to the daemon."""
    daemon.replies["/api/checks/web/acknowledge"] = make_down("web")
    context = Context(user_id=hass_admin_user.id) if is_person else Context()

    await act(hass, "acknowledge", {"check": "web", "note": "On my way"}, context=context)

    [(_, _, body)] = daemon.asked
    assert body == {
        "by": hass_admin_user.name if is_person else "Home Assistant",
        "note": "On my way",
    }


async def test_test_alert(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """A test is sent, and who took it is answered."""
    daemon.replies["/api/alerts/test"] = {"ok": True, "check_id": None, "channel": "phone,mail"}

    answer = await act(hass, "send_test_alert", {})

    assert answer == {"channels": {"phone": "ok", "mail": "ok"}}


@pytest.mark.parametrize(
    ("name", "data"),
    [("send_test_alert", {}), ("start_maintenance", {"duration": 60}), ("end_maintenance", {})],
)
async def test_not_for_everybody(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_read_only_user: MockUser,
    name: str,
    data: dict[str, Any],
) -> None:
    """What reaches everybody is for administrators."""
    with pytest.raises(Unauthorized):
        await act(hass, name, data, context=Context(user_id=hass_read_only_user.id))


@pytest.mark.parametrize("wish", ["run", "acknowledge", "pause", "resume"])
@pytest.mark.parametrize("may", ["look", "control"])
async def test_who_may_change_a_check(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, wish: str, may: str
) -> None:
    """Whoever may switch a check may change it by actions, and nobody else, however named."""
    user = MockUser().add_to_hass(hass)
    control = {"switch.web_monitoring": True} if may == "control" else {}
    user.mock_policy({"entities": {"all": {"read": True}, "entity_ids": control}})
    name = wish if wish == "acknowledge" else f"{wish}_check"
    daemon.replies[f"/api/checks/web/{wish}"] = make_check("web")
    context = Context(user_id=user.id)

    if may == "control":
        await act(hass, name, {"check": "web"}, context=context)
    for target in ({"check": ["web", "nas"]}, {"entity_id": "binary_sensor.nas"}):
        with pytest.raises(Unauthorized):
            await act(hass, name, target, context=context)

    expected = [f"/api/checks/web/{wish}"] if may == "control" else []
    assert [path for _, path, _ in daemon.asked] == expected


async def test_nobody_changes_a_check(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A person who is not there any more may do nothing."""
    with pytest.raises(UnknownUser):
        await act(hass, "pause_check", {"check": "web"}, context=Context(user_id="gone"))

    assert daemon.asked == []


async def test_maintenance(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Work is announced for checks, tags or both."""
    await capable(hass, loaded, daemon, "maintenance")
    daemon.replies["/api/maintenance"] = {"id": "m-1"}
    daemon.asked.clear()

    assert await act(hass, "start_maintenance", {"check": "web", "duration": 90}) == {"id": "m-1"}
    await act(hass, "start_maintenance", {"tags": ["lab"], "duration": 60, "reason": "Update"})
    await act(hass, "start_maintenance", {"entity_id": WEB, "tags": ["lab"], "duration": 60})

    asked = [body for method, _, body in daemon.asked if method == "POST"]
    lasted = [
        datetime.fromisoformat(body.pop("to")) - datetime.fromisoformat(body.pop("from"))
        for body in asked
    ]
    assert lasted == [timedelta(seconds=90), timedelta(seconds=60), timedelta(seconds=60)]
    assert asked == [
        {"checks": ["web"], "tags": []},
        {"checks": [], "tags": ["lab"], "reason": "Update"},
        {"checks": ["web"], "tags": ["lab"]},
    ]


async def test_maintenance_of_nothing(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Work on neither checks nor tags is none."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "start_maintenance", {"duration": 60, "tags": [], "entity_id": []})

    assert caught.value.translation_key == "no_check_given"


@pytest.fixture
async def other(hass: HomeAssistant) -> AsyncIterator[FakeDaemon]:
    """Return a second daemon that is set up, with a check of its own."""
    daemon = FakeDaemon()
    daemon.instance_id = "11111111-1f7b-4d0f-9d7e-0b6f5a1c2d3e"
    daemon.capabilities = ["maintenance"]
    daemon.checks = {"router": make_check("router")}
    daemon.replies["/api/maintenance"] = {"id": "m-2"}
    await daemon.start()
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Cabin",
        unique_id=daemon.instance_id,
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    yield daemon
    await hass.config_entries.async_unload(entry.entry_id)
    await daemon.stop()


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([WEB], ["here"]),
        (["binary_sensor.router"], ["there"]),
        ([WEB, "binary_sensor.router"], ["there", "here"]),
    ],
)
async def test_incidents_of_one_of_two_daemons(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    other: FakeDaemon,
    targets: list[str],
    expected: list[str],
) -> None:
    """A target says which daemon is meant; where both are, the newest comes first."""
    here = {"id": "here", "check_id": "web", "opened_at": "2026-11-20T09:00:00Z"}
    there = {"id": "there", "check_id": "router", "opened_at": "2026-11-20T10:00:00Z"}
    daemon.replies["/api/alerts"] = [here, {"id": "no", "check_id": "router"}]
    other.replies["/api/alerts"] = [there, {"id": "no", "check_id": "web"}]

    answer = await act(hass, "get_incidents", {"entity_id": targets})

    assert [item["id"] for item in answer["incidents"]] == expected
    with pytest.raises(ServiceValidationError):
        await act(hass, "get_incidents", {})


async def test_maintenance_is_told_to_the_daemon_whose_checks_they_are(
    hass: HomeAssistant, loaded: MockConfigEntry, other: FakeDaemon
) -> None:
    """The target says which daemon is meant, where the action does not."""
    other.asked.clear()
    target = {"entity_id": "binary_sensor.router"}

    await act(hass, "start_maintenance", {**target, "tags": ["lab"], "duration": 60})

    [body] = [body for method, _, body in other.asked if method == "POST"]
    assert (body["checks"], body["tags"]) == (["router"], ["lab"])


@pytest.mark.parametrize("names_daemon", [True, False])
async def test_maintenance_of_two_daemons(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    other: FakeDaemon,
    names_daemon: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """No daemon is told of checks that another one has."""
    data: dict[str, Any] = {"entity_id": [WEB, "binary_sensor.router"], "duration": 60}
    if names_daemon:
        data |= {"entity_id": "binary_sensor.router", "config_entry_id": loaded.entry_id}

    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "start_maintenance", data)

    assert caught.value.translation_key == "one_daemon_only"
    assert "POST" not in {method for method, _, _ in [*daemon.asked, *other.asked]}


async def test_remediation(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An action that a check has for its failure is begun by hand."""
    await capable(hass, loaded, daemon, "remediation")
    daemon.replies["/api/checks/web/remediate"] = {"id": "a-1", "state": "running"}

    answer = await act(hass, "run_remediation", {"entity_id": WEB, "action": 2})

    assert answer == {"id": "a-1", "state": "running"}
    assert ("POST", "/api/checks/web/remediate", {"action": 2}) in daemon.asked


@pytest.mark.parametrize(("data", "ended"), [({"id": "m-9"}, ["m-9"]), ({}, ["m-1"])])
async def test_end_of_maintenance(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    data: dict[str, str],
    ended: list[str],
) -> None:
    """One piece of work is ended, or all that is under way and not configured."""
    await capable(hass, loaded, daemon, "maintenance")
    daemon.replies["/api/maintenance"] = [
        {"id": "m-1", "is_open": True, "source": "api"},
        {"id": "m-2", "is_open": False, "source": "api"},
        {"id": "m-3", "is_open": True, "source": "file"},
    ]
    daemon.replies[f"/api/maintenance/{ended[0]}"] = {}

    assert await act(hass, "end_maintenance", data) == {"ended": ended}
    assert ("DELETE", f"/api/maintenance/{ended[0]}", {}) in daemon.asked


@pytest.mark.parametrize(
    ("name", "field"), [("end_maintenance", "id"), ("get_report", "report_id")]
)
@pytest.mark.parametrize("wrong", ["../token", "a/b", "m-1\n", "m?x=1", ""])
async def test_ids_do_not_lead_elsewhere(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    name: str,
    field: str,
    wrong: str,
) -> None:
    """What becomes part of an address is an id and nothing else."""
    with pytest.raises(vol.Invalid):
        await act(hass, name, {field: wrong})

    assert daemon.asked == []


async def capable(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, *capabilities: str
) -> None:
    """Let the daemon be one that can do more."""
    daemon.capabilities = [*capabilities]
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()


PORTS = {
    "ports": [
        {"port": 22, "proto": "tcp", "process": "sshd", "docker_container_name": None},
        {"port": 53, "proto": "udp", "process": None, "docker_container_name": "dns"},
    ]
}


async def test_ports(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """Ports are listed, all or those that are asked for."""
    await capable(hass, loaded, daemon, "ports")
    daemon.replies["/api/host/ports"] = PORTS

    assert await act(hass, "get_ports", {}) == PORTS
    assert await act(hass, "get_ports", {"contains": "SSH"}) == {"ports": PORTS["ports"][:1]}


@pytest.mark.parametrize(
    ("port", "protocol", "expected"),
    [
        (22, "tcp", (False, "sshd", None)),
        (22, "udp", (True, None, None)),
        (53, "udp", (False, None, "dns")),
    ],
)
async def test_port(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    port: int,
    protocol: str,
    expected: tuple[bool, str | None, str | None],
) -> None:
    """A port is free, or something has it."""
    await capable(hass, loaded, daemon, "ports")
    daemon.replies["/api/host/ports"] = PORTS

    answer = await act(hass, "check_port", {"port": port, "protocol": protocol})

    assert (answer["free"], answer["process"], answer["container"]) == expected


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("generate_report", {"range": {"days": 7}}, "/api/reports/generate"),
        ("get_report", {"report_id": "r-1"}, "/api/reports/r-1"),
        ("diagnose", {"check": "web"}, "/api/diagnose"),
        ("get_logs", {"host": "nas"}, "/api/logs"),
    ],
)
async def test_what_a_later_daemon_can(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    name: str,
    data: dict[str, Any],
    path: str,
) -> None:
    """What this daemon cannot do is refused, saying so; what it can do is done."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, name, data)
    assert caught.value.translation_key == "not_supported"
    assert daemon.asked == []

    await capable(hass, loaded, daemon, "reports", "diagnose", "logs")
    daemon.replies[path] = {"ok": True}
    assert await act(hass, name, data) == {"ok": True}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "no_check_given"),
        ({"check": "nobody"}, "unknown_check"),
        ({"check": ["web", "nas"]}, "one_check_only"),
        ({"entity_id": "binary_sensor.home_lab_connected"}, "no_check_given"),
        ({"entity_id": "light.kitchen"}, "no_check_given"),
    ],
)
async def test_wrong_target(
    hass: HomeAssistant, loaded: MockConfigEntry, data: dict[str, Any], key: str
) -> None:
    """Whoever means no check, or too many, is told."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "get_history", data)

    assert caught.value.translation_key == key


@pytest.mark.parametrize(
    ("status", "code", "kind", "key"),
    [
        (409, "not_in_trouble", ServiceValidationError, "refused"),
        (403, "forbidden", HomeAssistantError, "forbidden"),
        (503, "not_ready", HomeAssistantError, "cannot_connect"),
    ],
)
async def test_daemon_refuses(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    status: int,
    code: str,
    kind: type[HomeAssistantError],
    key: str,
) -> None:
    """A mistake of the caller is told from trouble with the daemon."""
    daemon.answer = answering(lambda: error_response(status, code))

    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "acknowledge", {"check": "web"})

    assert (type(caught.value), caught.value.translation_key) == (kind, key)


@pytest.mark.parametrize(
    ("name", "path"), [("get_incidents", "/api/alerts"), ("get_history", "/api/history/web")]
)
async def test_answer_that_makes_no_sense(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, name: str, path: str
) -> None:
    """An answer of another kind is not passed on."""
    daemon.replies[path] = "what?"

    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, name, {"check": "web"})

    assert caught.value.translation_key == "unreadable_answer"


async def test_maintenance_that_makes_no_sense(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What cannot be read is not said to be ended."""
    await capable(hass, loaded, daemon, "maintenance")
    daemon.replies["/api/maintenance"] = "what?"

    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "end_maintenance", {})

    assert caught.value.translation_key == "unreadable_answer"


async def test_ports_that_make_no_sense(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A list that is none is not searched."""
    await capable(hass, loaded, daemon, "ports")
    daemon.replies["/api/host/ports"] = {"ports": 5}

    with pytest.raises(HomeAssistantError):
        await act(hass, "check_port", {"port": 22})


async def test_response_in_a_template(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An automation can use what an action answers."""
    said: list[str] = []
    hass.services.async_register("test", "say", lambda call: said.append(call.data["text"]))
    sequence = cv.SCRIPT_SCHEMA(
        [
            {"action": "ops_monitor.get_summary", "response_variable": "found"},
            {
                "action": "test.say",
                "data": {"text": "{{ found.checks | map(attribute='name') | join(', ') }}"},
            },
        ]
    )

    await Script(hass, sequence, "Test", DOMAIN).async_run(context=Context())
    await hass.async_block_till_done()

    assert said == ["Web, Nas"]
