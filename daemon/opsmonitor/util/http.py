"""Fetch an answer over HTTP: how bytes come, and when; not what they mean."""

from __future__ import annotations

from collections.abc import Mapping
import socket
from typing import TYPE_CHECKING, Final

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_body import decode_body, read_body
from opsmonitor.util.http_connector import Connector
from opsmonitor.util.http_message import HttpRequest, HttpResponse
from opsmonitor.util.http_redirect import REDIRECT_STATUSES, redirected
from opsmonitor.util.http_trouble import explain_client_error
from opsmonitor.util.time_limit import TimeLimits
from opsmonitor.util.timeline import CURRENT, Timeline
from opsmonitor.util.trouble import timed_out

if TYPE_CHECKING:
    from opsmonitor.util.resolver import Resolver

_NO_LIMIT: Final = ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_MAX_LINE_BYTES: Final = 16 * 1024
_MAX_HEADER_BYTES: Final = 64 * 1024
_MAX_HEADERS: Final = 256


class HttpTransport:
    """Fetches over a fresh connection each time.

    Reuse would hide a full accept queue, a dead listener, and changes of name or certificate.
    """

    def __init__(self, resolver: Resolver) -> None:
        """Prepare; sessions are made at their first use, inside the event loop."""
        self._resolver = _TimedResolver(resolver)
        self._sessions: dict[int, ClientSession] = {}
        self._limits = TimeLimits()

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to a request.

        Raises:
            TransportError: There is no answer that could be judged.

        """
        CURRENT.set(first := Timeline())
        try:
            with self._limits.within(request.timeout_s):
                return await self._follow(request, first)
        except TimeoutError as err:
            timeline = CURRENT.get() or first
            raise timed_out(request.url.host or "", request.timeout_s, timeline) from err

    def session(self, family: socket.AddressFamily) -> ClientSession:
        """Return the session of an address family, for what is more than one answer."""
        session = self._sessions.get(family)
        if session is None:
            session = self._sessions[family] = self._make_session(family)
        return session

    async def close(self) -> None:
        """Close all connections."""
        sessions = tuple(self._sessions.values())
        self._sessions.clear()
        self._limits.stop()
        for session in sessions:
            await session.close()

    async def _follow(self, request: HttpRequest, timeline: Timeline) -> HttpResponse:
        """Ask, and ask again where redirects lead."""
        for _ in range(request.max_redirects + 1):
            answer = await self._exchange(request, timeline)
            if isinstance(answer, HttpResponse):
                return answer
            request = answer
            CURRENT.set(timeline := Timeline(timeline.timings().total_ms or 0.0))
        raise TransportError(
            "too_many_redirects", f"more than {request.max_redirects} redirects in a row"
        )

    async def _exchange(
        self, request: HttpRequest, timeline: Timeline
    ) -> HttpResponse | HttpRequest:
        """Make one request; return the answer, or the request that it redirects to."""
        is_done = False
        try:
            response = await self._send(request)
            try:
                if response.status in REDIRECT_STATUSES:
                    target = redirected(request, response.status, response.headers)
                    if target is not None:
                        return target
                answer = await _receive(request, response, timeline)
                is_done = not answer.truncated and request.body is None
            finally:
                response.close()
        except ClientError as err:
            raise explain_client_error(err, request, timeline) from err
        finally:
            # Closing waits until all is sent, which can be never.
            if not is_done:
                timeline.hang_up()
        return answer

    async def _send(self, request: HttpRequest) -> ClientResponse:
        """Send the request and wait for the head of the answer."""
        session = self.session(request.family)
        limit_s = request.connect_timeout_s
        headers, proxy_headers = _headers(request)
        return await session.request(
            request.method,
            request.url,
            headers=headers,
            proxy=request.proxy,
            proxy_headers=proxy_headers,
            data=request.body,
            ssl=request.tls,
            timeout=_NO_LIMIT if limit_s is None else ClientTimeout(total=None, connect=limit_s),
            allow_redirects=False,
        )

    def _make_session(self, family: socket.AddressFamily) -> ClientSession:
        """Return a session that keeps nothing from one request to the next."""
        session = ClientSession(
            connector=Connector(self._resolver, family),
            cookie_jar=DummyCookieJar(),
            timeout=_NO_LIMIT,
            auto_decompress=False,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            max_headers=_MAX_HEADERS,
        )
        # aiohttp asks again when a connection ends without an answer, as a reused one may; ours
        # are never reused, and the second request would hide that the first one failed.
        session._retry_connection = False  # noqa: SLF001  # there is no public switch
        return session


class _TimedResolver(AbstractResolver):
    """Notes on the running exchange's timeline how long a look-up took."""

    def __init__(self, resolver: Resolver) -> None:
        """Wrap a resolver."""
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host."""
        timeline = CURRENT.get()
        if timeline is None:
            return await self._resolver.resolve(host, port, family)
        timeline.note_dns_started()
        found = await self._resolver.resolve(host, port, family)
        timeline.note_dns_done()
        return found

    async def close(self) -> None:
        """Leave the resolver to its owner."""


def _headers(request: HttpRequest) -> tuple[Mapping[str, str], Mapping[str, str] | None]:
    """Return the headers for the target, and those for a proxy before a TLS tunnel.

    Without TLS there is no tunnel: the proxy reads the request itself, and passes on the rest.
    """
    if request.proxy is None or request.proxy_authorization is None:
        return request.headers, None
    login = CIMultiDict({"Proxy-Authorization": request.proxy_authorization})
    if request.url.scheme == "https":
        return request.headers, login
    return CIMultiDict([*request.headers.items(), *login.items()]), None


async def _receive(
    request: HttpRequest, response: ClientResponse, timeline: Timeline
) -> HttpResponse:
    """Read the body and put the answer together."""
    body, truncated = await read_body(response.content, request.max_body_bytes)
    encoding = response.headers.get("Content-Encoding")
    if encoding is not None and body:
        body, longer = decode_body(body, encoding, request.max_body_bytes)
        truncated = truncated or longer
    return HttpResponse(
        status=response.status,
        reason=response.reason or "",
        headers=response.headers,
        body=body,
        truncated=truncated,
        url=request.url,
        timings=timeline.timings(),
        certificate=timeline.certificate,
    )
