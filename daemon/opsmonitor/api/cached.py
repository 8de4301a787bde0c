"""Answers that are encoded once and sent many times."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_FOR_GZIP: Final = 1024
_FASTEST: Final = 1


class CachedBody:
    """The bytes of a JSON answer, with the tag that names exactly these bytes."""

    __slots__ = ("_compressed", "_tag", "raw")

    def __init__(self, raw: bytes, tag: str) -> None:
        """Take the bytes and a tag that no other bytes ever have."""
        self.raw = raw
        self._tag = tag
        self._compressed: bytes | None = None

    def answer(self, request: web.Request) -> web.Response:
        """Return the bytes, compressed if wanted, or 304 if the client has them."""
        use_gzip = len(self.raw) >= _LEAST_FOR_GZIP and _accepts_gzip(request)
        tag = f"{self._tag}-gzip" if use_gzip else self._tag
        headers = {
            hdrs.ETAG: f'"{tag}"',
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if any(known in {"*", tag} for known in _known_tags(request)):
            return web.Response(status=304, headers=headers)
        body = self.raw
        if use_gzip:
            body = self.compressed()
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=body, headers=headers, content_type="application/json")

    def compressed(self) -> bytes:
        """Return the bytes compressed; only the first time costs anything."""
        if self._compressed is None:
            self._compressed = gzip.compress(self.raw, _FASTEST, mtime=0)
        return self._compressed


def _known_tags(request: web.Request) -> Iterator[str]:
    """Yield the tags of the versions that the client has."""
    for part in request.headers.get(hdrs.IF_NONE_MATCH, "").split(","):
        yield part.strip().removeprefix("W/").strip('"')


def _accepts_gzip(request: web.Request) -> bool:
    """Tell whether the client can read gzip and did not refuse it."""
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        name, _, parameters = part.partition(";")
        if name.strip().lower() == "gzip":
            _, _, quality = parameters.partition("q=")
            return quality.strip() not in {"0", "0.0", "0.00", "0.000"}
    return False
