"""Talks to one daemon over HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
import json
from typing import Final

from aiohttp import (
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
)
from yarl import URL

from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorConnectionError,
    OpsMonitorHostError,
    OpsMonitorResponseError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
    OpsMonitorVersionError,
)
from .fields import Fields
from .models import Info
from .snapshot import Snapshot, read_frame
from .sse import Message, MessageParser

API_VERSION: Final = 1
"""The API level that this client speaks."""
API_VERSION_MIN: Final = 1
"""The lowest level of a daemon that gives all that this client needs."""

REQUEST_LIMITS: Final = ClientTimeout(total=10)
STREAM_LIMITS: Final = ClientTimeout(total=None, connect=10, sock_read=40)
"""The daemon sends something every 15 s: missing that twice and more is a dead connection."""

_BODY_LIMIT: Final = 1024 * 1024


class OpsMonitorClient:
    """The API of one daemon."""

    def __init__(self, session: ClientSession, url: URL | str, token: str | None = None) -> None:
        """Remember where the daemon is and what it wants to hear."""
        self._session = session
        self._url = URL(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def info(self) -> Info:
        """Return who the daemon is; refuse one whose API level does not fit ours."""
        async with self._get("api/info", "application/json", REQUEST_LIMITS) as response:
            body = await _read_limited(response)
        try:
            info = Info.from_api(json.loads(body))
        except (ValueError, RecursionError) as err:
            raise OpsMonitorResponseError("/api/info: not JSON") from err
        if info.api_version < API_VERSION_MIN or info.min_client_version > API_VERSION:
            raise OpsMonitorVersionError(
                f"the daemon speaks API level {info.api_version} to clients of level "
                f"{info.min_client_version} or above; this client needs at least level "
                f"{API_VERSION_MIN} and speaks {API_VERSION}"
            )
        return info

    async def snapshot(self) -> tuple[Snapshot, str | None]:
        """Return the present state, and the id from which the stream goes on after it."""
        async with aclosing(self.stream(limits=REQUEST_LIMITS)) as batches:
            async for batch in batches:
                for message in batch:
                    frame = read_frame(message)
                    if isinstance(frame, Snapshot):
                        return frame, message.id
        raise OpsMonitorConnectionError("the stream ended before its snapshot")

    async def stream(
        self, last_event_id: str | None = None, *, limits: ClientTimeout = STREAM_LIMITS
    ) -> AsyncGenerator[list[Message]]:
        """Yield what the daemon sends as it comes; an empty list is a sign of life."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        async with self._get("api/stream", "text/event-stream", limits, headers) as response:
            parser = MessageParser()
            async for chunk in response.content.iter_any():
                yield parser.feed(chunk)

    @asynccontextmanager
    async def _get(
        self,
        path: str,
        content_type: str,
        limits: ClientTimeout,
        headers: Mapping[str, str] = {},
    ) -> AsyncIterator[ClientResponse]:
        """Open a GET request; whatever fails inside the block becomes one of our errors."""
        try:
            async with self._session.get(
                self._url / path,
                headers={"Accept": content_type, **self._headers, **headers},
                timeout=limits,
                # A redirect is not followed: the token would go to wherever it points.
                allow_redirects=False,
            ) as response:
                await _check_answer(response, content_type)
                yield response
        except TimeoutError as err:
            raise OpsMonitorTimeoutError("no answer in time") from err
        except ClientSSLError as err:
            raise OpsMonitorTlsError(str(err)) from err
        except ClientPayloadError as err:
            raise OpsMonitorConnectionError("the connection was cut off") from err
        except (ClientError, OSError) as err:
            raise OpsMonitorConnectionError(str(err) or type(err).__name__) from err


async def _check_answer(response: ClientResponse, content_type: str) -> None:
    """Raise the error that a status or a content type means."""
    if response.status == HTTPStatus.OK and response.content_type == content_type:
        return
    code, message = await _read_refusal(response)
    what = f"{response.url.path} answered {response.status}: {message}"
    status = response.status
    if code == "host_not_allowed":
        raise OpsMonitorHostError(what)
    # A refusal that is not in the daemon's own words comes from a proxy, or from somebody else.
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and code:
        raise OpsMonitorAuthError(what)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OpsMonitorConnectionError(what)
    raise OpsMonitorResponseError(what)


async def _read_refusal(response: ClientResponse) -> tuple[str | None, str]:
    """Return the code and the message of the daemon's error; no code if it is not the daemon's."""
    if response.content_type == "application/json":
        try:
            answer = Fields.of(json.loads(await _read_limited(response)), "answer")
            error = Fields.of(answer.values.get("error"), "error")
            return error.required_text("code"), error.text("message") or ""
        except ValueError, RecursionError, OpsMonitorResponseError:
            pass
    return None, f"{response.reason} ({response.content_type})"


async def _read_limited(response: ClientResponse) -> bytes:
    """Return the body, unless it is longer than any of ours."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise OpsMonitorResponseError(f"{response.url.path} answered too many bytes")
    return bytes(body)
