"""Ping check: do echoes come back, all of them, and how fast?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import errno
from itertools import pairwise
import socket
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Timings, Verdict
from opsmonitor.parts.fields import family, host
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds, latency_rule
from opsmonitor.parts.limits import Limits, percent, upper_limits, upper_rule
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.connect import Endpoint, find_endpoints, literal_endpoint
from opsmonitor.util.echo_socket import TOKEN_BYTES
from opsmonitor.util.icmp import MAX_PAYLOAD
from opsmonitor.util.timeline import Timeline
from opsmonitor.util.trouble import explain, timed_out

if TYPE_CHECKING:
    from opsmonitor.models.check import Outcome
    from opsmonitor.util.pinger import Echoes

_MAX_COUNT: Final = 50
_USUAL_SIZE: Final = 56
_ALL_LOST: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOptions:
    """Whom to ping, and what is expected of the echoes."""

    host: str
    count: int = 1
    size: int = _USUAL_SIZE
    family: socket.AddressFamily = socket.AF_UNSPEC
    loss_percent: Limits = field(default_factory=Limits)
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)


class PingJudge:
    """Decides what a series of echoes means; the rules are made once."""

    __slots__ = ("_host", "_latency", "_loss", "_timeout_s")

    def __init__(self, options: PingOptions, timeout_s: float) -> None:
        """Make the rules."""
        self._host = options.host
        self._timeout_s = timeout_s
        self._latency = latency_rule(options.thresholds)
        self._loss = upper_rule(
            options.loss_percent, name="packet loss", code="packet_loss", shown=_percent
        )

    def __call__(self, echoes: Echoes, address: str, dns_ms: float | None) -> Outcome:
        """Return what the echoes mean."""
        times_ms = echoes.times_ms
        average_ms = sum(times_ms) / len(times_ms) if times_ms else None
        loss = _ALL_LOST * (echoes.sent - len(times_ms)) / echoes.sent
        findings = [self._replied(echoes, address)]
        if times_ms and self._loss is not None:
            findings.append(self._loss(loss))
        if average_ms is not None and self._latency is not None:
            findings.append(self._latency(average_ms))
        findings.append(Finding(Assertion(name="method", ok=True, actual=echoes.method)))
        return conclude(
            findings,
            latency_ms=average_ms,
            timings=Timings(dns_ms=dns_ms, total_ms=average_ms),
            data={
                "method": echoes.method,
                "address": address,
                "sent": echoes.sent,
                "received": len(times_ms),
                "loss_percent": round(loss, 1),
                "rtt_min_ms": min(times_ms, default=None),
                "rtt_avg_ms": average_ms,
                "rtt_max_ms": max(times_ms, default=None),
                "jitter_ms": jitter_ms(times_ms),
            },
        )

    def _replied(self, echoes: Echoes, address: str) -> Finding:
        """Judge whether anything came back at all."""
        received = len(echoes.times_ms)
        actual = f"{received} of {echoes.sent}"
        if received:
            return Finding(Assertion(name="replies", ok=True, actual=actual))
        error = self._silence(echoes, address)
        return Finding(
            Assertion(name="replies", ok=False, actual=actual),
            Trouble(Verdict.FAIL, error.code, error.message),
        )

    def _silence(self, echoes: Echoes, address: str) -> TransportError:
        """Say why nothing came back."""
        place = self._host if self._host == address else f"{self._host} ({address})"
        if echoes.error is None:
            pings = "ping" if echoes.sent == 1 else f"{echoes.sent} pings"
            message = f"{place} did not answer {pings} within {self._timeout_s:g} s"
            return TransportError("timeout", message)
        if echoes.error.errno == errno.ECONNREFUSED:
            # So the kernel names what a router says instead of passing the echo on.
            return TransportError("host_unreachable", f"a router does not let pings to {place} by")
        return explain(echoes.error, place, self._host)


def compile_ping(options: PingOptions, context: CheckContext) -> Probe:
    """Prepare everything once; a run only sends and counts."""
    literal = literal_endpoint(options.host, 0)
    judge = PingJudge(options, context.timeout_s)
    ping = context.pinger.ping

    async def probe() -> Outcome:
        """Send the echoes and judge what comes back."""
        timeline = Timeline()
        try:
            async with asyncio.timeout(context.timeout_s):
                kind, address = literal or await _look_up(options, context, timeline)
        except TimeoutError:
            return failed(timed_out(options.host, context.timeout_s, timeline))
        except OSError as err:
            return failed(explain(err, options.host, options.host))
        dns_ms = timeline.timings().dns_ms
        try:
            echoes = await ping(
                socket.AddressFamily(kind),
                address[0],
                count=options.count,
                size=options.size,
                timeout_s=context.timeout_s - (dns_ms or 0.0) / 1000,
            )
        except TransportError as err:
            return failed(err)
        except OSError as err:
            return failed(explain(err, options.host, options.host))
        return judge(echoes, address[0], dns_ms)

    return probe


async def _look_up(options: PingOptions, context: CheckContext, timeline: Timeline) -> Endpoint:
    """Return the best address of the host."""
    found = await find_endpoints(context.resolver, options.host, 0, options.family, timeline)
    return found[0]


def jitter_ms(times_ms: tuple[float, ...]) -> float | None:
    """Return the mean difference between an echo's time and the next one's, None without a next."""
    changes = [abs(later - earlier) for earlier, later in pairwise(times_ms)]
    return sum(changes) / len(changes) if changes else None


def _percent(value: float) -> str:
    """Return a share for people."""
    return f"{value:.4g} %"


CHECK: Final = CheckType(
    name="ping",
    options=PingOptions,
    schema={
        vol.Required("host"): host,
        vol.Optional("count"): cv.whole_number(at_least=1, at_most=_MAX_COUNT),
        vol.Optional("size"): cv.whole_number(at_least=TOKEN_BYTES, at_most=MAX_PAYLOAD),
        vol.Optional("family"): family,
        vol.Optional("loss_percent"): upper_limits(percent),
        vol.Optional("thresholds"): THRESHOLDS,
    },
    compile=compile_ping,
    target=lambda options: options.host,
    host=lambda options: options.host,
    example={"host": "127.0.0.1", "count": 3, "loss_percent": {"warn": 30}},
)
