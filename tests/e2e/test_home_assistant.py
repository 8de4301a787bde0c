"""From a server that stops to an entity that turns off: everything real, nothing in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
import json
from pathlib import Path
import re
import socket
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import expect
import pytest
import pytest_asyncio
import yaml

from tests.e2e.browser import browse, settle
from tests.e2e.daemon_process import DaemonProcess
from tests.e2e.home_assistant import HASS, ROOT, HomeAssistant
from tests.e2e.log_lines import unusual
from tests.e2e.web_server import WebServer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(not HASS.exists(), reason="run `scripts/setup ha-live` first"),
]

WEB = "binary_sensor.web_server"
HUB = f"ops_monitor_{re.sub('[^a-z0-9]+', '_', socket.gethostname().lower()).strip('_')}"
CONNECTED = f"binary_sensor.{HUB}_connected"
OVERALL = f"sensor.{HUB}_status"
CHECK = """\
  - id: web
    name: Web server
    type: http
    url: {url}
    interval_s: 0.2
    timeout_s: 20
    retries: 0
    core: true
"""
NEW_CHECK = """\
  - id: port
    name: Web port
    type: tcp
    host: 127.0.0.1
    port: {port}
    interval_s: 1
    timeout_s: 20
    retries: 0
"""
SHOWN = """\
  - id: health
    name: Health
    type: http
    url: {url}/health
    interval_s: 1
    timeout_s: 20
    retries: 0
    area: Rack
    export:
      - {{name: State, path: $.status}}
      - {{name: Warmth, path: $.warmth, unit: °C, device_class: temperature}}
