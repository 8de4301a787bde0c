"""From being found in the network to being removed: a daemon in a real Home Assistant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from http import HTTPMethod
from pathlib import Path
import re
from typing import Any, TypeAlias

from aiohttp import ClientSession
import pytest
import pytest_asyncio

from opsmonitor.util.announcer import Announcement, announce
from tests.daemon.probes.box_double import Box, raw
from tests.e2e.daemon_process import DaemonProcess
from tests.e2e.home_assistant import CONFIGURATION, HASS, INTEGRATION, ROOT, HomeAssistant
from tests.e2e.lab import Lab
from tests.e2e.log_lines import unusual
from tests.e2e.phone import Phone
from tests.e2e.things import running_things
from tests.e2e.web_server import WebServer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(not HASS.exists(), reason="run `scripts/setup ha-live` first"),
]

BLUEPRINTS = ROOT / "blueprints" / "automation" / "ops_monitor"
MDNS = Path(__file__).parent / "mdns_on_loopback"


Automate: TypeAlias = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Return a Home Assistant that has nothing yet, and a daemon that asks for a token."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        server = WebServer()
        await server.start()
        stack.push_async_callback(server.stop)
        things = await stack.enter_async_context(running_things(tmp_path_factory.mktemp("things")))
        daemon = DaemonProcess(tmp_path_factory.mktemp("daemon"), things.programs)
        stack.push_async_callback(daemon.stop)
        folder = tmp_path_factory.mktemp("home-assistant")
        home_assistant = HomeAssistant(
            folder,
            session,
            configuration=f"{CONFIGURATION}mdns_on_loopback:\nmobile_app:\n",
            components=[INTEGRATION, MDNS],
        )
        stack.push_async_callback(home_assistant.stop)
        lab = Lab(home_assistant, daemon, server, folder, session, things)
        lab.configure()
        await asyncio.gather(daemon.start(), home_assistant.start())
        yield lab


@asynccontextmanager
async def announced(lab: Lab, instance_id: str) -> AsyncIterator[None]:
    """Announce the daemon by its own means, on the loopback.

    It does not do so itself: a daemon that listens there only is of no use to other machines.
    """
    port = int(lab.daemon.url.rpartition(":")[2])
    announcement = Announcement(
        host="127.0.0.1", port=port, instance_id=instance_id, version="1.2.3"
    )
    task = asyncio.create_task(announce(announcement))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_found_in_the_network(lab: Lab) -> None:
    """A daemon that announces itself by mDNS is offered, and set up by a pairing code alone."""
    fill_in = lab.home_assistant.fill_in
    instance_id = (await lab.ask("/api/info"))["instance_id"]
    code = (await lab.tell(HTTPMethod.POST, "/api/pair/code", {"scope": "admin"}))["code"]
    async with announced(lab, instance_id):
        flow = await lab.home_assistant.wait_for_flow("zeroconf", instance_id)
        shown = await lab.home_assistant.show(flow["flow_id"])
        await fill_in(flow["flow_id"], {"next_step_id": "code"})
        refused = await fill_in(flow["flow_id"], {"code": "000 000"})
        result = await fill_in(flow["flow_id"], {"code": code})

    assert shown["description_placeholders"]["url"] == lab.daemon.url
    assert refused["type"] == "form"
    assert refused["errors"]
    assert result["type"] == "create_entry", result
    await lab.wait_for("_hub_connected", "on")


async def test_hub_and_check(lab: Lab) -> None:
    """The daemon and its check show what the daemon says of them."""
    await lab.wait_for("_check_web_status", "up")
    await lab.wait_for("_hub_overall_status", "ok")
    check = (await lab.ask("/api/status/checks"))["web"]

    assert await lab.state("_check_web_reachable") == "on"
    assert float(await lab.state("_check_web_response_time")) == pytest.approx(check["latency_ms"])
    assert await lab.state("_hub_problem") == "off"
    assert await lab.state("_hub_checks_total") == str(1 + len(lab.things.checks))


async def test_host_and_router(lab: Lab) -> None:
    """What the daemon polls shows the same values as the daemon itself."""
    await lab.wait_for("_reading_fritz.home_wan_up", "on")
    memory = await lab.ask("/api/values?name=host.memory_percent")
    latency = await lab.ask("/api/values?name=fritz.home.latency_ms")

    shown = float(await lab.state("_reading_host_memory_percent"))
    assert shown == pytest.approx(memory["value"])
    shown = float(await lab.state("_reading_fritz.home_latency_ms"))
    assert shown == pytest.approx(latency["value"])


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        ("host", {"memory_percent": "75.0", "reboot_required": "off", "status": "ok"}),
        ("nvme", {"status": "ok"}),
        (
            "nvme.bus_0_megaraid_0",
            {"health": "off", "passing": "on", "temperature_c": "30.0", "wear_percent": "12.0"},
        ),
        ("fritz.home", {"reachable": "on", "device_count": "2", "update_available": "on"}),
        ("proxmox", {"reachable": "on", "quorate": "on", "guests_running": "2"}),
        ("proxmox.pve1", {"reachable": "on", "cpu_percent": "3.1", "memory_percent": "25.0"}),
        ("docker", {"reachable": "on", "running": "1", "unhealthy": "0"}),
        (
            "homeassistant",
            {
                "reachable": "on",
                "running": "on",
                "entities_unavailable": "2",
                "updates_pending": "1",
            },
        ),
    ],
)
async def test_everything_that_is_polled(lab: Lab, reading: str, shown: dict[str, str]) -> None:
    """Of each kind of thing that is polled, the entities say what it said."""
    for name, state in shown.items():
        await lab.wait_for(f"_reading_{reading}_{name}", state)


@pytest.mark.parametrize(
    ("check", "shown"),
    [
        ("tcp", {"reachable": "on"}),
        ("ping", {"reachable": "on"}),
        ("dns", {"reachable": "on"}),
        ("tls", {"reachable": "on", "certificate_expires": "2120-01-01T00:00:00+00:00"}),
        # These are problems: off when all is well.
        ("command", {"reachable": "off", "export_load1": "0.42"}),
        ("connectivity", {"reachable": "off"}),
        ("disk", {"reachable": "off"}),
        ("docker", {"reachable": "off"}),
        ("group", {"reachable": "off"}),
        ("heartbeat", {"reachable": "off"}),
        ("job", {"reachable": "off", "job_state": "succeeded", "export_files": "1234"}),
        ("metric", {"reachable": "off", "value": "75.0"}),
        ("process", {"reachable": "off"}),
    ],
)
async def test_every_type_of_check(lab: Lab, check: str, shown: dict[str, str]) -> None:
    """A check of each type that can be here is up, with what only this type has."""
    await lab.beat()
    for name, state in {"status": "up", **shown}.items():
        await lab.wait_for(f"_check_{check}_{name}", state)


async def test_button_and_event(lab: Lab) -> None:
    """A button runs all checks, and what they find is an event."""
    lab.server.is_up = False
    await lab.act("button.press", "_hub_run_all")
    await lab.wait_for("_check_web_reachable", "off")
    await lab.wait_for("_hub_open_incidents", "1")
    incident = await lab.entity("_hub_incident")
    states = lab.home_assistant.states
    await lab.home_assistant.wait_until(lambda: "event_type" in states[incident]["attributes"])
    shown = states[incident]["attributes"]
    assert (shown["event_type"], shown["name"]) == ("down", "Web server")

    lab.server.is_up = True
    await lab.act("button.press", "_hub_run_all")
    await lab.wait_for("_check_web_reachable", "on")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def blueprints(lab: Lab) -> None:
    """Have all blueprints imported as a person does, by their addresses."""
    files = {f"/{path.name}": raw(path.read_bytes()) for path in BLUEPRINTS.iterdir()}
    async with Box(files, {}).serving() as url:
        for path in files:
            found = await lab.home_assistant.command("blueprint/import", url=f"{url}{path}")
            assert found["validation_errors"] is None
            await lab.home_assistant.command(
                "blueprint/save",
                domain="automation",
                path=f"ops_monitor{path}",
                yaml=found["raw_data"],
                source_url=f"{url}{path}",
            )


@pytest_asyncio.fixture(loop_scope="module")
async def automate(lab: Lab, blueprints: None) -> AsyncIterator[Automate]:
    """Return a function that makes an automation of a blueprint, until the test is over."""
    made: list[str] = []

    async def fill_in(name: str, **filled: Any) -> str:
        """Fill a blueprint in; return the automation."""
        use = {"path": f"ops_monitor/{name}.yaml", "input": filled}
        made.append(f"config/automation/config/{name}")
        body = {"alias": name, "use_blueprint": use}
        await lab.home_assistant.request(HTTPMethod.POST, made[-1], body)
        await lab.home_assistant.wait_for(f"automation.{name}", "on")
        return f"automation.{name}"

    yield fill_in
    for path in made:
        await lab.home_assistant.request(HTTPMethod.DELETE, path)


async def test_blueprint_that_tells_a_phone(lab: Lab, automate: Automate) -> None:
    """The phone is told of a failure, its button acknowledges it, and the recovery is told, too."""
    phone = Phone(lab.home_assistant)
    await phone.register()
    await automate("notify_check_down", phone=phone.device_id)

    lab.server.is_up = False
    await lab.act("button.press", "_hub_run_all")
    shown = await phone.wait_for(lambda each: each["title"] == "Web server is down")
    [button] = shown["data"]["actions"]
    await phone.press(button["action"])
    incident = await lab.entity("_hub_incident")
    states = lab.home_assistant.states
    await lab.home_assistant.wait_until(
        lambda: states[incident]["attributes"].get("event_type") == "acknowledged"
    )
    lab.server.is_up = True
    await lab.act("button.press", "_hub_run_all")
    back = await phone.wait_for(lambda each: each["title"] == "Web server is up again")

    assert shown["message"]
    assert back["data"]["tag"] == shown["data"]["tag"]


async def test_blueprint_that_repairs(lab: Lab, automate: Automate) -> None:
    """What stays down for a while is repaired, and the check is run again, which is up then."""
    check = await lab.entity("_check_web_reachable")
    states = lab.home_assistant.states
    before: list[str] = []

    def repair(_event: object) -> None:
        """Do what a restart of a container would; note how the check was shown."""
        before.append(states[check]["state"])
        lab.server.is_up = True

    end = await lab.home_assistant.subscribe("subscribe_events", repair, event_type="repair")
    # The editor asks for a minute at least.
    actions = [{"event": "repair"}]
    await automate("restart_when_down", check=check, minutes=0.005, repair=actions, wait=0.5)

    lab.server.is_up = False
    await lab.act("button.press", "_hub_run_all")
    await lab.home_assistant.wait_until(lambda: before and states[check]["state"] == "on")
    await end()

    assert before == ["off"]


async def test_blueprint_of_the_morning(lab: Lab, automate: Automate) -> None:
    """The morning report names what went wrong in the last day."""
    [entry] = await lab.home_assistant.command("config_entries/get", domain="ops_monitor")
    told: list[dict[str, Any]] = []
    end = await lab.home_assistant.subscribe("subscribe_events", told.append, event_type="told")
    variables = {"title": "{{ title }}", "message": "{{ message }}"}
    tell = [{"event": "told", "event_data": variables}]
    automation = await automate("morning_report", daemon=entry["entry_id"], tell=tell)

    await lab.home_assistant.act("automation.trigger", {"entity_id": automation})
    await lab.home_assistant.wait_until(lambda: told)
    await end()

    report = told[0]["data"]
    assert report["title"] == "All is well"
    assert "In the last day: Web server: " in report["message"]


async def test_switches(lab: Lab) -> None:
    """A switch pauses the check at the daemon, another one mutes it."""
    await lab.act("switch.turn_off", "_check_web_monitoring")
    await lab.wait_for("_check_web_status", "paused")
    assert (await lab.ask("/api/status/checks"))["web"]["status"] == "paused"
    await lab.act("switch.turn_on", "_check_web_monitoring")
    await lab.wait_for("_check_web_status", "up")

    await lab.act("switch.turn_off", "_hub_alerts")
    await lab.wait_for("_hub_alerts", "off")
    await lab.act("switch.turn_on", "_hub_alerts")
    await lab.wait_for("_hub_alerts", "on")


async def test_calendar(lab: Lab) -> None:
    """Work that is announced is in the calendar, and the check is in maintenance."""
    await lab.home_assistant.act(
        "ops_monitor.start_maintenance", check=["web"], duration={"hours": 1}, reason="New disk"
    )
    shown = await lab.wait_for("_hub_maintenance", "on")
    assert "New disk" in shown["attributes"]["message"]
    await lab.wait_for("_check_web_status", "maintenance")

    await lab.home_assistant.act("ops_monitor.end_maintenance")
    await lab.wait_for("_hub_maintenance", "off")
    await lab.wait_for("_check_web_status", "up")


async def test_message(lab: Lab) -> None:
    """A message goes out by the daemon's own channels."""
    await lab.act("notify.send_message", "_hub_alert", message="Dinner is ready")

    assert any("Dinner is ready" in body for body in lab.server.received)


