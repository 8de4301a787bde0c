"""The page as it is served, with a real database behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import re
from typing import Any

import aiohttp
import pytest

from opsmonitor.api.app import create_app
from opsmonitor.api.server import serve
from opsmonitor.config.settings import RetentionSettings, ServerSettings, Settings
from opsmonitor.models.check import Outcome
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.doubles import HandMonitor
from tests.daemon.api.house import ADDRESS, House, open_house, real_deps
from tests.daemon.api.samples import BAD, GOOD, SLOW, check

ADMIN = {"Authorization": "Bearer for-admins"}
READER = {"Authorization": "Bearer for-readers"}
TOKENS: dict[str, Any] = {"token": Secret("for-admins"), "read_token": Secret("for-readers")}


class Site:
    """The page of a daemon whose runs a test makes by hand."""

    def __init__(self, clock: FakeClock, store: Store) -> None:
        """Take the clock and the database; there are two checks."""
        self.clock = clock
        self.monitor = HandMonitor(clock, [check("nas"), check("web", name="The <web>")])
        self.store = store
        self.url = ""

    async def run(self, check_id: str, *outcomes: Outcome) -> None:
        """Let runs of a check end, ten seconds apart."""
        for outcome in outcomes:
            self.clock.advance(10)
            self.store.record([self.monitor.finish(check_id, outcome)])
        await self.store.flush()

    async def get(self, path: str = "/") -> str:
        """Return the page."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            assert answer.status == 200
            return await answer.text()


