"""DNS check: does a name server give the expected answer?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dns.exception import DNSException
from dns.message import Message, QueryMessage, make_query
from dns.name import Name, from_text as name_from_text
from dns.rcode import NOERROR, NXDOMAIN, REFUSED, SERVFAIL, to_text as rcode_text
from dns.reversename import from_address
import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Timings, Verdict
from opsmonitor.parts.dns_answer import EXPECT, AnswerExpectation, answer_rules, shown
from opsmonitor.parts.dns_record import RECORD_TYPES, record_texts
from opsmonitor.parts.fields import host, optional
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds, latency_rule
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.connect import find_endpoints, literal_endpoint
from opsmonitor.util.dns_client import PORT, DnsAnswer, ask, system_name_servers
from opsmonitor.util.net import url_host
from opsmonitor.util.timeline import Timeline
from opsmonitor.util.trouble import explain, timed_out

if TYPE_CHECKING:
    from opsmonitor.models.check import Outcome
    from opsmonitor.util.connect import Endpoint

_MAX_VALUES: Final = 50
_RCODES: Final = {
    NXDOMAIN: ("nxdomain", "the name {name} does not exist, says the name server {server}"),
    SERVFAIL: ("servfail", "the name server {server} could not find out about {name}"),
    REFUSED: ("refused", "the name server {server} refuses to tell about {name}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """Whom to ask."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the server for people."""
        return f"{url_host(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsOptions:
    """What to ask, whom, and which answer is expected."""

    query: str
    """The name; not the one that the check has for people."""
    record_type: str = "A"
    resolver: NameServer | None = None
    """None: those that this machine asks."""
    expect: AnswerExpectation = field(default_factory=AnswerExpectation)
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)

    def __post_init__(self) -> None:
        """Refuse what no record of this type can have.

        Raises:
            ValueError: An expected value is impossible.

        """
        answer_rules(self.expect, self.record_type)


class DnsJudge:
    """Decides what an answer means; the rules are made once."""

    __slots__ = ("_latency", "_options", "_rules")

    def __init__(self, options: DnsOptions) -> None:
        """Make the rules."""
        self._options = options
        self._rules = answer_rules(options.expect, options.record_type)
        self._latency = latency_rule(options.thresholds)

    def __call__(self, answer: DnsAnswer) -> Outcome:
        """Return what the answer means."""
        findings = [self._rcode(answer)]
        values: list[str] = []
        ttl_s: int | None = None
        if findings[0].trouble is None:
            values, ttl_s = self._values(answer.message)
            findings.append(self._records(answer, values))
            if values:
                findings += [rule(values) for rule in self._rules]
        if self._latency is not None:
            findings.append(self._latency(answer.took_ms))
        return conclude(
            findings,
            latency_ms=answer.took_ms,
            timings=Timings(total_ms=answer.took_ms),
            data={
                "server": answer.server,
                "rcode": rcode_text(answer.message.rcode()),
                "answers": values[:_MAX_VALUES],
                "ttl_s": ttl_s,
                "over_tcp": answer.over_tcp,
            },
        )

    def _rcode(self, answer: DnsAnswer) -> Finding:
        """Judge what the name server says of the question itself."""
        rcode = answer.message.rcode()
        assertion = Assertion(name="rcode", ok=rcode == NOERROR, actual=rcode_text(rcode))
        if rcode == NOERROR:
            return Finding(assertion)
        code, text = _RCODES.get(rcode, ("dns_error", "the name server {server} answered {rcode}"))
        message = text.format(
            name=self._options.query, server=answer.server, rcode=assertion.actual
        )
        return Finding(assertion, Trouble(Verdict.FAIL, code, message))

    def _values(self, message: Message) -> tuple[list[str], int | None]:
        """Return the records of the type asked for, aliases followed, and how long they hold."""
        if not isinstance(message, QueryMessage):
            return [], None
        try:
            chain = message.resolve_chaining()
        except DNSException:
            return [], None
        if chain.answer is None:
            return [], None
        return record_texts(self._options.record_type, chain.answer), chain.minimum_ttl

    def _records(self, answer: DnsAnswer, values: list[str]) -> Finding:
        """Judge whether there is any record."""
        options = self._options
        name = f"{options.record_type} records"
        if values:
            return Finding(Assertion(name=name, ok=True, actual=shown(values)))
        message = (
            f"the name {options.query} exists, but has no record of type {options.record_type},"
            f" says the name server {answer.server}"
        )
        return Finding(
            Assertion(name=name, ok=False, actual="none"),
            Trouble(Verdict.FAIL, "no_answer", message),
        )


