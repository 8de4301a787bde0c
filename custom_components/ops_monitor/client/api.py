"""Talks to one daemon over HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
import hmac
from http import HTTPMethod, HTTPStatus
import secrets
from typing import Any, Final

from aiohttp import (
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    Fingerprint,
    ServerFingerprintMismatch,
)
from yarl import URL

from .answers import JSON, check_answer, read_json
from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorConnectionError,
    OpsMonitorProofError,
    OpsMonitorRefusalError,
    OpsMonitorResponseError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
    OpsMonitorVersionError,
)
from .fields import Fields
from .message import Message
from .models import Info, Paired
from .proof import NONCE_BYTES, ProofKey, origin_of
from .snapshot import Snapshot
from .socket import open_socket
from .sse import MessageParser

API_VERSION: Final = 1
"""The API level that this client speaks."""
API_VERSION_MIN: Final = 1
"""The lowest level of a daemon that gives all that this client needs."""

REQUEST_LIMITS: Final = ClientTimeout(total=10)
ACTION_LIMITS: Final = ClientTimeout(total=60)
"""A run of a check, or a test of every channel, takes its time."""
STREAM_LIMITS: Final = ClientTimeout(total=None, connect=10, sock_read=40)
"""The daemon sends something every 15 s: missing that twice and more is a dead connection."""


class OpsMonitorClient:
    """The API of one daemon."""

    def __init__(
        self,
        session: ClientSession,
        url: URL | str,
        token: str | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Remember where the daemon is and what it wants to hear.

        With the SHA-256 fingerprint of a certificate, in hexadecimal digits, that one is trusted
        and no other.
        """
        self._session = session
        self._ssl = Fingerprint(bytes.fromhex(fingerprint)) if fingerprint else True
        self._url = URL(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._etag: str | None = None
        self._snapshot: Snapshot | None = None
        self.clock_skew: timedelta | None = None
        """By how much the daemon's clock is ahead of ours; to the second, as HTTP tells it."""

    async def info(self) -> Info:
        """Return who the daemon is; refuse one whose API level does not fit ours."""
        info = Info.from_api(await self.get("api/info"))
        if info.api_version < API_VERSION_MIN or info.min_client_version > API_VERSION:
            raise OpsMonitorVersionError(
                f"the daemon speaks API level {info.api_version} to clients of level "
                f"{info.min_client_version} or above; this client needs at least level "
                f"{API_VERSION_MIN} and speaks {API_VERSION}"
            )
        return info

    async def instance_id(self) -> str:
        """Return which daemon answers: it tells that to anybody, so no token is needed."""
        answer = Fields.of(await self.get("health"), "health")
        return answer.required_text("instance_id")

    def daemon_time(self) -> datetime:
        """Return what time the daemon has, by the last comparison of the clocks."""
        return datetime.now(UTC) + (self.clock_skew or timedelta())

    async def snapshot(self) -> Snapshot:
        """Return the present state; it is sent only if it is another one than last time."""
        headers = {"If-None-Match": self._etag} if self._etag and self._snapshot else {}
        async with self._ask(
            HTTPMethod.GET, "api/snapshot", JSON, REQUEST_LIMITS, headers=headers
        ) as response:
            if response.status == HTTPStatus.NOT_MODIFIED and self._snapshot:
                return self._snapshot
            self._snapshot = Snapshot.from_api(await read_json(response))
            self._etag = response.headers.get("ETag")
            return self._snapshot

    async def pair(self, code: str, name: str) -> Paired:
        """Get a token of our own in exchange for a code that a person was shown.

        Raises:
            OpsMonitorRefusalError: `unknown_code`: it is not the code, or it is too old.
            OpsMonitorBusyError: There were too many wrong ones.

        """
        answer = await self.send(HTTPMethod.POST, "api/pair", {"code": code, "client": name})
        return Paired.from_api(answer)

    async def proof_key(self) -> ProofKey:
        """Get a key by which we know this daemon again, wherever it answers later."""
        return ProofKey.from_api(await self.send(HTTPMethod.POST, "api/proof-key"))

    async def prove(self, known: ProofKey, instance_id: str) -> None:
        """Make sure that the daemon is the one that gave us a key.

        To be asked of a client without a token: who answers may be anybody until then.

        Raises:
            OpsMonitorProofError: It is not, or cannot prove it.

        """
        nonce, origin = secrets.token_hex(NONCE_BYTES), origin_of(self._url)
        challenge = {"id": known.id, "nonce": nonce, "origin": origin}
        try:
            answer = Fields.of(await self.send(HTTPMethod.POST, "api/prove", challenge), "proof")
            given = answer.required_text("proof")
        except (OpsMonitorAuthError, OpsMonitorRefusalError, OpsMonitorResponseError) as err:
            raise OpsMonitorProofError(f"no proof: {err}") from err
        expected = known.proof(instance_id=instance_id, nonce=nonce, origin=origin)
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise OpsMonitorProofError("another daemon answers: its proof is not right")

    async def certificate(self) -> str:
        """Return the SHA-256 fingerprint of the certificate that is shown, trusted or not.

        Nothing is sent: the connection ends as soon as the certificate is there.
        """
        nobodys = Fingerprint(bytes(32))
        try:
            async with self._session.get(self._url / "health", timeout=REQUEST_LIMITS, ssl=nobodys):
                pass
        except ServerFingerprintMismatch as err:
            return err.got.hex()
        except (ClientError, OSError) as err:
            raise OpsMonitorTlsError(str(err) or type(err).__name__) from err
        raise OpsMonitorTlsError("no certificate is shown")

    async def give_token_back(self) -> None:
        """Let our token be worth nothing any more."""
        await self.send(HTTPMethod.DELETE, "api/token")

    async def probe_admin(self) -> None:
        """Find out whether the token may do more than read, without doing anything.

        Raises:
            OpsMonitorForbiddenError: It may not.

        """
        try:
            # Nothing can have this id; whoever may not even try is told so first.
            await self.send(HTTPMethod.POST, "api/checks/no.such.check/run")
        except OpsMonitorRefusalError:
            return

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return what the daemon answers to a question."""
        async with self._ask(HTTPMethod.GET, path, JSON, REQUEST_LIMITS, params=params) as response:
            return await read_json(response)

    async def send(
        self,
        method: HTTPMethod,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask the daemon to do something; return what it answers."""
        async with self._ask(
            method, path, JSON, ACTION_LIMITS, params=params, json=dict(body or {})
        ) as response:
            return await read_json(response)

    async def events(self, last_event_id: str | None = None) -> AsyncGenerator[list[Message]]:
        """Yield what the daemon sends as it comes; an empty list is a sign of life."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        async with self._ask(
            HTTPMethod.GET, "api/stream", "text/event-stream", STREAM_LIMITS, headers=headers
        ) as response:
            parser = MessageParser()
            async for chunk in response.content.iter_any():
                yield parser.feed(chunk)

    async def socket(self, last_event_id: str | None = None) -> AsyncGenerator[list[Message]]:
        """Yield the same over a WebSocket, which finds out sooner when the daemon is gone."""
        url = (self._url / "api/ws").with_query({"since": last_event_id} if last_event_id else {})
        async with open_socket(
            self._session, url, self._headers, self.info, ssl=self._ssl
        ) as batches:
            async for batch in batches:
                yield batch

    @asynccontextmanager
    async def _ask(
        self,
        method: HTTPMethod,
        path: str,
        content_type: str,
        limits: ClientTimeout,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[ClientResponse]:
        """Send a request; whatever fails inside the block becomes one of our errors."""
        try:
            async with self._session.request(
                method,
                self._url / path,
                headers={"Accept": content_type, **self._headers, **(headers or {})},
                timeout=limits,
                # A redirect is not followed: the token would go to wherever it points.
                allow_redirects=False,
                ssl=self._ssl,
                **options,
            ) as response:
                self._note_clock(response)
                await check_answer(response, content_type)
                yield response
        except TimeoutError as err:
            raise OpsMonitorTimeoutError("no answer in time") from err
        except ClientSSLError as err:
            raise OpsMonitorTlsError(str(err)) from err
        except ServerFingerprintMismatch as err:
            raise OpsMonitorTlsError("another certificate is shown than the trusted one") from err
        except ClientPayloadError as err:
            raise OpsMonitorConnectionError("the connection was cut off") from err
        except (ClientError, OSError) as err:
            raise OpsMonitorConnectionError(str(err) or type(err).__name__) from err

    def _note_clock(self, response: ClientResponse) -> None:
        """Compare the clocks; a cached or missing time says nothing."""
        try:
            at = parsedate_to_datetime(response.headers["Date"])
            self.clock_skew = at - datetime.now(UTC)
        except KeyError, ValueError, TypeError:
            self.clock_skew = None