@asynccontextmanager
async def open_site(folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """Serve the page while the context lasts."""
    clock = FakeClock()
    store = await Store.open(folder / "test.db", clock=clock, retention=RetentionSettings())
    site = Site(clock, store)
    configured = Settings(checks=site.monitor.checks, server=ServerSettings(), **settings)
    app = create_app(real_deps(site.monitor, store, clock, configured))
    async with serve(app, ADDRESS, 0) as port:
        site.url = f"http://{ADDRESS}:{port}"
        yield site
    await store.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Return a running page."""
    async with open_site(tmp_path) as opened:
        yield opened


def rows(page: str) -> list[str]:
    """Return what the table's rows say happened, newest first."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'<td class="what">.*?<span>(.*?)</span>', body)


async def test_table_lists_changes_at_first(site: Site) -> None:
    """Unless told otherwise the table holds the changes, newest first."""
    await site.run("nas", GOOD, GOOD, BAD)

    assert rows(await site.get()) == ["Down, was up", "Up, first result"]


async def test_table_can_list_failed_runs(site: Site) -> None:
    """The failed runs alone can be asked for."""
    await site.run("nas", GOOD, BAD, SLOW, BAD)

    assert rows(await site.get("/?show=failures")) == ["failed", "failed"]


async def test_table_can_list_everything(site: Site) -> None:
    """All results and changes can be asked for, each change above its run."""
    await site.run("nas", GOOD, BAD)

    listed = rows(await site.get("/?show=all"))

    assert listed == ["Down, was up", "failed", "Up, first result", "good"]


async def test_table_of_one_check(site: Site) -> None:
    """A check's name leads to the table of that check alone."""
    await site.run("nas", GOOD)
    await site.run("web", BAD)

    page = await site.get("/?check=web")

    assert rows(page) == ["Down, first result"]
    assert "Only The &lt;web&gt;" in page


async def test_nothing_older_than_a_day(site: Site) -> None:
    """What happened more than 24 hours ago is not listed."""
    await site.run("nas", GOOD)
    site.clock.advance(86_401)

    assert rows(await site.get("/?show=all")) == []


async def test_long_table_is_cut_and_says_so(site: Site) -> None:
    """Of more than 200 rows the newest are shown, with a word about it."""
    await site.run("nas", *[GOOD] * 201)

    page = await site.get("/?show=all")

    assert len(rows(page)) == 200
    assert 'id="log-capped">' in page


@pytest.mark.parametrize("query", ["show=nonsense", "show=", "check=", "check=%3Cscript%3E"])
async def test_odd_questions_are_answered(site: Site, query: str) -> None:
    """A query that makes no sense still gives the page, without becoming part of it."""
    page = await site.get(f"/?{query}")

    assert 'data-show="events"' in page
    assert "<script>" not in page


async def test_last_runs_are_drawn(site: Site) -> None:
    """The bars come from the database."""
    await site.run("nas", GOOD, BAD, SLOW)

    page = await site.get()

    assert "Last 3 runs: 1 good, 1 degraded, 1 failed" in page


async def test_configured_zone_is_used(tmp_path: Path) -> None:
    """With a configured zone the server itself writes the times in it."""
    async with open_site(tmp_path, time_zone="Asia/Tokyo") as site:
        await site.run("nas", GOOD)

        page = await site.get()

    assert "2023-11-15 07:13:30 JST" in page
    assert "Times are in Asia/Tokyo" in page


async def test_page_is_protected() -> None:
    """The page has the strict policy of pages, and is never stored."""
    async with open_house(check("nas")) as house:
        reply = await house.get("/")

    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["Cache-Control"] == "no-store"


async def test_head_answers_without_body() -> None:
    """HEAD tells that the page is there."""
    async with open_house(check("nas")) as house:
        reply = await house.ask("HEAD", "/")

    assert (reply.status, reply.body) == (200, b"")


async def test_strangers_are_sent_to_sign_in() -> None:
    """With a token configured, the page asks for it, and its figures are refused."""
    async with open_house(check("nas"), **TOKENS) as house:
        page, figures = await house.get("/"), await house.get("/page/uptime")

    assert (page.status, page.headers["Location"]) == (303, "/login")
    assert figures.status == 401


async def test_only_admins_get_the_run_button() -> None:
    """Who may only read sees everything but the button."""
    async with open_house(check("nas"), **TOKENS) as house:
        reader, admin = await house.get("/", headers=READER), await house.get("/", headers=ADMIN)

    assert b"Run now" not in reader.body
    assert b"Run now" in admin.body


async def test_storage_trouble_reaches_an_open_page() -> None:
    """The open page asks for the uptimes, and learns whether results are kept."""
    async with open_house(check("nas")) as house:
        well = (await house.get("/page/uptime")).json
        house.store.break_down("the disk is full")
        ill = (await house.get("/page/uptime")).json

    windows = dict.fromkeys(["24h", "7d", "30d", "90d"])
    assert well == {"uptime": {"nas": windows}, "past": {}, "storage": ""}
    assert ill["storage"] == "the disk is full"


async def test_the_past_beside_the_uptimes() -> None:
    """What else is known stands on the card, and an open page learns the same words."""
    text = "SLA 99 % of 30 d: 7 h 12 min left · 12 ms on average in 24 h"
    async with open_house(check("nas", sla=99.0)) as house:
        house.store.means = {"nas": 12.3}
        page, figures = await house.get("/"), await house.get("/page/uptime")

    assert f'<p class="past">{text}</p>' in page.body.decode()
    assert figures.json["past"] == {"nas": text}


async def style_path(house: House) -> str:
    """Return the address of the style sheet, as the page names it."""
    page = (await house.get("/")).body.decode()
    return page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]


async def test_files_are_kept_by_browsers() -> None:
    """A file is open to all, may be kept for ever, and is not sent twice."""
    async with open_house(check("nas")) as house:
        path = await style_path(house)
        first = await house.get(path)
        again = await house.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in first.headers["Cache-Control"]
    assert (again.status, again.body) == (304, b"")


async def test_file_under_another_releases_address_is_not_kept() -> None:
    """An old page after an update gets a file, but does not keep it under the old name."""
    async with open_house(check("nas")) as house:
        reply = await house.get("/static/0123456789abcdef/app.css")

    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path", ["/static/x/gone.css", "/static/x/..%2f..%2frenderer.py", "/static/x/templates"]
)
async def test_nothing_but_the_files_is_served(path: str) -> None:
    """There is no way out of the folder of files."""
    async with open_house(check("nas")) as house:
        reply = await house.get(path)

    assert (reply.status, reply.error["code"]) == (404, "not_found")
