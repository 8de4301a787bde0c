"""Ask a program on this machine over HTTP through its socket file."""

from __future__ import annotations

import asyncio
import errno
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    UnixConnector,
)

from opsmonitor import __version__
from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_body import read_body
from opsmonitor.util.want import own_want

if TYPE_CHECKING:
    from yarl import URL

_NO_LIMIT: Final = ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_HEADERS: Final = {"User-Agent": f"OpsMonitor/{__version__}", "Accept-Encoding": "identity"}
_OS_ERRORS: Final = {
    errno.ENOENT: ("socket_missing", "there is no {}"),
    errno.ENOTDIR: ("socket_missing", "there is no {}"),
    errno.EACCES: ("permission_denied", "this user may not use {}"),
    errno.ECONNREFUSED: ("connection_refused", "nothing listens at {}"),
}


class UnixAnswer(NamedTuple):
    """What was answered."""

    status: int
    body: bytes
    took_ms: float


async def exchange(
    path: str, url: URL, *, timeout_s: float, max_bytes: int, method: str = "GET"
) -> UnixAnswer:
    """Return the answer to a request without a body, over a connection of its own.

    Raises:
        TransportError: There is no answer, or it is longer than allowed.

    """
    started = perf_counter()
    try:
        async with (
            asyncio.timeout(timeout_s),
            _session(path) as session,
            session.request(method, url, headers=_HEADERS, allow_redirects=False) as response,
        ):
            body, truncated = await read_body(response.content, max_bytes)
            status = response.status
    except TimeoutError as err:
        raise TransportError("timeout", f"no answer from {path} within {timeout_s:g} s") from err
    except ClientConnectorError as err:
        raise _explain(err.os_error, path) from err
    except ClientError as err:
        message = f"what listens at {path} gave no complete answer in HTTP"
        raise TransportError("invalid_response", message) from err
    if truncated:
        raise TransportError("body_too_large", f"the answer of {path} is too large")
    return UnixAnswer(status, body, (perf_counter() - started) * 1000)


def _session(path: str) -> ClientSession:
    """Return a session for one request."""
    session = ClientSession(
        connector=UnixConnector(path, force_close=True),
        cookie_jar=DummyCookieJar(),
        timeout=_NO_LIMIT,
        auto_decompress=False,
    )
    # aiohttp would ask again when a connection ends without an answer, and hide that it did.
    session._retry_connection = False  # noqa: SLF001  # there is no public switch
    return session


def _explain(error: OSError, path: str) -> TransportError:
    """Return the error for people."""
    want = own_want(error, f"open a connection to {path}")
    if want is not None:
        return want
    known = _OS_ERRORS.get(error.errno or 0)
    if known is None:
        reason = (error.strerror or str(error)).lower()
        return TransportError("connection_failed", f"could not connect to {path}: {reason}")
    code, text = known
    return TransportError(code, text.format(path))
