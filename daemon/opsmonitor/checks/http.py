"""HTTP check: does a URL give the expected answer?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import voluptuous as vol
from yarl import URL

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.parts import http_request as keys
from opsmonitor.parts.body import EXPECT_BODY, Body, BodyExpectation, body_rules
from opsmonitor.parts.certificate import TLS, TlsOptions, certificate_rule, tls_info
from opsmonitor.parts.charset import decoded
from opsmonitor.parts.export import Exporter, JsonExport, exports_of, json_exports
from opsmonitor.parts.fields import family, optional, seconds
from opsmonitor.parts.header import HeaderExpectation, expect_header, header_rules
from opsmonitor.parts.json_rules import EXPECT_JSONPATH, JsonExpectation, json_rules, unreadable
from opsmonitor.parts.json_search import JsonSearch
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds, latency_rule
from opsmonitor.parts.rules import Finding, conclude, failed
from opsmonitor.parts.status import ANY_SUCCESS, StatusSet, status_rule, status_set
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.redact import redact_url
from opsmonitor.util.tls import tls_context

if TYPE_CHECKING:
    from opsmonitor.models.check import Outcome, TlsInfo
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http_message import HttpResponse
    from opsmonitor.util.secret import Secret

_MAX_REDIRECTS: Final = 50
_MAX_BODY_BYTES: Final = 64 << 20
JsonValues: TypeAlias = tuple[Any, ...] | TransportError
"""The first value at each path of an expectation, then at each of what is exported; or why the JSON
could not be searched."""
_ONE_PAYLOAD: Final = "only one of body, json and form can be sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """What to ask, and which answer is expected."""

    url: Secret
    """Can hold a password or a token."""
    method: str | None = None
    """None: GET, or POST when there is something to send."""
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    auth: keys.HttpAuth | None = None
    body: keys.Payload | None = None
    json: keys.Payload | None = None
    form: keys.Payload | None = None
    expect_status: StatusSet = ANY_SUCCESS
    expect_body: BodyExpectation | None = None
    expect_jsonpath: tuple[JsonExpectation, ...] = ()
    expect_header: tuple[HeaderExpectation, ...] = ()
    export: tuple[JsonExport, ...] = ()
    redirects: Redirects = Redirects.FOLLOW
    max_redirects: int = 10
    tls: TlsOptions = field(default_factory=TlsOptions)
    max_body_bytes: int = 1 << 20
    family: socket.AddressFamily = socket.AF_UNSPEC
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)
    connect_timeout_s: float | None = None
    proxy: Secret | None = None
    """Can hold a password."""


class HttpJudge:
    """Decides what an answer means, whichever way it came; the rules are made once."""

    __slots__ = (
        "_body_rules",
        "_certificate",
        "_clock",
        "_exporter",
        "_header_rules",
        "_json_rules",
        "_latency",
        "_status",
        "_tls",
    )

    def __init__(self, options: HttpOptions, clock: Clock) -> None:
        """Make the rules."""
        follows = options.redirects is Redirects.FOLLOW
        self._status = status_rule(options.expect_status, follows_redirects=follows)
        secrets = keys.request_secrets(URL(options.url.reveal()), options.headers, options.auth)
        self._body_rules = body_rules(options.expect_body or BodyExpectation(), secrets)
        self._header_rules = header_rules(options.expect_header, secrets)
        self._json_rules = json_rules(options.expect_jsonpath, secrets)
        self._exporter = Exporter(options.export, secrets)
        self._latency = latency_rule(options.thresholds)
        self._certificate = certificate_rule(options.tls)
        self._tls = options.tls
        self._clock = clock

    def __call__(self, response: HttpResponse, values: JsonValues = ()) -> Outcome:
        """Return what the answer means, with the values that were found in its JSON."""
        latency_ms = response.timings.total_ms or 0.0
        info = None
        if response.certificate is not None:
            info = tls_info(response.certificate, self._tls, self._clock)
        return conclude(
            self._findings(response, values, latency_ms, info),
            latency_ms=latency_ms,
            timings=response.timings,
            status_code=response.status,
            tls=info,
            data=self._exported(values),
        )

    def _exported(self, values: JsonValues) -> Mapping[str, object]:
        """Return what is shown beside the check."""
        return self._exporter(
            () if isinstance(values, TransportError) else values[len(self._json_rules) :]
        )

    def _findings(
        self, response: HttpResponse, values: JsonValues, latency_ms: float, info: TlsInfo | None
    ) -> list[Finding]:
        """Apply every rule, the weightiest first."""
        findings = [self._status(response.status)]
        findings += [rule(response.headers) for rule in self._header_rules]
        if self._body_rules:
            body = Body(_text(response), response.truncated)
            findings += [rule(body) for rule in self._body_rules]
        if isinstance(values, TransportError):
            # What is only shown may be unknown: that is no failure.
            findings += [unreadable(values)] if self._json_rules else []
        else:
            findings += [rule(value) for rule, value in zip(self._json_rules, values, strict=False)]
        if self._latency is not None:
            findings.append(self._latency(latency_ms))
        if self._certificate is not None and info is not None:
            findings.append(self._certificate(info))
        return findings


def compile_http(options: HttpOptions, context: CheckContext) -> Probe:
    """Build the request and the rules once; a run only sends and compares."""
    request = _request(options, context.timeout_s)
    judge = HttpJudge(options, context.clock)
    fetch = context.http.fetch
    paths = [expectation.path for expectation in options.expect_jsonpath]
    beside = [entry.path for entry in options.export]
    search = JsonSearch(paths, context.lanes, beside) if paths or beside else None

    async def probe() -> Outcome:
        """Ask once and judge the answer."""
        ends_s = asyncio.get_running_loop().time() + context.timeout_s
        try:
            response = await fetch(request)
        except TransportError as err:
            return failed(err)
        return judge(response, () if search is None else await _find(search, response, ends_s))

    return probe


async def _find(search: JsonSearch, response: HttpResponse, ends_s: float) -> JsonValues:
    """Return the values in the JSON of an answer, or why there are none."""
    if response.truncated:
        return TransportError(
            "body_too_large", "the body is too large to be read whole: its JSON is not searched"
        )
    left_s = max(0.0, ends_s - asyncio.get_running_loop().time())
    try:
        return await search.find(_text(response), left_s)
    except TransportError as err:
        return err


def _text(response: HttpResponse) -> str:
    """Return the body as text."""
    return decoded(response.body, response.headers.get("Content-Type", ""))


def _request(options: HttpOptions, timeout_s: float) -> HttpRequest:
    """Return the complete request."""
    url = URL(options.url.reveal())
    payload = options.body or options.json or options.form
    proxy = None if options.proxy is None else URL(options.proxy.reveal())
    return HttpRequest(
        method=options.method or ("GET" if payload is None else "POST"),
        url=url.with_user(None),
        timeout_s=timeout_s,
        connect_timeout_s=options.connect_timeout_s,
        proxy=None if proxy is None else proxy.with_user(None),
        proxy_authorization=None if proxy is None else keys.proxy_authorization(proxy),
        headers=keys.request_headers(url, options.headers, options.auth, payload),
        body=None if payload is None else payload.content.reveal().encode(),
        tls=tls_context(options.tls.policy),
        family=options.family,
        redirects=options.redirects,
        max_redirects=options.max_redirects,
        max_body_bytes=options.max_body_bytes,
    )


def _target(options: HttpOptions) -> str:
    """Return the address for people."""
    return redact_url(options.url.reveal())


def _host(options: HttpOptions) -> str:
    """Return the host that the requests go to."""
    return URL(options.url.reveal()).host or ""


CHECK: Final = CheckType(
    name="http",
    options=HttpOptions,
    schema={
        vol.Required("url"): keys.url,
        vol.Optional("method"): cv.one_of(*keys.METHODS),
        vol.Optional("headers"): keys.headers,
        vol.Optional("auth"): keys.auth,
        vol.Exclusive("body", "payload", msg=_ONE_PAYLOAD): keys.text_payload,
        vol.Exclusive("json", "payload", msg=_ONE_PAYLOAD): keys.json_payload,
        vol.Exclusive("form", "payload", msg=_ONE_PAYLOAD): keys.form_payload,
        vol.Optional("expect_status"): status_set,
        vol.Optional("expect_body"): EXPECT_BODY,
        vol.Optional("expect_jsonpath"): EXPECT_JSONPATH,
        vol.Optional("expect_header"): expect_header,
        vol.Optional("export"): json_exports,
        vol.Optional("redirects"): keys.redirects,
        vol.Optional("max_redirects"): cv.whole_number(at_least=0, at_most=_MAX_REDIRECTS),
        vol.Optional("tls"): TLS,
        vol.Optional("max_body_bytes"): cv.whole_number(at_least=1, at_most=_MAX_BODY_BYTES),
        vol.Optional("family"): family,
        vol.Optional("thresholds"): THRESHOLDS,
        vol.Optional("connect_timeout_s"): optional(seconds),
        vol.Optional("proxy"): optional(keys.proxy),
    },
    compile=compile_http,
    target=_target,
    host=_host,
    example={
        "url": "http://127.0.0.1:8060/health",
        "expect_status": [200],
        "expect_body": {"contains": "ok"},
        "thresholds": {"warn_ms": 500},
    },
    exports=exports_of,
)
