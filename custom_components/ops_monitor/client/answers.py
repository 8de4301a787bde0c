"""Judges what a daemon answers, and reads it."""

from http import HTTPStatus
import json
from typing import Any, Final

from aiohttp import ClientResponse

from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorBusyError,
    OpsMonitorConnectionError,
    OpsMonitorForbiddenError,
    OpsMonitorHostError,
    OpsMonitorRefusalError,
    OpsMonitorResponseError,
)
from .fields import Fields

JSON: Final = "application/json"

_BODY_LIMIT: Final = 32 * 1024 * 1024
"""Far above the snapshot of ten thousand checks; protects our memory from a broken server."""
_REFUSALS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.BAD_GATEWAY,
    }
)


async def check_answer(response: ClientResponse, content_type: str) -> None:
    """Raise the error that a status or a content type means."""
    status = response.status
    if status in (HTTPStatus.OK, HTTPStatus.CREATED) and response.content_type == content_type:
        return
    if status == HTTPStatus.NOT_MODIFIED:
        return
    code, message = await _read_refusal(response)
    what = f"{response.url.path} answered {status}: {message}"
    if code == "host_not_allowed":
        raise OpsMonitorHostError(what)
    # A refusal that is not in the daemon's own words comes from a proxy, or from somebody else.
    if status == HTTPStatus.UNAUTHORIZED and code:
        raise OpsMonitorAuthError(what)
    if status == HTTPStatus.FORBIDDEN and code:
        raise OpsMonitorForbiddenError(what)
    if status in _REFUSALS and code and code != "not_found":
        raise OpsMonitorRefusalError(code, message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise OpsMonitorBusyError(what)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OpsMonitorConnectionError(what)
    raise OpsMonitorResponseError(what)


async def _read_refusal(response: ClientResponse) -> tuple[str | None, str]:
    """Return the code and the message of the daemon's error; no code if it is not the daemon's."""
    if response.content_type == JSON:
        try:
            answer = Fields.of(json.loads(await _read_limited(response)), "answer")
            error = Fields.of(answer.values.get("error"), "error")
            return error.required_text("code"), error.text("message") or ""
        except ValueError, RecursionError, OpsMonitorResponseError:
            pass
    return None, f"{response.reason} ({response.content_type})"


async def read_json(response: ClientResponse) -> Any:
    """Return what a JSON body holds."""
    body = await _read_limited(response)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as err:
        raise OpsMonitorResponseError(f"{response.url.path}: not JSON") from err


async def _read_limited(response: ClientResponse) -> bytes:
    """Return the body, unless it is longer than any of ours."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise OpsMonitorResponseError(f"{response.url.path} answered too many bytes")
    return bytes(body)
