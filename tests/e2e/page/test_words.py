"""The page's script says the same as the server."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
import pytest

from opsmonitor.dashboard import words
from opsmonitor.dashboard.probes import value_text
from opsmonitor.dashboard.values import value_text as export_text
from opsmonitor.models.check import Status
from opsmonitor.models.reading import ReadingStatus, Scalar
from tests.e2e.page.bench import Daemon, OpenPage, Target, card, http_check, live, running_daemon

pytestmark = pytest.mark.timeout(300)


WORDS = """async ([name, cases]) => {
    const main = document.querySelector("script[type=module]").src;
    const words = await import(main.replace("main.js", "words.js"));
    return cases.map((each) => words[name](each));
}"""
"""Call a function of the script's words with each case."""


def test_script_draws_what_the_server_would(
    target: Target, tmp_path: Path, open_page: OpenPage
) -> None:
    """A card that was updated on the open page equals the one of a fresh page."""
    slow = http_check(target, "/slow", name="Slow", interval_s=3600, down_threshold=3, core=True)
    slow["export"] = [{"name": "Whole", "path": "$"}]
    with running_daemon(tmp_path, checks=[slow]) as daemon:
        page = live(open_page(daemon.url))
        expect(page.locator("h1")).to_have_text("Slow is up")
        for status in (HTTPStatus.OK, HTTPStatus.IM_A_TEAPOT, HTTPStatus.OK, HTTPStatus.GONE):
            target.answers["/slow"] = status
            before = card(page, "slow").get_attribute("data-run")
            page.get_by_role("button", name="Run Slow now").click()
            expect(card(page, "slow")).not_to_have_attribute("data-run", before or "")

        fresh = open_page(daemon.url, java_script_enabled=False)

        assert summary_of(page) == summary_of(fresh)
        assert summary_of(fresh)["bars"][-4:] == ["o", "f", "o", "f"]


def summary_of(page: Page) -> dict[str, Any]:
    """Return what a card says, apart from what depends on the moment."""
    one = card(page, "slow")
    return {
        "head": one.locator("header").inner_text(),
        "hint": one.locator(".hint").inner_text(),
        "target": one.locator(".target").inner_text(),
        "values": one.locator(".values").inner_text(),
        "error": one.locator(".error").inner_text(),
        "bars": [bar.get_attribute("class") for bar in one.locator(".runs i").all()],
        "starts": one.locator(".runs").get_attribute("data-at"),
        "label": one.locator(".runs").get_attribute("aria-label"),
        "pieces": (one.locator(".line").get_attribute("d") or "").count("M"),
    }


@pytest.mark.parametrize(
    ("function", "python", "cases"),
    [
        ("latency", words.latency, [None, 0, 0.04, 9.94, 9.96, 23.5, 24.5, 999.4, 999.6, 12_345]),
        ("percent", words.percent, [None, 0, 12.345, 99.9999, 100]),
        ("duration", words.duration, [-1, 0.9, 59.9, 60, 3599, 3600, 5400, 86_400, 100_000]),
        ("ago", words.ago, [0.2, 1, 61]),
    ],
)
def test_script_and_server_use_the_same_words(
    three: Daemon,
    open_page: OpenPage,
    function: str,
    python: Callable[[Any], str],
    cases: list[Any],
) -> None:
    """Numbers are written alike by the server and by the script."""
    page = open_page(three.url)

    written = page.evaluate(WORDS, [function, cases])

    assert written == [python(case) for case in cases]


def test_script_and_server_write_values_alike(three: Daemon, open_page: OpenPage) -> None:
    """What is polled reads the same after an update as on a fresh page."""
    page = live(open_page(three.url))
    cases: list[tuple[str, Scalar]] = [
        ("memory_percent", 40.51),
        ("free_bytes", 80_551_989_248),
        ("send_bytes_per_s", 950),
        ("uptime_s", 3661),
        ("temperature_c", 45.0),
        ("wan_up", True),
        ("name", "x"),
        ("x", None),
    ]

    written = page.evaluate(
        """async (cases) => {
            const main = document.querySelector("script[type=module]").src;
            const probes = await import(main.replace("main.js", "probes.js"));
            return cases.map(([name, value]) => probes.valueText(name, value));
        }""",
        cases,
    )

    assert written == [value_text(name, value) for name, value in cases]
    expect(page.locator('article.probe[data-name="host"]')).to_contain_text("memory")
    expect(page.locator('article.probe[data-name="host"] time')).not_to_have_text("never")


def test_script_and_server_write_exports_alike(three: Daemon, open_page: OpenPage) -> None:
    """What a check reads looks the same after an update as on a fresh page."""
    page = open_page(three.url)
    cases: list[tuple[object, str | None, int | None]] = [
        (None, "W", 1),
        (True, None, None),
        ("text", None, None),
        (0, None, None),
        (-0.0001, None, None),
        (2.5, "W", 0),
        (1.005, None, 2),
        (0.12345, "°C", None),
        (1200, None, None),
        (1e20, None, 2),
    ]

    written = page.evaluate(
        """async (cases) => {
            const main = document.querySelector("script[type=module]").src;
            const values = await import(main.replace("main.js", "values.js"));
            return cases.map(([value, unit, precision]) =>
                values.valueText({ value, unit, precision }));
        }""",
        cases,
    )

    assert written == [export_text(*case) for case in cases]


@pytest.mark.parametrize(
    "statuses",
    [
        ["up"],
        ["down"],
        ["up", "up"],
        ["pending", "pending"],
        ["up", "pending", "paused", "maintenance"],
        ["degraded", "up", "down", "down", "unreachable"],
        ["down", "down", "down", "down", "up"],
    ],
)
def test_script_and_server_give_the_same_verdict(
    three: Daemon, open_page: OpenPage, statuses: list[str]
) -> None:
    """The verdict is the same sentence, whoever writes it."""
    page = open_page(three.url)
    named = [(f"C{place}", Status(status)) for place, status in enumerate(statuses)]
    checks = [{"name": name, "status": status.value} for name, status in named]

    written = page.evaluate(WORDS, ["verdict", [checks]])

    assert written == [words.verdict(named)]


def test_script_and_server_agree_on_proxmox(three: Daemon, open_page: OpenPage) -> None:
    """How Proxmox changes the verdict is the same, whoever says it."""
    page = open_page(three.url)
    shown = {ReadingStatus.CRIT: "down", ReadingStatus.WARN: "degraded", ReadingStatus.OK: "up"}
    cases = [
        (own, polled, is_critical)
        for own in (Status.UP, Status.PENDING, Status.DOWN, Status.UNREACHABLE)
        for polled in shown
        for is_critical in (True, False)
    ]
    script = """async (cases) => {
        const main = document.querySelector("script[type=module]").src;
        const words = await import(main.replace("main.js", "words.js"));
        return cases.map(([own, polled, isCritical]) =>
            [words.worn(own, polled, isCritical), words.withProxmox("x", polled)]);
    }"""

    written = page.evaluate(
        script, [[own.value, shown[polled], flag] for own, polled, flag in cases]
    )

    assert written == [
        [words.worn(own, polled, is_critical=flag).value, words.with_proxmox("x", polled)]
        for own, polled, flag in cases
    ]
