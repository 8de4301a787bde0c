"""What a kind of channel is, and what it is given to work with."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor.exceptions import DeliveryError, TransportError
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.http_message import HttpRequest, HttpResponse, Redirects
from opsmonitor.util.lanes import Lanes
from opsmonitor.util.tls import TlsPolicy, tls_context

if TYPE_CHECKING:
    from opsmonitor.models.alert import Notice
    from opsmonitor.util.secret import Secret

OptionsT = TypeVar("OptionsT")

SEND_S: Final = 20.0
"""One attempt, all in all, with a service that is not known to be slow."""
_PASSING: Final = frozenset({404, 408, 425, 429})
"""Refusals that pass by themselves, beside all that begin with 3 or 5.

A proxy answers 404, or leads elsewhere, while the service behind it is started anew.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent at once: one notice, or several that came together."""

    title: str
    text: str
    severity: str
    """The worst of the notices'."""
    notices: tuple[Notice, ...]
    page_url: str | None = None
    """Where people can look; None: the daemon does not know how they reach it."""
    acknowledge_url: Secret | None = None
    """Where one person can say to know of it, without any other right. For one alert only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """What a notifier may use."""

    http: HttpTransport
    lanes: Lanes = field(default_factory=Lanes)
    """For calls that block."""
    patience_s: float = SEND_S
    """How long an attempt may take."""


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
    response = await exchange(context, address, body, headers)
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise refusal(response.status, response.headers.get("Retry-After"))


async def exchange(
    context: SendContext, address: Secret, body: bytes, headers: Mapping[str, str]
) -> HttpResponse:
    """Post, and return whatever is answered.

    Raises:
        DeliveryError: Nothing is. Its text has no part of the address.

    """
    url = URL(address.reveal())
    sent = CIMultiDict({"Content-Type": "application/json"})
    sent.update(headers)
    if url.user is not None or url.password is not None:
        pair = f"{url.user or ''}:{url.password or ''}".encode()
        sent.setdefault("Authorization", f"Basic {b64encode(pair).decode()}")
    request = HttpRequest(
        method="POST",
        url=url.with_user(None),
        headers=CIMultiDictProxy(sent),
        body=body,
        timeout_s=context.patience_s,
        tls=tls_context(TlsPolicy()),
        redirects=Redirects.NEVER,
        max_body_bytes=1 << 16,
    )
    try:
        return await context.http.fetch(request)
    except TransportError as err:
        raise DeliveryError(f"no answer: {err.code}") from err


def refusal(status: int, retry_after: str | float | None) -> DeliveryError:
    """Return what an answer other than a good one means."""
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    leads_elsewhere = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    is_server_trouble = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    is_passing = status in _PASSING or leads_elsewhere or is_server_trouble
    seconds = _seconds(retry_after)
    return DeliveryError(
        f"answered {status}{phrase}", is_permanent=not is_passing, retry_after_s=seconds
    )


def _seconds(retry_after: str | float | None) -> float | None:
    """Return how long a service asks to be left alone, in seconds or until a date.

    Source: RFC 9110, 10.2.3.
    """
    if retry_after is None:
        return None
    if isinstance(retry_after, int | float):
        # JSON of others may hold what is no number of seconds, such as NaN.
        return float(retry_after) if retry_after >= 0 else None
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(moment.tzinfo)).total_seconds())


def moment_of(message: Message) -> datetime:
    """Return when the latest of a message's notices came up."""
    return datetime.fromtimestamp(max(notice.at_ms for notice in message.notices) / 1000, UTC)


def cut_bytes(text: str, most: int) -> str:
    """Return a text of at most this many bytes, cut between characters and marked as cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    return data[: most - 3].decode("utf-8", "ignore") + "..."


def cut_units(text: str, most: int) -> str:
    """Return a text of at most this many UTF-16 units, cut between characters and marked as cut."""
    if len(text) * 2 <= most or len(text.encode("utf-16-le", "replace")) // 2 <= most:
        return text
    data = text.encode("utf-16-le", "replace")[: (most - 3) * 2]
    return data.decode("utf-16-le", "ignore") + "..."
