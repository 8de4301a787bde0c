"""HTTP checks against servers that behave well, and badly."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
import gzip
import json
from pathlib import Path
import socket
from typing import Any

from aiohttp import web
from hypothesis import given, settings, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
import pytest
import voluptuous as vol
from yarl import URL

from opsmonitor.checks.http import CHECK, HttpJudge
from opsmonitor.models.check import Outcome, Timings, Verdict
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http_message import HttpResponse
from opsmonitor.util.timeline import TimedSocket
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import (
    AUTHORITY,
    Handler,
    answers,
    clinging,
    closes,
    connections_to,
    drips,
    hangs,
    http_answer,
    mute,
    resets,
    serve,
    server_tls,
)
from tests.ports import held_port

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
_EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
_QUICK_S = 0.4
_BEGUN_S = 1.5
"""Also on a busy machine all that comes before what is waited for has happened by then."""


class _SmallSocket(TimedSocket):
    """A socket that takes little, so that a large body cannot be sent at once."""

    def __init__(self, *args: Any) -> None:
        """Open the socket."""
        super().__init__(*args)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


async def ask(make_probe: MakeProbe, handler: Handler, **keys: Any) -> Outcome:
    """Return the outcome of one attempt against a server with this handler."""
    async with serve(handler) as port:
        return await make_probe(CHECK, url=f"http://127.0.0.1:{port}/", **keys)()


async def test_an_expected_answer_is_ok(make_probe: MakeProbe) -> None:
    """An answer with a status of success is fine, and its phases are measured."""
    outcome = await ask(make_probe, http_answer(b"hello"))

    assert outcome.verdict is Verdict.OK
    assert outcome.status_code == 200
    assert (outcome.error, outcome.error_code) == (None, None)
    timings = outcome.timings
    assert timings is not None
    assert timings.dns_ms is None
    assert timings.tls_ms is None
    assert timings.connect_ms is not None
    assert timings.first_byte_ms is not None
    assert outcome.latency_ms == timings.total_ms
    assert timings.total_ms is not None
    assert timings.total_ms >= timings.connect_ms + timings.first_byte_ms


async def test_a_name_is_looked_up_within_the_time(make_probe: MakeProbe) -> None:
    """The look-up of a name is a phase of its own."""
    async with serve(http_answer()) as port:
        outcome = await make_probe(CHECK, url=f"http://localhost:{port}/")()

    assert outcome.timings is not None
    assert outcome.timings.dns_ms is not None


@pytest.mark.parametrize(
    ("handler", "code", "words"),
    [
        (closes(), "connection_closed", "without an answer"),
        (resets(), "connection_reset", "reset the connection"),
        (resets(_HEAD + b"half"), "connection_reset", "reset the connection"),
        (answers(_HEAD + b"half"), "connection_closed", "broke off"),
        (answers(b"HTTP/1.1 200"), "connection_closed", "in mid-answer"),
        (answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "invalid_response", "not in valid HTTP"),
        (answers(b"\x00\xff\xfe garbage\r\n\r\n"), "invalid_response", "not in valid HTTP"),
        (
            answers(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
            "invalid_response",
            "headers",
        ),
        (
            http_answer(b"not gzip", headers="Content-Encoding: gzip\r\n"),
            "invalid_response",
            "damaged",
        ),
        (
            http_answer(b"?", headers="Content-Encoding: br\r\n"),
            "invalid_response",
            "not asked for",
        ),
        (
            http_answer(status="302 Found", headers="Location: ftp://127.0.0.1/\r\n"),
            "invalid_response",
            "no HTTP address",
        ),
    ],
)
async def test_a_broken_answer_has_a_reason(
    make_probe: MakeProbe, handler: Handler, code: str, words: str
) -> None:
    """Whatever a server does wrong is told by a code and a sentence."""
    outcome = await ask(make_probe, handler)

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code == code
    assert words in (outcome.error or "")


@pytest.mark.parametrize(
    ("handler", "phase"),
    [
        (hangs(), "connected, waiting for the response"),
        (hangs(b"HTTP/1.1 200 OK\r\n"), "stalled after 17 bytes"),
        (hangs(_HEAD + b"half"), "stalled after 45 bytes"),
        (drips(_HEAD), "stalled after"),
        (drips(b"HTTP/1.1 200 OK\r\nX: "), "stalled after"),
        (answers(b"HTTP/1.1 100 Continue\r\n\r\n" * 3), ""),
    ],
)
async def test_time_out_says_what_was_waited_for(
    make_probe: MakeProbe, handler: Handler, phase: str
) -> None:
    """The time-out is hard, even while bytes drip in, and names the phase."""
    outcome = await ask(make_probe, handler, timeout_s=_BEGUN_S)

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code in ("timeout", "connection_closed")
    assert phase in (outcome.error or "")


async def test_a_closed_port_is_refused(make_probe: MakeProbe) -> None:
    """Nothing listening is told with address and port."""
    port = held_port()

    outcome = await make_probe(CHECK, url=f"http://127.0.0.1:{port}/")()

    assert outcome.error_code == "connection_refused"
    assert outcome.error == (f"connection refused by 127.0.0.1 port {port}: nothing listens there")


async def test_interim_answers_are_passed_over(make_probe: MakeProbe) -> None:
    """Early hints come before the answer that counts."""
    raw = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"

    outcome = await ask(make_probe, answers(raw))

    assert (outcome.verdict, outcome.status_code) == (Verdict.OK, 204)


@pytest.mark.parametrize(
    ("status", "expected", "verdict"),
    [
        ("204 No Content", None, Verdict.OK),
        ("304 Not Modified", None, Verdict.FAIL),
        ("304 Not Modified", [304], Verdict.OK),
        ("401 Unauthorized", ["2xx", 401], Verdict.OK),
        ("503 Service Unavailable", "500-599", Verdict.OK),
        ("503 Service Unavailable", ["2xx", 301], Verdict.FAIL),
        ("599 Odd", [200], Verdict.FAIL),
    ],
)
async def test_the_status_must_be_expected(
    make_probe: MakeProbe, status: str, expected: Any, verdict: Verdict
) -> None:
    """Codes, classes and ranges say which statuses are fine; success is, unless said otherwise."""
    keys = {} if expected is None else {"expect_status": expected}

    outcome = await ask(make_probe, http_answer(status=status), **keys)

    assert outcome.verdict is verdict
    assert outcome.assertions[0].actual == status[:3]


async def test_an_unexpected_status_is_named(make_probe: MakeProbe) -> None:
    """The sentence shows what came and what was expected."""
    outcome = await ask(make_probe, http_answer(status="503 Nonsense"), expect_status=["2xx", 301])

    assert outcome.error_code == "status_unexpected"
    assert outcome.error == "status 503 (Service Unavailable), expected 2xx or 301"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"contains": "fine"}, None),
        ({"contains": ["all", "fine"]}, None),
        ({"contains": "FINE"}, "body_mismatch"),
        ({"not_contains": "error"}, None),
        ({"not_contains": "fine"}, "body_mismatch"),
        ({"regex": r"all \w+ fine", "contains": None}, None),
        ({"regex": r"^fine"}, "body_mismatch"),
        ({"regex": r"(l*)*(e+)+$x"}, "body_mismatch"),
    ],
)
async def test_the_body_must_be_expected(
    make_probe: MakeProbe, expected: dict[str, Any], code: str | None
) -> None:
    """Texts and regular expressions are looked for in the body."""
    outcome = await ask(make_probe, http_answer(b"all is fine"), expect_body=expected)

    assert outcome.error_code == code


async def test_a_failed_expectation_shows_what_was_seen(make_probe: MakeProbe) -> None:
    """The assertion holds the beginning of the body."""
    outcome = await ask(make_probe, http_answer(b"all is\nfine"), expect_body={"contains": "bad"})

    assert outcome.error == 'the body does not contain "bad"'
    assert outcome.assertions[1].name == 'body contains "bad"'
    assert outcome.assertions[1].actual == '"all is fine"'


async def test_a_compressed_body_is_unpacked(make_probe: MakeProbe) -> None:
    """A server that compresses without being asked is understood."""
    handler = http_answer(gzip.compress(b"all is fine"), headers="Content-Encoding: gzip\r\n")

    outcome = await ask(make_probe, handler, expect_body={"contains": "fine"})

    assert outcome.verdict is Verdict.OK


async def test_a_gzip_bomb_is_cut_off(make_probe: MakeProbe) -> None:
    """No more is unpacked than a body may have."""
    bomb = gzip.compress(bytes(30_000_000))

    outcome = await ask(
        make_probe,
        http_answer(bomb, headers="Content-Encoding: gzip\r\n"),
        expect_body={"contains": "x"},
        max_body_bytes=100_000,
    )

    assert outcome.error_code == "body_too_large"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"contains": "start"}, None),
        ({"contains": "end"}, "body_too_large"),
        ({"not_contains": "end"}, "body_too_large"),
        ({"not_contains": "start"}, "body_mismatch"),
        (None, None),
    ],
)
async def test_a_large_body_is_read_in_part(
    make_probe: MakeProbe, expected: dict[str, Any] | None, code: str | None
) -> None:
    """Only what can be told from the part that was read is told."""
    keys = {} if expected is None else {"expect_body": expected}
    handler = http_answer(b"start" + bytes(300_000) + b"end")

    outcome = await ask(make_probe, handler, max_body_bytes=1000, **keys)

    assert outcome.error_code == code


async def test_an_endless_body_ends_at_the_cap(make_probe: MakeProbe) -> None:
    """A stream without end is fine as soon as enough of it came."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send for ever."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(10_000))
            await writer.drain()

    outcome = await ask(make_probe, endless, max_body_bytes=50_000)

    assert outcome.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ({"warn_ms": 10_000}, Verdict.OK),
        ({"warn_ms": 0.001}, Verdict.DEGRADED),
        ({"crit_ms": 0.001}, Verdict.FAIL),
        ({"warn_ms": 0.001, "crit_ms": 0.002}, Verdict.FAIL),
        ({"warn_ms": None}, Verdict.OK),
    ],
)
async def test_slow_answers_are_judged(
    make_probe: MakeProbe, limits: dict[str, float], verdict: Verdict
) -> None:
    """Beyond the first limit the check is degraded, beyond the second it fails."""
    outcome = await ask(make_probe, http_answer(), thresholds=limits)

    assert outcome.verdict is verdict
    assert (outcome.error_code == "slow") is (verdict is not Verdict.OK)


