"""The frames of the stream, as bytes: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

PING: Final = b": ping\n\n"
RETRY: Final = b"retry: 2000\n\n"
"""A browser that lost the stream asks again after so many milliseconds."""


def frame(stream_id: str, kind: str, data: bytes) -> bytes:
    """Return one event; JSON never holds a line break."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (stream_id.encode(), kind.encode(), data)


def json_object(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Join members that are JSON already."""
    return b"{" + b",".join(to_json(key) + b":" + value for key, value in members) + b"}"


def json_array(items: Iterable[bytes]) -> bytes:
    """Join items that are JSON already."""
    return b"[" + b",".join(items) + b"]"
