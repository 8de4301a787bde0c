"""What is asked and what is answered over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
import socket
import ssl
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor.models.check import Timings

_NO_HEADERS: Final[CIMultiDictProxy[str]] = CIMultiDictProxy(CIMultiDict())


class Redirects(StrEnum):
    """Which redirects are followed."""

    FOLLOW = "follow"
    NEVER = "never"
    SAME_HOST = "same_host"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What to ask, complete to the last header, so that asking decides nothing."""

    url: URL
    """Without user name and password: they belong into the headers."""
    timeout_s: float
    """For the whole exchange, redirects and body included."""
    tls: ssl.SSLContext
    method: str = "GET"
    headers: CIMultiDictProxy[str] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    body: bytes | None = field(default=None, repr=False)
    proxy: URL | None = None
    """Through which to ask; without user name and password."""
    proxy_authorization: str | None = field(default=None, repr=False)
    connect_timeout_s: float | None = None
    """Until the connection stands; None: no limit of its own."""
    family: socket.AddressFamily = socket.AF_UNSPEC
    redirects: Redirects = Redirects.FOLLOW
    max_redirects: int = 10
    max_body_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What was answered."""

    status: int
    reason: str
    headers: CIMultiDictProxy[str]
    body: bytes
    """Decoded, and at most as long as the request allows."""
    url: URL
    """Where the answer came from, after redirects."""
    timings: Timings
    """The phases of the last request; the total covers the redirects before it, too."""
    truncated: bool = False
    """There was more to come when reading stopped."""
    certificate: bytes | None = None
    """In DER; None without TLS."""
