"""The pictures of Home Assistant in docs/: `OPSMONITOR_PICTURES=1 scripts/test e2e -k picture`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import subprocess
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import FloatRect, Page, expect
import pytest
import pytest_asyncio

from tests.e2e.browser import browse, settle
from tests.e2e.daemon_process import DaemonProcess
from tests.e2e.home_assistant import HASS, ROOT, HomeAssistant
from tests.e2e.page.bench import running_target
from tests.e2e.page.household import PASTS, checks
from tests.e2e.page.past import write_past
from tests.e2e.things import running_things

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
]

PICTURES = ROOT / "docs" / "screenshots"
# Without animations there is no graph that is half drawn.
STILL = {"reduced_motion": "reduce"}
DESKTOP = {"viewport": {"width": 1280, "height": 860}, **STILL}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, **STILL}
# Home Assistant loads the shape of an icon after the icon.
HAS_ALL_ICONS = """() => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (element) => [element, ...(element.shadowRoot ? all(element.shadowRoot) : [])]);
  const isDrawn = ({ shadowRoot: root }) =>
    [...(root ? root.querySelectorAll("ha-svg-icon") : [])].some((icon) => icon.path);
  return all(document).filter(({ localName }) => localName === "ha-icon").every(isDrawn);
}"""
LOOKS = [
    pytest.param("", {**DESKTOP, "color_scheme": "light"}, id="light"),
    pytest.param("-dark", {**DESKTOP, "color_scheme": "dark"}, id="dark"),
]
LOOKS_AND_PHONE = [*LOOKS, pytest.param("-phone", {**PHONE, "color_scheme": "light"}, id="phone")]
MARGIN = 8
UNKNOWN = {"state": "unknown"}
# As few colours as nobody misses: a third of the size. Pillow comes with Home Assistant.
SHRINK = """
import sys
from PIL import Image
with Image.open(sys.argv[1]) as full:
    small = full.convert("RGB").quantize(128, dither=Image.Dither.NONE)
small.save(sys.argv[1], optimize=True)
"""


@dataclass
class House:
    """A Home Assistant that shows a household."""

    home_assistant: HomeAssistant

    async def device(self, name: str) -> str:
        """Return the id of a device."""
        devices = await self.home_assistant.command("config/device_registry/list")
        [found] = [item["id"] for item in devices if item["name"] == name]
        return str(found)

    async def entry(self) -> str:
        """Return the id of our entry."""
        [found] = await self.home_assistant.command("config_entries/get", domain="ops_monitor")
        return str(found["entry_id"])

    async def make_dashboard(self, url_path: str, title: str, config: dict[str, Any]) -> None:
        """Add a dashboard, as a person does."""
        command = self.home_assistant.command
        await command(
            "lovelace/dashboards/create",
            url_path=url_path,
            title=title,
            mode="storage",
            show_in_sidebar=True,
            require_admin=False,
        )
        await command("lovelace/config/save", url_path=url_path, config=config)

    async def remember(self) -> None:
        """Let Home Assistant have statistics of the last day: it was set up a moment ago."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for past in PASTS:
            entity = f"sensor.{past.check_id.replace('-', '_')}_response_time"
            runs = enumerate(past.results(round(hour.timestamp() * 1000)))
            means = [run.outcome.latency_ms for place, run in runs if place % 6 == 0][:24]
            stats = [
                {"start": (hour - timedelta(hours=24 - at)).isoformat(), "mean": mean}
                for at, mean in enumerate(means)
                if mean is not None
            ]
            await self.home_assistant.command(
                "recorder/import_statistics",
                metadata={
                    "mean_type": 1,
                    "has_sum": False,
                    "name": None,
                    "source": "recorder",
                    "statistic_id": entity,
                    "unit_class": "duration",
                    "unit_of_measurement": "ms",
                },
                stats=stats,
            )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Return a Home Assistant that was set up with a daemon that has a past."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        target = stack.enter_context(running_target())
        things = await stack.enter_async_context(running_things(tmp_path_factory.mktemp("things")))
        folder = tmp_path_factory.mktemp("daemon")
        (folder / "data").mkdir()
        write_past(folder / "data" / "ops-monitor.db", PASTS)
        daemon = DaemonProcess(folder)
        shown = {name: things.sections[name] for name in ("fritz", "proxmox", "docker")}
        daemon.config.write_text(json.dumps({**shown, "checks": checks(target)}))
        stack.push_async_callback(daemon.stop)
        await daemon.start()
        home_assistant = HomeAssistant(tmp_path_factory.mktemp("home-assistant"), session)
        stack.push_async_callback(home_assistant.stop)
        await home_assistant.start()
        filled = {"url": daemon.url, "advanced": {"verify_ssl": True}}
        result = await home_assistant.set_up("ops_monitor", {"next_step_id": "token"}, filled)
        assert result["type"] == "create_entry", result
        await home_assistant.wait_for("sensor.nas_status", "down")
        await home_assistant.wait_for("sensor.media_server_status", "degraded")
        await home_assistant.wait_for("binary_sensor.fritz_box_home_wan_up", "on")
        await home_assistant.wait_until(
            lambda: (
                home_assistant.states.get("sensor.media_server_uptime_30_days", UNKNOWN)["state"]
                != "unknown"
            )
        )
        house = House(home_assistant)
        await house.remember()
        await house.make_dashboard(
            "ops-lab", "Ops Monitor", {"strategy": {"type": "custom:ops-monitor"}}
        )
        card = {"type": "custom:ops-monitor-card", "title": "Home lab"}
        await house.make_dashboard(
            "ops-card", "Home lab", {"views": [{"title": "Home lab", "cards": [card]}]}
        )
        yield house


