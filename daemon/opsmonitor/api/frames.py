"""The frames of the stream, as bytes: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opsmonitor.api.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

PING: Final = b": ping\n\n"
RETRY: Final = b"retry: 2000\n\n"
"""A browser that lost the stream asks again after so many milliseconds."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that is told, however it is sent."""

    id: str
    """Numbers of another process mean nothing here: it names the process too."""
    kind: str
    data: bytes
    """JSON."""


def as_events(frames: Iterable[Frame]) -> bytes:
    """Return frames as server-sent events; JSON never holds a line break."""
    return b"".join(
        b"id: %s\nevent: %s\ndata: %s\n\n" % (frame.id.encode(), frame.kind.encode(), frame.data)
        for frame in frames
    )


def as_message(frames: Iterable[Frame]) -> bytes:
    """Return frames as one message of a WebSocket: a JSON array."""
    return json_array(
        b'{"id":"%s","event":"%s","data":%s}' % (frame.id.encode(), frame.kind.encode(), frame.data)
        for frame in frames
    )


def json_object(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Join members that are JSON already."""
    return b"{" + b",".join(to_json(key) + b":" + value for key, value in members) + b"}"


def json_array(items: Iterable[bytes]) -> bytes:
    """Join items that are JSON already."""
    return b"[" + b",".join(items) + b"]"
