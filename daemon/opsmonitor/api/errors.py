"""The one shape of every error: `{"error": {"code", "message", "details"}}`."""

from __future__ import annotations

from http import HTTPStatus
import json
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from opsmonitor.engine.tokens import READ_AGAIN_S
from opsmonitor.exceptions import (
    CheckConflictError,
    OpsMonitorError,
    StoreError,
    TokensUnreadError,
    TooManyTokensError,
    UnknownAttemptError,
    UnknownChannelError,
    UnknownCheckError,
    UnknownTokenError,
)
from opsmonitor.util.secret import REDACTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

_LOGGER = logging.getLogger(__name__)

_CODES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "the request is malformed"),
    404: ("not_found", "there is nothing at this path"),
    405: ("method_not_allowed", "this path does not take that method"),
    413: ("body_too_large", "the body is larger than 1 MiB"),
}


_READING: Final = frozenset({"GET", "HEAD"})
_NOT_READ: Final = "the database cannot be read: /ready says why"
_NOT_WRITTEN: Final = "this cannot be kept, as the database cannot be written: /ready says why"
_UNREAD: Final = (
    "who has a token cannot be read yet, as the database or the file token-key cannot: "
    "the log says why"
)
_UNKNOWN: Final[Mapping[type[OpsMonitorError], str]] = {
    UnknownCheckError: "unknown_check",
    UnknownAttemptError: "unknown_attempt",
    UnknownChannelError: "unknown_channel",
    UnknownTokenError: "unknown_token",
}


class ApiError(OpsMonitorError):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, object]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is wrong: a stable code, a sentence, and the single mistakes."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})


def error_response(error: ApiError) -> web.Response:
    """Return an error in the one shape."""
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": [dict(detail) for detail in error.details],
        }
    }
    return web.Response(
        status=error.status,
        body=json.dumps(body).encode(),
        content_type="application/json",
        headers=error.headers,
    )


async def meet_expectation(request: web.Request) -> web.StreamResponse | None:
    """Let a client send the body it announced; refuse any other expectation."""
    if request.headers[hdrs.EXPECT].lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # That was no part of the answer, whose headers are still to come.
        request.writer.output_size = 0
        return None
    return error_response(
        ApiError(417, "expectation_failed", "only `Expect: 100-continue` is understood")
    )


def from_http_exception(exception: web.HTTPException) -> ApiError:
    """Translate what aiohttp raises by itself."""
    allow = exception.headers.get(hdrs.ALLOW)
    return from_status(exception.status, {hdrs.ALLOW: allow} if allow else None)


def from_status(status: int, headers: Mapping[str, str] | None = None) -> ApiError:
    """Return the error of a status that says it all."""
    code, message = _CODES.get(status, (f"http_{status}", HTTPStatus(status).phrase.lower()))
    return ApiError(status, code, message, headers=headers)


_QUESTIONS: Final[tuple[type[OpsMonitorError], ...]] = (
    *_UNKNOWN,
    CheckConflictError,
    TooManyTokensError,
)
"""What a request can be wrong about."""


def _of_question(error: OpsMonitorError) -> ApiError:
    """Return the answer to a request that does not fit what there is."""
    if isinstance(error, CheckConflictError):
        return ApiError(409, error.code, str(error))
    if isinstance(error, TooManyTokensError):
        return ApiError(409, "too_many", str(error))
    return ApiError(404, _UNKNOWN[type(error)], str(error))


def _shown(request: web.Request) -> str:
    """Return the path of a request for the log: the token of a ping is a credential."""
    token = request.match_info.get("token")
    return request.path.replace(token, REDACTED) if token else request.path


def _of_store(request: web.Request, error: StoreError) -> ApiError:
    """Return the answer to a request that the database is needed for."""
    if isinstance(error, TokensUnreadError):
        # Told in the log once, however many programs try again meanwhile.
        again: dict[str, str] = {hdrs.RETRY_AFTER: str(round(READ_AGAIN_S))}
        return ApiError(503, "store_unavailable", _UNREAD, headers=again)
    _LOGGER.warning("%s %r: %s", request.method, _shown(request), error)
    message = _NOT_READ if request.method in _READING else _NOT_WRITTEN
    return ApiError(503, "store_unavailable", message)


@web.middleware
async def error_middleware(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Answer every failure in the one shape, and never with a traceback."""
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error)
    except _QUESTIONS as error:
        return error_response(_of_question(error))
    except StoreError as error:
        return error_response(_of_store(request, error))
    except web.HTTPException as exception:
        if exception.status < HTTPStatus.BAD_REQUEST:
            raise
        return error_response(from_http_exception(exception))
    except ConnectionError:
        raise
    except Exception as err:
        _LOGGER.exception("%s %r failed", request.method, _shown(request))
        if request.writer.output_size:
            # It can neither be taken back nor be told within what is already out.
            raise ConnectionResetError("the answer broke off") from err
        return error_response(
            ApiError(500, "internal", "something went wrong inside; the log says more")
        )
