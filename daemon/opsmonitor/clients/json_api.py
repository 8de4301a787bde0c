"""Ask a JSON API over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor import __version__
from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.json_parts import LONG, parse_in_parts

if TYPE_CHECKING:
    import ssl

    from opsmonitor.util.http import HttpTransport

_OK: Final = 200
_NO_CONTENT: Final = 204
_REDIRECTS: Final = range(300, 400)
_AGENT: Final = f"OpsMonitor/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAnswer:
    """What was answered."""

    status: int
    reason: str
    """The words beside the status: some APIs say there what is wrong."""
    data: Any
    """None as well if the answer is no JSON."""
    is_json: bool


class JsonApi:
    """Asks one server; its token goes nowhere else, as redirects are not followed."""

    __slots__ = ("_base", "_headers", "_http", "_max_bytes", "_tls")

    def __init__(
        self,
        http: HttpTransport,
        base: URL,
        *,
        tls: ssl.SSLContext,
        headers: Mapping[str, str],
        max_bytes: int = 8 << 20,
    ) -> None:
        """Take its address, below which all paths lie, and what is sent along each time."""
        self._http = http
        self._base = base.with_user(None).with_query(None).with_fragment(None)
        self._tls = tls
        self._headers = CIMultiDict(
            {"User-Agent": _AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
            | dict(headers)
        )
        self._max_bytes = max_bytes

    @property
    def place(self) -> str:
        """Return where the server listens, for people."""
        return f"{self._base.host}:{self._base.port}"

    async def get(self, path: str, *, timeout_s: float) -> JsonAnswer:
        """Return the answer to a request for a path, which begins with a slash.

        Raises:
            TransportError: There is no answer, or it is longer than allowed.

        """
        return await self._ask("GET", path, None, timeout_s)

    async def post(self, path: str, body: Mapping[str, Any], *, timeout_s: float) -> JsonAnswer:
        """Return the answer to a posted object.

        Raises:
            TransportError: There is no answer, or it is longer than allowed.

        """
        return await self._ask("POST", path, json.dumps(body).encode(), timeout_s)

    async def _ask(
        self, method: str, path: str, body: bytes | None, timeout_s: float
    ) -> JsonAnswer:
        """Return the answer to one request."""
        headers = self._headers
        if body is not None:
            headers = CIMultiDict([*headers.items(), ("Content-Type", "application/json")])
        root = str(self._base).rstrip("/")
        response = await self._http.fetch(
            HttpRequest(
                method=method,
                url=URL(f"{root}{path}", encoded=True),
                headers=CIMultiDictProxy(headers),
                body=body,
                timeout_s=timeout_s,
                tls=self._tls,
                redirects=Redirects.NEVER,
                max_body_bytes=self._max_bytes,
            )
        )
        if response.truncated:
            raise TransportError("body_too_large", f"the answer of {self.place} is too large")
        found = response.body
        is_long = len(found) >= LONG
        data, is_json = await asyncio.to_thread(_parsed, found) if is_long else _parsed(found)
        return JsonAnswer(
            status=response.status, reason=response.reason, data=data, is_json=is_json
        )

    def refusal(self, answer: JsonAnswer) -> TransportError:
        """Return the error for an answer that is not what was asked for."""
        if answer.status in _REDIRECTS:
            message = f"{self.place} redirects elsewhere: write the address that it leads to"
            return TransportError("redirected", message)
        if answer.status in (_OK, _NO_CONTENT):
            return TransportError("invalid_response", f"{self.place} answered something else")
        message = f"{self.place} answered with status {answer.status}"
        return TransportError("http_status", message)


def _parsed(body: bytes) -> tuple[Any, bool]:
    """Return what the JSON says, and whether it is JSON at all."""
    try:
        return parse_in_parts(body) if len(body) >= LONG else json.loads(body), True
    except (ValueError, RecursionError):
        return None, False