async def test_a_failure_weighs_more_than_slowness(make_probe: MakeProbe) -> None:
    """The sentence is about the worst of several troubles."""
    outcome = await ask(
        make_probe,
        http_answer(b"hello"),
        thresholds={"warn_ms": 0.001},
        expect_body={"contains": "bye"},
    )

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "body_mismatch")
    assert [assertion.ok for assertion in outcome.assertions] == [True, False, False]


async def test_the_request_is_sent_as_configured(make_probe: MakeProbe) -> None:
    """Method, headers, login and body reach the server."""
    seen: dict[str, Any] = {}

    async def note(request: web.Request) -> web.Response:
        """Keep what came."""
        seen.update(
            method=request.method, headers=request.headers.copy(), json=await request.json()
        )
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/path", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    outcome = await make_probe(
        CHECK,
        url=f"http://127.0.0.1:{port}/path?x=1",
        method="put",
        headers={"X-Api-Key": "k", "Host": "other.example", "User-Agent": "mine"},
        auth={"basic": {"username": "me", "password": "pä:ss"}},
        json={"list": [1, None]},
    )()
    await runner.cleanup()

    assert outcome.verdict is Verdict.OK
    assert seen["method"] == "PUT"
    assert seen["json"] == {"list": [1, None]}
    headers = seen["headers"]
    assert headers["X-Api-Key"] == "k"
    assert headers["Host"] == "other.example"
    assert headers["User-Agent"] == "mine"
    assert headers["Authorization"] == "Basic bWU6cMOkOnNz"
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Connection"] == "close"


