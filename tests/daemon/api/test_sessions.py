"""Signing in with a browser, and how long that lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import logging

import pytest

from opsmonitor.api.scope import Scope
from opsmonitor.api.sessions import Sessions
from opsmonitor.config.settings import ServerSettings
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, Reply, cookie_of, open_house
from tests.daemon.api.raw import request_bytes
from tests.daemon.api.samples import check

ADMIN = "opm_w_admin"
READ = "opm_r_read"
HOUR_S = 3600.0
DAY_S = 86400.0


@pytest.fixture
async def closed() -> AsyncIterator[House]:
    """Return an API that asks for a token, behind a trusted proxy."""
    async with open_house(
        check("nas"),
        token=Secret(ADMIN),
        read_token=Secret(READ),
        trusted_proxies=("127.0.0.1",),
    ) as opened:
        yield opened


async def sign_in(house: House, token: str = ADMIN, **headers: str) -> Reply:
    """Send the form of the sign-in page."""
    return await house.post("/login", data={"token": token}, headers=headers)


async def signed_in(house: House, token: str = ADMIN) -> dict[str, str]:
    """Sign in and return the cookie."""
    return cookie_of(await sign_in(house, token))


async def status(house: House, cookie: dict[str, str], path: str = "/api/info") -> int:
    """Return how a request with a cookie ends."""
    return (await house.get(path, headers=cookie)).status


async def test_strangers_are_sent_to_the_sign_in_page(closed: House) -> None:
    """The page leads a stranger to the sign-in page, which asks for the token."""
    reply = await closed.get("/")
    form = await closed.get(reply.headers["Location"])

    assert (reply.status, reply.headers["Location"]) == (303, "/login")
    assert form.status == 200
    assert b'name="token"' in form.body


async def test_the_right_token_opens_a_session(closed: House) -> None:
    """The right token leads to the page, and its cookie opens everything of its scope."""
    reply = await sign_in(closed)

    assert (reply.status, reply.headers["Location"]) == (303, "/")
    assert await status(closed, cookie_of(reply)) == 200
    assert await status(closed, cookie_of(reply), "/") == 200


async def test_the_cookie_is_kept_from_scripts_and_other_sites(closed: House) -> None:
    """The cookie is HttpOnly and SameSite=Strict; it holds no token."""
    cookie = (await sign_in(closed)).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert ADMIN not in cookie


async def test_the_cookie_is_secure_behind_https(closed: House) -> None:
    """Behind a trusted proxy that speaks HTTPS the cookie is sent over HTTPS only."""
    reply = await sign_in(closed, **{"X-Forwarded-Proto": "https"})

    assert "Secure" in reply.headers["Set-Cookie"]


async def test_a_wrong_token_opens_nothing(closed: House, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong token shows the page again, without a cookie; the token is not logged."""
    with caplog.at_level(logging.INFO):
        reply = await sign_in(closed, "guess-4711")

    assert reply.status == 401
    assert "Set-Cookie" not in reply.headers
    assert b"not the token" in reply.body
    assert "Wrong token" in caplog.text
    assert "guess-4711" not in caplog.text + reply.body.decode()


async def test_a_read_session_may_only_read(closed: House) -> None:
    """A session opened with the read token is refused what changes something."""
    cookie = await signed_in(closed, READ)

    run = await closed.post("/api/checks/nas/run", headers={**cookie, "X-Requested-With": "t"})

    assert await status(closed, cookie) == 200
    assert (run.status, run.error["code"]) == (403, "forbidden")


async def test_a_change_by_cookie_needs_the_header(closed: House) -> None:
    """A form of another page cannot change anything: the header it cannot send is required."""
    cookie = await signed_in(closed)

    without = await closed.post("/api/checks/nas/run", headers=cookie)
    with_header = await closed.post(
        "/api/checks/nas/run", headers={**cookie, "X-Requested-With": "page"}
    )

    assert (without.status, without.error["code"]) == (403, "csrf")
    assert with_header.status == 200


async def test_a_session_that_is_not_used_ends(closed: House) -> None:
    """After twelve idle hours the session is over."""
    cookie = await signed_in(closed)
    closed.clock.advance(12 * HOUR_S - 1)
    used = await status(closed, cookie)
    closed.clock.advance(12 * HOUR_S)

    assert (used, await status(closed, cookie)) == (200, 401)


async def test_a_session_ends_after_two_weeks(closed: House) -> None:
    """However much it is used, a session ends after fourteen days."""
    cookie = await signed_in(closed)
    found = []
    for _ in range(29):
        closed.clock.advance(DAY_S / 2 - 1)
        found.append(await status(closed, cookie))

    assert found == [200] * 28 + [401]


async def test_another_token_ends_the_session(closed: House) -> None:
    """A reload with a new token ends the sessions that the old one opened."""
    cookie = await signed_in(closed)

    closed.serve_as(token=Secret("another"))

    assert await status(closed, cookie) == 401


async def test_the_other_token_leaves_the_session(closed: House) -> None:
    """Only the token that a session was opened with decides about it."""
    cookie = await signed_in(closed)

    closed.serve_as(read_token=Secret("another"))

    assert await status(closed, cookie) == 200


