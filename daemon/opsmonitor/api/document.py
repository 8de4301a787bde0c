"""The description of the API, as it is served."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Document:
    """The OpenAPI document, and the page that is drawn from it when first asked for."""

    def __init__(
        self, content: Mapping[str, Any], draw: Callable[[Mapping[str, Any]], str]
    ) -> None:
        """Take the document and how to draw it."""
        self.content = content
        self._draw = draw
        self._page: str | None = None
        raw = to_json(content)
        self.body = CachedBody(raw, hashlib.sha256(raw).hexdigest()[:16])

    def page(self) -> str:
        """Return the page."""
        if self._page is None:
            self._page = self._draw(self.content)
        return self._page
