"""TLS check: is the certificate of a server trusted, the right one, and valid for a while yet?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.models.check import Verdict
from opsmonitor.parts.certificate import TlsOptions, ca_file, expires_in_days, fingerprint, tls_info
from opsmonitor.parts.dialog import Dialog
from opsmonitor.parts.fields import family, host, optional
from opsmonitor.parts.handshake import (
    Seen,
    expiry_rule,
    fingerprint_rule,
    seen_data,
    trust_finding,
    version_rule,
)
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds, latency_rule
from opsmonitor.parts.limits import Limits
from opsmonitor.parts.rules import Trouble, conclude, failed
from opsmonitor.util.connect import connect, find_endpoints, literal_endpoint
from opsmonitor.util.net import url_host
from opsmonitor.util.timeline import Timeline
from opsmonitor.util.tls import PemFile, TlsPolicy, tls_context
from opsmonitor.util.trouble import explain, timed_out

if TYPE_CHECKING:
    from opsmonitor.models.check import Outcome
    from opsmonitor.util.clock import Clock

_HTTPS: Final = 443
_MAX_DAYS: Final = 3650
_VERSIONS: Final = {"1.2": "TLSv1.2", "1.3": "TLSv1.3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCheckOptions:
    """Whose certificate to look at, and what is expected of it."""

    host: str
    port: int = _HTTPS
    server_name: str | None = None
    """What the certificate must be for; None: the host."""
    verify: bool = True
    ca_file: PemFile | None = None
    expires_in_days: Limits = field(default_factory=lambda: Limits(warn=14, crit=3))
    min_version: str | None = None
    fingerprint: str | None = None
    """SHA-256 of the certificate, in lower-case hexadecimal."""
    family: socket.AddressFamily = socket.AF_UNSPEC
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)


class TlsJudge:
    """Decides what a handshake means; the rules are made once."""

    __slots__ = ("_clock", "_latency", "_rules", "_verify")

    def __init__(self, options: TlsCheckOptions, clock: Clock) -> None:
        """Make the rules."""
        self._clock = clock
        self._verify = options.verify
        self._latency = latency_rule(options.thresholds)
        self._rules = [expiry_rule(options.expires_in_days)]
        if options.fingerprint is not None:
            self._rules.append(fingerprint_rule(options.fingerprint))
        if options.min_version is not None:
            self._rules.append(version_rule(options.min_version))

    def __call__(self, timeline: Timeline, distrust: Trouble | None) -> Outcome:
        """Return what was seen means, together with why it is not trusted."""
        timings = timeline.timings()
        # Looking up the name is not the target's work.
        latency_ms = (timings.total_ms or 0.0) - (timings.dns_ms or 0.0)
        certificate = timeline.certificate or b""
        policy = TlsPolicy(verify=self._verify and distrust is None)
        info = tls_info(certificate, TlsOptions(policy=policy), self._clock)
        seen = Seen(certificate, timeline.tls_version or "", info)
        findings = [rule(seen) for rule in self._rules]
        if self._verify:
            # When the time is over, the date says more than that nobody trusts it any more.
            findings.insert(1 if seen.is_expired else 0, trust_finding(distrust))
        if self._latency is not None:
            findings.append(self._latency(latency_ms))
        return conclude(
            findings, latency_ms=latency_ms, timings=timings, tls=info, data=seen_data(seen)
        )


class _Inspector:
    """Looks at one server's certificate; everything about it is prepared once."""

    __slots__ = (
        "_dialog",
        "_judge",
        "_lenient_dialog",
        "_literal",
        "_options",
        "_place",
        "_resolver",
        "_timeout_s",
    )

    def __init__(self, options: TlsCheckOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        literal = literal_endpoint(options.host, options.port)
        self._literal = None if literal is None else [literal]
        self._judge = TlsJudge(options, context.clock)
        self._dialog = _dialog(options, TlsPolicy(verify=options.verify, ca_file=options.ca_file))
        self._lenient_dialog = _dialog(options, TlsPolicy(verify=False))
        self._options = options
        self._place = f"{options.host} port {options.port}"
        self._resolver = context.resolver
        self._timeout_s = context.timeout_s

    async def probe(self) -> Outcome:
        """Shake hands once, or twice to see a certificate that is not trusted."""
        timeline = Timeline()
        host_name = self._options.host
        try:
            async with asyncio.timeout(self._timeout_s):
                timeline, distrust = await self._look(timeline)
        except TimeoutError as err:
            if err.errno is None:
                return failed(timed_out(host_name, self._timeout_s, timeline))
            return failed(explain(err, self._place, host_name))
        except OSError as err:
            return failed(explain(err, self._place, host_name))
        return self._judge(timeline, distrust)

    async def _look(self, timeline: Timeline) -> tuple[Timeline, Trouble | None]:
        """Return the exchange that showed the certificate, and why it is not trusted."""
        try:
            await self._shake_hands(self._dialog, timeline)
        except ssl.SSLCertVerificationError as err:
            reason = explain(err, self._place, self._options.host)
            distrust = Trouble(Verdict.FAIL, reason.code, reason.message)
        else:
            return timeline, None
        # Python shows a certificate only to those who accept it.
        second = Timeline()
        await self._shake_hands(self._lenient_dialog, second)
        return second, distrust

    async def _shake_hands(self, dialog: Dialog, timeline: Timeline) -> None:
        """Connect, shake hands and hang up."""
        options = self._options
        endpoints = self._literal or await find_endpoints(
            self._resolver, options.host, options.port, options.family, timeline
        )
        sock = await connect(endpoints, timeline)
        await dialog.run(sock, timeline, bytearray())


def compile_tls(options: TlsCheckOptions, context: CheckContext) -> Probe:
    """Prepare everything once; a run only shakes hands and compares."""
    return _Inspector(options, context).probe


def _dialog(options: TlsCheckOptions, policy: TlsPolicy) -> Dialog:
    """Return a dialog that ends with the handshake."""
    return Dialog(
        request=b"",
        expected=b"",
        tls=tls_context(policy),
        server_name=options.server_name or options.host,
    )


def _version(value: Any) -> str:
    """Accept 1.2 or 1.3; without quotes they are numbers."""
    return _VERSIONS[cv.one_of(*_VERSIONS)(str(value))]


CHECK: Final = CheckType(
    name="tls",
    options=TlsCheckOptions,
    schema={
        vol.Required("host"): host,
        vol.Optional("port"): cv.port,
        vol.Optional("server_name"): optional(host),
        vol.Optional("verify"): cv.boolean,
        vol.Optional("ca_file"): optional(ca_file),
        vol.Optional("expires_in_days"): expires_in_days,
        vol.Optional("min_version"): optional(_version),
        vol.Optional("fingerprint"): optional(fingerprint),
        vol.Optional("family"): family,
        vol.Optional("thresholds"): THRESHOLDS,
    },
    compile=compile_tls,
    target=lambda options: f"{url_host(options.host)}:{options.port}",
    host=lambda options: options.host,
    example={
        "host": "nas.lan",
        "port": 5001,
        "expires_in_days": {"warn": 21, "crit": 7},
        "min_version": "1.3",
    },
)
