"""One frame as it came over the wire, not read yet."""

from dataclasses import dataclass
import json
from typing import Any, Final

import orjson

from .exceptions import OpsMonitorResponseError
from .fields import Fields

UNREADABLE: Final = "unreadable"
"""Stands for the name of a frame that has none."""


@dataclass(slots=True)
class Message:
    """One frame of the stream."""

    id: str | None
    event: str
    data: str = ""
    """JSON, where it came as a server-sent event."""
    value: Any = None
    """What it holds, where it came over a WebSocket and is decoded already."""

    def content(self) -> Any:
        """Return what the frame holds."""
        if isinstance(self.value, OpsMonitorResponseError):
            raise self.value
        if not self.data:
            return self.value
        try:
            return _decode(self.data)
        except (ValueError, RecursionError) as err:
            raise OpsMonitorResponseError(f"{self.event}: not JSON") from err


def read_batch(text: str) -> list[Message]:
    """Read a message of the WebSocket; what cannot be read of it is told as such, by itself."""
    try:
        value = _decode(text)
    except ValueError, RecursionError:
        value = None
    if not isinstance(value, list):
        return [_unreadable(OpsMonitorResponseError("a message is no JSON array of frames"))]
    return [_read_one(frame) for frame in value]


def _decode(text: str) -> Any:
    """Read JSON, quickly where it is as the standard wants it; Python takes a little more."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def _read_one(value: object) -> Message:
    """Read one frame of a message."""
    try:
        fields = Fields.of(value, "frame")
        return Message(
            fields.text("id"), fields.required_text("event"), value=fields.values.get("data")
        )
    except OpsMonitorResponseError as err:
        return _unreadable(err)


def _unreadable(error: OpsMonitorResponseError) -> Message:
    """Return what stands for a frame that cannot be read."""
    return Message(None, UNREADABLE, value=error)
