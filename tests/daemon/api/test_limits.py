"""How much and how often one may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import gzip
from io import BytesIO
import json
import logging

import pytest

from opsmonitor.api import body
from opsmonitor.api.ratelimit import LoginBackoff, RateLimiter
from opsmonitor.exceptions import StoreError
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.raw import request_bytes
from tests.daemon.api.samples import check

RUN = "/api/checks/nas/run"
JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture
async def proxied() -> AsyncIterator[House]:
    """Return an API behind a trusted proxy, so that requests can come from anywhere."""
    async with open_house(
        check("nas"), token=Secret("t"), trusted_proxies=("127.0.0.1",)
    ) as opened:
        yield opened


def coming_from(address: str) -> dict[str, str]:
    """Return the headers of a request that a proxy forwards."""
    return {"X-Forwarded-For": address, "Authorization": "Bearer t"}


async def test_sixty_requests_a_minute(proxied: House) -> None:
    """An address may ask sixty times at once, then once a second; Retry-After says when."""
    headers = coming_from("192.0.2.7")
    statuses = [(await proxied.get("/api/info", headers=headers)).status for _ in range(60)]
    refused = await proxied.get("/api/info", headers=headers)
    proxied.clock.advance(1)
    later = await proxied.get("/api/info", headers=headers)

    assert statuses == [200] * 60
    assert (refused.status, refused.error["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert later.status == 200


async def test_each_address_has_its_own_limit(proxied: House) -> None:
    """One busy address does not slow down another."""
    for _ in range(61):
        await proxied.get("/health", headers=coming_from("192.0.2.7"))

    assert (await proxied.get("/health", headers=coming_from("192.0.2.8"))).status == 200


async def test_refused_requests_count_as_well(proxied: House) -> None:
    """Guessing paths or tokens uses up the limit like anything else."""
    headers = {"X-Forwarded-For": "192.0.2.7", "Authorization": "Bearer wrong"}
    statuses = [(await proxied.get("/api/info", headers=headers)).status for _ in range(30)]
    unknown = [(await proxied.get("/nothing", headers=headers)).status for _ in range(31)]

    assert statuses == [401] * 30
    assert unknown == [404] * 30 + [429]


async def test_this_machine_is_not_limited(house: House) -> None:
    """Requests from loopback are not counted."""
    assert {(await house.get("/health")).status for _ in range(100)} == {200}


async def test_files_of_the_page_are_not_counted(proxied: House) -> None:
    """A page with many files does not use up the limit."""
    headers = coming_from("192.0.2.7")
    statuses = {
        (await proxied.get("/static/x/app.css", headers=headers)).status for _ in range(100)
    }

    assert statuses == {200}
    assert (await proxied.get("/health", headers=headers)).status == 200


async def test_streams_are_not_counted(proxied: House) -> None:
    """A stream can be opened however much its address asked before."""
    headers = coming_from("192.0.2.7")
    for _ in range(61):
        await proxied.get("/health", headers=headers)

    assert (await proxied.ask("HEAD", "/api/stream", headers=headers)).status == 200


async def test_tokens_cannot_be_guessed_at_the_stream(proxied: House) -> None:
    """A stream that is refused counts like anything else."""
    headers = {"X-Forwarded-For": "192.0.2.7", "Authorization": "Bearer wrong"}
    statuses = [(await proxied.get("/api/stream", headers=headers)).status for _ in range(61)]

    assert statuses == [401] * 60 + [429]


async def test_the_limit_is_configured(proxied: House) -> None:
    """server.rate_limit_per_minute changes the limit, also while the daemon runs."""
    proxied.serve_as(rate_limit_per_minute=2)
    headers = coming_from("192.0.2.7")

    assert [(await proxied.get("/health", headers=headers)).status for _ in range(3)] == [
        200,
        200,
        429,
    ]


def test_a_bucket_fills_up_again_but_not_over() -> None:
    """After a long pause the full burst is allowed, and no more."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    for _ in range(60):
        limiter.take("a", 60)
    clock.advance(3600)

    assert [limiter.take("a", 60) for _ in range(60)] == [0] * 60
    assert limiter.take("a", 60) == 1


