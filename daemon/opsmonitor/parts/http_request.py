"""The keys that say what is asked over HTTP, and the request that they become."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import re
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from multidict import CIMultiDict, CIMultiDictProxy
import voluptuous as vol
from yarl import URL

from opsmonitor import __version__
from opsmonitor.config import validators as cv
from opsmonitor.parts.fields import host
from opsmonitor.util.http_message import Redirects
from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import Secret

MAX_PAYLOAD_BYTES: Final = 1 << 20
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OWN_HEADERS: Final = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAuth:
    """The `auth` key: what goes into the Authorization header."""

    username: str = field(default="", repr=False)
    password: Secret | None = None
    bearer: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What is sent along, and what it is."""

    content: Secret
    content_type: str


def url(value: Any) -> Secret:
    """Accept the address of something that speaks HTTP; no message repeats it."""
    address = cv.secret(value).reveal().strip()
    try:
        parsed = URL(address)
        named_host, named_port = parsed.host, parsed.port
    except (ValueError, UnicodeError):
        raise vol.Invalid("not a valid URL") from None
    if parsed.scheme not in ("http", "https"):
        raise vol.Invalid("expected a URL that begins with http:// or https://")
    if not named_host or not named_port:
        raise vol.Invalid("expected a URL with a host, such as http://nas.lan/")
    host(named_host)
    return Secret(str(parsed.with_fragment(None)))


def proxy(value: Any) -> Secret:
    """Accept the address of an HTTP proxy; no message repeats it."""
    address = url(value)
    parsed = URL(address.reveal())
    if parsed.scheme != "http" or parsed.path != "/" or parsed.query_string:
        raise vol.Invalid("expected a proxy such as http://proxy.lan:3128")
    return address


def proxy_authorization(address: URL) -> str | None:
    """Return what tells a proxy who asks, from the user name and password of its address."""
    return _authorization(address, None)


def headers(value: Any) -> Mapping[str, Secret]:
    """Accept names and values of headers."""
    return MappingProxyType(_HEADERS(value))


def auth(value: Any) -> HttpAuth:
    """Accept one kind of authentication."""
    kinds = _AUTH(value)
    if len(kinds) != 1:
        raise vol.Invalid("expected either basic or bearer")
    return HttpAuth(**kinds["basic"]) if "basic" in kinds else HttpAuth(bearer=kinds["bearer"])


def text_payload(value: Any) -> Payload:
    """Accept text to send."""
    return _payload(cv.secret(value), "text/plain; charset=utf-8")


def json_payload(value: Any) -> Payload:
    """Accept anything that can be sent as JSON."""
    try:
        content = json.dumps(value, default=_revealed, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise vol.Invalid("cannot be written as JSON") from None
    return _payload(Secret(content), "application/json")


def form_payload(value: Any) -> Payload:
    """Accept fields to send as a browser does."""
    fields = {name: content.reveal() for name, content in _FORM(value).items()}
    return _payload(Secret(urlencode(fields)), "application/x-www-form-urlencoded")


def redirects(value: Any) -> Redirects:
    """Accept which redirects are followed."""
    return Redirects(cv.one_of(*Redirects)(value))


def request_headers(
    address: URL, own: Mapping[str, Secret], login: HttpAuth | None, payload: Payload | None
) -> CIMultiDictProxy[str]:
    """Return all headers of a request; those that were configured win."""
    result = CIMultiDict(
        {
            "User-Agent": f"OpsMonitor/{__version__}",
            "Accept": "*/*",
            # What is compressed must be unpacked before it can be judged.
            "Accept-Encoding": "identity",
        }
    )
    if payload is not None:
        result["Content-Type"] = payload.content_type
    authorization = _authorization(address, login)
    if authorization is not None:
        result["Authorization"] = authorization
    for name, value in own.items():
        result[name] = value.reveal()
    return CIMultiDictProxy(result)


def _payload(content: Secret, content_type: str) -> Payload:
    """Accept what is small enough to be sent at once."""
    if len(content.reveal().encode()) > MAX_PAYLOAD_BYTES:
        raise vol.Invalid(f"expected at most {MAX_PAYLOAD_BYTES} bytes to send")
    return Payload(content=content, content_type=content_type)


def request_secrets(
    address: URL, own: Mapping[str, Secret], login: HttpAuth | None
) -> tuple[str, ...]:
    """Return the secrets that go out with a request, and that a target could send back."""
    found = [value for name, value in own.items() if is_secret_name(name)]
    if login is not None:
        found += [secret for secret in (login.password, login.bearer) if secret]
    if address.password:
        found.append(Secret(address.password))
    return tuple(secret.reveal() for secret in found)


def _authorization(address: URL, login: HttpAuth | None) -> str | None:
    """Return the Authorization header from the `auth` key, or else from the URL."""
    if login is not None and login.bearer is not None:
        return f"Bearer {login.bearer.reveal()}"
    if login is not None and login.password is not None:
        return _basic(login.username, login.password.reveal())
    if address.user is not None or address.password is not None:
        return _basic(address.user or "", address.password or "")
    return None


def _basic(user: str, password: str) -> str:
    """Return the header of basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def _header_name(value: Any) -> str:
    """Accept the name of a header that may be set."""
    name = cv.text(value)
    if not _TOKEN.fullmatch(name):
        raise vol.Invalid("not a header name")
    if name.lower() in _OWN_HEADERS:
        raise vol.Invalid("this header is set by the daemon")
    return name


def _header_value(value: Any) -> Secret:
    """Accept the value of a header."""
    content = cv.secret(value)
    if _CONTROL.search(content.reveal()):
        raise vol.Invalid("a header must not contain line breaks or control characters")
    return content


def _user_name(value: Any) -> str:
    """Accept a user name; basic authentication ends it with a colon."""
    name = cv.text(value)
    if ":" in name:
        raise vol.Invalid("a user name must not contain a colon")
    return name


def _revealed(value: object) -> str:
    """Return the text of a secret within a JSON value."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError


_HEADERS: Final = vol.Schema({_header_name: _header_value})
_FORM: Final = vol.Schema({cv.text: cv.secret})
_AUTH: Final = vol.Schema(
    {
        vol.Optional("basic"): {
            vol.Required("username"): _user_name,
            vol.Required("password"): cv.secret,
        },
        vol.Optional("bearer"): _header_value,
    }
)
