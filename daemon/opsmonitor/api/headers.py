"""The headers that make browsers careful, on every answer."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from opsmonitor.api.routing import SPECS
from opsmonitor.api.scope import Kind

_API_POLICY: Final = "default-src 'none'; frame-ancestors 'self'"
_PAGE_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none';"
    " frame-ancestors 'self'"
)
POLICY: Final = web.ResponseKey("policy", str)
"""Where a handler puts the policy of a page that brings its own script."""
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.SERVER: "opsmonitor",
}


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers, unless the handler chose a stricter caching of its own."""
    spec = request.app[SPECS].get(request.match_info.route)
    is_page = spec is not None and spec.kind in (Kind.PAGE, Kind.LINK)
    policy = response.get(POLICY, _PAGE_POLICY if is_page else _API_POLICY)
    make_careful(response, policy)


def make_careful(response: web.StreamResponse, policy: str = _API_POLICY) -> None:
    """Set the headers that do not depend on the request."""
    headers = response.headers
    headers.update(_ALWAYS)
    headers["Content-Security-Policy"] = policy
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
