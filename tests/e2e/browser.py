"""A browser in which a person is logged in to a Home Assistant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, async_playwright, expect

from tests.e2e.home_assistant import HomeAssistant
from tests.e2e.page.bench import chromium

# How long a page may take to show something; most of it takes a fraction.
expect.set_options(timeout=60_000)


@asynccontextmanager
async def browse(home_assistant: HomeAssistant, **options: Any) -> AsyncIterator[Page]:
    """Return a page of a browser in which the person is logged in, and see that nothing broke."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        # The sandbox needs rights that a container lacks; only our own page is loaded.
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        context = await browser.new_context(**options)
        await context.add_init_script(home_assistant.log_in_script())
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{error.stack or error}"))
        yield page
        await browser.close()
    assert [error for error in errors if "ops_monitor" in error] == []


async def settle(page: Page) -> None:
    """Wait until a page of Home Assistant has loaded all that it shows."""
    await page.locator("#ha-launch-screen").wait_for(state="detached", timeout=60_000)
    await page.wait_for_load_state("networkidle", timeout=60_000)