def test_addresses_remembered_are_bounded() -> None:
    """An attacker with many addresses cannot fill the memory; the oldest is forgotten."""
    limiter = RateLimiter(FakeClock())
    backoff = LoginBackoff(FakeClock())
    for _ in range(6):
        backoff.failed("first")
    assert (limiter.take("first", 1), limiter.take("first", 1)) == (0, 60)

    for number in range(5000):
        limiter.take(str(number), 1)
        backoff.failed(str(number))

    assert limiter.take("first", 1) == 0
    assert backoff.wait_s("first") == 0


@pytest.mark.parametrize("sent", [b"", b"{}", b" {} "])
async def test_no_body_or_an_empty_object(house: House, sent: bytes) -> None:
    """Where nothing can be chosen, no body and an empty object are the same."""
    assert (await house.post(RUN, data=sent, headers=JSON)).status == 200


@pytest.mark.parametrize(
    ("sent", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "malformed_json"),
        (b"{'a': 1}", JSON, 400, "malformed_json"),
        (b"\xff\xfe", JSON, 400, "malformed_json"),
        (b"[" * 100_000, JSON, 400, "malformed_json"),
        (b"[" * 40 + b"]" * 40, JSON, 400, "malformed_json"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, JSON, 400, "malformed_json"),
        (b"9" * 10_000, JSON, 400, "malformed_json"),
        (b'{"a\\ud800": 1}', JSON, 400, "malformed_json"),
        (b"[]", JSON, 422, "validation_failed"),
        (b"null", JSON, 422, "validation_failed"),
        (b'{"when": "now"}', JSON, 422, "validation_failed"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"a=1", {}, 415, "unsupported_media_type"),
    ],
)
async def test_a_bad_body(
    house: House, sent: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """A body that is malformed, nested too deeply, of another type or not valid is told apart."""
    reply = await house.post(RUN, data=sent, headers=headers)

    assert (reply.status, reply.error["code"]) == (status, code)


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (b'{"service_name": "b\\ud800", "message": "m"}', "`service_name`"),
        (b'{"service_name": "b", "message": {"a": ["x", "\\udfff"]}}', "`message.a[1]`"),
        (b'{"service_name": "b", "message": {"\\udc00": 1}}', "`message`"),
        (b'{"\\udc00": 1}', "a key"),
    ],
)
async def test_half_a_character(house: House, sent: bytes, place: str) -> None:
    """A lone surrogate could be stored nowhere: it is refused, and its place named."""
    reply = await house.post("/api/alerts", data=sent, headers=JSON)

    assert (reply.status, reply.error["code"]) == (400, "malformed_json")
    assert reply.error["message"] == f"half of a character in {place}: write it out"


async def test_a_whole_character_by_its_halves(house: House) -> None:
    """An escape of two halves is one character, as JSON has it."""
    sent = b'{"service_name": "b\\ud83d\\ude00", "severity": "Critical", "message": "m"}'

    assert (await house.post("/api/alerts", data=sent, headers=JSON)).error["code"] == "no_channel"


async def test_an_unknown_key_is_named(house: House) -> None:
    """Every key that is not known is named."""
    reply = await house.post(RUN, data=b'{"when": 1, "how": 2}', headers=JSON)

    assert {detail["field"] for detail in reply.error["details"]} == {"when", "how"}


async def test_the_largest_body(house: House) -> None:
    """A body of up to 1 MiB is read, a larger one is 413."""
    padding = MIB - len(json.dumps({}))
    just = await house.post(RUN, data=BytesIO(b"{" + b" " * padding + b"}"), headers=JSON)
    more = await house.post(RUN, data=BytesIO(b"{" + b" " * padding + b" }"), headers=JSON)

    assert just.status == 200
    assert (more.status, more.error["code"]) == (413, "body_too_large")


