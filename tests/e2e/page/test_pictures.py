"""The pictures of the page that the documentation shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
import pytest

from tests.e2e.page.bench import OpenPage, Target, card, live, running_daemon
from tests.e2e.page.household import PASTS, checks
from tests.e2e.page.past import write_past

pytestmark = pytest.mark.timeout(300)

PICTURES = Path(__file__).parents[3] / "docs" / "screenshots"


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        ("dashboard", {"viewport": {"width": 1280, "height": 1280}}),
        ("dashboard-dark", {"viewport": {"width": 1280, "height": 1000}, "color_scheme": "dark"}),
        ("dashboard-phone", {"viewport": {"width": 360, "height": 780}, "device_scale_factor": 2}),
    ],
)
def test_picture(
    target: Target, tmp_path: Path, open_page: OpenPage, picture: str, options: dict[str, Any]
) -> None:
    """A household with some trouble looks as in docs/; OPSMONITOR_PICTURES=1 takes them anew."""
    folder = PICTURES if "OPSMONITOR_PICTURES" in os.environ else tmp_path
    (tmp_path / "data").mkdir()
    write_past(tmp_path / "data" / "ops-monitor.db", PASTS)
    with running_daemon(tmp_path, checks=checks(target)) as daemon:
        page = live(open_page(daemon.url, timezone_id="Europe/Berlin", **options))

        expect(page.locator("h1")).to_have_text("1 of 10 is down: NAS; 1 is degraded: Media server")
        expect(card(page, "photos").locator("[data-window='24h']")).to_have_text("100 %")
        page.screenshot(path=folder / f"{picture}.png")

    assert (PICTURES / f"{picture}.png").is_file()
