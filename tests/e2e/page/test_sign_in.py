"""Signing in and out with a real browser, whose rules about forms and cookies nobody else knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from playwright.sync_api import Browser, expect
import pytest

from tests.e2e.page.bench import Daemon, OpenPage, Target, card, http_check, live, running_daemon

TOKEN: Final = "opm_w_end-to-end"  # noqa: S105 - of this test's daemon only


@pytest.fixture(scope="module")
def closed(serving: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon that asks for a token."""
    with running_daemon(
        tmp_path_factory.mktemp("closed"),
        server={"token": TOKEN},
        checks=[http_check(serving, "/nas", name="NAS")],
    ) as daemon:
        yield daemon


def test_in_and_out(closed: Daemon, open_page: OpenPage) -> None:
    """A stranger signs in with the token, sees the page live, runs a check, and signs out."""
    page = open_page(closed.url)
    expect(page).to_have_title("Sign in · Ops Monitor")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()

    live(page)
    with page.expect_response("**/api/checks/nas/run") as answer:
        card(page, "nas").get_by_role("button", name="Run NAS now").click()
    assert answer.value.status == 200

    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Ops Monitor")
    page.goto(closed.url)
    expect(page).to_have_title("Sign in · Ops Monitor")


def test_another_tab_is_signed_out_too(closed: Daemon, browser: Browser) -> None:
    """A page left open elsewhere in the browser leads to the sign-in page after signing out."""
    page = browser.new_context().new_page()
    page.goto(closed.url)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    live(page)
    other = page.context.new_page()
    other.goto(closed.url)
    live(other)

    other.get_by_role("button", name="Sign out").click()

    expect(page).to_have_title("Sign in · Ops Monitor")
    page.context.close()


def test_the_description(three: Daemon, open_page: OpenPage) -> None:
    """The page of the API's description is shown without a breach of its own policy."""
    page = open_page(three.url + "docs")

    expect(page.get_by_role("heading", level=1)).to_have_text("The API of Ops Monitor")
    page.get_by_role("link", name="CheckDetail").first.click()
    expect(page.get_by_role("heading", name="CheckDetail")).to_be_in_viewport()