async def test_signing_out_ends_the_session(closed: House) -> None:
    """After signing out the cookie opens nothing, even where somebody kept it."""
    cookie = await signed_in(closed)

    reply = await closed.post("/logout", headers=cookie)

    assert (reply.status, reply.headers["Location"]) == (303, "/login")
    assert await status(closed, cookie) == 401


async def test_signing_in_again_ends_the_session_before(closed: House) -> None:
    """Each sign-in makes a new session, and the browser's old one is over."""
    first = await signed_in(closed)

    second = cookie_of(await closed.post("/login", data={"token": ADMIN}, headers=first))

    assert first != second
    assert [await status(closed, cookie) for cookie in (first, second)] == [401, 200]


async def test_a_planted_session_id_is_not_taken_over(closed: House) -> None:
    """A session id that somebody planted in the browser is never the one that is opened."""
    planted = {"Cookie": "opsmonitor_0d4bb7a2=planted"}

    reply = await closed.post("/login", data={"token": ADMIN}, headers=planted)

    assert "=planted" not in reply.headers["Set-Cookie"]
    assert await status(closed, planted) == 401


async def test_a_signed_in_browser_is_led_on(closed: House) -> None:
    """Who is signed in, or need not, is led from the sign-in page to the page."""
    cookie = await signed_in(closed)
    reply = await closed.get("/login", headers=cookie)

    async with open_house(check("nas")) as free:
        other = await free.get("/login")

    assert [(it.status, it.headers["Location"]) for it in (reply, other)] == [(303, "/")] * 2


async def test_a_foreign_page_cannot_sign_in(closed: House) -> None:
    """A page of another origin cannot sign a browser in."""
    reply = await sign_in(closed, Origin="http://evil.example")

    assert reply.status == 403


async def test_guessing_gets_slower(closed: House) -> None:
    """After five wrong tokens each further one doubles the wait, even for the right token."""
    guesses = [(await sign_in(closed, "guess")).status for _ in range(5)]
    early = await sign_in(closed)
    closed.clock.advance(1.1)
    late = await sign_in(closed, "guess")
    again = await sign_in(closed)

    assert guesses == [401] * 5
    assert (early.status, early.headers["Retry-After"]) == (429, "1")
    assert late.status == 401
    assert (again.status, again.headers["Retry-After"]) == (429, "2")


async def test_guesses_at_once_are_no_way_round_the_wait(closed: House) -> None:
    """Requests that all began before the first wrong token count like those that came after."""
    body = b"token=guess"
    lines = ("Host: localhost", "Content-Type: application/x-www-form-urlencoded")
    head = request_bytes("/login", *lines, f"Content-Length: {len(body)}", method="POST")
    pairs = [await asyncio.open_connection("127.0.0.1", closed.port) for _ in range(8)]
    for _, writer in pairs:
        writer.write(head)
    # A request on the server's one loop that is answered: the others have begun.
    await closed.get("/health")

    answers = []
    for reader, writer in pairs:
        writer.write(body)
        answers.append((await reader.readline()).split()[1])
        writer.close()

    assert answers == [b"401"] * 5 + [b"429"] * 3


async def test_the_wait_is_bounded(closed: House) -> None:
    """However many wrong tokens came, the wait is never longer than a quarter of an hour."""
    for _ in range(40):
        await sign_in(closed, "guess")
        closed.clock.advance(900)
    await sign_in(closed, "guess")

    assert (await sign_in(closed)).headers["Retry-After"] == "900"


async def test_one_address_does_not_lock_out_another(closed: House) -> None:
    """The wait is counted for each address by itself."""
    for _ in range(6):
        await sign_in(closed, "guess", **{"X-Forwarded-For": "192.0.2.7"})

    locked = await sign_in(closed, **{"X-Forwarded-For": "192.0.2.7"})
    other = await sign_in(closed, **{"X-Forwarded-For": "192.0.2.8"})

    assert (locked.status, other.status) == (429, 303)


async def test_the_right_token_clears_the_count(closed: House) -> None:
    """After signing in, wrong tries before do not count any more."""
    for _ in range(4):
        await sign_in(closed, "guess")
    await sign_in(closed)

    assert [(await sign_in(closed, "guess")).status for _ in range(5)] == [401] * 5


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"token=", "application/x-www-form-urlencoded", 401),
        (b"", "application/x-www-form-urlencoded", 401),
        (b"other=1", "application/x-www-form-urlencoded", 401),
        (b"token=%ff%fe", "application/x-www-form-urlencoded", 401),
        (b"token=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=1"] * 50), "application/x-www-form-urlencoded", 400),
        (b'{"token":"x"}', "application/json", 415),
        (b"token=x", "text/plain", 415),
    ],
)
async def test_a_strange_form(closed: House, body: bytes, content_type: str, expected: int) -> None:
    """A form without the token, or none at all, opens nothing and breaks nothing."""
    reply = await closed.post("/login", data=body, headers={"Content-Type": content_type})

    assert reply.status == expected


def test_sessions_are_bounded() -> None:
    """Signing in over and over does not fill the memory: the session unused for longest ends."""
    secret = Secret(ADMIN)
    sessions = Sessions(lambda: ServerSettings(token=secret), FakeClock())
    first, second = (sessions.open(Scope.ADMIN, secret) for _ in range(2))
    sessions.use(first)

    for _ in range(999):
        sessions.open(Scope.ADMIN, secret)

    assert (sessions.use(first), sessions.use(second)) == (Scope.ADMIN, None)
