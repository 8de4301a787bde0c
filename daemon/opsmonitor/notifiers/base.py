"""What a kind of channel is, and what it is given to work with."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor.exceptions import DeliveryError, TransportError
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.lanes import Lanes
from opsmonitor.util.tls import TlsPolicy, tls_context

if TYPE_CHECKING:
    from opsmonitor.models.alert import Notice
    from opsmonitor.util.secret import Secret

OptionsT = TypeVar("OptionsT")

SEND_S: Final = 20.0
"""One attempt, all in all."""
_PASSING: Final = frozenset({408, 425, 429})
"""Refusals that pass by themselves, beside all that begin with 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent at once: one notice, or several that came together."""

    title: str
    text: str
    severity: str
    """The worst of the notices'."""
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """What a notifier may use."""

    http: HttpTransport
    lanes: Lanes = field(default_factory=Lanes)
    """For calls that block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierType(Generic[OptionsT]):
    """One kind of channel."""

    name: str
    options: type[OptionsT]
    """A frozen dataclass; its fields are the keys of the schema."""
    schema: Mapping[object, object]
    send: Callable[[OptionsT, Message, SendContext], Awaitable[None]]
    """Return once the service took the message; DeliveryError when it did not."""
    example: Mapping[str, object]
    environment: Mapping[str, tuple[str, ...]]
    """Variables that make a channel of this kind by themselves, by key; the first key is needed."""


async def post(
    context: SendContext, address: Secret, body: bytes, headers: Mapping[str, str]
) -> None:
    """Post, and return when the answer is a good one.

    Raises:
        DeliveryError: It is not, or there is none. Its text has no part of the address.

    """
    url = URL(address.reveal())
    sent = CIMultiDict({"Content-Type": "application/json", **headers})
    if url.user is not None or url.password is not None:
        pair = f"{url.user or ''}:{url.password or ''}".encode()
        sent.setdefault("Authorization", f"Basic {b64encode(pair).decode()}")
    request = HttpRequest(
        method="POST",
        url=url.with_user(None),
        headers=CIMultiDictProxy(sent),
        body=body,
        timeout_s=SEND_S,
        tls=tls_context(TlsPolicy()),
        redirects=Redirects.NEVER,
        max_body_bytes=1 << 16,
    )
    try:
        response = await context.http.fetch(request)
    except TransportError as err:
        raise DeliveryError(f"no answer: {err.code}") from err
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise _refusal(response.status, response.headers.get("Retry-After"))


def _refusal(status: int, retry_after: str | None) -> DeliveryError:
    """Return what an answer other than a good one means."""
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    is_passing = status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
    return DeliveryError(
        f"answered {status}{phrase}", is_permanent=not is_passing, retry_after_s=seconds
    )


def moment_of(message: Message) -> datetime:
    """Return when the latest of a message's notices came up."""
    return datetime.fromtimestamp(max(notice.at_ms for notice in message.notices) / 1000, UTC)


def cut_bytes(text: str, most: int) -> str:
    """Return a text of at most this many bytes, cut between characters and marked as cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    return data[: most - 3].decode("utf-8", "ignore") + "..."
