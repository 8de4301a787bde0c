"""Gathers frames that come close together, so that they are applied as one change."""

import asyncio
from collections.abc import Callable
from typing import Final

from homeassistant.core import callback

from .client import Frame

COALESCE_S: Final = 0.05
"""Frames that come this close together are applied as one change."""


class FrameBuffer:
    """The frames that were received and not applied yet."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, apply: Callable[[list[Frame]], None]
    ) -> None:
        """Begin empty."""
        self._loop = loop
        self._apply = apply
        self._frames: list[Frame] = []
        self._handle: asyncio.TimerHandle | None = None

    @callback
    def add(self, frames: list[Frame], *, is_news: bool) -> None:
        """Take frames in; even none at all may be news: that there is a connection."""
        self._frames += frames
        if self._handle is None and (is_news or self._frames):
            self._handle = self._loop.call_later(COALESCE_S, self._flush)

    @callback
    def flush(self) -> None:
        """Apply at once what is waiting."""
        self.cancel()
        if self._frames:
            self._flush()

    @callback
    def cancel(self) -> None:
        """Apply nothing by itself any more."""
        if self._handle:
            self._handle.cancel()
            self._handle = None

    @callback
    def _flush(self) -> None:
        """Apply what is waiting."""
        self._handle = None
        frames, self._frames = self._frames, []
        self._apply(frames)
