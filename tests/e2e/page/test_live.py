"""The page follows the daemon without being loaded anew."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import expect
import pytest

from tests.e2e.page.bench import Daemon, OpenPage, Target, card, http_check, live, running_daemon

pytestmark = pytest.mark.timeout(300)


def test_failing_check_is_seen_without_reload(
    three: Daemon, target: Target, open_page: OpenPage
) -> None:
    """A check that goes down moves to the top, and back once it is up, on the open page."""
    page = live(open_page(three.url))
    page.evaluate("window.notReloaded = true")
    expect(page.locator("h1")).to_have_text("All 3 checks are up")

    target.answers["/nas"] = HTTPStatus.BAD_GATEWAY
    expect(page.locator("h1")).to_have_text("1 of 3 is down: NAS")
    expect(page.locator("#troubled article")).to_contain_text("502")
    expect(page).to_have_title("(1) Ops Monitor")
    expect(page.locator("tbody tr").first).to_contain_text("Down, was up")

    target.answers.clear()
    expect(page.locator("h1")).to_have_text("All 3 checks are up")
    expect(page.locator("#troubled")).to_be_hidden()
    expect(page).to_have_title("Ops Monitor")
    assert page.evaluate("window.notReloaded")


def test_uptime_follows_a_failure(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """Soon after a check went down, its card no longer says 100 %."""
    with running_daemon(tmp_path, checks=[http_check(target, "/nas", name="NAS")]) as daemon:
        page = live(open_page(daemon.url))
        uptime = card(page, "nas").locator("[data-window='24h']")
        # The page asks again within a minute, whatever happens.
        expect(uptime).to_have_text("100 %", timeout=150_000)

        target.answers["/nas"] = HTTPStatus.BAD_GATEWAY

        expect(uptime).not_to_have_text("100 %", timeout=150_000)
        expect(uptime).to_contain_text("%")


def test_new_runs_become_bars(three: Daemon, open_page: OpenPage) -> None:
    """Each run adds a bar at the right, thirty at most, and the latency line goes on."""
    page = live(open_page(three.url))
    bars = card(page, "plex").locator(".runs i")

    expect(bars).to_have_count(30)
    first = bars.last.get_attribute("title")
    expect(bars.last).not_to_have_attribute("title", first or "")

    assert "good" in (bars.last.get_attribute("title") or "")
    assert (card(page, "plex").locator(".line").get_attribute("d") or "").count("L") > 20


def test_run_now(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """The button runs a check that would otherwise run in an hour."""
    slow = http_check(target, "/slow", name="Slow", interval_s=3600)
    with running_daemon(tmp_path, checks=[slow]) as daemon:
        page = live(open_page(daemon.url))
        expect(page.locator("h1")).to_have_text("Slow is up")
        bars = card(page, "slow").locator(".runs i")
        before = bars.count()

        page.get_by_role("button", name="Run Slow now").click()

        expect(bars).to_have_count(before + 1)


def test_checks_come_and_go_with_the_configuration(
    target: Target, tmp_path: Path, open_page: OpenPage
) -> None:
    """Added checks appear, removed ones vanish, and a mistake is told while the old ones stay."""
    old, new = http_check(target, "/old", name="Old"), http_check(target, "/new", name="New")
    with running_daemon(tmp_path, checks=[old]) as daemon:
        page = live(open_page(daemon.url))
        expect(card(page, "old")).to_be_visible()

        daemon.configure(checks=[new])
        daemon.reload()
        expect(card(page, "new").locator("b")).to_have_text("Up")
        expect(card(page, "old")).to_have_count(0)

        daemon.configure(checks=[{**new, "intervall_s": 3}])
        daemon.reload()
        expect(page.locator("#config-problem")).to_contain_text("intervall_s")
        expect(card(page, "new")).to_be_visible()

        daemon.configure(checks=[new])
        daemon.reload()
        expect(page.locator("#config-problem")).to_be_hidden()


def test_muted_alerts_are_told(three: Daemon, open_page: OpenPage) -> None:
    """A page that is open, and one that is opened, say that nobody is told of anything."""
    page = live(open_page(three.url))
    muted = page.locator("#muted")
    expect(muted).to_be_hidden()

    api = f"{three.url.rstrip('/')}/api/alerts"
    page.request.post(f"{api}/mute", data={"duration_s": 3600, "reason": "We have guests."})
    expect(muted).to_contain_text("We have guests.")
    expect(muted).to_contain_text("until")
    live(page).reload()
    expect(muted).to_contain_text("We have guests.")

    page.request.post(f"{api}/mute", data={})
    expect(muted).to_be_visible()
    expect(muted.locator("span")).to_be_hidden()
    page.request.post(f"{api}/unmute", data={})
    expect(muted).to_be_hidden()


def test_lost_connection_is_told_and_mended(
    target: Target, tmp_path: Path, open_page: OpenPage
) -> None:
    """A daemon that stops is noticed, and the page goes on by itself once it is back."""
    with running_daemon(tmp_path, checks=[http_check(target, "/nas", name="NAS")]) as daemon:
        page = live(open_page(daemon.url))

        daemon.stop()
        expect(page.locator("#lost")).to_be_visible()
        expect(page.locator("#link")).to_have_text("Not connected")

        daemon.start()
        live(page)
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("h1")).to_have_text("NAS is up")
