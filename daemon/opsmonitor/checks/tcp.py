"""TCP check: does a port accept a connection, and answer what is expected?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
import socket
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, DirectProbe, Probe
from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Outcome, Timings, Verdict
from opsmonitor.parts.body import excerpt, needle
from opsmonitor.parts.certificate import TLS, TlsOptions, certificate_rule, tls_info
from opsmonitor.parts.dialog import Dialog, unescape
from opsmonitor.parts.fields import family, host, optional, seconds, text_or_secret
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds, latency_rule
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.connect import Endpoint, connect, find_endpoints, literal_endpoint
from opsmonitor.util.knock import Knocker, Pending, shared_knocker
from opsmonitor.util.net import url_host
from opsmonitor.util.timeline import Timeline
from opsmonitor.util.tls import tls_context
from opsmonitor.util.trouble import explain, timed_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.util.clock import Clock
    from opsmonitor.util.secret import Secret

_OK: Final = Verdict.OK
_CONNECTED: Final = Finding(Assertion(name="connection", ok=True, actual="accepted"))
_ACCEPTED: Final = (_CONNECTED.assertion,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpOptions:
    """Where to connect, what to say there, and which answer is expected."""

    host: str
    port: int
    send: Secret | None = None
    expect: Secret | str | None = field(default=None, repr=False)
    tls: TlsOptions | None = None
    """None: no TLS."""
    family: socket.AddressFamily = socket.AF_UNSPEC
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)
    connect_timeout_s: float | None = None
    """For looking up the name and connecting; None: only the time-out of the attempt."""


class TcpJudge:
    """Decides what a connection and the answer over it mean; the rules are made once."""

    __slots__ = ("_certificate", "_clock", "_latency", "_shown", "_tls", "expected")

    def __init__(self, options: TcpOptions, clock: Clock) -> None:
        """Make the rules."""
        expected, self._shown = ("", "") if options.expect is None else needle(options.expect)
        self.expected = unescape(expected)
        self._latency = latency_rule(options.thresholds)
        self._tls = options.tls or TlsOptions()
        self._certificate = certificate_rule(self._tls)
        self._clock = clock

    def __call__(self, timeline: Timeline, answer: bytes | bytearray) -> Outcome:
        """Return what a connection that was accepted means."""
        timings = timeline.timings()
        # Looking up the name is not the target's work.
        latency_ms = (timings.total_ms or 0.0) - (timings.dns_ms or 0.0)
        findings = [_CONNECTED]
        if self.expected:
            findings.append(self._answer(answer))
        if self._latency is not None:
            findings.append(self._latency(latency_ms))
        info = None
        if timeline.certificate is not None:
            info = tls_info(timeline.certificate, self._tls, self._clock)
            if self._certificate is not None:
                findings.append(self._certificate(info))
        return conclude(findings, latency_ms=latency_ms, timings=timings, tls=info)

    def accepted(self, connect_s: float) -> Outcome:
        """Return what it means that a connection was accepted after so many seconds."""
        latency_ms = connect_s * 1000
        timings = Timings(connect_ms=latency_ms, total_ms=latency_ms)
        if self._latency is None:
            # What `conclude` would say; most runs of most ports come this way.
            return Outcome(
                verdict=_OK, latency_ms=latency_ms, timings=timings, assertions=_ACCEPTED
            )
        findings = [_CONNECTED, self._latency(latency_ms)]
        return conclude(findings, latency_ms=latency_ms, timings=timings)

    def _answer(self, answer: bytes | bytearray) -> Finding:
        """Judge what was answered."""
        name = f"answer contains {self._shown}"
        if self.expected in answer:
            return Finding(Assertion(name=name, ok=True, actual="found"))
        actual = excerpt(answer.decode("utf-8", "replace"))
        if answer:
            trouble = ("unexpected_answer", f"answered {actual}, expected {self._shown}")
        else:
            trouble = ("connection_closed", "the connection was closed without an answer")
        return Finding(
            Assertion(name=name, ok=False, actual=actual), Trouble(Verdict.FAIL, *trouble)
        )


class _Connector:
    """Connects to one target by its name, or holds a dialog with it."""

    __slots__ = (
        "_connect_s",
        "_dialog",
        "_endpoints",
        "_judge",
        "_options",
        "_resolver",
        "_timeout_s",
    )

    def __init__(
        self,
        options: TcpOptions,
        context: CheckContext,
        judge: TcpJudge,
        dialog: Dialog | None,
        endpoints: list[Endpoint] | None,
    ) -> None:
        """Take what was decided; without endpoints the name is looked up for each connection."""
        self._endpoints = endpoints
        self._judge = judge
        self._dialog = dialog
        self._options = options
        self._resolver = context.resolver
        self._timeout_s = context.timeout_s
        self._connect_s = _connect_s(options, context)

    async def probe(self) -> Outcome:
        """Connect once and judge what comes of it."""
        timeline = Timeline()
        answer = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._talk(timeline, answer)
        except OSError as err:
            # An answer that came before the end tells more than how it ended.
            if not answer:
                limit_s = self._connect_s if timeline.connected is None else self._timeout_s
                return _failed(self._options, limit_s, err, timeline)
        return self._judge(timeline, answer)

    async def _talk(self, timeline: Timeline, answer: bytearray) -> None:
        """Connect, and hold the dialog if there is one."""
        options = self._options
        async with asyncio.timeout(options.connect_timeout_s):
            endpoints = self._endpoints or await find_endpoints(
                self._resolver, options.host, options.port, options.family, timeline
            )
            sock = await connect(endpoints, timeline)
        if self._dialog is None:
            sock.close()
        else:
            await self._dialog.run(sock, timeline, answer)


class _Knocking(DirectProbe):
    """Connects to an address at which nothing is to be said."""

    def __init__(
        self,
        options: TcpOptions,
        judge: TcpJudge,
        knocker: Knocker,
        endpoint: Endpoint,
        timeout_s: float,
    ) -> None:
        """Take what was decided."""
        self._options = options
        self._judge = judge
        self._knocker = knocker
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self.look = knocker.look

    def prepare(self, done: Callable[[Outcome], None]) -> Callable[[], Pending]:
        """Return what connects once."""
        accepted, failed = self._judge.accepted, self._failed

        def answer(connect_s: float, error: OSError | None) -> None:
            """Judge what came of it."""
            done(accepted(connect_s) if error is None else failed(error))

        return partial(self._knocker.start, self._endpoint, self._timeout_s, answer)

    def _failed(self, error: OSError) -> Outcome:
        """Return what it means that no connection came about."""
        timeline = Timeline()
        timeline.note_connecting()
        return _failed(self._options, self._timeout_s, error, timeline)


def _failed(options: TcpOptions, timeout_s: float, error: OSError, timeline: Timeline) -> Outcome:
    """Return the outcome of an attempt that ended in an error."""
    name = options.host
    if isinstance(error, TimeoutError) and error.errno is None:
        return failed(timed_out(name, timeout_s, timeline))
    return failed(explain(error, f"{name} port {options.port}", name))


def compile_tcp(options: TcpOptions, context: CheckContext) -> Probe:
    """Prepare everything once; a run only connects and compares."""
    judge = TcpJudge(options, context.clock)
    endpoint, knocker = literal_endpoint(options.host, options.port), shared_knocker()
    dialog = _dialog(options, judge.expected)
    if endpoint is None or dialog is not None or knocker is None:
        endpoints = None if endpoint is None else [endpoint]
        return _Connector(options, context, judge, dialog, endpoints).probe
    return _Knocking(options, judge, knocker, endpoint, _connect_s(options, context))


def _connect_s(options: TcpOptions, context: CheckContext) -> float:
    """Return for how long to wait for a connection, in seconds."""
    return min(context.timeout_s, options.connect_timeout_s or context.timeout_s)


def _dialog(options: TcpOptions, expected: bytes) -> Dialog | None:
    """Return the dialog, None when connecting is all."""
    if options.send is None and not expected and options.tls is None:
        return None
    return Dialog(
        request=b"" if options.send is None else unescape(options.send.reveal()),
        expected=expected,
        tls=None if options.tls is None else tls_context(options.tls.policy),
        server_name=options.host,
    )


def _tls(value: Any) -> TlsOptions | None:
    """Accept true, false, or the keys of `tls`."""
    if value is None or value is False:
        return None
    return TlsOptions() if value is True else _TLS_KEYS(value)


_TLS_KEYS: Final = vol.Schema(TLS)


def _target(options: TcpOptions) -> str:
    """Return host and port for people."""
    return f"{url_host(options.host)}:{options.port}"


CHECK: Final = CheckType(
    name="tcp",
    options=TcpOptions,
    schema={
        vol.Required("host"): host,
        vol.Required("port"): cv.port,
        vol.Optional("send"): optional(cv.secret),
        vol.Optional("expect"): optional(text_or_secret),
        vol.Optional("tls"): _tls,
        vol.Optional("family"): family,
        vol.Optional("thresholds"): THRESHOLDS,
        vol.Optional("connect_timeout_s"): optional(seconds),
    },
    compile=compile_tcp,
    target=_target,
    host=lambda options: options.host,
    example={"host": "127.0.0.1", "port": 8060, "thresholds": {"warn_ms": 100}},
)
