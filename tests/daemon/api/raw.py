"""Send bytes that no well-behaved client would send."""

from __future__ import annotations

import asyncio


async def send_raw(port: int, data: bytes) -> bytes:
    """Send bytes to a server on loopback and return all that it answers until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


def request_bytes(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """Return a request that ends the connection."""
    lines = [f"{method} {path} HTTP/{version}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")
