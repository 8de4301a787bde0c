"""Servers on loopback that play the targets of checks, well-behaved and otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
import socket
import ssl
import struct
import threading
from typing import Final, TypeAlias

import psutil

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CERTIFICATES: Final = Path(__file__).parents[1] / "fixtures" / "tls"
_PATIENCE: Final = 20
"""Turns of the event loop within which a closed connection must be gone."""
AUTHORITY: Final = CERTIFICATES / "authority.pem"


def server_tls(name: str) -> ssl.SSLContext:
    """Return what a server needs to show the certificate of this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    return context


@asynccontextmanager
async def serve(
    handler: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a free port, which is returned; whatever hangs is ended with the server."""
    under_way: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, and close it whatever happens."""
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await handler(reader, writer)
        finally:
            under_way.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def answers(raw: bytes) -> Handler:
    """Return a handler that reads a request's head, and sends these bytes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer once and close."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return handler


def http_answer(body: bytes = b"", *, status: str = "200 OK", headers: str = "") -> Handler:
    """Return a handler that gives one complete answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return answers(head.encode() + body)


def hangs(first: bytes = b"") -> Handler:
    """Return a handler that sends these bytes, and then nothing for ever."""

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to answer."""
        writer.write(first)
        await writer.drain()
        await asyncio.Event().wait()

    return handler


def drips(first: bytes) -> Handler:
    """Return a handler that sends these bytes, and then one more every few milliseconds."""

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer without end."""
        writer.write(first)
        while True:
            await asyncio.sleep(0.005)
            writer.write(b".")
            await writer.drain()

    return handler


def resets(first: bytes = b"") -> Handler:
    """Return a handler that reads a request's head, sends these bytes and resets the connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer in part."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        await writer.drain()
        # Lingering for no time makes the kernel reset the connection when it is closed.
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handler


def closes() -> Handler:
    """Return a handler that reads a request's head and closes without an answer."""
    return answers(b"")


@contextmanager
def mute() -> Iterator[int]:
    """Listen on the returned port, but take neither connections nor what is sent over them."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1000)
        yield listener.getsockname()[1]


@contextmanager
def full() -> Iterator[int]:
    """Listen on the returned port with a queue that is full: the system drops what comes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def clinging(answer: bytes) -> Iterator[int]:
    """Answer over TLS, and then ignore that the client says goodbye."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1000)
        taken: list[ssl.SSLSocket] = []
        tls = server_tls("localhost")

        def work() -> None:
            """Serve until the listener is shut down."""
            with suppress(OSError):
                while True:
                    taken.append(tls.wrap_socket(listener.accept()[0], server_side=True))
                    taken[-1].recv(1000)
                    taken[-1].sendall(answer)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


async def connections_to(ports: Collection[int]) -> int:
    """Return how many sockets of this process are still connected to one of its own ports."""
    for _ in range(_PATIENCE):
        await asyncio.sleep(0)
    connections = await asyncio.to_thread(psutil.Process().net_connections, "tcp")
    return sum(bool(found.raddr) and found.raddr.port in ports for found in connections)