async def test_a_failed_connection_is_not_tried_again_in_secret(make_probe: MakeProbe) -> None:
    """One attempt is one request, or retries would hide failures."""
    requests = 0

    async def count(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Count and close."""
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1

    outcome = await ask(make_probe, count)

    assert outcome.error_code == "connection_closed"
    assert requests == 1


@pytest.mark.parametrize(
    ("certificate", "url_host", "keys", "code"),
    [
        ("localhost", "localhost", {"ca_file": str(AUTHORITY)}, None),
        ("localhost", "127.0.0.1", {"ca_file": str(AUTHORITY)}, None),
        ("localhost", "localhost", {}, "tls_untrusted"),
        ("expired", "localhost", {"ca_file": str(AUTHORITY)}, "tls_expired"),
        ("elsewhere", "localhost", {"ca_file": str(AUTHORITY)}, "tls_hostname"),
        ("elsewhere", "127.0.0.1", {"ca_file": str(AUTHORITY)}, "tls_hostname"),
        ("self-signed", "localhost", {}, "tls_self_signed"),
        ("self-signed", "localhost", {"verify": False}, None),
        ("expired", "localhost", {"verify": False}, None),
        ("elsewhere", "localhost", {"verify": False}, None),
    ],
)
async def test_certificates_are_verified(
    make_probe: MakeProbe, certificate: str, url_host: str, keys: dict[str, Any], code: str | None
) -> None:
    """A certificate that cannot be trusted fails the check and says why, unless told not to."""
    async with serve(http_answer(b"hi"), tls=server_tls(certificate)) as port:
        outcome = await make_probe(CHECK, url=f"https://{url_host}:{port}/", tls=keys)()

    assert outcome.error_code == code
    assert (outcome.verdict is Verdict.OK) is (code is None)


@pytest.mark.parametrize(
    ("now", "keys", "verdict", "code"),
    [
        ("2119-12-01", {}, Verdict.OK, None),
        ("2119-12-20", {}, Verdict.DEGRADED, "tls_expiring"),
        ("2119-12-20", {"expires_in_days": 3}, Verdict.OK, None),
        ("2119-12-31", {"expires_in_days": 0}, Verdict.OK, None),
        ("2119-12-31", {"expires_in_days": None}, Verdict.OK, None),
        (
            "2119-12-20",
            {"expires_in_days": {"warn": 14, "crit": 3}},
            Verdict.DEGRADED,
            "tls_expiring",
        ),
        ("2119-12-30", {"expires_in_days": {"warn": 14, "crit": 3}}, Verdict.FAIL, "tls_expiring"),
        ("2119-12-30", {"expires_in_days": {"crit": 1}}, Verdict.OK, None),
        ("2120-02-01", {}, Verdict.DEGRADED, "tls_expired"),
        ("2119-12-20", {"verify": False}, Verdict.OK, None),
        ("2119-12-20", {"verify": False, "expires_in_days": 30}, Verdict.DEGRADED, "tls_expiring"),
    ],
)
async def test_expiry_is_told_in_time(
    make_probe: MakeProbe,
    clock: FakeClock,
    now: str,
    keys: dict[str, Any],
    verdict: Verdict,
    code: str | None,
) -> None:
    """A certificate that ends within the configured days degrades the check."""
    clock.wall_ms = _epoch_ms(now)
    async with serve(http_answer(), tls=server_tls("localhost")) as port:
        outcome = await make_probe(
            CHECK, url=f"https://localhost:{port}/", tls={"ca_file": str(AUTHORITY), **keys}
        )()

    assert (outcome.verdict, outcome.error_code) == (verdict, code)


async def test_the_certificate_is_shown(make_probe: MakeProbe, clock: FakeClock) -> None:
    """The outcome has whose certificate it is, from whom, and the days left."""
    clock.wall_ms = _epoch_ms("2119-12-30")
    async with serve(http_answer(), tls=server_tls("localhost")) as port:
        outcome = await make_probe(
            CHECK, url=f"https://localhost:{port}/", tls={"ca_file": str(AUTHORITY)}
        )()

    info = outcome.tls
    assert info is not None
    assert (info.subject, info.issuer, info.verified) == ("localhost", "authority", True)
    assert info.days_left == 2
    assert info.not_after_ms == _epoch_ms("2120-01-01")
    assert outcome.error == "the certificate expires in 2 days, on 2120-01-01"
    assert outcome.timings is not None
    assert outcome.timings.tls_ms is not None
    assert outcome.timings.first_byte_ms is not None


async def test_tls_to_a_plain_server_is_told(make_probe: MakeProbe) -> None:
    """An https URL of a server that speaks plain HTTP says so."""
    async with serve(hangs(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        outcome = await make_probe(CHECK, url=f"https://127.0.0.1:{port}/")()

    assert outcome.error_code == "tls_failed"
    assert outcome.error == f"127.0.0.1 port {port} does not speak TLS"


async def test_plain_http_to_a_tls_server_fails(make_probe: MakeProbe) -> None:
    """An http URL of a server that speaks TLS fails without a traceback."""
    async with serve(http_answer(), tls=server_tls("localhost")) as port:
        outcome = await make_probe(CHECK, url=f"http://127.0.0.1:{port}/")()

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code in ("connection_closed", "connection_reset", "invalid_response")


async def test_a_hung_handshake_is_told(make_probe: MakeProbe) -> None:
    """A server that accepts and then never shakes hands is told apart from a slow answer."""
    async with serve(hangs()) as port:
        outcome = await make_probe(CHECK, url=f"https://127.0.0.1:{port}/", timeout_s=_BEGUN_S)()

    expected = f"no answer within {_BEGUN_S:g} s (connected, waiting for the TLS handshake)"
    assert outcome.error == expected


async def test_the_family_is_kept(make_probe: MakeProbe, names: dict[str, list[str]]) -> None:
    """A server on IPv6 alone is found by name, and not when the check asks for IPv4."""
    names["both.test"] = ["127.0.0.1", "::1"]
    async with serve(http_answer(), host="::1") as port:
        by_address = await make_probe(CHECK, url=f"http://[::1]:{port}/")()
        by_name = await make_probe(CHECK, url=f"http://both.test:{port}/")()
        on_ipv4 = await make_probe(CHECK, url=f"http://both.test:{port}/", family="ipv4")()

    assert by_address.verdict is Verdict.OK
    assert by_name.verdict is Verdict.OK
    assert on_ipv4.error_code == "connection_refused"


async def test_the_connection_can_have_a_limit_of_its_own(make_probe: MakeProbe) -> None:
    """A limit for connecting ends the wait before the whole time is over."""
    async with serve(hangs()) as port:
        outcome = await make_probe(
            CHECK, url=f"https://127.0.0.1:{port}/", connect_timeout_s=_QUICK_S, timeout_s=60
        )()

    assert outcome.error_code == "timeout"
    assert f"within {_QUICK_S:g} s" in (outcome.error or "")


async def test_a_secret_that_comes_back_is_hidden(make_probe: MakeProbe) -> None:
    """A target that repeats the request does not put its secrets on display."""
    handler = http_answer(b"you sent hunter22, hunter33 and hunter44")
    async with serve(handler) as port:
        outcome = await make_probe(
            CHECK,
            url=f"http://me:hunter22@127.0.0.1:{port}/",
            headers={"X-Api-Key": "hunter33"},
            auth={"bearer": "hunter44"},
            expect_body={"contains": "fine"},
        )()

    assert outcome.assertions[1].actual.startswith('"you sent')
    assert "hunter" not in repr(outcome)


async def test_no_message_repeats_a_secret(make_probe: MakeProbe) -> None:
    """Passwords and tokens of a URL never get into an outcome."""
    port = held_port()

    outcome = await make_probe(CHECK, url=f"http://me:hunter2@127.0.0.1:{port}/?token=hunter3")()

    assert "hunter" not in repr(outcome)


async def test_nothing_leaks(make_probe: MakeProbe) -> None:
    """Hundreds of attempts that end in every way there is leave no connection open."""
    with clinging(_EMPTY) as clinging_port:
        async with (
            serve(http_answer(b"x" * 100_000)) as good,
            serve(hangs()) as hanging,
            serve(resets(_HEAD)) as resetting,
            serve(drips(_HEAD)) as dripping,
            serve(http_answer(), tls=server_tls("localhost")) as secure,
        ):
            unverified = {"verify": False}
            probes = [
                make_probe(CHECK, url=f"http://127.0.0.1:{good}/"),
                make_probe(CHECK, url=f"http://127.0.0.1:{good}/", max_body_bytes=10),
                make_probe(CHECK, url=f"http://127.0.0.1:{hanging}/", timeout_s=0.05),
                make_probe(CHECK, url=f"https://127.0.0.1:{hanging}/", timeout_s=0.05),
                make_probe(CHECK, url=f"http://127.0.0.1:{resetting}/"),
                make_probe(CHECK, url=f"http://127.0.0.1:{dripping}/", timeout_s=0.05),
                make_probe(CHECK, url=f"https://localhost:{secure}/", tls=unverified),
                make_probe(CHECK, url=f"https://localhost:{secure}/"),
                make_probe(CHECK, url=f"https://localhost:{clinging_port}/", tls=unverified),
                make_probe(CHECK, url=f"http://127.0.0.1:{held_port()}/"),
            ]

            await asyncio.gather(*(probe() for probe in probes for _ in range(30)))

        assert (
            await connections_to({good, hanging, resetting, dripping, secure, clinging_port}) == 0
        )


async def test_a_request_that_nobody_takes_is_given_up(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that never reads the request does not hold the connection open for ever."""
    monkeypatch.setattr("opsmonitor.util.http_connector.TimedSocket", _SmallSocket)
    with mute() as port:
        probe = make_probe(
            CHECK, url=f"http://127.0.0.1:{port}/", timeout_s=_QUICK_S, body="x" * 1_000_000
        )

        outcome = await probe()

        assert outcome.error_code == "timeout"
        assert await connections_to({port}) == 0


async def test_cancelling_closes_the_connection(make_probe: MakeProbe) -> None:
    """A run that is cancelled ends its connection at once."""
    is_connected, is_closed = asyncio.Event(), asyncio.Event()

    async def watch(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Note the begin and the end of the connection."""
        is_connected.set()
        await reader.read()
        is_closed.set()

    async with serve(watch) as port:
        task = asyncio.ensure_future(make_probe(CHECK, url=f"http://127.0.0.1:{port}/")())
        await asyncio.wait_for(is_connected.wait(), 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        await asyncio.wait_for(is_closed.wait(), 60)

    assert task.cancelled()


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "ftp://nas.lan/"},
        {"url": "nas.lan"},
        {"url": "http:///path"},
        {"url": "http://nas.lan:99999/"},
        {"url": "http://127.1/"},
        {"url": "http://x/", "method": "CONNECT"},
        {"url": "http://x/", "expect_status": []},
        {"url": "http://x/", "expect_status": ["6xx"]},
        {"url": "http://x/", "expect_status": ["299-200"]},
        {"url": "http://x/", "expect_status": True},
        {"url": "http://x/", "expect_body": {"regex": "("}},
        {"url": "http://x/", "expect_body": {"regex": "x" * 2000}},
        {"url": "http://x/", "expect_body": {"contains": ""}},
        {"url": "http://x/", "headers": {"Bad Name": "x"}},
        {"url": "http://x/", "headers": {"X": "a\r\nEvil: 1"}},
        {"url": "http://x/", "headers": {"Content-Length": "5"}},
        {"url": "http://x/", "auth": {}},
        {"url": "http://x/", "auth": {"bearer": "a", "basic": {"username": "", "password": "b"}}},
        {"url": "http://x/", "auth": {"basic": {"username": "a:b", "password": "c"}}},
        {"url": "http://x/", "body": "a", "json": {}},
        {"url": "http://x/", "body": "a" * 2_000_000},
        {"url": "http://x/", "json": {"x": {1, 2}}},
        {"url": "http://x/", "thresholds": {"warn_ms": 2, "crit_ms": 1}},
        {"url": "http://x/", "tls": {"ca_file": "/nonexistent.pem"}},
        {"url": "http://x/", "tls": {"ca_file": str(Path(__file__))}},
        {"url": "http://x/", "redirects": "sometimes"},
        {"url": "http://x/", "family": "ipv5"},
        {"url": "http://x/", "max_body_bytes": 0},
        {"url": "http://x/", "connect_timeout_s": float("nan")},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    """What cannot work is refused when the configuration is loaded."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))(keys)


_HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Location", "X"]), st.text(max_size=60)
)


@settings(max_examples=60, deadline=None)
@given(
    status=st.integers(100, 999),
    headers=_HEADERS,
    body=st.binary(max_size=300),
    truncated=st.booleans(),
    certificate=st.none() | st.binary(max_size=100),
)
def test_judging_never_raises(
    status: int,
    headers: dict[str, str],
    body: bytes,
    truncated: bool,  # noqa: FBT001  # Hypothesis hands over what it drew by name
    certificate: bytes | None,
) -> None:
    """Any answer gets a verdict, and a reason unless it is good; the outcome can be written."""
    keys = {
        "url": "http://x/",
        "expect_body": {"contains": "a", "not_contains": "b", "regex": "(c+)+d"},
        "thresholds": {"warn_ms": 5},
    }
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))(keys))
    response = HttpResponse(
        status=status,
        reason="",
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        body=body,
        url=URL("http://x/"),
        timings=Timings(total_ms=1.0),
        truncated=truncated,
        certificate=certificate,
    )

    outcome = HttpJudge(options, FakeClock())(response)

    assert (outcome.error is None) is (outcome.verdict is Verdict.OK)
    assert (outcome.error_code is None) is (outcome.error is None)
    json.dumps([assertion.actual for assertion in outcome.assertions])


def _epoch_ms(date: str) -> int:
    """Return the begin of a day, UTC, in epoch milliseconds."""
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp() * 1000)
