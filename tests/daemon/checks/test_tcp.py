"""TCP checks against servers that behave well, and badly."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.tcp import CHECK, TcpJudge
from opsmonitor.models.check import Verdict
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from opsmonitor.util.timeline import Timeline
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import (
    AUTHORITY,
    Handler,
    connections_to,
    full,
    hangs,
    http_answer,
    serve,
    server_tls,
)
from tests.ports import held_port

_QUICK_S = 0.4
_BEGUN_S = 1.5
"""Also on a busy machine all that comes before what is waited for has happened by then."""


def echo(reply: bytes) -> Handler:
    """Return a handler that answers the first line, and stays connected."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer."""
        line = await reader.readline()
        writer.write(reply + line)
        await reader.read()

    return handler


async def test_an_open_port_is_ok(make_probe: MakeProbe) -> None:
    """A connection that is accepted is all that is asked for; its time is the latency."""
    async with serve(hangs()) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port)()

    assert outcome.verdict is Verdict.OK
    assert outcome.timings is not None
    assert outcome.latency_ms == outcome.timings.connect_ms
    assert [assertion.name for assertion in outcome.assertions] == ["connection"]


async def test_a_closed_port_is_refused(make_probe: MakeProbe) -> None:
    """Nothing listening is told with address and port."""
    port = held_port()

    outcome = await make_probe(CHECK, host="127.0.0.1", port=port)()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "connection_refused")
    assert outcome.error == f"connection refused by 127.0.0.1 port {port}: nothing listens there"


async def test_a_name_with_several_addresses_is_tried_through(
    make_probe: MakeProbe, names: dict[str, list[str]]
) -> None:
    """One address that accepts is enough, and the look-up is not part of the latency."""
    names["both.test"] = ["::1", "127.0.0.2", "127.0.0.1"]
    async with serve(hangs()) as port:
        outcome = await make_probe(CHECK, host="both.test", port=port)()

    assert outcome.verdict is Verdict.OK
    timings = outcome.timings
    assert timings is not None
    assert timings.dns_ms is not None
    assert timings.total_ms is not None
    assert outcome.latency_ms == pytest.approx(timings.total_ms - timings.dns_ms)


async def test_several_addresses_that_refuse_have_one_reason(
    make_probe: MakeProbe, names: dict[str, list[str]]
) -> None:
    """When all addresses fail in different ways, the first answer is what people read."""
    names["both.test"] = ["127.0.0.1", "255.255.255.255"]

    outcome = await make_probe(CHECK, host="both.test", port=held_port())()

    assert outcome.error_code == "connection_refused"


async def test_the_family_is_kept(make_probe: MakeProbe, names: dict[str, list[str]]) -> None:
    """A check for IPv4 does not connect over IPv6."""
    names["both.test"] = ["127.0.0.1", "::1"]
    async with serve(hangs(), host="::1") as port:
        any_family = await make_probe(CHECK, host="both.test", port=port)()
        on_ipv4 = await make_probe(CHECK, host="both.test", port=port, family="ipv4")()

    assert any_family.verdict is Verdict.OK
    assert on_ipv4.error_code == "connection_refused"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"send": r"PING\r\n", "expect": "+PONG"}, None),
        ({"send": "PING\r\n", "expect": "+PONG"}, None),
        ({"send": r"PING\x0a", "expect": r"PING\n"}, None),
        ({"send": r"PING\n"}, None),
    ],
)
async def test_a_dialog_is_held(
    make_probe: MakeProbe, keys: dict[str, str], code: str | None
) -> None:
    """What is sent and expected may have escapes."""
    async with serve(echo(b"+PONG\r\n")) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port, **keys)()

    assert outcome.error_code == code


async def test_another_answer_is_shown(make_probe: MakeProbe) -> None:
    """The sentence shows what was answered and what was expected."""
    async with serve(hangs(b"-ERR unknown command\r\n")) as port:
        outcome = await make_probe(
            CHECK, host="127.0.0.1", port=port, expect="+PONG", timeout_s=_BEGUN_S
        )()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "unexpected_answer")
    assert outcome.error == 'answered "-ERR unknown command", expected "+PONG"'


async def test_no_answer_runs_into_the_time_out(make_probe: MakeProbe) -> None:
    """A server that says nothing is told apart from one that says something else."""
    async with serve(hangs()) as port:
        outcome = await make_probe(
            CHECK, host="127.0.0.1", port=port, expect="+PONG", timeout_s=_BEGUN_S
        )()

    assert outcome.error_code == "timeout"
    assert outcome.error == f"no answer within {_BEGUN_S:g} s (connected, waiting for the response)"


@pytest.mark.parametrize("keys", [{}, {"send": "hello"}])
async def test_connecting_has_its_own_limit(make_probe: MakeProbe, keys: dict[str, Any]) -> None:
    """A host that takes no connection is given up sooner than one that is slow to answer."""
    with full() as port:
        outcome = await make_probe(
            CHECK, host="127.0.0.1", port=port, timeout_s=60, connect_timeout_s=_QUICK_S, **keys
        )()

    assert outcome.error_code == "timeout"
    assert f"{_QUICK_S:g} s" in str(outcome.error)


async def test_a_server_that_hangs_up_is_told(make_probe: MakeProbe) -> None:
    """A connection that is closed without a word is a failure when a word was expected."""

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close at once."""
        writer.write_eof()
        await asyncio.Event().wait()

    async with serve(hang_up) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port, expect="+PONG")()

    assert outcome.error_code == "connection_closed"


async def test_an_endless_answer_is_cut_off(make_probe: MakeProbe) -> None:
    """A server that never stops talking is not listened to for ever."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send without end."""
        while True:
            writer.write(b"." * 10_000)
            await writer.drain()

    async with serve(talk) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port, expect="+PONG")()

    assert outcome.error_code == "unexpected_answer"