"""
MANY = """\
  - id: port-{number}
    name: Port {number}
    type: tcp
    host: 127.0.0.1
    port: {port}
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def session() -> AsyncIterator[ClientSession]:
    """Return what all of this is asked by."""
    async with ClientSession() as client_session:
        yield client_session


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def target() -> AsyncIterator[WebServer]:
    """Return a running server."""
    server = WebServer()
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def daemon(
    target: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DaemonProcess]:
    """Return a daemon that watches the server."""
    process = DaemonProcess(tmp_path_factory.mktemp("daemon"))
    process.config.write_text("checks:\n" + CHECK.format(url=target.url))
    await process.start()
    yield process
    await process.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def home_assistant(
    daemon: DaemonProcess, session: ClientSession, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[HomeAssistant]:
    """Return a Home Assistant that a person added the daemon to."""
    process = HomeAssistant(tmp_path_factory.mktemp("home-assistant"), session)
    try:
        await process.start()
        result = await process.set_up(
            "ops_monitor",
            {"next_step_id": "token"},
            {"url": daemon.url, "advanced": {"verify_ssl": True}},
        )
        assert result["type"] == "create_entry", result
        await process.wait_for(WEB, "on")
        yield process
    finally:
        await process.stop()


async def last_event(session: ClientSession, daemon: DaemonProcess) -> dict[str, Any]:
    """Return the daemon's latest event."""
    async with session.get(f"{daemon.url}/api/status/events?limit=1") as response:
        [event] = await response.json()
    return dict(event)


def seconds_between(earlier: str, later: str) -> float:
    """Return how long after one time another one is."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def test_entities_are_there(home_assistant: HomeAssistant) -> None:
    """Set up by its address alone, the daemon and its check are there with their values."""
    await home_assistant.wait_for("sensor.web_server_status", "up")
    await home_assistant.wait_for(f"sensor.{HUB}_checks_total", "1")
    await home_assistant.wait_for(OVERALL, "ok")
    await home_assistant.wait_for(CONNECTED, "on")
    await home_assistant.wait_until(
        lambda: "sensor.web_server_response_time" in home_assistant.states
    )
    response_time = home_assistant.states["sensor.web_server_response_time"]

    assert float(response_time["state"]) > 0
    assert response_time["attributes"]["unit_of_measurement"] == "ms"


async def test_stopped_server_turns_off(
    home_assistant: HomeAssistant, session: ClientSession, daemon: DaemonProcess, target: WebServer
) -> None:
    """The entity turns off after the daemon's event, not before; and on again when it is up."""
    target.is_up = False
    off = await home_assistant.wait_for(WEB, "off")
    down = await last_event(session, daemon)

    target.is_up = True
    on = await home_assistant.wait_for(WEB, "on")
    up = await last_event(session, daemon)

    assert (down["event"], up["event"]) == ("DOWN", "UP")
    # The clocks are the same one; the event's time is rounded to milliseconds.
    assert seconds_between(down["ts"], off["last_changed"]) >= -0.002
    assert seconds_between(up["ts"], on["last_changed"]) >= -0.002


async def test_core_check_makes_the_whole_critical(
    home_assistant: HomeAssistant, target: WebServer
) -> None:
    """A core check that is down shows on the hub, by name."""
    target.is_up = False
    await home_assistant.wait_for(OVERALL, "crit")
    down = await home_assistant.wait_for(f"sensor.{HUB}_checks_down", "1")

    assert down["attributes"]["checks"] == ["Web server"]
    target.is_up = True
    await home_assistant.wait_for(OVERALL, "ok")


async def test_dashboard_and_card_in_a_browser(
    home_assistant: HomeAssistant, target: WebServer
) -> None:
    """The community dashboard shows the checks on our card, which follows them by itself."""
    await home_assistant.command(
        "lovelace/dashboards/create",
        url_path="ops-lab",
        title="Ops Monitor",
        mode="storage",
        show_in_sidebar=True,
        require_admin=False,
    )
    strategy = {"strategy": {"type": "custom:ops-monitor"}}
    await home_assistant.command("lovelace/config/save", url_path="ops-lab", config=strategy)
    devices = await home_assistant.command("config/device_registry/list")
    [hub] = [item["id"] for item in devices if item["model"] == "Daemon"]
    card = {"type": "custom:ops-monitor-card", "device": hub}
    one_daemon = {"views": [{"cards": [card]}]}
    await home_assistant.command(
        "lovelace/dashboards/create", url_path="ops-card", title="Card", mode="storage"
    )
    await home_assistant.command("lovelace/config/save", url_path="ops-card", config=one_daemon)

    async with browse(home_assistant, viewport={"width": 412, "height": 900}) as page:
        await page.goto(f"{home_assistant.url}/ops-lab/overview")
        row = page.locator("ops-monitor-card button", has_text="Web server")
        whole = page.locator("ops-monitor-card [role=status]")
        await expect(row).to_have_attribute("data-status", "up")
        await expect(whole).to_contain_text("The check is up")

        target.is_up = False
        await expect(row).to_have_attribute("data-status", "down")
        await expect(row).to_have_attribute("aria-label", "Web server: Down")
        await expect(whole).to_contain_text("1 of 1 in trouble")

        target.is_up = True
        await expect(row).to_have_attribute("data-status", "up")
        await settle(page)

        await row.click()
        await expect(page.locator("ha-more-info-dialog")).to_contain_text("Web server")

        await page.goto(f"{home_assistant.url}/ops-card/0")
        await expect(row).to_have_attribute("data-status", "up")


async def test_device_page_in_a_browser(home_assistant: HomeAssistant) -> None:
    """A person finds the check's device, with its values, in the user interface."""
    devices = await home_assistant.command("config/device_registry/list")
    [device] = [item for item in devices if item["name"] == "Web server"]

    async with browse(home_assistant, viewport={"width": 1280, "height": 720}) as page:
        await page.goto(f"{home_assistant.url}/config/devices/device/{device['id']}")
        await expect(page.get_by_text("HTTP check")).to_be_visible(timeout=60_000)
        await expect(page.get_by_text("Response time")).to_be_visible()
        await expect(page.get_by_text("Connected via")).to_be_visible()


async def test_the_daemon_reads_home_assistant(
    home_assistant: HomeAssistant, session: ClientSession, tmp_path: Path
) -> None:
    """The other way round: by a token, the daemon knows how Home Assistant itself is."""
    process = DaemonProcess(tmp_path)
    keys = {"url": home_assistant.url, "token": home_assistant.tokens["access_token"]}
    process.config.write_text(json.dumps({"homeassistant": keys, "checks": []}))
    await process.start()
    told: dict[str, Any] = {"last_fetch_ts": None, "last_error": None}
    try:
        async with asyncio.timeout(300):
            while told["last_fetch_ts"] is None and told["last_error"] is None:
                await asyncio.sleep(0.1)
                async with session.get(f"{process.url}/api/homeassistant") as response:
                    told = await response.json()
    finally:
        await process.stop()

    assert (told["last_error"], told["note"]) == (None, None)
    assert told["state"] == "RUNNING"
    assert told["entities"] > 1
    assert told["recorder"]["recording"] is True
    assert re.fullmatch(r"\d{4}\.\d+\.\d+\S*", told["version"])


async def test_automations(home_assistant: HomeAssistant, target: WebServer) -> None:
    """A failure fires our own trigger, the event entity, and what Home Assistant offers itself."""
    devices = await home_assistant.command("config/device_registry/list")
    [device] = [item["id"] for item in devices if item["name"] == "Web server"]
    offered = await home_assistant.command("device_automation/trigger/list", device_id=device)
    [by_device] = [item for item in offered if item["type"] == "not_connected"]
    triggers: dict[str, dict[str, Any]] = {
        "by_device": by_device,
        "by_trigger": {"trigger": "ops_monitor.check_failed", "options": {}},
        "by_event": {"trigger": "state", "entity_id": f"event.{HUB}_incident"},
    }
    for name, trigger in triggers.items():
        await home_assistant.automate(name, trigger)
        await home_assistant.wait_for(f"automation.{name}", "on")

    target.is_up = False
    await home_assistant.wait_for(WEB, "off")
    await home_assistant.wait_until(
        lambda: all(
            home_assistant.states[f"automation.{name}"]["attributes"]["last_triggered"]
            for name in triggers
        )
    )

    incident = home_assistant.states[f"event.{HUB}_incident"]["attributes"]
    assert (incident["event_type"], incident["name"]) == ("down", "Web server")
    target.is_up = True
    await home_assistant.wait_for(WEB, "on")


async def test_examples_of_the_documentation(home_assistant: HomeAssistant) -> None:
    """Home Assistant takes every example of an automation as it stands in the documentation."""
    document = (ROOT / "docs" / "home-assistant.md").read_text()
    blocks = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    ]
    examples = [block for block in blocks if "actions" in block]
    verdicts = [await home_assistant.command("validate_config", **item) for item in examples]

    assert any(trigger["trigger"].startswith("ops_monitor") for trigger in _triggers(examples))
    assert [part for verdict in verdicts for part in verdict.values() if not part["valid"]] == []


