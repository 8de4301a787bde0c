"""DNS checks against a name server that is honest, and one that lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dns.message import Message, from_wire
from dns.rcode import NOTIMP, REFUSED, SERVFAIL
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.dns import CHECK, DnsJudge
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.util import dns_client
from opsmonitor.util.connect import literal_endpoint
from opsmonitor.util.dns_client import DnsAnswer, ask, parse_answer
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.name_server import (
    Answer,
    answer,
    honest,
    name_server,
    refusing,
    truncated,
)
from tests.ports import held_port

_QUICK_S = 0.3
_BEGUN_S = 1.5
"""Also on a busy machine all that comes before what is waited for has happened by then."""


async def look_up(
    make_probe: MakeProbe,
    reply: Answer = honest,
    *,
    over_tcp: Answer = honest,
    timeout_s: float = 2,
    **keys: Any,
) -> Outcome:
    """Return the outcome of one question to a server that answers like this."""
    async with name_server(reply, over_tcp) as port:
        asked = {"query": "nas.test", "resolver": f"127.0.0.1:{port}", **keys}
        return await make_probe(CHECK, timeout_s=timeout_s, **asked)()


@pytest.mark.parametrize(
    ("query", "record_type", "values"),
    [
        ("nas.test", "A", ["192.0.2.10", "192.0.2.20"]),
        ("nas.test.", "a", ["192.0.2.10", "192.0.2.20"]),
        ("NAS.test", "AAAA", ["2001:db8::20"]),
        ("nas.test", "TXT", ["two", "v=spf1 -all"]),
        ("nas.test", "MX", ["10 mail.test"]),
        ("nas.test", "CAA", ['0 issue "ca.example.net"']),
        ("alias.test", "CNAME", ["nas.test"]),
        ("alias.test", "A", ["192.0.2.10", "192.0.2.20"]),
        ("test", "NS", ["ns1.test", "ns2.test"]),
        ("test", "SOA", ["ns1.test admin.test 7 3600 600 86400 60"]),
        ("_sip._tcp.test", "SRV", ["0 5 5060 sip.test"]),
        ("192.0.2.7", "PTR", ["printer.test"]),
        ("7.2.0.192.in-addr.arpa", "PTR", ["printer.test"]),
    ],
)
async def test_records_of_every_type_are_read(
    make_probe: MakeProbe, query: str, record_type: str, values: list[str]
) -> None:
    """Each type of record is shown as text, sorted, aliases followed."""
    outcome = await look_up(make_probe, query=query, record_type=record_type)

    assert outcome.verdict is Verdict.OK
    assert outcome.data["answers"] == values
    assert outcome.data["rcode"] == "NOERROR"
    assert outcome.latency_ms


@pytest.mark.parametrize(
    ("record_type", "expect", "code"),
    [
        ("A", {"equals": ["192.0.2.20", "192.0.2.10"]}, None),
        ("A", {"equals": "192.0.2.20"}, "unexpected_answer"),
        ("A", {"equals": ["192.0.2.10", "192.0.2.20", "192.0.2.30"]}, "unexpected_answer"),
        ("A", {"contains": "192.0.2.20"}, None),
        ("A", {"contains": ["192.0.2.20", "192.0.2.30"]}, "unexpected_answer"),
        ("A", {"contains": "192.0.2.2"}, "unexpected_answer"),
        ("AAAA", {"equals": "2001:DB8:0::0020"}, None),
        ("MX", {"equals": "10 MAIL.test."}, None),
        ("TXT", {"regex": "^v=spf1 .*-all$"}, None),
        ("TXT", {"regex": "^v=spf2"}, "unexpected_answer"),
        ("TXT", {"regex": "(o+)+$", "contains": "two"}, None),
    ],
)
async def test_the_records_must_be_expected(
    make_probe: MakeProbe, record_type: str, expect: dict[str, Any], code: str | None
) -> None:
    """All of a set, some of it, or a pattern; spelling does not matter where DNS ignores it."""
    outcome = await look_up(make_probe, record_type=record_type, expect=expect)

    assert outcome.error_code == code


async def test_an_unexpected_answer_is_shown(make_probe: MakeProbe) -> None:
    """The sentence has what was answered and what was expected."""
    outcome = await look_up(make_probe, expect={"equals": "192.0.2.99"})

    assert outcome.error == "answered 192.0.2.10, 192.0.2.20, expected 192.0.2.99"


@pytest.mark.parametrize(
    ("reply", "keys", "code", "words"),
    [
        (honest, {"query": "gone.test"}, "nxdomain", "the name gone.test does not exist"),
        (honest, {"record_type": "SRV"}, "no_answer", "has no record of type SRV"),
        (honest, {"query": "loop.test"}, "no_answer", "has no record of type A"),
        (refusing(SERVFAIL), {}, "servfail", "could not find out about nas.test"),
        (refusing(REFUSED), {}, "refused", "refuses to tell about nas.test"),
        (refusing(NOTIMP), {}, "dns_error", "answered NOTIMP"),
    ],
)
async def test_each_refusal_has_its_own_code(
    make_probe: MakeProbe, reply: Answer, keys: dict[str, Any], code: str, words: str
) -> None:
    """A name that does not exist, one without such a record, and a server in trouble differ."""
    outcome = await look_up(make_probe, reply, **keys)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert words in (outcome.error or "")


def _wrong_id(query: Message) -> list[bytes]:
    """Answer under another number."""
    response = answer(query)
    response.id ^= 1
    return [response.to_wire()]


def _wrong_question(query: Message) -> list[bytes]:
    """Answer another question under the right number."""
    wire = query.to_wire().replace(b"\x03nas", b"\x03www")
    return honest(from_wire(wire))


def _echo(query: Message) -> list[bytes]:
    """Send the question back."""
    return [query.to_wire()]


def _garbage(_query: Message) -> list[bytes]:
    """Send what is no message."""
    return [b"", b"\xff" * 40, b"garbage"]


@pytest.mark.parametrize("lie", [_wrong_id, _wrong_question, _echo, _garbage])
async def test_an_answer_to_another_question_is_none(make_probe: MakeProbe, lie: Answer) -> None:
    """Forged and broken packets are passed over; the time-out says that there were some."""
    outcome = await look_up(make_probe, lie, timeout_s=_BEGUN_S)

    assert outcome.error_code == "timeout"
    assert (outcome.error or "").endswith("(only answers to other questions, or garbage)")


async def test_the_true_answer_counts_among_lies(make_probe: MakeProbe) -> None:
    """Packets that do not belong to the question do not stop the one that does."""

    def mixed(query: Message) -> list[bytes]:
        """Lie first."""
        return [*_garbage(query), *_wrong_id(query), *honest(query)]

    outcome = await look_up(make_probe, mixed)

    assert outcome.verdict is Verdict.OK


async def test_silence_is_a_time_out(make_probe: MakeProbe) -> None:
    """A server that says nothing is told apart from one that refuses."""
    outcome = await look_up(make_probe, lambda _query: [], timeout_s=_QUICK_S)

    assert outcome.error_code == "timeout"
    assert f"within {_QUICK_S:g} s" in (outcome.error or "")


async def test_a_closed_port_is_refused_at_once(make_probe: MakeProbe) -> None:
    """A host without a name server is not waited for."""
    port = held_port()

    outcome = await make_probe(CHECK, query="nas.test", resolver=f"127.0.0.1:{port}")()

    assert outcome.error_code == "connection_refused"


async def test_a_long_answer_comes_over_tcp(make_probe: MakeProbe) -> None:
    """What does not fit into one packet is asked for again over TCP."""
    outcome = await look_up(make_probe, truncated)

    assert outcome.verdict is Verdict.OK
    assert outcome.data["over_tcp"] is True


@pytest.mark.parametrize(
    ("over_tcp", "code"),
    [
        (lambda _query: [], "connection_closed"),
        (_wrong_id, "invalid_response"),
        (lambda _query: [b"garbage"], "invalid_response"),
        (lambda query: [honest(query)[0][:-4]], "invalid_response"),
    ],
)
async def test_a_lie_over_tcp_is_told(make_probe: MakeProbe, over_tcp: Answer, code: str) -> None:
    """Over TCP nothing comes by chance: an answer that does not fit is an error at once."""
    outcome = await look_up(make_probe, truncated, over_tcp=over_tcp)

    assert outcome.error_code == code


async def test_the_resolver_can_be_a_name(
    make_probe: MakeProbe, names: dict[str, list[str]]
) -> None:
    """The name server's own name is looked up the usual way."""
    names["dns.test"] = ["127.0.0.1"]
    async with name_server() as port:
        good = await make_probe(CHECK, query="nas.test", resolver=f"dns.test:{port}")()
        bad = await make_probe(CHECK, query="nas.test", resolver="nobody.invalid")()

    assert good.verdict is Verdict.OK
    assert bad.error_code == "dns_failed"


