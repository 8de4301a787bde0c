"""A browser, a daemon and a server to watch, for the page's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
import pytest

from tests.e2e.page.bench import (
    Daemon,
    OpenPage,
    Target,
    chromium,
    http_check,
    running_daemon,
    running_target,
)

# How long the page may take to show something; most of it takes a fraction.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run one browser for all tests."""
    with sync_playwright() as playwright:
        # The sandbox needs rights that a container lacks; only our own page is loaded.
        running = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def serving() -> Iterator[Target]:
    """Serve what is checked, for all tests of a file."""
    with running_target() as running:
        yield running


@pytest.fixture
def target(serving: Target) -> Target:
    """Return what is checked, without the answers that an earlier test had set."""
    serving.answers.clear()
    serving.delays_s.clear()
    return serving


@pytest.fixture(scope="module")
def three(serving: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with three checks."""
    checks = [
        http_check(serving, "/nas", name="NAS", tags=["storage"]),
        http_check(serving, "/router", name="Router", core=True),
        http_check(serving, "/plex", name="Plex"),
    ]
    with running_daemon(tmp_path_factory.mktemp("three"), checks=checks) as daemon:
        yield daemon


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return a function that opens a page, and see that nothing on it went wrong."""
    contexts = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        """Remember a mistake."""
        if _is_bad(message):
            errors.append(message.text)

    def opened(url: str, **options: Any) -> Page:
        """Open a page of its own, as a fresh visitor."""
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def _is_bad(message: ConsoleMessage) -> bool:
    """Tell whether the console reports a mistake; a daemon that is off on purpose is none."""
    return message.type == "error" and "ERR_CONNECTION_REFUSED" not in message.text