async def test_update(lab: Lab) -> None:
    """A newer firmware of the router is an update, with the versions that the box tells."""
    await lab.wait_for("_reading_fritz.home_firmware", "on")
    version = await lab.ask("/api/values?name=fritz.home.os_version")
    shown = lab.home_assistant.states[await lab.entity("_reading_fritz.home_firmware")]

    assert shown["attributes"]["installed_version"] == version["value"]
    assert shown["attributes"]["latest_version"] != version["value"]


async def test_update_of_the_daemon(lab: Lab) -> None:
    """A newer release of the daemon is an update, too."""
    await lab.wait_for("_hub_update", "on")
    shown = lab.home_assistant.states[await lab.entity("_hub_update")]

    assert shown["attributes"]["latest_version"] == "99.1.0"


async def test_guests_are_shown_when_wanted(lab: Lab) -> None:
    """A preference brings the guests of Proxmox, each with what is known of it."""
    home_assistant = lab.home_assistant
    [entry] = await home_assistant.command("config_entries/get", domain="ops_monitor")
    post = partial(home_assistant.request, HTTPMethod.POST)
    flow = await post("config/config_entries/options/flow", {"handler": entry["entry_id"]})
    path = f"config/config_entries/options/flow/{flow['flow_id']}"
    form = await post(path, {"next_step_id": "import"})
    shown = {item["name"]: item.get("default") for item in form["data_schema"]}
    filled = {name: value for name, value in shown.items() if value is not None}
    result = await post(path, {**filled, "guests": True})

    assert result["type"] == "create_entry"
    await home_assistant.wait_until(
        lambda: home_assistant.states.get("binary_sensor.router", {}).get("state") == "on"
    )