@pytest.mark.parametrize(
    ("tls", "code"),
    [
        ({"ca_file": str(AUTHORITY)}, None),
        ({"verify": False}, None),
        (True, "tls_untrusted"),
        ({}, "tls_untrusted"),
    ],
)
async def test_tls_is_spoken(make_probe: MakeProbe, tls: Any, code: str | None) -> None:
    """With TLS, the certificate is verified and shown."""
    async with serve(http_answer(), tls=server_tls("localhost")) as port:
        outcome = await make_probe(CHECK, host="localhost", port=port, tls=tls)()

    assert outcome.error_code == code
    assert (outcome.tls is None) is (code is not None)


async def test_expiry_is_told_in_time(make_probe: MakeProbe, clock: FakeClock) -> None:
    """A certificate that ends soon degrades the check."""
    clock.wall_ms = 4_733_000_000_000
    async with serve(echo(b"+PONG"), tls=server_tls("localhost")) as port:
        outcome = await make_probe(
            CHECK,
            host="localhost",
            port=port,
            tls={"ca_file": str(AUTHORITY)},
            send=r"PING\n",
            expect="+PONG",
        )()

    assert (outcome.verdict, outcome.error_code) == (Verdict.DEGRADED, "tls_expiring")
    assert [assertion.ok for assertion in outcome.assertions] == [True, True, False]


async def test_tls_to_a_plain_server_is_told(make_probe: MakeProbe) -> None:
    """A port without TLS says so."""
    async with serve(hangs(b"220 mail.test ESMTP\r\n")) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port, tls=True)()

    assert outcome.error_code == "tls_failed"


@pytest.mark.parametrize("tls", [False, None])
async def test_tls_can_be_off(make_probe: MakeProbe, tls: bool | None) -> None:  # noqa: FBT001
    """No TLS is spoken when the key says so."""
    async with serve(hangs(b"hello")) as port:
        outcome = await make_probe(CHECK, host="127.0.0.1", port=port, tls=tls, expect="hello")()

    assert outcome.verdict is Verdict.OK
    assert outcome.tls is None


async def test_a_slow_connection_is_judged(make_probe: MakeProbe) -> None:
    """Limits on the time hold for connections, too."""
    async with serve(hangs()) as port:
        outcome = await make_probe(
            CHECK, host="127.0.0.1", port=port, thresholds={"warn_ms": 0.001}
        )()

    assert (outcome.verdict, outcome.error_code) == (Verdict.DEGRADED, "slow")


async def test_a_secret_expectation_stays_secret(make_probe: MakeProbe) -> None:
    """A secret that is expected is not shown when it does not come."""
    async with serve(hangs(b"hello")) as port:
        outcome = await make_probe(
            CHECK, host="127.0.0.1", port=port, expect=Secret("hunter2"), timeout_s=_QUICK_S
        )()

    assert outcome.error_code == "unexpected_answer"
    assert "hunter2" not in repr(outcome)


async def test_nothing_leaks(make_probe: MakeProbe) -> None:
    """Hundreds of attempts that end in every way there is leave no connection open."""
    async with (
        serve(hangs(b"hello")) as port,
        serve(hangs(b"hello"), tls=server_tls("localhost")) as secure,
    ):
        at_port = {"host": "127.0.0.1", "port": port, "timeout_s": 0.05}
        probes = [
            make_probe(CHECK, **at_port),
            make_probe(CHECK, **at_port, expect="hello"),
            make_probe(CHECK, **at_port, expect="bye"),
            make_probe(CHECK, **at_port, send="x" * 1_000_000),
            make_probe(CHECK, **at_port, tls=True),
            make_probe(CHECK, host="127.0.0.1", port=secure, tls=True),
            make_probe(CHECK, host="127.0.0.1", port=secure, tls={"verify": False}),
            make_probe(CHECK, host="127.0.0.1", port=held_port()),
        ]

        await asyncio.gather(*(probe() for probe in probes for _ in range(40)))

        assert await connections_to({port, secure}) == 0


@pytest.mark.parametrize(
    "keys",
    [
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1", "port": 0},
        {"host": "127.0.0.1", "port": 65536},
        {"host": "", "port": 1},
        {"host": "http://x", "port": 1},
        {"host": "-oProxyCommand=x", "port": 1},
        {"host": "1.2.3", "port": 1},
        {"host": "0x7f.1", "port": 1},
        {"host": "fe80:::1", "port": 1},
        {"host": "x" * 300, "port": 1},
        {"host": "x", "port": 1, "tls": "yes"},
        {"host": "x", "port": 1, "tls": {"verify": "no"}},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    """What cannot work is refused when the configuration is loaded."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))(keys)


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("nas.lan", "nas.lan:22"),
        ("::1", "[::1]:22"),
        ("[::1]", "[::1]:22"),
        ("192.0.2.7", "192.0.2.7:22"),
        ("bücher.example", "xn--bcher-kva.example:22"),
    ],
)
def test_the_target_is_host_and_port(host: str, target: str) -> None:
    """People read host and port, with brackets where they are needed."""
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))({"host": host, "port": 22}))

    assert CHECK.target(options) == target


@given(answer=st.binary(max_size=300))
def test_judging_never_raises(answer: bytes) -> None:
    """Any answer gets a verdict, and a reason unless it is good."""
    keys = {"host": "x", "port": 1, "expect": "abc", "thresholds": {"warn_ms": 5}}
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))(keys))

    outcome = TcpJudge(options, FakeClock())(Timeline(), answer)

    assert (outcome.verdict is Verdict.OK) is (b"abc" in answer)
    assert (outcome.error is None) is (outcome.verdict is Verdict.OK)
