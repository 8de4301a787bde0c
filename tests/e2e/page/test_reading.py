"""The page can be read by anybody, anywhere."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
import re

from playwright.sync_api import expect
import pytest

from tests.e2e.page.bench import Daemon, OpenPage, Target, card, http_check, live, running_daemon

pytestmark = pytest.mark.timeout(300)


def test_everything_is_there_without_script(three: Daemon, open_page: OpenPage) -> None:
    """With scripts off the page still tells everything, and offers nothing that would not work."""
    page = open_page(three.url, java_script_enabled=False)

    expect(page.locator("h1")).to_have_text("All 3 checks are up")
    expect(card(page, "nas")).to_contain_text("Up")
    expect(card(page, "nas").locator(".runs i").first).to_have_attribute("title", re.compile("UTC"))
    expect(page.get_by_role("button", name="Run NAS now")).to_be_hidden()


def test_many_checks_can_be_searched(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """With more than ten checks, text, state and tag choose which are shown."""
    checks = [
        http_check(target, f"/s{number}", name=f"Service {number}", tags=[f"t{number % 2}"])
        for number in range(12)
    ]
    target.answers["/s7"] = HTTPStatus.NOT_FOUND
    with running_daemon(tmp_path, checks=checks) as daemon:
        page = live(open_page(daemon.url))
        shown = page.locator("article.card:visible")
        expect(page.locator("h1")).to_have_text("1 of 12 is down: Service 7")

        page.get_by_role("searchbox").fill("service 1")
        expect(shown).to_have_count(3)
        page.get_by_role("searchbox").fill("")
        page.get_by_role("button", name="Down 1").click()
        expect(shown).to_have_count(1)
        page.get_by_role("button", name="All 12").click()
        page.get_by_label("Tag").select_option("t1")
        expect(shown).to_have_count(6)


def test_keyboard_reaches_everything(three: Daemon, open_page: OpenPage) -> None:
    """The first stop skips to the checks, and arrow keys read single bars."""
    page = live(open_page(three.url))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the checks"

    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")

    # A run that comes meanwhile adds a bar behind it.
    assert page.evaluate("document.activeElement.matches('.runs i')")
    expect(page.locator(".reading .range")).to_contain_text("good")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_are_the_viewers(three: Daemon, open_page: OpenPage, zone: str) -> None:
    """Each viewer reads times in the own zone."""
    page = live(open_page(f"{three.url}?show=all", timezone_id=zone))

    shown = page.locator("tbody time").first
    expected = page.evaluate(
        "new Date(document.querySelector('tbody time').dateTime).toLocaleTimeString('sv-SE')"
    )
    assert expected.split(":")[0] == shown.inner_text().split()[-1].split(":")[0]
    expect(page.locator("#zone")).to_have_text(f"Times are in {zone}")


def test_configured_zone_holds_for_everybody(
    target: Target, tmp_path: Path, open_page: OpenPage
) -> None:
    """With a configured zone, its times are shown wherever the viewer is."""
    checks = [http_check(target, "/nas", name="NAS")]
    with running_daemon(tmp_path, checks=checks, time_zone="Asia/Tokyo") as daemon:
        page = live(open_page(daemon.url, timezone_id="America/New_York"))

        expect(page.locator("#zone")).to_have_text("Times are in Asia/Tokyo")
        first = card(page, "nas").locator(".runs i").first
        expect(first).to_be_attached()


def test_fits_a_phone(three: Daemon, open_page: OpenPage) -> None:
    """At 360 pixels nothing sticks out."""
    page = live(open_page(three.url, viewport={"width": 360, "height": 740}))

    assert page.evaluate("document.documentElement.scrollWidth") == 360
