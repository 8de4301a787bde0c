"""Make an HTTP request that changes something, and tell whether it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from yarl import URL

from opsmonitor.exceptions import ActionError, TransportError
from opsmonitor.parts.certificate import TlsOptions
from opsmonitor.parts.http_request import HttpAuth, Payload, request_headers
from opsmonitor.parts.status import ANY_SUCCESS, StatusSet
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.redact import redact_url
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

if TYPE_CHECKING:
    from opsmonitor.util.http import HttpTransport

_MAX_BODY: Final = 1 << 16
"""Nobody looks at the body, but the other side may want to send it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """What is sent, and which answers are fine."""

    method: str
    url: Secret
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    auth: HttpAuth | None = None
    payload: Payload | None = None
    tls: TlsOptions = field(default_factory=TlsOptions)
    expected: StatusSet = ANY_SUCCESS


async def make_call(call: HttpCall, http: HttpTransport, timeout_s: float) -> str:
    """Send a request, and return the answer in a few words.

    It is sent once: nobody knows what it would do the second time. Redirects are not followed.

    Raises:
        ActionError: There was no answer, or another one than expected.

    """
    url = URL(call.url.reveal())
    request = HttpRequest(
        method=call.method,
        url=url.with_user(None),
        timeout_s=timeout_s,
        headers=request_headers(url, call.headers, call.auth, call.payload),
        body=None if call.payload is None else call.payload.content.reveal().encode(),
        tls=tls_context(call.tls.policy),
        redirects=Redirects.NEVER,
        max_body_bytes=_MAX_BODY,
    )
    try:
        response = await http.fetch(request)
    except TransportError as err:
        raise ActionError(err.message) from err
    told = f"answered {_phrase(response.status)}"
    if response.status not in call.expected.codes:
        raise ActionError(f"{told}, expected {call.expected.text}")
    return told


def address(url: Secret) -> str:
    """Return where something is sent, for people."""
    return redact_url(url.reveal())


def _phrase(status: int) -> str:
    """Return a status with its name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