async def test_without_a_resolver_the_machine_s_own_is_asked(
    make_probe: MakeProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that the system reads says whom to ask; it is read again for each run."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(dns_client, "RESOLV_CONF", path)
    probe = make_probe(CHECK, query="nas.test")

    path.write_text("search lan\n# nameserver 192.0.2.1\nnameserver 127.9.9.9\n")
    first = await probe()
    path.unlink()
    second = await probe()

    assert "127.9.9.9 port 53" in (first.error or "")
    assert second.verdict is Verdict.FAIL


@pytest.mark.parametrize("first", [refusing(SERVFAIL), refusing(REFUSED), _garbage])
async def test_the_next_server_is_asked_when_one_fails(
    make_probe: MakeProbe, first: Answer
) -> None:
    """As the system does, a server that fails is left for the next one, in time."""
    async with name_server(first) as bad, name_server() as good:
        servers = [literal_endpoint("127.0.0.1", port) for port in (bad, held_port(), good)]
        query = from_wire(_question())

        found = await ask([server for server in servers if server], query, 0.6)

    assert found.server == f"127.0.0.1 port {good}"


async def test_when_all_servers_fail_the_first_reason_counts() -> None:
    """A refusal is more than silence; without any it is the first server's trouble."""
    query = from_wire(_question())
    closed = literal_endpoint("127.0.0.1", held_port())
    assert closed is not None
    async with name_server(refusing(SERVFAIL)) as port:
        refusing_server = literal_endpoint("127.0.0.1", port)
        assert refusing_server is not None

        refused = await ask([closed, refusing_server], query, 1)
    with pytest.raises(TransportError) as caught:
        await ask([closed], query, 1)

    assert refused.message.rcode() == SERVFAIL
    assert caught.value.code == "connection_refused"


async def test_slow_answers_are_told(make_probe: MakeProbe) -> None:
    """The thresholds hold for the time from question to answer."""
    outcome = await look_up(make_probe, thresholds={"warn_ms": 0.001})

    assert (outcome.verdict, outcome.error_code) == (Verdict.DEGRADED, "slow")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.1", "192.0.2.1:53"),
        ("192.0.2.1:5353", "192.0.2.1:5353"),
        ("2001:db8::1", "[2001:db8::1]:53"),
        ("[2001:db8::1]", "[2001:db8::1]:53"),
        ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ("dns.lan", "dns.lan:53"),
    ],
)
def test_the_resolver_has_many_forms(text: str, shown: str) -> None:
    """Address or name, with or without port."""
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))({"query": "x", "resolver": text}))

    assert CHECK.target(options) == f"x A at {shown}"


