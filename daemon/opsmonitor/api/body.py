"""Read what a request brings."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiohttp import hdrs

from opsmonitor.api.errors import ApiError

if TYPE_CHECKING:
    from aiohttp import web

    from opsmonitor.api.schemas.validation import RequestSchema

MAX_BODY_BYTES: Final = 1024 * 1024
_PATIENCE_S: Final = 10.0
"""A body that is not complete by then is not waited for."""
_DEEPEST: Final = 32
_HALF: Final = re.compile(r"[\ud800-\udfff]")

RequestT = TypeVar("RequestT")


def read_query(request: web.Request, schema: RequestSchema[RequestT]) -> RequestT:
    """Return the validated query.

    Raises:
        ApiError: 422, naming every bad parameter.

    """
    repeated = sorted({key for key in request.query if len(request.query.getall(key)) > 1})
    if repeated:
        raise ApiError(
            422,
            "validation_failed",
            f"given more than once: {', '.join(repeated)}",
            details=[{"field": key, "message": "given more than once"} for key in repeated],
        )
    return schema.parse(dict(request.query))


async def read_json(request: web.Request, schema: RequestSchema[RequestT]) -> RequestT:
    """Return the validated JSON body; no body at all is an empty object.

    Raises:
        ApiError: The body is late (408), of another type (415), malformed (400) or not valid (422).

    """
    raw = await read_bytes(request)
    if not raw:
        return schema.parse({})
    if request.content_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "the body must be application/json")
    value = _parse(raw)
    if not isinstance(value, dict):
        raise ApiError(422, "validation_failed", "the body must be a JSON object")
    return schema.parse(value)


async def read_bytes(request: web.Request) -> bytes:
    """Return the body.

    Raises:
        ApiError: 408, the client takes too long to send it; 415, it is compressed.

    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise ApiError(415, "unsupported_media_type", "the body must not be compressed")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await request.read()
    except TimeoutError as err:
        raise ApiError(
            408, "body_timeout", f"the body did not come within {_PATIENCE_S:g} s"
        ) from err


def _parse(raw: bytes) -> object:
    """Read JSON that is not nested beyond reason.

    Raises:
        ApiError: 400, it is malformed, too deep, or holds half of a character.

    """
    try:
        value: Any = json.loads(raw)
    except RecursionError as err:
        raise _too_deep() from err
    except ValueError as err:
        raise ApiError(400, "malformed_json", f"the body is not JSON: {err}") from err
    _check(value, 1, "")
    return value


def _check(value: object, depth: int, path: str) -> None:
    """Refuse a value that is nested too deeply, or that could be kept nowhere."""
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, path)
            _check(item, depth + 1, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check(item, depth + 1, f"{path}[{position}]")


def _check_text(text: str, path: str) -> None:
    """Refuse half characters (lone surrogates), which an escape can bring in."""
    if not text.isascii() and _HALF.search(text):
        message = f"half of a character in {f'`{path}`' if path else 'a key'}: write it out"
        details = [{"field": path, "message": "half of a character"}]
        raise ApiError(400, "malformed_json", message, details=details)


def _too_deep() -> ApiError:
    """Return the error of a body that is nested too deeply."""
    return ApiError(400, "malformed_json", f"the body is nested deeper than {_DEEPEST} levels")
