"""Ask a FRITZ!Box by TR-064: few requests, each with a limit, one login at a time.

The library fritzconnection is not used: it blocks, makes 41 requests before the first question, and
some of its calls wait without limit. Source for what is asked: AVM's "TR-064 First Steps".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import secrets
import ssl
from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor import __version__
from opsmonitor.clients.tr064_xml import (
    Description,
    Service,
    read_answer,
    read_description,
    read_fault,
    soap_request,
)
from opsmonitor.exceptions import ProbeError, TransportError
from opsmonitor.util.digest_auth import Challenge, answer_challenge, read_challenge
from opsmonitor.util.http_message import HttpRequest, HttpResponse, Redirects
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from opsmonitor.util.http import HttpTransport

TR064: Final = "/tr64desc.xml"
IGD: Final = "/igddesc.xml"
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_MAX_BYTES: Final = 2 << 20
_AGENT: Final = f"OpsMonitor/{__version__}"
_NO_ARGUMENTS: Final[Mapping[str, str]] = {}
# Source: AVM, "TR-064 First Steps", table of error codes.
_UNSUPPORTED: Final = frozenset({401, 602})
_FORBIDDEN: Final = 606
_NO_RIGHT: Final = (
    "the user may not ask everything: give it the right to the settings of the FRITZ!Box"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxAddress:
    """Where a box is asked, and how far it is trusted."""

    url: URL
    tls: ssl.SSLContext
    web_port: int = 80
    """Of its pages; there it says who it is even without TR-064."""
    request_s: float = 6.0
    """The limit of one request."""


class Tr064:
    """Asks one box."""

    def __init__(self, http: HttpTransport, address: BoxAddress) -> None:
        """Begin without a login."""
        self._http = http
        self._address = address
        self._login: tuple[str, Secret] | None = None
        self._challenge: Challenge | None = None
        self._count = 0
        self._is_accepted = False
        self._until = 0.0
        self.connect_ms: float | None = None
        """How long the latest connection took."""

    def begin(self, limit_s: float) -> None:
        """Begin a poll that may take so long, without a login."""
        self._until = asyncio.get_running_loop().time() + limit_s
        self.log_in(None)

    def log_in(self, login: tuple[str, Secret] | None) -> None:
        """Ask from now on as this user; a wrong password is one wrong try in each poll."""
        self._login = login
        self._challenge = None
        self._count = 0
        self._is_accepted = False

    async def describe(self, path: str) -> Description | None:
        """Return a description; None where the box has none, because that is switched off.

        Raises:
            ProbeError: The box cannot be reached, or its answer is no description.

        """
        response = await self._fetch("GET", path)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status == _NOT_FOUND or (response.status == _OK and kind == "text/html"):
            return None
        if response.status != _OK:
            raise ProbeError(f"the box answers {path} with status {response.status}")
        try:
            return read_description(response.body)
        except ValueError as err:
            message = f"the description {path} of the box cannot be read: {err}"
            raise ProbeError(message, code="invalid_response") from err

    async def call(
        self, service: Service, action: str, arguments: Mapping[str, str] = _NO_ARGUMENTS
    ) -> Mapping[str, str]:
        """Return what an action answers.

        Raises:
            ProbeError: With the code `auth_error` if the login is refused, `not_allowed` if the
                user may not ask this, `unsupported` if the box does not know it.

        """
        body = soap_request(service, action, arguments)
        headers = {
            "Content-Type": 'text/xml; charset="utf-8"',
            "SOAPAction": f"{service.type}#{action}",
        }
        response = await self._authorized("POST", service.control, headers, body)
        if response.status != _OK:
            raise _refused(response, action)
        try:
            return read_answer(response.body, action)
        except ValueError as err:
            message = f"the answer to {action} cannot be read: {err}"
            raise ProbeError(message, code="invalid_response") from err

    async def get(self, path: str) -> bytes:
        """Return a file whose path an action has named.

        Raises:
            ProbeError: There is none.

        """
        if not path.startswith("/") or path.startswith("//"):
            raise ProbeError("the box names a file that is not its own", code="invalid_response")
        response = await self._authorized("GET", path, {}, None)
        if response.status != _OK or response.truncated:
            # Not with the path: it holds a session's number.
            raise ProbeError(f"a list of the box cannot be had: status {response.status}")
        return response.body

    async def web(self, path: str) -> HttpResponse:
        """Return a page of the box's own.

        Raises:
            ProbeError: It cannot be had.

        """
        host = self._address.url.host or ""
        url = URL.build(scheme="http", host=host, port=self._address.web_port, path=path)
        return await self._send(url, "GET", {}, None)

    async def _authorized(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        """Ask; log in when the box wants it, or anew when its nonce is used up."""
        response = await self._attempt(method, path, headers, body)
        if response.status != _UNAUTHORIZED:
            self._is_accepted = self._is_accepted or self._challenge is not None
            return response
        challenge = read_challenge(response.headers.getall("WWW-Authenticate", []))
        if self._login is None or challenge is None:
            raise ProbeError("the box wants a login for this", code="auth_error")
        self._challenge, self._count = challenge, 0
        response = await self._attempt(method, path, headers, body)
        if response.status != _UNAUTHORIZED:
            self._is_accepted = True
            return response
        if self._is_accepted:
            # A moment ago the same login was good.
            raise ProbeError(_NO_RIGHT, code="not_allowed")
        message = "the box refuses the login: check username and password in checks.yml"
        raise ProbeError(message, code="auth_error")

    async def _attempt(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        """Ask once, logged in if that is possible yet."""
        all_headers = {**headers, **self._authorization(method, path)}
        return await self._fetch(method, path, all_headers, body)

    def _authorization(self, method: str, path: str) -> dict[str, str]:
        """Return the header that logs in, none before the box has asked for it."""
        if self._challenge is None or self._login is None:
            return {}
        self._count += 1
        header = answer_challenge(
            self._challenge,
            self._login,
            (method, path),
            count=self._count,
            client_nonce=secrets.token_hex(8),
        )
        return {"Authorization": header}

    async def _fetch(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NO_ARGUMENTS,
        body: bytes | None = None,
    ) -> HttpResponse:
        """Ask the box for a path of its own."""
        url = URL(f"{self._address.url.origin()}{path}", encoded=True)
        return await self._send(url, method, headers, body)

    async def _send(
        self, url: URL, method: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        """Make one request within what is left of the time."""
        left_s = self._until - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise ProbeError("the box answers too slowly", code="timeout")
        request = HttpRequest(
            url=url,
            method=method,
            timeout_s=round(min(left_s, self._address.request_s), 3),
            tls=self._address.tls,
            headers=CIMultiDictProxy(CIMultiDict({"User-Agent": _AGENT, **headers})),
            body=body,
            redirects=Redirects.NEVER,
            max_body_bytes=_MAX_BYTES,
        )
        try:
            response = await self._http.fetch(request)
        except TransportError as err:
            raise ProbeError(err.message, code=err.code) from err
        self.connect_ms = response.timings.connect_ms
        return response


def _refused(response: HttpResponse, action: str) -> ProbeError:
    """Say why an action was refused."""
    fault = read_fault(response.body)
    if fault.code == _FORBIDDEN:
        return ProbeError(_NO_RIGHT, code="not_allowed")
    if fault.code in _UNSUPPORTED or response.status == _NOT_FOUND:
        return ProbeError(f"the box does not know {action}", code="unsupported")
    shown = ": ".join(each for each in (str(fault.code or ""), fault.words) if each)
    where = f" ({shown})" if shown else ""
    return ProbeError(f"the box failed at {action}: status {response.status}{where}")
