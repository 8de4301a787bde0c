"""The floor: a bare loop over non-blocking sockets, the least that Python can do for a check.

It connects, asks, reads, compares the status and closes. Nothing is scheduled, judged, stored or
published. A program: `python -m benchmarks.floor http|tcp PORT RATE WARM_UP_S MEASURE_S`.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from typing import Final, Protocol

from benchmarks.addresses import TICK_S, address

_READ: Final = 65536
_EVENTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_REQUEST: Final = "GET / HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n"
_KIND: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class Exchange(Protocol):
    """One check under way."""

    sock: socket.socket

    def go_on(self, events: int) -> bool | None:
        """Take the next step; return whether the target is up, None while that is open."""
        ...


class HttpExchange:
    """One request over a fresh connection."""

    __slots__ = ("_answer", "_is_asked", "_request", "sock")

    def __init__(self, sock: socket.socket, request: bytes) -> None:
        """Take the socket that is connecting."""
        self.sock = sock
        self._request = request
        self._is_asked = False
        self._answer = b""

    def go_on(self, events: int) -> bool | None:
        """Ask once connected; read until the answer is complete."""
        if not self._is_asked:
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return False
            self.sock.send(self._request)
            self._is_asked = True
        if events & select.EPOLLIN:
            data = self.sock.recv(_READ)
            self._answer += data
            if _is_complete(self._answer):
                return self._answer.startswith(b"HTTP/1.1 200 ")
            if not data:
                return False
        return None


class TcpExchange:
    """One connection."""

    __slots__ = ("sock",)

    def __init__(self, sock: socket.socket) -> None:
        """Take the socket that is connecting."""
        self.sock = sock

    def go_on(self, events: int) -> bool | None:
        """Ask whether connecting has worked."""
        del events
        return self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def _is_complete(answer: bytes) -> bool:
    """Tell whether the whole body is there, by its announced length."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    start = head.find(b"Content-Length: ") + 16
    end = head.find(b"\r\n", start)
    return len(body) >= int(head[start : end if end != -1 else None])


class Floor:
    """The loop."""

    def __init__(self, kind: str, port: int) -> None:
        """Prepare; nothing is started."""
        self._is_http = kind == "http"
        self._port = port
        self._requests = [_REQUEST.format(address(number), port).encode() for number in range(64)]
        self._epoll = select.epoll()
        self._under_way: dict[int, Exchange] = {}
        self._started = 0
        self.done = 0
        self.failed = 0

    def run(self, rate: float, seconds: float) -> None:
        """Start checks in ticks at a rate, for some seconds."""
        begun = time.monotonic()
        started = ticks = 0
        while (now := time.monotonic()) < begun + seconds:
            if now >= begun + ticks * TICK_S:
                ticks += 1
                due = round(rate * TICK_S * ticks) - started
                started += due
                for _ in range(due):
                    self._start()
            self._poll(begun + ticks * TICK_S - now)

    def _start(self) -> None:
        """Open a connection."""
        number = self._started % 64
        self._started += 1
        sock = socket.socket(socket.AF_INET, _KIND)
        sock.connect_ex((address(number), self._port))
        self._epoll.register(sock.fileno(), _EVENTS)
        self._under_way[sock.fileno()] = (
            HttpExchange(sock, self._requests[number]) if self._is_http else TcpExchange(sock)
        )

    def _poll(self, wait_s: float) -> None:
        """Go on with what is ready."""
        for number, events in self._epoll.poll(max(0.0, wait_s)):
            exchange = self._under_way[number]
            is_up = exchange.go_on(events)
            if is_up is not None:
                del self._under_way[number]
                exchange.sock.close()
                self.done += 1
                self.failed += not is_up


def main() -> None:
    """Measure and print the CPU time of one check."""
    kind, port, rate, warm_up_s, measure_s = sys.argv[1:]
    floor = Floor(kind, int(port))
    floor.run(float(rate), float(warm_up_s))
    floor.done = 0
    before = time.process_time_ns()
    floor.run(float(rate), float(measure_s))
    used_ns = time.process_time_ns() - before
    print(
        json.dumps(
            {"done": floor.done, "failed": floor.failed, "cpu_us": used_ns / 1000 / floor.done}
        )
    )


if __name__ == "__main__":
    main()
