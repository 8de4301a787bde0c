"""Say something over a connection, over TLS if asked, and listen for what is expected."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, Final

from opsmonitor.util.timeline import CURRENT

if TYPE_CHECKING:
    from opsmonitor.util.timeline import TimedSocket, Timeline

MAX_ANSWER: Final = 64 * 1024

_CHUNK: Final = 4096
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([rnt0\\]))")
_ESCAPED: Final = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text: str) -> bytes:
    r"""Return the bytes of a text in which `\r \n \t \0 \\ \xHH` stand for what they mean."""
    result = bytearray()
    position = 0
    for match in _ESCAPE.finditer(text):
        result += text[position : match.start()].encode()
        result += bytes.fromhex(match[1]) if match[1] else _ESCAPED[match[2]]
        position = match.end()
    return bytes(result + text[position:].encode())


class Dialog:
    """What is said and what is waited for, prepared once."""

    __slots__ = ("_expected", "_request", "_server_name", "_tls")

    def __init__(
        self, *, request: bytes, expected: bytes, tls: ssl.SSLContext | None, server_name: str
    ) -> None:
        """Keep what to say; nothing expected means not to listen."""
        self._request = request
        self._expected = expected
        self._tls = tls
        self._server_name = None if tls is None else server_name

    async def run(self, sock: TimedSocket, timeline: Timeline, answer: bytearray) -> None:
        """Hold the dialog; what is heard goes into `answer` as it comes, then the socket is closed.

        Raises:
            OSError: The connection broke, or TLS failed.

        """
        CURRENT.set(timeline)
        try:
            reader, writer = await asyncio.open_connection(
                sock=sock, ssl=self._tls, server_hostname=self._server_name
            )
        except BaseException:
            # The transport closes the socket, but only when nothing is left to be sent.
            timeline.hang_up()
            raise
        try:
            writer.write(self._request)
            await writer.drain()
            await self._listen(reader, answer)
        finally:
            writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, answer: bytearray) -> None:
        """Read until the expected text came, or cannot come any more."""
        while self._expected not in answer and len(answer) < MAX_ANSWER:
            chunk = await reader.read(_CHUNK)
            if not chunk:
                return
            answer += chunk
