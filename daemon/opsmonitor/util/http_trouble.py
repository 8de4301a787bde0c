"""Turn what the HTTP client raises into one plain sentence with a stable code."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponseError,
    ServerDisconnectedError,
    ServerTimeoutError,
)
from aiohttp.http_exceptions import LineTooLong

from opsmonitor.exceptions import TransportError
from opsmonitor.util.trouble import explain, timed_out
from opsmonitor.util.want import CODE

if TYPE_CHECKING:
    from opsmonitor.util.http_message import HttpRequest
    from opsmonitor.util.timeline import Timeline

_MAX_CAUSES: Final = 8


def explain_client_error(
    error: ClientError, request: HttpRequest, timeline: Timeline
) -> TransportError:
    """Return the error for people."""
    host = request.url.host or ""
    place = f"{host} port {request.url.port}"
    match error:
        case ServerTimeoutError():
            limit_s = request.connect_timeout_s or request.timeout_s
            trouble = timed_out(host, limit_s, timeline)
        case ClientProxyConnectionError():
            trouble = _no_proxy(error.os_error, request)
        case ClientHttpProxyError():
            trouble = _refused_by_proxy(error.status, request)
        case ClientConnectorError():
            trouble = explain(error.os_error, place, host)
        case ServerDisconnectedError():
            trouble = _disconnected(place, timeline)
        case ClientOSError():
            trouble = explain(error, place, host)
        case ClientResponseError():
            trouble = _not_http(error, place)
        case ClientPayloadError():
            trouble = _broken_body(place, timeline)
        case _:
            trouble = TransportError("invalid_response", f"{place} cannot be asked in HTTP")
    return trouble


def _no_proxy(error: OSError, request: HttpRequest) -> TransportError:
    """Tell that the proxy cannot be reached: nothing is known of the target."""
    host = "" if request.proxy is None else request.proxy.host or ""
    port = None if request.proxy is None else request.proxy.port
    reason = explain(error, f"the proxy {host} port {port}", host)
    return TransportError(CODE if reason.code == CODE else "proxy_failed", reason.message)


def _refused_by_proxy(status: int, request: HttpRequest) -> TransportError:
    """Tell that the proxy does not open a way to the target."""
    hint = ": it asks for a login" if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else ""
    host = "" if request.proxy is None else request.proxy.host
    return TransportError(
        "proxy_failed", f"the proxy {host} refused to connect with status {status}{hint}"
    )


def _disconnected(place: str, timeline: Timeline) -> TransportError:
    """Tell a server that says nothing from one that stops half-way."""
    if timeline.first_byte is None:
        return TransportError(
            "connection_closed", f"{place} closed the connection without an answer"
        )
    return TransportError("connection_closed", f"{place} closed the connection in mid-answer")


def _not_http(error: ClientResponseError, place: str) -> TransportError:
    """Tell headers that are too large from bytes that are no HTTP."""
    if any(isinstance(cause, LineTooLong) for cause in _causes(error)):
        return TransportError("invalid_response", f"the response headers of {place} are too large")
    return TransportError("invalid_response", f"{place} answered, but not in valid HTTP")


def _broken_body(place: str, timeline: Timeline) -> TransportError:
    """Tell a connection that was reset from one that ended too early."""
    if timeline.was_reset:
        return TransportError("connection_reset", f"{place} reset the connection in mid-answer")
    return TransportError("connection_closed", f"the answer of {place} broke off in its body")


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and what caused it."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < _MAX_CAUSES:
        causes.append(cause)
        cause = cause.__cause__
    return causes
