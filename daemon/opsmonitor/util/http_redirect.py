"""Decide where a redirect leads, and what goes along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_message import HttpRequest, Redirects

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_POST_BECOMES_GET: Final = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND})

_HARMLESS_HEADERS: Final = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
_BODY_HEADERS: Final = frozenset({"content-type", "content-encoding", "content-language"})
_SCHEMES: Final = frozenset({"http", "https"})


def redirected(request: HttpRequest, status: int, headers: Mapping[str, str]) -> HttpRequest | None:
    """Return the request that a redirect asks for, None when the redirect itself is the answer.

    Raises:
        TransportError: The redirect leads nowhere.

    """
    location = headers.get("Location")
    if location is None or request.redirects is Redirects.NEVER:
        return None
    url = _target(request.url, location)
    if request.redirects is Redirects.SAME_HOST and url.host != request.url.host:
        return None
    request = _with_method(request, status)
    if not _may_keep_secrets(request.url, url):
        if request.body is not None:
            # A body can hold a password as well as a header can, and without it the request
            # is another one.
            return None
        request = replace(request, headers=_only(request, _HARMLESS_HEADERS))
    return replace(request, url=url)


def _target(base: URL, location: str) -> URL:
    """Return the absolute address that a Location header names."""
    try:
        url = base.join(URL(location))
        if url.scheme in _SCHEMES and url.host and url.port:
            return url.with_user(None).with_fragment(None)
    except ValueError:
        pass
    raise TransportError("invalid_response", "redirected to something that is no HTTP address")


def _with_method(request: HttpRequest, status: int) -> HttpRequest:
    """Turn the request into a GET without body where browsers do."""
    method = request.method
    if status == HTTPStatus.SEE_OTHER:
        is_changed = method != "HEAD"
    else:
        is_changed = status in _POST_BECOMES_GET and method == "POST"
    if not is_changed:
        return request
    kept = frozenset(name.lower() for name in request.headers) - _BODY_HEADERS
    return replace(request, method="GET", body=None, headers=_only(request, kept))


def _may_keep_secrets(old: URL, new: URL) -> bool:
    """Tell whether the new address is the same service, or the same one made secure."""
    if old.host != new.host:
        return False
    if (old.scheme, old.port) == (new.scheme, new.port):
        return True
    return (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)


def _only(request: HttpRequest, names: frozenset[str]) -> CIMultiDictProxy[str]:
    """Return the request's headers with these lower-case names."""
    return CIMultiDictProxy(
        CIMultiDict((key, value) for key, value in request.headers.items() if key.lower() in names)
    )
