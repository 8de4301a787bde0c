"""The description of the API, as it is served."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Document:
    """The OpenAPI document and the page that is drawn from it, each made when first asked for.

    Few ask, and to describe every route takes longer than all else that the server's start takes.
    It is done in a thread: whoever asks waits, nobody else.
    """

    def __init__(
        self,
        describe: Callable[[], Mapping[str, Any]],
        draw: Callable[[Mapping[str, Any]], str],
    ) -> None:
        """Take how to make the document, and how to draw it."""
        self._describe = describe
        self._draw = draw
        self._body: CachedBody | None = None
        self._page: str | None = None

    async def body(self) -> CachedBody:
        """Return the document as it is sent."""
        if self._body is None:
            self._body = await asyncio.to_thread(self._encode)
        return self._body

    async def page(self) -> str:
        """Return the page."""
        if self._page is None:
            self._page = await asyncio.to_thread(lambda: self._draw(self._describe()))
        return self._page

    def _encode(self) -> CachedBody:
        """Make the document and its mark."""
        raw = to_json(self._describe())
        return CachedBody(raw, hashlib.sha256(raw).hexdigest()[:16])