async def test_every_kind_is_there(lab: Lab) -> None:
    """What is not proven above has no entities: a new kind belongs there."""
    kinds = {item["entity_id"].partition(".")[0] for item in await lab.entities()}

    assert kinds == {
        *("binary_sensor", "button", "calendar", "event"),
        *("notify", "sensor", "switch", "update"),
    }


async def test_token_is_revoked(lab: Lab) -> None:
    """When its token is worth nothing any more, Home Assistant asks for a way in, and goes on."""
    before = set(await lab.own_tokens())
    [token] = before
    instance_id = (await lab.ask("/api/info"))["instance_id"]

    await lab.tell(HTTPMethod.DELETE, f"/api/tokens/{token}")
    await lab.wait_for("_hub_connected", "off")
    await lab.wait_for("_check_web_reachable", "unavailable")
    flow = await lab.home_assistant.wait_for_flow("reauth", instance_id)
    code = (await lab.tell(HTTPMethod.POST, "/api/pair/code", {"scope": "admin"}))["code"]
    await lab.home_assistant.fill_in(flow["flow_id"], {"next_step_id": "code"})
    result = await lab.home_assistant.fill_in(flow["flow_id"], {"code": code})

    assert (result["type"], result["reason"]) == ("abort", "reauth_successful")
    await lab.wait_for("_hub_connected", "on")
    await lab.wait_for("_check_web_reachable", "on")
    after = set(await lab.own_tokens())
    assert len(after) == 1
    assert after != before


