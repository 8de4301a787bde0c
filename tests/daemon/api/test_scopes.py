"""Who may call what: every route against every credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum
import re
from typing import Final

import aiohttp
from aiohttp import web
import pytest

from opsmonitor.api.app import ROUTES, create_app
from opsmonitor.api.routing import RouteSpec, refuse_unscoped_routes
from opsmonitor.api.scope import Scope
from opsmonitor.api.server import serve
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ConfigError
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.doubles import HandMonitor, HandStore
from tests.daemon.api.house import House, open_house, real_deps
from tests.daemon.api.raw import request_bytes, send_raw
from tests.daemon.api.samples import check

SPECS: Final = [spec for routes in ROUTES for spec in routes.specs]
CALLS: Final = [
    (spec, method)
    for spec in SPECS
    for method in ({"GET": ("GET", "HEAD")}.get(spec.method, (spec.method,)))
]
TOKENS: Final = {"read": "opm_r_read", "admin": "opm_w_admin"}
HEADERS: Final[dict[str, dict[str, str]]] = {
    "none": {},
    "empty": {"Authorization": ""},
    "other scheme": {"Authorization": f"Basic {TOKENS['admin']}"},
    "wrong": {"Authorization": "Bearer wrong"},
    "not ascii": {"Authorization": "Bearer t\u00f6ken"},
    "cookie": {"Cookie": "opsmonitor_0d4bb7a2=forged"},
    "read": {"Authorization": f"Bearer {TOKENS['read']}"},
    "admin": {"Authorization": f"Bearer {TOKENS['admin']}"},
}


class Verdict(Enum):
    """What came of a request."""

    PASSED = "passed"
    WHO = "sent away to say who they are"
    FORBIDDEN = "known, but not allowed"


_SENT_AWAY: Final = {
    **{(Scope.PUBLIC, credential): Verdict.PASSED for credential in HEADERS},
    **{(scope, name): Verdict.WHO for scope in (Scope.READ, Scope.ADMIN) for name in HEADERS},
}
EXPECTED: Final = _SENT_AWAY | {
    (Scope.READ, "read"): Verdict.PASSED,
    (Scope.READ, "admin"): Verdict.PASSED,
    (Scope.ADMIN, "read"): Verdict.FORBIDDEN,
    (Scope.ADMIN, "admin"): Verdict.PASSED,
}


def _name(call: tuple[RouteSpec, str]) -> str:
    """Return how a call is named in the test's report."""
    return f"{call[1]} {call[0].path}"


async def _call(house: House, call: tuple[RouteSpec, str], headers: dict[str, str]) -> Verdict:
    """Send a request, without waiting for the end of a stream."""
    spec, method = call
    path = re.sub(r"\{[^}]+\}", "nas", spec.path)
    async with house.session.request(
        method, f"http://127.0.0.1:{house.port}{path}", headers=headers, allow_redirects=False
    ) as response:
        is_sent_to_login = spec.path != "/logout" and response.headers.get("Location") == "/login"
        if response.status == 401 or is_sent_to_login:
            return Verdict.WHO
        return Verdict.FORBIDDEN if response.status == 403 else Verdict.PASSED


@pytest.fixture
async def closed() -> AsyncIterator[House]:
    """Return an API that asks for a token."""
    async with open_house(
        check("nas"), token=Secret(TOKENS["admin"]), read_token=Secret(TOKENS["read"])
    ) as opened:
        yield opened


@pytest.mark.parametrize("credential", HEADERS)
async def test_matrix_with_tokens(closed: House, credential: str) -> None:
    """With tokens in force each route lets in exactly those whom its scope allows."""
    found = {_name(call): await _call(closed, call, HEADERS[credential]) for call in CALLS}

    assert found == {_name(call): EXPECTED[call[0].scope, credential] for call in CALLS}


@pytest.mark.parametrize("credential", HEADERS)
async def test_matrix_without_tokens(house: House, credential: str) -> None:
    """On loopback without a token nobody is asked, whatever they send."""
    found = {_name(call): await _call(house, call, HEADERS[credential]) for call in CALLS}

    assert set(found.values()) == {Verdict.PASSED}


async def test_a_proxy_does_not_open_a_daemon_without_token() -> None:
    """Without a token only this machine is let in, also when a trusted proxy forwards."""
    async with open_house(check("nas"), trusted_proxies=("127.0.0.1",)) as house:
        reply = await house.get("/api/info", headers={"X-Forwarded-For": "192.0.2.7"})
        own = await house.get("/api/info")

    assert (reply.status, own.status) == (401, 200)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=192.0.2.7"),
        ("X-Real-IP", "192.0.2.7"),
        ("Via", "1.1 proxy"),
    ],
)
async def test_a_proxy_that_nobody_listed_opens_nothing(
    house: House, header: str, value: str
) -> None:
    """Without a token, what a proxy on this machine sends on is not taken for its own."""
    reply = await house.get("/api/info", headers={header: value})
    change = await house.post("/api/checks/nas/run", headers={header: value})
    page = await house.get("/login", headers={header: value})

    assert (reply.status, change.status, page.status) == (401, 401, 403)
    assert b"server.token" in page.body


