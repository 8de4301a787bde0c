"""A daemon that speaks the documented API, and can be made to misbehave."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

INSTANCE_ID = "8f6c0f5e-1f7b-4d0f-9d7e-0b6f5a1c2d3e"


def make_check(check_id: str, **changes: Any) -> dict[str, Any]:
    """Return the state of a check that is up, with changes."""
    return {
        "id": check_id,
        "name": check_id.replace("-", " ").title(),
        "type": "http",
        "target": f"http://{check_id}.home.example/",
        "status": "up",
        "ok": True,
        "last_run": "2026-11-20T10:00:30Z",
        "last_ok": "2026-11-20T10:00:30Z",
        "last_change": "2026-11-20T09:00:00Z",
        "latency_ms": 12.3,
        "status_code": 200,
        "error": None,
        "error_code": None,
        "attempts": 1,
        "fail_streak": 0,
        "ok_streak": 3,
        "severity": "P2",
        "core": False,
        "tags": [],
        "is_reachability": True,
        "interval_s": 30.0,
        "down_threshold": 1,
        **changes,
    }


def make_down(check_id: str, **changes: Any) -> dict[str, Any]:
    """Return the state of a check whose target is down."""
    return make_check(
        check_id,
        status="down",
        ok=False,
        last_change="2026-11-20T10:00:30Z",
        latency_ms=None,
        status_code=None,
        error="The connection was refused.",
        error_code="connection_refused",
        fail_streak=2,
        ok_streak=0,
        **changes,
    )


class FakeDaemon:
    """The parts of the daemon's API that the integration uses, on a real socket."""

    def __init__(self) -> None:
        """Begin with two checks, both up."""
        self.instance_id = INSTANCE_ID
        self.version = "0.1.0"
        self.api_version = 1
        self.min_client_version = 1
        self.token: str | None = None
        self.checks = {item["id"]: item for item in (make_check("web"), make_check("nas"))}
        self.problems: list[str] = []
        self.seen_last_event_ids: list[str | None] = []
        """What each client of the stream said it had got before."""
        self.answer: Callable[[], Awaitable[web.Response]] | None = None
        """Answers every request in place of the daemon."""
        self.beginning: bytes | None = None
        """What a stream begins with in place of the snapshot."""
        self.ends_at_once = False
        """Whether a stream ends after its beginning."""
        self.epoch = "a"
        self._seq = 0
        self._frames: list[bytes] = []
        self._clients: dict[asyncio.Queue[bytes | None], web.Request] = {}
        self._changed = asyncio.Event()
        self._server: TestServer | None = None
        self._port: int | None = None

    @property
    def url(self) -> str:
        """Return the address at which it answers."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Answer, at the same port as before."""
        app = web.Application()
        app.router.add_get("/api/info", self._info)
        app.router.add_get("/api/stream", self._stream)
        self._server = TestServer(app, host="127.0.0.1", port=self._port)
        await self._server.start_server(shutdown_timeout=0)
        self._port = self._server.port

    async def stop(self) -> None:
        """Go away, as a killed process does."""
        if self._server:
            self.drop_clients()
            await self._server.close()
            self._server = None

    async def move(self) -> None:
        """Answer at another port from now on."""
        await self.stop()
        self._port = None
        await self.start()

    def forget(self) -> None:
        """Be a new process that knows nothing of the frames before."""
        self.epoch = chr(ord(self.epoch) + 1)
        self._frames.clear()
        self._seq = 0

    def require(self, token: str) -> None:
        """Refuse whoever does not know the token."""
        self.token = token

    def drop_clients(self) -> None:
        """Cut all streams."""
        for queue, request in self._clients.items():
            queue.put_nowait(None)
            if request.transport:
                request.transport.abort()

    def end_streams(self) -> None:
        """End all streams in good order."""
        for queue in self._clients:
            queue.put_nowait(None)

    async def wait_for_client(self) -> None:
        """Wait until a client that has got the snapshot listens for what comes next."""
        await self._wait(
            lambda: any("Last-Event-ID" in item.headers for item in self._clients.values())
        )

    async def wait_for_no_client(self) -> None:
        """Wait until nobody listens."""
        await self._wait(lambda: not self._clients)

    async def wait_for_streams(self, count: int) -> None:
        """Wait until the stream was asked for so many times."""
        await self._wait(lambda: len(self.seen_last_event_ids) >= count)

    async def _wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at whenever a client comes or goes."""
        async with asyncio.timeout(5):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def put(self, *checks: dict[str, Any]) -> None:
        """Change checks, as a tick of the engine does: all frames in one write."""
        self.checks |= {check["id"]: check for check in checks}
        frames = [("check", check) for check in checks]
        self.send(*frames, ("summary", self.summary()))

    def add(self, check: dict[str, Any]) -> None:
        """Get a new check."""
        self.checks[check["id"]] = check
        self.send(("inventory", {"added": [check], "removed": []}), ("summary", self.summary()))

    def remove(self, check_id: str) -> None:
        """Lose a check."""
        del self.checks[check_id]
        self.send(("inventory", {"added": [], "removed": [check_id]}), ("summary", self.summary()))

    def send(self, *frames: tuple[str, object]) -> None:
        """Send frames to every client in one write, and keep them for those who resume."""
        data = b""
        for event, value in frames:
            self._seq += 1
            frame = _encode(f"{self.epoch}-{self._seq}", event, json.dumps(value))
            self._frames.append(frame)
            data += frame
        self.send_raw(data)

    def send_raw(self, data: bytes) -> None:
        """Send any bytes to every client."""
        for queue in self._clients:
            queue.put_nowait(data)

    def info(self) -> dict[str, Any]:
        """Return who this is."""
        return {
            "instance_id": self.instance_id,
            "name": "Home lab",
            "version": self.version,
            "api_version": self.api_version,
            "min_client_version": self.min_client_version,
            "capabilities": ["stream"],
            "started_at": "2026-11-20T08:00:00Z",
        }

    def summary(self) -> dict[str, Any]:
        """Return the counts over all checks."""
        checks = [check for check in self.checks.values() if "ok" in check]
        down = [check for check in checks if check["ok"] is False]
        is_crit = any(check["core"] for check in down)
        return {
            "total": len(self.checks),
            "up": sum(check["ok"] is True for check in checks),
            "down": len(down),
            "unknown": sum(check["ok"] is None for check in checks),
            "degraded": sum(check["status"] == "degraded" for check in checks),
            "paused": sum(check["status"] == "paused" for check in checks),
            "down_checks": down,
            "overall": "crit" if is_crit else "warn" if down else "ok",
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state."""
        return {
            "seq": self._seq,
            "instance_id": self.instance_id,
            "version": self.version,
            "api_version": self.api_version,
            "checks": self.checks,
            "summary": self.summary(),
            "config_error": self.problems,
        }

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """Return what to answer instead of what was asked for."""
        if self.answer:
            return await self.answer()
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return error_response(401, "unauthorized")
        return None

    async def _info(self, request: web.Request) -> web.Response:
        """Answer who this is."""
        return await self._refusal(request) or web.json_response(self.info())

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send the snapshot, or what was missed, and then what comes."""
        if refusal := await self._refusal(request):
            return refusal
        last_event_id = request.headers.get("Last-Event-ID")
        self.seen_last_event_ids.append(last_event_id)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        queue.put_nowait(self.beginning or self._beginning(last_event_id))
        if self.ends_at_once:
            queue.put_nowait(None)
        self._clients[queue] = request
        self._changed.set()
        try:
            while (data := await queue.get()) is not None:
                await response.write(data)
        except ConnectionError:
            pass
        finally:
            del self._clients[queue]
            self._changed.set()
        return response

    def _beginning(self, last_event_id: str | None) -> bytes:
        """Return what a client gets first."""
        epoch, _, seq = (last_event_id or "").rpartition("-")
        if epoch == self.epoch:
            return b": resumed\n\n" + b"".join(self._frames[int(seq) :])
        return _encode(f"{self.epoch}-{self._seq}", "snapshot", json.dumps(self.snapshot()))


def error_response(status: int, code: str) -> web.Response:
    """Return an error in the daemon's one shape."""
    error = {"code": code, "message": "So it is.", "details": []}
    return web.json_response({"error": error}, status=status)


def answering(response: Callable[[], web.Response]) -> Callable[[], Awaitable[web.Response]]:
    """Return something for `FakeDaemon.answer` that gives the same response each time."""

    async def answer() -> web.Response:
        """Make a response: one cannot be sent twice."""
        return response()

    return answer


async def never() -> web.Response:
    """Keep whoever asks waiting."""
    await asyncio.Event().wait()
    raise AssertionError


def _encode(frame_id: str, event: str, data: str) -> bytes:
    """Return one server-sent event."""
    return f"id: {frame_id}\nevent: {event}\ndata: {data}\n\n".encode()
