"""A target that writes down when each request came.

It listens on every target address. The path of a request says how it is treated: `/hang/ID` is
never answered, `/flip/ID` is answered with 200 and 503 in turn, anything else with 200.
A program: `python -m benchmarks.target FILE`. It prints its port; when it is ended it writes one
JSON list `[path, request's arrival in ns of the monotonic clock, status]` for each request.
"""

from __future__ import annotations

from contextlib import suppress
import json
from pathlib import Path
import select
import signal
import socket
import sys
import time
from typing import Final

from benchmarks.addresses import ADDRESSES

_READ: Final = 65536
_BACKLOG: Final = 1024
_ANSWERS: Final = {
    status: (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()
    for status, reason, body in (
        (200, "OK", '{"status":"ok"}'),
        (503, "Service Unavailable", '{"status":"error"}'),
    )
}


class Target:
    """The server."""

    def __init__(self) -> None:
        """Listen on one port of all addresses."""
        self._epoll = select.epoll()
        self._listeners: dict[int, socket.socket] = {}
        self._clients: dict[int, socket.socket] = {}
        self._is_good: dict[str, bool] = {}
        self.requests: list[tuple[str, int, int]] = []
        self.port = 0
        for address in ADDRESSES:
            listener = socket.create_server((address, self.port), backlog=_BACKLOG)
            listener.settimeout(0)
            self.port = listener.getsockname()[1]
            self._listeners[listener.fileno()] = listener
            self._epoll.register(listener.fileno(), select.EPOLLIN)

    def serve(self) -> None:
        """Serve until interrupted."""
        with suppress(KeyboardInterrupt):
            while True:
                for number, _ in self._epoll.poll():
                    if number in self._listeners:
                        self._accept(self._listeners[number])
                    else:
                        self._read(number)

    def _accept(self, listener: socket.socket) -> None:
        """Take all waiting connections."""
        with suppress(BlockingIOError):
            while True:
                client, _ = listener.accept()
                client.settimeout(0)
                self._clients[client.fileno()] = client
                self._epoll.register(client.fileno(), select.EPOLLIN | select.EPOLLRDHUP)

    def _read(self, number: int) -> None:
        """Treat a request as its path says."""
        client = self._clients[number]
        try:
            request = client.recv(_READ)
        except OSError:
            request = b""
        if not request:
            self._close(number)
            return
        path = request.split(b" ", 2)[1].decode("ascii")
        status = self._status(path)
        # Before the answer: whoever gets it must not be seen to know it earlier.
        self.requests.append((path, time.monotonic_ns(), status))
        if status:
            with suppress(OSError):
                client.send(_ANSWERS[status])
            self._close(number)

    def _status(self, path: str) -> int:
        """Return the status to answer with, 0 for none."""
        if path.startswith("/hang/"):
            return 0
        if path.startswith("/flip/"):
            self._is_good[path] = not self._is_good.get(path, False)
            return 200 if self._is_good[path] else 503
        return 200

    def _close(self, number: int) -> None:
        """Hang up; closing takes the socket out of the epoll set."""
        self._clients.pop(number).close()


def main() -> None:
    """Serve, and write down what came."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    target = Target()
    print(target.port, flush=True)
    target.serve()
    Path(sys.argv[1]).write_text(json.dumps(target.requests), encoding="utf-8")


if __name__ == "__main__":
    main()
