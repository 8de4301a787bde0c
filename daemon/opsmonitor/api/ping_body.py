"""Read what a ping brings along: its beginning and its end, however long it is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import hdrs

from opsmonitor.util.redact import redact_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp import web

KEPT_BYTES: Final = 10 * 1024
_HALF: Final = KEPT_BYTES // 2
_MOST_BYTES: Final = 16 * 1024 * 1024
"""More is not even read."""
_CHUNK_BYTES: Final = 64 * 1024
_PATIENCE_S: Final = 10.0
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class PingBody(NamedTuple):
    """The text that came with a ping."""

    text: str
    is_cut: bool
    """Something was left out in the middle, or at the end."""
    is_read: bool = True
    """The sender has nothing more to say, so that its connection can be used again."""


async def read_ping_body(request: web.Request, secrets: Collection[str] = ()) -> PingBody:
    """Return the text of a request without secrets.

    A ping counts whatever becomes of its body: one that is late or too long is cut off.
    """
    if not request.body_exists:
        return PingBody("", is_cut=False)
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        return PingBody("", is_cut=True, is_read=False)
    head, tail = bytearray(), bytearray()
    size = 0
    is_read = False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
                size += len(chunk)
                room = _HALF - len(head)
                head += chunk[:room]
                tail = (tail + chunk[room:])[-_HALF:]
                if size > _MOST_BYTES:
                    break
            else:
                is_read = True
    except TimeoutError:
        pass
    left_out = size - len(head) - len(tail)
    text = _clean(head) if not tail and not left_out else _join(head, tail, left_out)
    return PingBody(redact_text(text, secrets), is_cut=left_out > 0 or not is_read, is_read=is_read)


def _join(head: bytearray, tail: bytearray, left_out: int) -> str:
    """Return beginning and end, with a line between them where something was left out."""
    if not left_out:
        return _clean(head + tail)
    return f"{_clean(head)}\n[... {left_out} bytes left out ...]\n{_clean(tail)}"


def _clean(raw: bytearray) -> str:
    """Return text without what would only move a cursor."""
    return _CONTROL.sub("", raw.decode("utf-8", "replace").replace("\r\n", "\n"))