def _triggers(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all triggers of automations."""
    return [trigger for example in examples for trigger in example.get("triggers", ())]


async def test_response_in_a_template(home_assistant: HomeAssistant) -> None:
    """What an action answers can be used in a template, and what a switch does is shown."""
    names = "{{ found.checks | selectattr('ok') | map(attribute='name') | join }}"
    result = await home_assistant.command(
        "execute_script",
        sequence=[
            {"action": "ops_monitor.get_summary", "response_variable": "found"},
            {"variables": {"out": {"names": names}}},
            {"stop": "done", "response_variable": "out"},
        ],
    )
    assert result["response"] == {"names": "Web server"}

    for service, state, status in (("turn_off", "off", "paused"), ("turn_on", "on", "up")):
        await home_assistant.command(
            "call_service",
            domain="switch",
            service=service,
            target={"entity_id": "switch.web_server_monitoring"},
        )
        await home_assistant.wait_for("switch.web_server_monitoring", state)
        await home_assistant.wait_for("sensor.web_server_status", status)


async def test_killed_daemon(home_assistant: HomeAssistant, daemon: DaemonProcess) -> None:
    """Without the daemon its checks are unavailable; with it they are back."""
    await daemon.kill()
    await home_assistant.wait_for(WEB, "unavailable")
    await home_assistant.wait_for(CONNECTED, "off")

    await daemon.start()
    await home_assistant.wait_for(WEB, "on")
    await home_assistant.wait_for(CONNECTED, "on")


async def test_check_is_added_and_removed(
    home_assistant: HomeAssistant, daemon: DaemonProcess, target: WebServer
) -> None:
    """A check appears when checks.yml is saved with it, and disappears without it."""
    before = daemon.config.read_text()

    daemon.config.write_text(before + NEW_CHECK.format(port=target.port))
    await home_assistant.wait_for("binary_sensor.web_port", "on")

    daemon.config.write_text(before)
    await home_assistant.wait_for("binary_sensor.web_port", None)


async def test_values_come_and_go(home_assistant: HomeAssistant, daemon: DaemonProcess) -> None:
    """What a check reads beside what it judges is there with it, in the room of its own."""
    before = daemon.config.read_text()

    daemon.config.write_text(before + SHOWN.format(url=daemon.url))
    await home_assistant.wait_for("sensor.rack_health_state", "ok")
    warmth = await home_assistant.wait_for("sensor.rack_health_warmth", "unknown")
    assert warmth["attributes"]["unit_of_measurement"] == "°C"

    daemon.config.write_text(before)
    await home_assistant.wait_for("sensor.rack_health_state", None)


async def test_many_checks_on_a_phone(
    home_assistant: HomeAssistant, daemon: DaemonProcess, target: WebServer
) -> None:
    """Of many checks those that are up are folded away; nothing sticks out to the side."""
    before = daemon.config.read_text()
    many = "".join(MANY.format(number=number, port=target.port) for number in range(40))
    daemon.config.write_text(before + many)
    await home_assistant.wait_until(
        lambda: all(
            home_assistant.states.get(f"sensor.port_{number}_status", {}).get("state") == "up"
            for number in range(40)
        )
    )

    phone = {"viewport": {"width": 360, "height": 760}, "color_scheme": "dark"}
    async with browse(home_assistant, **phone) as page:
        await page.goto(f"{home_assistant.url}/ops-lab/overview")
        fold = page.locator("ops-monitor-card button[aria-expanded=false]")
        rows = page.locator("ops-monitor-card li")
        await expect(fold).to_have_text("Show 41 more that are up")
        await expect(rows).to_have_count(0)
        await fold.click()
        await expect(rows).to_have_count(41)
        names = page.locator("ops-monitor-card li .name")
        await expect(names).to_have_text([*(f"Port {n}" for n in range(40)), "Web server"])
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360

    daemon.config.write_text(before)
    # So many at once may be gone by mistake: they stay until a person says that they are not.
    await home_assistant.fix("orphaned_devices")
    await home_assistant.wait_for("sensor.port_0_status", None)


async def test_mistake_in_the_configuration(
    home_assistant: HomeAssistant, daemon: DaemonProcess
) -> None:
    """A file with a mistake is told of, and the daemon goes on with what it had."""
    before = daemon.config.read_text()

    daemon.config.write_text(before + "  - id: web\n    typ: http\n")
    problem = await home_assistant.wait_for(f"binary_sensor.{HUB}_configuration", "on")
    assert "typ" in str(problem["attributes"]["problems"])
    assert home_assistant.states[WEB]["state"] == "on"

    daemon.config.write_text(before)
    await home_assistant.wait_for(f"binary_sensor.{HUB}_configuration", "off")


async def test_log_of_home_assistant(home_assistant: HomeAssistant, daemon: DaemonProcess) -> None:
    """Home Assistant's log says of us that we are a custom integration, and of each loss once."""
    assert unusual(home_assistant.log.read_text(), losses=daemon.kills) == []