async def picture(page: Page, name: str, part: str | None = None) -> None:
    """Take a picture of what is seen, or of a part with some room around it; make it small."""
    await settle(page)
    await page.wait_for_function(HAS_ALL_ICONS, timeout=60_000)
    path = PICTURES / f"home-assistant-{name}.png"
    box = await page.locator(part).bounding_box() if part else None
    clip: FloatRect | None = None
    if box:
        clip = {
            "x": box["x"] - MARGIN,
            "y": box["y"] - MARGIN,
            "width": box["width"] + 2 * MARGIN,
            "height": box["height"] + 2 * MARGIN,
        }
    await page.screenshot(path=path, animations="disabled", clip=clip)
    python = HASS.with_name("python")
    subprocess.run([python, "-c", SHRINK, path], check=True)  # noqa: ASYNC221, S603 - ours, at the end


@pytest.mark.parametrize(("suffix", "options"), LOOKS)
async def test_integration_page(house: House, suffix: str, options: dict[str, Any]) -> None:
    """The page of the integration, with its devices."""
    url = f"{house.home_assistant.url}/config/integrations/integration/ops_monitor"
    async with browse(house.home_assistant, **options) as page:
        await page.goto(url)
        await expect(page.get_by_text("devices").first).to_be_visible()
        await picture(page, f"integration{suffix}")


@pytest.mark.parametrize(("suffix", "options"), LOOKS)
async def test_device_page(house: House, suffix: str, options: dict[str, Any]) -> None:
    """The page of a check's device."""
    device = await house.device("Media server")
    async with browse(house.home_assistant, **options) as page:
        await page.goto(f"{house.home_assistant.url}/config/devices/device/{device}")
        await expect(page.get_by_text("HTTP check")).to_be_visible()
        await expect(page.get_by_text("Response time")).to_be_visible()
        await picture(page, f"device{suffix}")


@pytest.mark.parametrize(("suffix", "options"), LOOKS_AND_PHONE)
async def test_dashboard(house: House, suffix: str, options: dict[str, Any]) -> None:
    """The dashboard that makes itself."""
    async with browse(house.home_assistant, **options) as page:
        await page.goto(f"{house.home_assistant.url}/ops-lab/overview")
        row = page.locator("ops-monitor-card button", has_text="NAS")
        await expect(row).to_have_attribute("data-status", "down")
        await picture(page, f"dashboard{suffix}")


@pytest.mark.parametrize(("suffix", "options"), LOOKS_AND_PHONE)
async def test_card(house: House, suffix: str, options: dict[str, Any]) -> None:
    """The card, on a dashboard of a person's own."""
    async with browse(house.home_assistant, **options) as page:
        await page.goto(f"{house.home_assistant.url}/ops-card/0")
        row = page.locator("ops-monitor-card button", has_text="NAS")
        await expect(row).to_have_attribute("data-status", "down")
        await picture(page, f"card{suffix}", "ops-monitor-card")
