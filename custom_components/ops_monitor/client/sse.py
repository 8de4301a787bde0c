"""Splits the bytes of an event stream into messages."""

from typing import Final

from .exceptions import OpsMonitorResponseError
from .message import Message

_LIMIT: Final = 32 * 1024 * 1024
"""Far above the snapshot of ten thousand checks; protects our memory from a broken server."""


class MessageParser:
    """Turns chunks, cut anywhere, into whole messages."""

    def __init__(self) -> None:
        """Start at the beginning of a stream."""
        self._pending: list[bytes] = []
        self._fields: dict[str, list[str]] = {}
        self._size = 0

    def feed(self, chunk: bytes) -> list[Message]:
        """Return the messages that this chunk completes."""
        self._size += len(chunk)
        if self._size > _LIMIT:
            raise OpsMonitorResponseError(f"a message of more than {_LIMIT} bytes")
        self._pending.append(chunk)
        if b"\n" not in chunk:
            return []
        *lines, rest = b"".join(self._pending).split(b"\n")
        self._pending = [rest]
        return [message for line in lines if (message := self._take(line))]

    def _take(self, line: bytes) -> Message | None:
        """Take one line in; return the message that an empty line ends."""
        text = line.removesuffix(b"\r").decode(errors="replace")
        if text:
            name, _, value = text.partition(":")
            # A comment begins with a colon: its name is empty, and nobody asks for it.
            self._fields.setdefault(name, []).append(value.removeprefix(" "))
            return None
        fields, self._fields, self._size = self._fields, {}, 0
        if "data" not in fields:
            return None
        return Message(
            id=fields["id"][-1] if "id" in fields else None,
            event=fields["event"][-1] if "event" in fields else "message",
            data="\n".join(fields["data"]),
        )
