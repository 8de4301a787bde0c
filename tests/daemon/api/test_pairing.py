"""Pairing over the API: from a code to a token of one's own, and the end of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import logging
import re
from typing import Any

import aiohttp
import pytest

from opsmonitor.engine.tokens import MOST
from opsmonitor.exceptions import StoreError
from opsmonitor.models.token import TokenScope, TokenWish
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, cookie_of, open_house, tokens_of
from tests.daemon.api.samples import check

ADMIN = {"Authorization": "Bearer opm_w_admin"}


@pytest.fixture
async def closed() -> AsyncIterator[House]:
    """Return an API that asks for a token."""
    async with open_house(
        check("nas"), token=Secret("opm_w_admin"), read_token=Secret("opm_r_read")
    ) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


async def code_of(house: House, **wish: object) -> str:
    """Have a code made, as a person does."""
    reply = await house.post("/api/pair/code", headers=ADMIN, json=wish)
    assert reply.status == 200, reply.body
    code: str = reply.json["code"]
    return code


async def paired(house: House, **wish: object) -> dict[str, Any]:
    """Pair a program, and return what it got."""
    code = await code_of(house, **wish)
    reply = await house.post("/api/pair", json={"code": code, "client": "Home Assistant"})
    assert reply.status == 200, reply.body
    got: dict[str, Any] = reply.json
    return got


async def test_a_code_becomes_a_token(closed: House) -> None:
    """A program without any credential gets a token that may do everything."""
    got = await paired(closed)

    headers = bearer(got["token"])
    info = await closed.get("/api/info", headers=headers)
    run = await closed.post("/api/checks/nas/run", headers=headers)

    assert got["instance_id"] == info.json["instance_id"]
    assert (got["name"], got["scope"], got["expires_at"]) == ("Home Assistant", "admin", None)
    assert (info.json["scope"], info.json["token"]["id"]) == ("admin", got["id"])
    assert run.status == 200


async def test_a_token_may_be_for_reading_only(closed: House) -> None:
    """The person who makes the code decides what the program may do, its name, and how long."""
    got = await paired(closed, scope="read", name="Wall display", lifetime_s=3600)

    headers = bearer(got["token"])
    info = await closed.get("/api/info", headers=headers)
    run = await closed.post("/api/checks/nas/run", headers=headers)
    assert (got["name"], got["scope"]) == ("Wall display", "read")
    assert info.json["token"]["expires_at"] == got["expires_at"]
    assert run.status == 403

    closed.clock.advance(3600)
    assert (await closed.get("/api/info", headers=headers)).status == 401


async def test_info_tells_who_asks(closed: House, house: House) -> None:
    """A configured token is no token of a program; without a login whoever asks may do all."""
    read = await closed.get("/api/info", headers=bearer("opm_r_read"))
    anybody = await house.get("/api/info")

    assert (read.json["scope"], read.json["token"]) == ("read", None)
    assert (anybody.json["scope"], anybody.json["token"]) == ("admin", None)


async def test_a_code_is_good_once(closed: House) -> None:
    """Of two programs that show a code at the same time one gets in."""
    code = await code_of(closed)

    replies = await asyncio.gather(
        *(closed.post("/api/pair", json={"code": code}) for _ in range(2))
    )

    assert sorted(reply.status for reply in replies) == [200, 404]


async def test_only_an_admin_makes_codes(closed: House) -> None:
    """Who may only read cannot let others in, nor see who is in."""
    headers = bearer("opm_r_read")

    assert (await closed.post("/api/pair/code", headers=headers)).status == 403
    assert (await closed.get("/api/tokens", headers=headers)).status == 403
    assert (await closed.delete("/api/tokens/x", headers=headers)).status == 403


async def test_a_wrong_code(closed: House) -> None:
    """A wrong code is said to be one, with the remedy; the right one works afterwards."""
    code = await code_of(closed)

    reply = await closed.post("/api/pair", json={"code": f"{(int(code) + 1) % 10**6:06d}"})
    assert (reply.status, reply.error["code"]) == (404, "unknown_code")
    assert "opsmonitor pair" in reply.error["message"]

    assert (await closed.post("/api/pair", json={"code": code})).status == 200


async def test_guessing_is_slow(closed: House) -> None:
    """The fifth wrong code ends the one that is open, and whoever guesses on has to wait."""
    code = await code_of(closed)
    guess = {"code": f"{(int(code) + 1) % 10**6:06d}"}
    statuses = [(await closed.post("/api/pair", json=guess)).status for _ in range(5)]

    late = await closed.post("/api/pair", json={"code": code})

    assert statuses == [404] * 5
    assert (late.status, late.headers["Retry-After"]) == (429, "1")

    closed.clock.advance(1)
    assert (await closed.post("/api/pair", json={"code": code})).status == 404
    closed.clock.advance(2)
    again = await code_of(closed)
    assert (await closed.post("/api/pair", json={"code": again})).status == 200


@pytest.mark.parametrize("body", [{}, {"code": 123456}, {"code": ""}, {"code": "1" * 101}])
async def test_a_body_without_a_code(closed: House, body: dict[str, object]) -> None:
    """What is no code at all is no guess."""
    reply = await closed.post("/api/pair", json=body)

    assert (reply.status, reply.error["details"][0]["field"]) == (422, "code")


@pytest.mark.parametrize(
    "wish",
    [{"scope": "root"}, {"name": " "}, {"lifetime_s": 1}, {"name": "x" * 101}, {"name": 1}],
)
async def test_a_wish_that_makes_no_sense(closed: House, wish: dict[str, object]) -> None:
    """What the token is to be like is checked."""
    reply = await closed.post("/api/pair/code", headers=ADMIN, json=wish)

    assert (reply.status, reply.error["details"][0]["field"]) == (422, next(iter(wish)))


@pytest.mark.parametrize("unseen", ["\x1b[2J", "\a", "\n", "\x9b", "\u202e", "\u2028"])
async def test_a_name_does_nothing_to_a_terminal(closed: House, unseen: str) -> None:
    """Neither the person nor the program gives a name that cannot be seen as it is."""
    name = f"Home{unseen}Assistant"
    code = await code_of(closed)

    wish = await closed.post("/api/pair/code", headers=ADMIN, json={"name": name})
    paired = await closed.post("/api/pair", json={"code": code, "client": name})

    assert (wish.status, wish.error["details"][0]["field"]) == (422, "name")
    assert (paired.status, paired.error["details"][0]["field"]) == (422, "client")


@pytest.mark.parametrize(
    "name", ["B\u00fcro\u00a02", "\U0001f468\u200d\U0001f469", "\u05d1\u05d9\u05ea"]
)
async def test_a_name_in_any_language(closed: House, name: str) -> None:
    """What people write is left as it is, but for spaces around it."""
    assert (await paired(closed, name=f" {name} "))["name"] == name


async def test_no_token_while_it_cannot_be_kept(closed: House) -> None:
    """A token that would be gone after a restart is not given out."""
    code = await code_of(closed)
    closed.store.failure = StoreError("the disk is full")

    assert (await closed.post("/api/pair", json={"code": code})).status == 503

    closed.store.failure = None
    assert (await closed.post("/api/pair", json={"code": code})).status == 200


async def test_a_code_is_not_spent_on_one_token_too_many(closed: House) -> None:
    """Whoever revokes one, as the error says, can go on with the same code."""
    wish = TokenWish(name="old", scope=TokenScope.READ)
    old = [(await closed.tokens.issue(wish))[0] for _ in range(MOST)]
    code = await code_of(closed)

    full = await closed.post("/api/pair", json={"code": code})
    await closed.delete(f"/api/tokens/{old[0].id}", headers=ADMIN)
    again = await closed.post("/api/pair", json={"code": code})

    assert (full.status, full.error["code"], again.status) == (409, "too_many", 200)


async def test_a_revoked_token_leaves_no_code(closed: House) -> None:
    """Who was let in, and is shut out, cannot come back by a code that he had made before."""
    got = await paired(closed)
    reply = await closed.post("/api/pair/code", headers=bearer(got["token"]))
    code = reply.json["code"]

    await closed.delete(f"/api/tokens/{got['id']}", headers=ADMIN)

    assert (await closed.post("/api/pair", json={"code": code})).status == 404


async def test_signing_out_ends_the_code_of_the_page(closed: House) -> None:
    """A code holds as long as the login that it was made with."""
    login = await closed.post("/login", data={"token": "opm_w_admin"})
    shown = await closed.post("/pair", headers=cookie_of(login), data={"scope": "admin"})
    match = re.search(r"(\d{3} \d{3})</p>", shown.body.decode())
    assert match

    await closed.post("/logout", headers=cookie_of(login))

    assert (await closed.post("/api/pair", json={"code": match[1]})).status == 404


async def test_no_token_makes_one_that_outlives_it(closed: House) -> None:
    """Who was let in for an hour lets nobody in for longer, whatever he wishes."""
    got = await paired(closed, lifetime_s=3600)
    headers = bearer(got["token"])
    ends = []
    for wish in ({}, {"lifetime_s": 86400}, {"lifetime_s": 60}):
        code = (await closed.post("/api/pair/code", headers=headers, json=wish)).json["code"]
        ends.append((await closed.post("/api/pair", json={"code": code})).json["expires_at"])

    assert ends == [got["expires_at"], got["expires_at"], iso_utc(closed.clock.now_ms() + 60_000)]


async def test_tokens_are_told_and_revoked(closed: House) -> None:
    """The list has no secret; a revoked token is worth nothing, and revoking it again says so."""
    got = await paired(closed)
    await closed.get("/api/info", headers=bearer(got["token"]))

    told = await closed.get("/api/tokens", headers=ADMIN)
    gone = await closed.delete(f"/api/tokens/{got['id']}", headers=ADMIN)
    again = await closed.delete(f"/api/tokens/{got['id']}", headers=ADMIN)

    [token] = told.json
    assert (token["id"], token["name"], token["scope"]) == (got["id"], "Home Assistant", "admin")
    assert token["last_used_at"]
    assert got["token"].encode() not in told.body
    assert (gone.status, again.status, again.error["code"]) == (200, 404, "unknown_token")
    assert (await closed.get("/api/info", headers=bearer(got["token"]))).status == 401
    assert (await closed.get("/api/tokens", headers=ADMIN)).json == []


async def test_a_program_gives_its_token_back(closed: House) -> None:
    """A program that is removed revokes its own token; a configured one cannot be revoked so."""
    got = await paired(closed, scope="read")

    given_back = await closed.delete("/api/token", headers=bearer(got["token"]))
    configured = await closed.delete("/api/token", headers=ADMIN)

    assert (given_back.status, given_back.json["id"]) == (200, got["id"])
    assert (configured.status, configured.error["code"]) == (409, "configured")
    assert (await closed.get("/api/info", headers=bearer(got["token"]))).status == 401


async def test_a_revoked_token_ends_its_stream(closed: House) -> None:
    """Whoever listens with it hears nothing any more, from that moment on."""
    got = await paired(closed)
    url = f"http://127.0.0.1:{closed.port}/api/stream"
    async with aiohttp.ClientSession(headers=bearer(got["token"])) as session:
        response = await session.get(url)
        await response.content.readuntil(b"\n\n")
        await closed.delete(f"/api/tokens/{got['id']}", headers=ADMIN)

        async with asyncio.timeout(20):
            rest = await response.read()

    assert b"bye" in rest


async def test_the_page_lets_programs_in_and_out(house: House) -> None:
    """A person on the page gets a code, sees who is in, and shuts somebody out."""
    empty = await house.get("/pair")
    assert "No program has a token" in empty.body.decode()

    shown = await house.post("/pair", data={"scope": "read"})
    match = re.search(r"(\d{3} \d{3})</p>", shown.body.decode())
    assert match
    assert "see everything." in shown.body.decode()
    reply = await house.post("/api/pair", json={"code": match[1], "client": "<Home> & Assistant"})
    assert reply.json["scope"] == "read"
    listed = (await house.get("/pair")).body.decode()
    assert "&lt;Home&gt; &amp; Assistant" in listed
    assert match[1] not in listed

    for _ in range(2):
        gone = await house.post("/pair", data={"revoke": reply.json["id"]})
        assert (gone.status, gone.headers["Location"]) == (303, "/pair")
    assert "No program has a token" in (await house.get("/pair")).body.decode()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {}}, 415),
        (
            {"data": "a=1&" * 20, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            400,
        ),
    ],
)
async def test_the_page_takes_forms_only(
    house: House, options: dict[str, Any], status: int
) -> None:
    """Anything else is refused."""
    assert (await house.post("/pair", **options)).status == status


async def test_the_page_is_for_admins(closed: House) -> None:
    """Who is not signed in is sent there; who may only read gets no code and no link."""
    stranger = await closed.get("/pair")
    reader = await closed.post("/pair", headers=bearer("opm_r_read"), data={"scope": "read"})
    page = await closed.get("/", headers=bearer("opm_r_read"))
    admins_page = await closed.get("/", headers=ADMIN)

    assert (stranger.status, stranger.headers["Location"]) == (303, "/login")
    assert reader.status == 403
    assert b'href="/pair"' not in page.body
    assert b'href="/pair"' in admins_page.body


async def test_nothing_of_it_is_logged(
    closed: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says who was paired, and neither code nor token."""
    caplog.set_level(logging.DEBUG)
    # A code that nothing else in the log can look like by chance.
    monkeypatch.setattr("opsmonitor.engine.pairing.secrets.randbelow", lambda _most: 918_273)
    code = await code_of(closed)
    await closed.post("/api/pair", json={"code": "x"})
    reply = await closed.post("/api/pair", json={"code": code, "client": "Home Assistant"})

    assert "'Home Assistant' at 127.0.0.1 was paired" in caplog.text
    assert "Wrong pairing code from 127.0.0.1" in caplog.text
    assert code not in caplog.text
    assert reply.json["token"] not in caplog.text


async def test_a_token_that_cannot_be_looked_up(closed: House) -> None:
    """It may be good: its program is told to wait, and what is for everybody stays so."""
    got = await paired(closed)
    closed.store.unread = StoreError("the database is locked")
    tokens = tokens_of(closed.store, closed.clock)
    await tokens.open()
    async with open_house(check("nas"), tokens=tokens, token=Secret("opm_w_admin")) as house:
        replies = {
            path: await house.get(path, headers=bearer(got["token"]))
            for path in ("/api/info", "/api/snapshot", "/health")
        }
        wrong = await house.get("/api/info", headers=bearer("wrong"))
        admin = await house.get("/api/tokens", headers=ADMIN)
    await tokens.close()

    assert [reply.status for reply in replies.values()] == [503, 503, 200]
    info = replies["/api/info"]
    assert (info.error["code"], info.headers["Retry-After"]) == ("store_unavailable", "5")
    assert (wrong.status, admin.status) == (401, 503)
