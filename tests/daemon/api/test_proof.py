"""A program knows this daemon again, and nobody else passes for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
import hmac
from typing import Any, Final

import pytest

from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.samples import check

READ: Final = {"Authorization": "Bearer opm_r_read"}
NONCE: Final = "ab" * 32
ORIGIN: Final = "http://127.0.0.1:8060"


@pytest.fixture
async def closed() -> AsyncIterator[House]:
    """Return an API that asks for a token."""
    async with open_house(
        check("nas"), token=Secret("opm_w_admin"), read_token=Secret("opm_r_read")
    ) as opened:
        yield opened


async def key_of(house: House) -> dict[str, str]:
    """Return the key that a program gets once it is in."""
    reply = await house.post("/api/proof-key", headers=READ)
    assert reply.status == 200
    got: dict[str, str] = reply.json
    return got


def expected(known: Mapping[str, str], instance_id: str, origin: str = ORIGIN) -> str:
    """Return the proof, computed as the description of the API says."""
    lines = ("ops-monitor proof 1", instance_id, known["id"], NONCE, origin)
    return hmac.digest(bytes.fromhex(known["key"]), "\n".join(lines).encode(), "sha256").hex()


def challenge(known: Mapping[str, str], **changes: object) -> dict[str, Any]:
    """Return what a program asks."""
    return {"id": known["id"], "nonce": NONCE, "origin": ORIGIN, **changes}


async def test_the_daemon_proves_who_it_is(closed: House) -> None:
    """Whoever has a key gets the right answer without a token; each key is another one."""
    known, other = await key_of(closed), await key_of(closed)

    reply = await closed.post("/api/prove", json=challenge(known))

    assert reply.status == 200
    assert reply.json["proof"] == expected(known, reply.json["instance_id"])
    assert known["key"] != other["key"]


async def test_a_proof_is_for_one_question(closed: House) -> None:
    """Another nonce, another address and another key have another proof each."""
    known, other = await key_of(closed), await key_of(closed)
    questions = [
        challenge(known),
        challenge(known, nonce="cd" * 32),
        challenge(known, origin="http://localhost:8060"),
        challenge(other),
    ]

    replies = [await closed.post("/api/prove", json=question) for question in questions]

    assert len({reply.json["proof"] for reply in replies}) == len(questions)


async def test_an_id_that_nobody_has_tells_nothing(closed: House) -> None:
    """It is answered like any other: whether it was given out cannot be found out."""
    known = await key_of(closed)

    stranger = await closed.post("/api/prove", json=challenge(known, id="0" * 32))
    real = await closed.post("/api/prove", json=challenge(known))

    assert stranger.status == real.status == 200
    assert stranger.json.keys() == real.json.keys()
    assert len(stranger.body) == len(real.body)


@pytest.mark.parametrize(
    "origin", ["http://192.0.2.66:8060", "http://127.0.0.1.evil.example:8060", "http://a@127.0.0.1"]
)
async def test_a_proof_cannot_be_passed_on(closed: House, origin: str) -> None:
    """Who was called elsewhere and asks here, has to say so, and gets nothing."""
    known = await key_of(closed)

    reply = await closed.post("/api/prove", json=challenge(known, origin=origin))

    assert (reply.status, reply.error["code"]) == (403, "host_not_allowed")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonce", "ab" * 15),
        ("nonce", "ab" * 65),
        ("nonce", "xy" * 16),
        ("id", "c0"),
        ("id", "c0" * 17),
        ("origin", "ftp://127.0.0.1"),
        ("origin", "http://127.0.0.1/path"),
        ("origin", "http://127.0.0.1\nmore"),
        ("origin", f"http://{'a' * 300}"),
        ("nonce", None),
        ("id", 7),
    ],
)
async def test_a_question_has_a_shape(closed: House, field: str, value: object) -> None:
    """Nothing but what a program asks is ever signed."""
    known = await key_of(closed)

    reply = await closed.post("/api/prove", json=challenge(known, **{field: value}))

    assert (reply.status, reply.error["details"][0]["field"]) == (422, field)


async def test_a_stranger_gets_no_key(closed: House) -> None:
    """Who is not let in has nothing to know the daemon by."""
    assert (await closed.post("/api/proof-key")).status == 401


async def test_questions_are_counted() -> None:
    """Who asks from elsewhere asks no more often than for anything else."""
    async with open_house(
        check("nas"), token=Secret("t"), trusted_proxies=("127.0.0.1",), rate_limit_per_minute=2
    ) as house:
        asked = [
            await house.post(
                "/api/prove",
                headers={"X-Forwarded-For": "192.0.2.7"},
                json=challenge({"id": "c0" * 16}),
            )
            for _ in range(3)
        ]

    assert [reply.status for reply in asked] == [200, 200, 429]