class _Asker:
    """Asks one question; everything about it is prepared once."""

    __slots__ = ("_context", "_judge", "_literal", "_options", "_question")

    def __init__(self, options: DnsOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._options = options
        self._context = context
        self._judge = DnsJudge(options)
        self._question = _question(options.query, options.record_type)
        server = options.resolver
        self._literal = None if server is None else literal_endpoint(server.host, server.port)

    async def probe(self) -> Outcome:
        """Ask once and judge the answer."""
        limit_s = self._context.timeout_s
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + limit_s
        timeline = Timeline()
        server = self._options.resolver
        named = "" if server is None else server.host
        try:
            async with asyncio.timeout(limit_s):
                endpoints = await self._endpoints(timeline)
        except TimeoutError:
            return failed(timed_out(named, limit_s, timeline))
        except OSError as err:
            return failed(explain(err, named or "the name servers of this machine", named))
        # A fresh question has a fresh random number, which makes answers hard to forge.
        query = make_query(self._question, self._options.record_type)
        try:
            answer = await ask(endpoints, query, max(0.0, ends_s - loop.time()))
        except TransportError as err:
            return failed(err)
        return self._judge(answer)

    async def _endpoints(self, timeline: Timeline) -> list[Endpoint]:
        """Return whom to ask, in this order."""
        if self._literal is not None:
            return [self._literal]
        server = self._options.resolver
        if server is None:
            addresses = await self._context.lanes.call("resolv.conf", system_name_servers)
            found = [literal_endpoint(address, PORT) for address in addresses]
            return [endpoint for endpoint in found if endpoint is not None]
        return await find_endpoints(self._context.resolver, server.host, server.port, 0, timeline)


def compile_dns(options: DnsOptions, context: CheckContext) -> Probe:
    """Prepare everything once; a run only asks and compares."""
    return _Asker(options, context).probe


def _question(name: str, record_type: str) -> Name:
    """Return the name to ask for; for an address and a PTR record, that is its reverse name.

    Raises:
        DNSException: No name can be like that.

    """
    if record_type == "PTR":
        try:
            return from_address(name)
        except DNSException:
            pass
    return name_from_text(name)


def _query(value: Any) -> str:
    """Accept a name that can be asked for."""
    name = cv.text(value).strip()
    try:
        _question(name, "A")
    except (DNSException, UnicodeError):
        raise vol.Invalid("expected a name such as nas.lan, or an address with PTR") from None
    return name


def _name_server(value: Any) -> NameServer:
    """Accept host, or host and port."""
    text = cv.text(value).strip()
    name, colon, port = text.rpartition(":")
    is_address = text.count(":") > 1 and not text.startswith("[")
    if not colon or is_address or text.endswith("]"):
        return NameServer(host=host(text), port=PORT)
    if not (port.isdecimal() and port.isascii()):
        raise vol.Invalid("expected a name server such as 192.0.2.53 or 192.0.2.53:5353")
    return NameServer(host=host(name), port=cv.port(int(port)))


def _target(options: DnsOptions) -> str:
    """Return the question for people."""
    asked = "" if options.resolver is None else f" at {options.resolver}"
    return f"{options.query} {options.record_type}{asked}"


def _host(options: DnsOptions) -> str:
    """Return whom to ask."""
    return "resolv.conf" if options.resolver is None else options.resolver.host


CHECK: Final = CheckType(
    name="dns",
    options=DnsOptions,
    schema={
        vol.Required("query"): _query,
        vol.Optional("record_type"): cv.one_of(*RECORD_TYPES),
        vol.Optional("resolver"): optional(_name_server),
        vol.Optional("expect"): EXPECT,
        vol.Optional("thresholds"): THRESHOLDS,
    },
    compile=compile_dns,
    target=_target,
    host=_host,
    example={
        "query": "nas.lan",
        "record_type": "A",
        "resolver": "192.168.1.1",
        "expect": {"equals": ["192.168.1.20"]},
    },
)