@pytest.mark.parametrize(
    "keys",
    [
        {"query": ""},
        {"query": "a..b"},
        {"query": "x" * 64 + ".test"},
        {"query": "x", "record_type": "ANY"},
        {"query": "x", "resolver": "192.0.2.1:http"},
        {"query": "x", "resolver": "192.0.2.1:99999"},
        {"query": "x", "resolver": "-x"},
        {"query": "x", "expect": {"regex": "("}},
        {"query": "x", "expect": {"equals": [1]}},
        {"query": "x", "expect": {"equals": ["nas.lan"]}},
        {"query": "x", "record_type": "AAAA", "expect": {"contains": "192.0.2.1"}},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    """What cannot work, an impossible record included, is refused at loading."""
    with pytest.raises((vol.Invalid, ValueError)):
        CHECK.options(**vol.Schema(dict(CHECK.schema))(keys))


@given(
    changes=st.lists(st.tuples(st.integers(2, 79), st.integers(0, 255)), max_size=8),
    length=st.integers(26, 80),
)
def test_no_answer_makes_the_check_fail_by_itself(
    changes: list[tuple[int, int]], length: int
) -> None:
    """Any bytes that can be read as an answer get a verdict, and values that can be written."""
    query = from_wire(_question())
    wire = bytearray(honest(query)[0].ljust(80, b"\0"))
    for position, value in changes:
        wire[position] = value
    del wire[length:]
    message = parse_answer(bytes(wire), query)
    if message is None:
        return
    judge = DnsJudge(CHECK.options(query="nas.test"))

    outcome = judge(DnsAnswer(server="x", message=message, took_ms=1.0, over_tcp=False))

    assert (outcome.error is None) is (outcome.verdict is Verdict.OK)
    json.dumps(dict(outcome.data))


def _question() -> bytes:
    """Return the bytes of a question."""
    return bytes.fromhex("00070100000100000000000003") + b"nas\x04test\x00\x00\x01\x00\x01"
