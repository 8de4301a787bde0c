"""Read and decode the body of an answer, never more of it than allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
import zlib

from opsmonitor.exceptions import TransportError

if TYPE_CHECKING:
    from aiohttp import StreamReader

# Source: zlib's inflateInit2: 32 more than the window size finds gzip and zlib headers by itself.
_ANY_HEADER: Final = 32 + zlib.MAX_WBITS
_ZLIB_ENCODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})


async def read_body(content: StreamReader, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether there were more."""
    chunk = await content.readany()
    chunks = [chunk]
    size = len(chunk)
    while chunk and size <= limit and not content.at_eof():
        chunk = await content.readany()
        chunks.append(chunk)
        size += len(chunk)
    body = b"".join(chunks)
    return (body[:limit], True) if size > limit else (body, False)


def decode_body(body: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes of what the body means, and whether there were more.

    The request asks for no compression; this is for servers that do not care.

    Raises:
        TransportError: The body is not in the encoding that it claims, or in an unknown one.

    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body, False
    if name not in _ZLIB_ENCODINGS:
        raise TransportError(
            "invalid_response", "the body is compressed in a way that was not asked for"
        )
    try:
        decoder = zlib.decompressobj(_ANY_HEADER)
        decoded = decoder.decompress(body, limit + 1)
    except zlib.error as err:
        raise TransportError("invalid_response", "the compressed body is damaged") from err
    return decoded[:limit], len(decoded) > limit