async def test_nothing_is_left(lab: Lab) -> None:
    """Removed, an entry leaves nothing behind: neither here nor at the daemon."""
    home_assistant = lab.home_assistant
    assert await home_assistant.command("lovelace/resources")
    [entry] = await home_assistant.command("config_entries/get", domain="ops_monitor")
    ours = {item["entity_id"] for item in await lab.entities()}

    await home_assistant.request(
        HTTPMethod.DELETE, f"config/config_entries/entry/{entry['entry_id']}"
    )

    await home_assistant.wait_until(lambda: not ours & home_assistant.states.keys())
    devices = await home_assistant.command("config/device_registry/list")
    issues = (await home_assistant.command("repairs/list_issues"))["issues"]
    services = await home_assistant.command("get_services")
    assert await lab.entities() == []
    assert [item for item in devices if entry["entry_id"] in item["config_entries"]] == []
    assert [item for item in issues if item["domain"] == "ops_monitor"] == []
    assert await home_assistant.command("lovelace/resources") == []
    notifiers = {"send_message", "persistent_notification", "notify", "mobile_app_phone"}
    assert set(services.get("notify", {})) <= notifiers
    assert await home_assistant.command("config_entries/flow/progress") == []
    assert await lab.own_tokens() == []
    assert [path.name for path in (lab.folder / ".storage").glob("*ops_monitor*")] == []


async def test_nothing_goes_on(lab: Lab) -> None:
    """After the removal neither a task nor a timer of ours is in Home Assistant's loop."""
    await lab.home_assistant.set_up("profiler", {})
    for action in ("log_current_tasks", "log_event_loop_scheduled"):
        await lab.home_assistant.act(f"profiler.{action}")
    lines = lab.home_assistant.log.read_text().splitlines()
    going_on = [
        line for line in lines if re.search(r"components.profiler.* (Task|Scheduled):", line)
    ]

    assert going_on
    assert [line for line in going_on if "ops_monitor" in line] == []


async def test_log(lab: Lab) -> None:
    """All that while Home Assistant's log says nothing of us that a person has to see to."""
    assert unusual(lab.home_assistant.log.read_text(), losses=1) == []