async def test_a_programs_token_is_good_through_a_proxy(house: House) -> None:
    """Without a configured token, who was let in by a code is known wherever he comes from."""
    through = {"X-Forwarded-For": "192.0.2.7"}
    code = (await house.post("/api/pair/code", json={})).json["code"]
    got = (await house.post("/api/pair", headers=through, json={"code": code})).json
    shown = {**through, "Authorization": f"Bearer {got['token']}"}

    info = await house.get("/api/info", headers=shown)
    await house.delete(f"/api/tokens/{got['id']}")
    after = await house.get("/api/info", headers=shown)

    assert (info.status, info.json["scope"], info.json["token"]["id"]) == (200, "admin", got["id"])
    assert after.status == 401


async def test_a_programs_token_decides_where_nobody_is_asked(house: House) -> None:
    """Who shows a token may do what that is for, also on a machine that asks nobody."""
    code = (await house.post("/api/pair/code", json={"scope": "read"})).json["code"]
    got = (await house.post("/api/pair", json={"code": code})).json
    shown = {"Authorization": f"Bearer {got['token']}"}

    run = await house.post("/api/checks/nas/run", headers=shown)
    [listed] = (await house.get("/api/tokens")).json
    given_back = await house.delete("/api/token", headers=shown)
    after = await house.get("/api/info", headers=shown)

    assert (run.status, given_back.status, after.status) == (403, 200, 401)
    assert listed["last_used_at"] is not None


@pytest.mark.parametrize("header", ["Bearer opm_w_former", "Basic dTpw", "Bearer", ""])
async def test_what_no_code_gave_is_ignored_where_nobody_is_asked(
    house: House, header: str
) -> None:
    """A configured token that was taken out of the file shuts nobody out."""
    reply = await house.get("/api/info", headers={"Authorization": header})

    assert (reply.status, reply.json["scope"]) == (200, "admin")


async def test_only_a_read_token_locks_admin_routes() -> None:
    """A read token alone asks everybody, and makes nobody an admin."""
    async with open_house(check("nas"), read_token=Secret("r")) as house:
        headers = {"Authorization": "Bearer r"}
        statuses = [
            (await house.post("/api/checks/nas/run")).status,
            (await house.post("/api/checks/nas/run", headers=headers)).status,
            (await house.get("/api/info", headers=headers)).status,
        ]

    assert statuses == [401, 403, 200]


async def test_an_empty_token_is_no_token() -> None:
    """A token that is empty matches nothing, an empty Bearer least of all."""
    async with open_house(check("nas"), token=Secret("t"), read_token=Secret("")) as house:
        reply = await house.get("/api/info", headers={"Authorization": "Bearer "})

    assert reply.status == 401


async def test_401_says_how(closed: House) -> None:
    """401 names the scheme, and the error shape holds."""
    reply = await closed.get("/api/info")

    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.error["code"] == "unauthorized"


async def test_a_new_token_shuts_out_the_old_one(closed: House) -> None:
    """A token replaced by a reload is worth nothing any more."""
    before = await closed.get("/api/info", headers=HEADERS["admin"])
    closed.serve_as(token=Secret("another"))

    after = await closed.get("/api/info", headers=HEADERS["admin"])

    assert (before.status, after.status) == (200, 401)


async def test_a_reload_cannot_open_a_wide_server(closed: House) -> None:
    """When the tokens vanish while others can reach the server, nobody is let in."""
    closed.serve_as(host="0.0.0.0", token=None, read_token=None)  # noqa: S104 - nothing is bound

    assert (await closed.get("/api/info")).status == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "monitor.lan"])  # noqa: S104
async def test_others_need_a_token(host: str) -> None:
    """An API that others can reach is not built without a token; a read token is not enough."""
    with pytest.raises(ConfigError, match=r"server\.token"):
        async with open_house(host=host, read_token=Secret("r")):
            pass


async def _handler(_request: web.Request) -> web.Response:
    """Answer something that nobody should see."""
    return web.Response(text="secret")


def _bare_app() -> web.Application:
    """Return an application whose tokens are not set."""
    clock = FakeClock()
    deps = real_deps(HandMonitor(clock, [check("nas")]), HandStore(), clock, Settings(checks={}))
    return create_app(deps)


def test_a_route_without_scope_is_refused() -> None:
    """An application with a route that was added past the scopes is not accepted."""
    app = _bare_app()
    app.router.add_get("/backdoor", _handler)

    with pytest.raises(RuntimeError, match="/backdoor"):
        refuse_unscoped_routes(app)


async def test_a_route_without_scope_is_open_to_nobody() -> None:
    """Should such a route exist all the same, it answers 403."""
    app = _bare_app()
    app.router.add_get("/backdoor", _handler)

    async with serve(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{port}/backdoor")

    assert response.status == 403


def test_all_routes_are_registered_with_their_scope() -> None:
    """Everything the router knows was declared with a scope."""
    app = _bare_app()

    refuse_unscoped_routes(app)

    assert len(list(app.router.routes())) == len(CALLS)


async def test_a_token_that_is_no_text(closed: House) -> None:
    """Bytes that are no text are no token, and break nothing."""
    request = request_bytes("/api/info", "Host: localhost", "Authorization: Bearer \xff\xfe")

    assert (await send_raw(closed.port, request)).split()[1] == b"401"