async def test_a_bomb_is_not_unpacked(house: House) -> None:
    """A compressed body, which might unpack to a thousand times as much, is 415."""
    bomb = gzip.compress(b" " * (64 * MIB))

    reply = await house.post(RUN, data=bomb, headers={**JSON, "Content-Encoding": "gzip"})

    assert (reply.status, reply.error["code"]) == (415, "unsupported_media_type")


async def test_a_body_that_does_not_come(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that announces a body and does not send it is cut off with 408."""
    monkeypatch.setattr(body, "_PATIENCE_S", 0.05)
    request = request_bytes(
        RUN,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 10",
        method="POST",
    )

    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(request)
        first_line = await reader.readline()
    writer.close()

    assert first_line.split()[1] == b"408"


async def test_an_unread_body_is_not_waited_for(house: House) -> None:
    """A huge body on a path that takes none does not hold up the answer."""
    reply = await house.post("/nothing", data=BytesIO(b" " * (2 * MIB)))

    assert reply.status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/", 404, "not_found"),
        ("GET", "/static/../../etc/passwd", 404, "not_found"),
        ("GET", "/static/x/..%2f..%2fapp.py", 404, "not_found"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("DELETE", "/api/status/checks", 405, "method_not_allowed"),
        ("GET", RUN, 405, "method_not_allowed"),
    ],
)
async def test_paths_and_methods_that_do_not_exist(
    house: House, method: str, path: str, status: int, code: str
) -> None:
    """What does not exist is told in the one error shape."""
    reply = await house.ask(method, path)

    assert (reply.status, reply.error["code"]) == (status, code)


async def test_405_names_the_methods(house: House) -> None:
    """405 says which methods there are."""
    assert (await house.post("/health")).headers["Allow"] == "GET,HEAD"


async def test_a_bug_is_not_shown(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected failure answers no more than `internal`; the log has the traceback."""
    house.store.failure = ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR):
        reply = await house.get("/api/status/events")

    assert (reply.status, reply.error["code"]) == (500, "internal")
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    assert "secret detail" in caplog.text


async def test_a_store_that_cannot_be_read(house: House) -> None:
    """When the database cannot be read, what needs it is 503 and the rest goes on."""
    house.store.failure = StoreError("disk I/O error in /data")

    reply = await house.get("/api/status/events")
    other = await house.get("/api/status/checks")

    assert (reply.status, reply.error["code"]) == (503, "store_unavailable")
    assert "cannot be read" in reply.error["message"]
    assert b"/data" not in reply.body
    assert other.status == 200


async def test_expect(house: House) -> None:
    """`Expect: 100-continue` is met; what nobody knows is told in the one error shape."""
    known = await house.post(RUN, headers={"Expect": "100-continue"})
    unknown = await house.post(RUN, headers={"Expect": "magic"})

    assert known.status == 200
    assert (unknown.status, unknown.error["code"]) == (417, "expectation_failed")


@pytest.mark.parametrize(
    "path",
    ["/health", "/api/status/checks", "/api/status/events", "/metrics", "/", "/docs", "/login"],
)
async def test_head(house: House, path: str) -> None:
    """HEAD answers what GET answers, without the body."""
    async with asyncio.timeout(60):
        head = await house.ask("HEAD", path)
    get = await house.get(path)

    assert (head.status, head.body) == (get.status, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/api/status/checks", "default-src 'none'"),
        ("/nothing", "default-src 'none'"),
        ("/api/status/checks/none", "default-src 'none'"),
        ("/", "default-src 'self'"),
        ("/docs", "default-src 'self'"),
        ("/static/x/app.css", "default-src 'none'"),
    ],
)
async def test_security_headers(house: House, path: str, policy: str) -> None:
    """Every answer, an error as well, tells browsers to be careful."""
    headers = (await house.get(path)).headers

    assert headers["Content-Security-Policy"].startswith(policy)
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Cache-Control" in headers
    assert "aiohttp" not in headers["Server"]
