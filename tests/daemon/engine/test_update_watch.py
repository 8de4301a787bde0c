"""The newest release: asked for only where it is wanted, politely, and never believed blindly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
import logging
from typing import Any

from aiohttp import web
import pytest

from opsmonitor.config.settings import Settings, UpdateSettings
from opsmonitor.engine.releases import is_newer, newest
from opsmonitor.engine.update_watch import AGAIN_S, DAY_S, UpdateWatch
from opsmonitor.engine.wellbeing import Wellbeing
from opsmonitor.models.release import Release
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.version import parse_version
from tests.ports import held_port
from tests.quiet_server import QuietServer


def release(tag: str, **changes: Any) -> dict[str, Any]:
    """Return a release as GitHub tells it."""
    return {
        "tag_name": tag,
        "name": f"Ops Monitor {tag}",
        "html_url": f"https://github.com/ops-monitor/ops-monitor/releases/tag/{tag}",
        "body": f"What is new in {tag}",
        "draft": False,
        "prerelease": False,
        "published_at": "2026-11-01T10:00:00Z",
        **changes,
    }


@dataclass
class Hub:
    """A releases API on the loopback."""

    port: int = field(default_factory=held_port)
    releases: Any = field(default_factory=lambda: [release("v0.9.0")])
    answer: web.Response | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}/releases?per_page=20"

    async def reply(self, request: web.Request) -> web.Response:
        """Answer with an ETag, as GitHub does."""
        self.asked.append(dict(request.headers))
        if self.answer is not None:
            return self.answer
        tag = f'"{hash(str(self.releases))}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.json_response(self.releases, headers={"ETag": tag})


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """Return a running releases API."""
    double = Hub()
    app = web.Application()
    app.router.add_get("/releases", double.reply)
    server = QuietServer(app, port=double.port)
    await server.start_server()
    yield double
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[HttpTransport]:
    """Return what asks."""
    resolver = Resolver()
    transport = HttpTransport(resolver)
    yield transport
    await transport.close()
    await resolver.close()


@pytest.fixture
def wellbeing() -> Wellbeing:
    """Return who is told."""
    return Wellbeing()


@pytest.fixture
def watch(hub: Hub, http: HttpTransport, wellbeing: Wellbeing) -> UpdateWatch:
    """Return what asks that API on behalf of version 0.8.0."""
    return UpdateWatch(
        UpdateSettings(enabled=True, url=hub.url),
        http=http,
        clock=FakeClock(),
        wellbeing=wellbeing,
        installed="0.8.0",
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9.0", "1.10.0"),
        ("1.0", "1.0.1"),
        ("1.0.0rc1", "1.0.0"),
        ("2.0.0.dev3", "2.0"),
        ("1.0.0-beta.2", "1.0.0"),
        ("1.0.0", "1.0.0.post1"),
        ("0.9.9", "v1"),
    ],
)
def test_versions_follow_each_other(older: str, newer: str) -> None:
    """Numbers count as numbers, and what comes before a final version is older than that."""
    before, after = parse_version(older), parse_version(newer)

    assert before is not None
    assert after is not None
    assert before < after


@pytest.mark.parametrize("text", ["", "latest", "1..2", "v", "1.2.3.4.5.6.7.8", "1" * 40, "1.0 2"])
def test_what_is_no_version(text: str) -> None:
    """Nothing else is taken for one."""
    assert parse_version(text) is None


def test_equal_versions() -> None:
    """Noughts at the end and a local part change nothing."""
    assert parse_version("v1.2") == parse_version("1.2.0+local.5")


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        "text",
        [],
        [None, 7, {}],
        {"message": "Not Found"},
        [release("nightly")],
        [release("v1.0.0rc1")],
        [release("v1.0.0", prerelease=True)],
        [release("v1.0.0", draft=True)],
        [release("v1.0.0", tag_name=5)],
    ],
)
def test_what_is_no_release(data: object) -> None:
    """Nothing that is not meant for everybody is offered, whatever the answer looks like."""
    assert newest(data) is None


def test_the_newest_is_the_highest() -> None:
    """Not the first in the list: an older line may have been mended last."""
    found = newest([release("v1.9.3"), release("v1.10.0"), release("v1.2.0")])

    assert found is not None
    assert (found.version, found.notes) == ("1.10.0", "What is new in v1.10.0")
    assert newest(release("v2.0.0")) is not None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", None, f"https://x/{'a' * 600}"])
def test_only_a_link_is_shown_as_one(url: object) -> None:
    """What is no address of the web is none of the release, either."""
    found = newest([release("v1.0.0", html_url=url, body=None)])

    assert found is not None
    assert (found.url, found.notes) == (None, "")


def test_an_odd_version_is_not_compared() -> None:
    """Of what is no version nobody can tell whether it is older."""
    latest = Release(version="2.0.0", url=None, notes="", published_at=None)

    assert not is_newer(latest, "unknown")
    assert is_newer(latest, "1.0.0")


async def test_the_newest_release_is_told(
    hub: Hub, watch: UpdateWatch, wellbeing: Wellbeing
) -> None:
    """It is asked for once a day; an answer that stayed the same is not sent again, nor told."""
    told: list[object] = []
    wellbeing.subscribe(lambda: told.append(wellbeing.update))

    waits = [await watch.look() for _ in range(2)]

    assert wellbeing.update is not None
    assert wellbeing.update.latest is not None
    assert (wellbeing.update.latest.version, wellbeing.update.is_newer) == ("0.9.0", True)
    assert len(told) == 1
    assert "If-None-Match" not in hub.asked[0]
    assert "If-None-Match" in hub.asked[1]
    assert "Authorization" not in hub.asked[0]
    assert all(wait is not None and DAY_S <= wait <= DAY_S + 3600 for wait in waits)

    hub.releases = [release("v0.8.0"), release("v0.9.0", prerelease=True)]
    await watch.look()
    assert wellbeing.update.latest.version == "0.8.0"
    assert not wellbeing.update.is_newer


async def test_nobody_is_asked_unless_it_is_wanted(
    hub: Hub, watch: UpdateWatch, wellbeing: Wellbeing
) -> None:
    """Off is the default; turned off, nothing is known any more."""
    await watch.look()
    assert not UpdateSettings().enabled

    watch.apply(Settings(checks={}))
    assert await watch.look() is None

    assert wellbeing.update is None
    assert len(hub.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(status=500), "the server answered 500"),
        (web.Response(text="<html>"), "the answer is no JSON"),
        (web.Response(text="[" * 100_000), "the answer is no JSON"),
        (web.Response(body=b"[" + b" " * (3 << 20) + b"]"), "the answer is too long"),
        (
            web.Response(status=302, headers={"Location": "http://192.0.2.1/releases"}),
            "the server answered 302",
        ),
        (
            web.Response(status=302, headers={"Location": "file:///etc/passwd"}),
            "redirected to something that is no HTTP address",
        ),
    ],
)
async def test_an_answer_that_is_none(
    hub: Hub,
    watch: UpdateWatch,
    wellbeing: Wellbeing,
    caplog: pytest.LogCaptureFixture,
    answer: web.Response,
    reason: str,
) -> None:
    """What was known stays; the log says once what is wrong, and it is tried again in time."""
    await watch.look()
    hub.answer = answer

    with caplog.at_level(logging.WARNING):
        wait_s = await watch.look()

    assert wellbeing.update is not None
    assert wellbeing.update.latest is not None
    assert wellbeing.update.error == reason
    assert wait_s == AGAIN_S
    assert caplog.text.count("cannot be asked for") == 1


async def test_a_failure_is_logged_once(
    hub: Hub, watch: UpdateWatch, wellbeing: Wellbeing, caplog: pytest.LogCaptureFixture
) -> None:
    """However long it lasts; when it is over, nothing is left of it."""
    hub.answer = web.Response(status=502)
    await watch.look()
    hub.answer = web.Response(status=503)
    await watch.look()
    assert caplog.text.count("cannot be asked for") == 1

    hub.answer = None
    await watch.look()

    assert wellbeing.update is not None
    assert wellbeing.update.error is None


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"Retry-After": "20000"}, 20_000),
        (403, {"X-RateLimit-Reset": "{now+30000}"}, 30_000),
        (429, {"Retry-After": "999999999"}, DAY_S),
        (429, {"Retry-After": "5"}, AGAIN_S),
        (403, {}, AGAIN_S),
        (403, {"X-RateLimit-Reset": "soon"}, AGAIN_S),
    ],
)
async def test_who_asks_too_often_waits(
    hub: Hub,
    http: HttpTransport,
    wellbeing: Wellbeing,
    status: int,
    headers: dict[str, str],
    wait_s: float,
) -> None:
    """As long as the server wants it, within reason."""
    clock = FakeClock()
    later = str(clock.now_ms() // 1000 + 30_000)
    told = {name: value.replace("{now+30000}", later) for name, value in headers.items()}
    hub.answer = web.Response(status=status, headers=told)
    settings = UpdateSettings(enabled=True, url=hub.url)
    watch = UpdateWatch(settings, http=http, clock=clock, wellbeing=wellbeing)

    assert await watch.look() == pytest.approx(wait_s, abs=1)


async def test_another_server_is_asked_anew(
    hub: Hub, watch: UpdateWatch, wellbeing: Wellbeing
) -> None:
    """What the one before said is forgotten at once, its ETag, too."""
    await watch.look()
    other = UpdateSettings(enabled=True, url=hub.url.replace("per_page=20", "per_page=21"))

    watch.apply(Settings(checks={}, updates=other))
    assert wellbeing.update is None
    await watch.look()

    assert "If-None-Match" not in hub.asked[1]
    assert wellbeing.update is not None
