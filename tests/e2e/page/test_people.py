"""What people do on the page, and that it lasts."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import expect
import pytest

from tests.e2e.page.bench import OpenPage, Target, card, http_check, live, running_daemon

pytestmark = pytest.mark.timeout(300)


def test_pause_and_resume(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """A check is paused on the page, stays so through a restart, and is resumed."""
    slow = http_check(target, "/slow", name="Slow", interval_s=3600)
    with running_daemon(tmp_path, checks=[slow]) as daemon:
        page = live(open_page(daemon.url))
        expect(page.locator("h1")).to_have_text("Slow is up")
        expect(page.get_by_role("button", name="Resume Slow")).to_be_hidden()
        page.get_by_role("button", name="Pause Slow").click()
        expect(page.locator("h1")).to_have_text("Slow is paused")
        expect(card(page, "slow").locator(".note")).to_have_text("Paused")
        expect(page.get_by_role("button", name="Run Slow now")).to_be_hidden()
        expect(page.locator("tbody tr").first).to_contain_text("Paused, was up")

    with running_daemon(tmp_path, checks=[slow]) as daemon:
        page = live(open_page(daemon.url))
        expect(page.locator("h1")).to_have_text("Slow is paused")
        page.get_by_role("button", name="Resume Slow").click()
        expect(page.locator("h1")).to_have_text("Slow is up")
        expect(card(page, "slow").locator(".note")).to_be_hidden()
        expect(page.get_by_role("button", name="Run Slow now")).to_be_visible()


def test_cause_and_acknowledgement(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """The page names the root cause, and who knows of it until it is over."""
    router = http_check(target, "/router", name="Router", interval_s=1)
    nas = http_check(target, "/nas", name="NAS", interval_s=1) | {"depends_on": ["router"]}
    target.answers |= {"/router": HTTPStatus.GONE, "/nas": HTTPStatus.GONE}
    with running_daemon(tmp_path, checks=[nas, router]) as daemon:
        page = live(open_page(daemon.url))
        expect(page.locator("h1")).to_have_text("1 of 2 is down: Router; 1 is unreachable: NAS")
        expect(card(page, "nas").locator(".note")).to_have_text("Depends on Router, which is down")

        acknowledge = page.get_by_role("button", name="Acknowledge Router", exact=True)
        take_back = page.get_by_role("button", name="Unacknowledge Router")
        expect(take_back).to_be_hidden()
        acknowledge.click()
        expect(card(page, "router").locator(".note")).to_have_text("Acknowledged")
        expect(acknowledge).to_be_hidden()
        expect(page.locator("tbody tr", has_text="Down, acknowledged")).to_have_count(1)
        take_back.click()
        expect(card(page, "router").locator(".note")).to_be_hidden()
        acknowledge.click()
        expect(card(page, "router").locator(".note")).to_have_text("Acknowledged")

        target.answers.clear()
        expect(page.locator("h1")).to_have_text("All 2 checks are up")
        expect(card(page, "router").locator(".note")).to_be_hidden()
