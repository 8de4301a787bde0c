"""A daemon that speaks the documented API, and can be made to misbehave."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import hmac
import json
from types import MappingProxyType
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.ports import held_port
from tests.quiet_server import QuietServer

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


PING = b": ping\n\n"
type Frame = tuple[str, str, object]
"""Id, event and data."""


@dataclass(eq=False)
class Client:
    """Somebody who listens."""

    request: web.Request
    last_event_id: str | None
    queue: asyncio.Queue[list[Frame] | bytes | None]


def make_reading(name: str, values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a reading as the stream tells it, with changes."""
    probe, _, thing = name.partition(".")
    return {
        "name": name,
        "probe": probe,
        "thing": thing,
        "status": "ok",
        "issues": [],
        "note": None,
        "last_fetch_ts": "2026-11-20T10:00:00Z",
        "last_error": None,
        "stale": False,
        "values": values,
        **changes,
    }


class FakeDaemon:
    """The parts of the daemon's API that the integration uses, on a real socket."""

    signed_origin: str | None = None
    """What it says that it was called, in place of the truth."""
    proof_key: str | None = None
    """Known to us and to the daemon, in hexadecimal digits; None: it can prove nothing."""

    storage: Mapping[str, Any] = MappingProxyType({"free_bytes": 50 * 10**9, "is_low": False})
    """The room for its database."""

    update: dict[str, Any] | None = None
    """What it says of its newest release; None: it does not look for it."""

    def __init__(self) -> None:
        """Begin with two checks, both up."""
        self.instance_id = INSTANCE_ID
        self.version = "0.1.0"
        self.api_version = 1
        self.min_client_version = 1
        self.capabilities = ["stream"]
        self.token: str | None = None
        self.scope: str | None = None
        """What it says that our token is good for."""
        self.own_token: dict[str, Any] | None = None
        """What it says of our token."""
        self.checks = {item["id"]: item for item in (make_check("web"), make_check("nas"))}
        self.problems: list[str] = []
        self.readings: dict[str, dict[str, Any]] = {}
        self.alerts: dict[str, Any] = {
            "open": 0,
            "last_opened_at": None,
            "muted": None,
            "channels": [],
        }
        self.seen_last_event_ids: list[str | None] = []
        """What each client of the stream said it had got before."""
        self.answer: Callable[[], Awaitable[web.Response]] | None = None
        """Answers every request in place of the daemon."""
        self.beginning: list[Frame] | None = None
        """What a stream begins with in place of the snapshot."""
        self.speaks_websocket = True
        """Whether what lies between lets a WebSocket pass."""
        self.speaks_events = True
        """Whether what lies between lets a stream pass."""
        self.refused = 0
        """How often a stream was not let pass."""
        self.pongs = 0
        """How often a socket's end answered a ping."""
        self.is_mute = False
        """Whether a stream begins with nothing at all."""
        self.then_bytes = False
        """Whether a socket's first message is followed by one that is no text."""
        self.shown_to_strangers: list[str | None] = []
        """What those who asked which daemon it is showed of a token, though they need none."""
        self.asked: list[tuple[str, str, Any]] = []
        """Method, path and body (or query) of everything that is neither state nor stream."""
        self.replies: dict[str, Any] = {}
        """What is answered to that, by path; a callable is given the body."""
        self.snapshots = 0
        """How often the snapshot was asked for."""
        self.ends_at_once = False
        """Whether a stream ends after its beginning."""
        self.epoch = "a"
        self._seq = 0
        self._frames: list[Frame] = []
        self._clients: list[Client] = []
        self._changed = asyncio.Event()
        self._server: QuietServer | None = None
        self._port = held_port()

    @property
    def url(self) -> str:
        """Return the address at which it answers."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Answer, at the same port as before."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/api/prove", self._prove)
        app.router.add_get("/api/info", self._info)
        app.router.add_get("/api/snapshot", self._answer_snapshot)
        app.router.add_get("/api/stream", self._stream)
        app.router.add_get("/api/ws", self._socket)
        app.router.add_route("*", "/{path:.*}", self._reply)
        self._server = QuietServer(app, port=self._port)
        await self._server.start_server(shutdown_timeout=0.1)

    async def stop(self) -> None:
        """Go away, as a killed process does."""
        if self._server:
            await self._server.stop_listening()
            self.drop_clients()
            await self._server.close()
            self._server = None

    async def move(self) -> None:
        """Answer at another port from now on."""
        await self.stop()
        self._port = held_port()
        await self.start()

    def forget(self) -> None:
        """Be a new process that knows nothing of the frames before."""
        self.epoch = chr(ord(self.epoch) + 1)
        self._frames.clear()
        self._seq = 0

    def give(self, code: str, token: str) -> None:
        """Give a token in exchange for a code, once, and ask for that token from then on."""
        self.require(token)

        def pair(body: dict[str, Any]) -> web.Response | dict[str, Any]:
            """Answer who shows a code."""
            if "".join(filter(str.isdecimal, body["code"])) != code:
                return error_response(404, "unknown_code")
            self.replies["/api/pair"] = lambda _body: error_response(404, "unknown_code")
            return {
                "token": token,
                "id": f"id-of-{token}",
                "name": body["client"],
                "scope": "admin",
                "expires_at": None,
                "instance_id": self.instance_id,
            }

        self.replies["/api/pair"] = pair

    def require(self, token: str) -> None:
        """Refuse whoever does not know the token."""
        self.token = token

    def drop_clients(self) -> None:
        """Cut all streams."""
        for client in self._clients:
            client.queue.put_nowait(None)
            if client.request.transport:
                client.request.transport.abort()

    def end_streams(self) -> None:
        """End all streams in good order."""
        for client in self._clients:
            client.queue.put_nowait(None)

    async def wait_for_client(self) -> None:
        """Wait until a client that has got the snapshot listens for what comes next."""
        await self.wait_for(lambda: any(client.last_event_id for client in self._clients))

    async def wait_for_no_client(self) -> None:
        """Wait until nobody listens."""
        await self.wait_for(lambda: not self._clients)

    async def wait_for_streams(self, count: int) -> None:
        """Wait until the stream was asked for so many times."""
        await self.wait_for(lambda: len(self.seen_last_event_ids) >= count)

    async def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at whenever a client comes or goes."""
        async with asyncio.timeout(60):
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
        numbered: list[Frame] = []
        for event, value in frames:
            self._seq += 1
            numbered.append((f"{self.epoch}-{self._seq}", event, json.loads(json.dumps(value))))
        self._frames += numbered
        self.send_as_is(numbered)

    def send_as_is(self, frames: list[Frame] | bytes) -> None:
        """Send any frames, or any bytes, to every client."""
        for client in self._clients:
            client.queue.put_nowait(frames)

    def read(self, reading: dict[str, Any]) -> None:
        """Read something anew."""
        self.readings[reading["name"]] = reading
        self.send(("reading", reading))

    def tell_alerts(self, **changes: Any) -> None:
        """Have more or less to tell."""
        self.alerts |= changes
        self.send(("alerts", self.alerts))

    def wellbeing(self) -> dict[str, Any]:
        """Return how the daemon itself is doing."""
        return {"storage": dict(self.storage), "update": self.update}

    def tell_update(self, update: dict[str, Any] | None) -> None:
        """Know of another release, or of none."""
        self.update = update
        self.send(("daemon", self.wellbeing()))

    def tell_wellbeing(self, **storage: Any) -> None:
        """Have more or less room."""
        self.storage = {**self.storage, **storage}
        self.send(("daemon", self.wellbeing()))

    def ping(self) -> None:
        """Ask every client whether it lives."""
        self.send_as_is(PING)

    async def wait_for_pong(self) -> None:
        """Wait until a client says that it does."""
        await self.wait_for(lambda: self.pongs > 0)

    def repeat(self) -> None:
        """Tell again what was told."""
        self.send_as_is(list(self._frames))

    def skip(self) -> None:
        """Lose a frame on the way."""
        self._seq += 1
        self._frames.append((f"{self.epoch}-{self._seq}", "lost", None))

    def info(self) -> dict[str, Any]:
        """Return who this is."""
        return {
            "instance_id": self.instance_id,
            "name": "Home lab",
            "version": self.version,
            "api_version": self.api_version,
            "min_client_version": self.min_client_version,
            "capabilities": self.capabilities,
            "started_at": "2026-11-20T08:00:00Z",
            "scope": self.scope,
            "token": self.own_token,
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
            "id": f"{self.epoch}-{self._seq}",
            "seq": self._seq,
            "instance_id": self.instance_id,
            "version": self.version,
            "api_version": self.api_version,
            "checks": self.checks,
            "summary": self.summary(),
            "config_error": self.problems,
            "readings": list(self.readings.values()),
            "alerts": self.alerts,
            "daemon": self.wellbeing(),
            "started_at": "2026-11-20T08:00:00Z",
        }

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """Return what to answer instead of what was asked for."""
        if self.answer:
            return await self.answer()
        is_known = request.headers.get("Authorization") == f"Bearer {self.token}"
        if self.token and not is_known and request.path != "/api/pair":
            return error_response(401, "unauthorized")
        return None

    async def _health(self, request: web.Request) -> web.Response:
        """Answer anybody which daemon this is."""
        self.shown_to_strangers.append(request.headers.get("Authorization"))
        if self.answer:
            return await self.answer()
        return web.json_response({"status": "ok", "instance_id": self.instance_id})

    async def _prove(self, request: web.Request) -> web.Response:
        """Prove to anybody which daemon this is: written from docs/api/openapi.json."""
        self.shown_to_strangers.append(request.headers.get("Authorization"))
        if self.proof_key is None:
            return error_response(404, "not_found")
        asked = await request.json()
        lines = ("ops-monitor proof 1", self.instance_id, asked["id"], asked["nonce"])
        signed = "\n".join((*lines, self.signed_origin or asked["origin"])).encode()
        proof = hmac.digest(bytes.fromhex(self.proof_key), signed, "sha256").hex()
        return web.json_response({"instance_id": self.instance_id, "proof": proof})

    async def _info(self, request: web.Request) -> web.Response:
        """Answer who this is."""
        return await self._refusal(request) or web.json_response(self.info())

    async def _reply(self, request: web.Request) -> web.Response:
        """Answer whatever a test has prepared."""
        if refusal := await self._refusal(request):
            return refusal
        body = await request.json() if request.can_read_body else dict(request.query)
        # Asked for now and then, whatever a test is about.
        if request.path != "/api/status/uptime":
            self.asked.append((request.method, request.path, body))
            self._changed.set()
        if request.path not in self.replies:
            return error_response(404, "not_found")
        reply = self.replies[request.path]
        if callable(reply) and not isinstance(reply, web.Response):
            reply = reply(body)
        return reply if isinstance(reply, web.Response) else web.json_response(reply)

    async def _answer_snapshot(self, request: web.Request) -> web.Response:
        """Answer the whole state, unless it is known already."""
        if refusal := await self._refusal(request):
            return refusal
        self.snapshots += 1
        body = json.dumps(self.snapshot())
        tag = f'"{hash(body)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.json_response(text=body, headers={"ETag": tag})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send the snapshot, or what was missed, and then what comes."""
        if not self.speaks_events:
            self.refused += 1
            self._changed.set()
            return web.Response(status=502, text="Bad gateway")
        if refusal := await self._refusal(request):
            return refusal
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(frames: list[Frame] | bytes) -> None:
            """Write each frame as an event."""
            events = frames if isinstance(frames, bytes) else b"".join(map(_encode, frames))
            await response.write(events or PING)

        await self._serve(request, request.headers.get("Last-Event-ID"), send)
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        """Do the same over a WebSocket."""
        if not self.speaks_websocket:
            return web.Response(status=502, text="Bad gateway")
        if refusal := await self._refusal(request):
            return refusal
        socket = web.WebSocketResponse(timeout=0.1, autoping=False)
        await socket.prepare(request)

        async def send(frames: list[Frame] | bytes) -> None:
            """Send one message."""
            if frames == PING:
                await socket.ping()
            elif isinstance(frames, bytes):
                await socket.send_str(frames.decode(errors="replace"))
            else:
                keys = ("id", "event", "data")
                await socket.send_json([dict(zip(keys, it, strict=True)) for it in frames])
            if self.then_bytes:
                await socket.send_bytes(b"?")

        listening = asyncio.create_task(self._listen(socket))
        try:
            await self._serve(request, request.query.get("since"), send)
            await socket.close(code=WSCloseCode.GOING_AWAY)
        finally:
            listening.cancel()
        return socket

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        """Notice that a client left."""
        async for message in socket:
            self.pongs += message.type is WSMsgType.PONG
            self._changed.set()
        for client in self._clients:
            client.queue.put_nowait(None)

    async def _serve(
        self,
        request: web.Request,
        last_event_id: str | None,
        send: Callable[[list[Frame] | bytes], Awaitable[None]],
    ) -> None:
        """Tell one client what there is to tell, until the stream is to end."""
        self.seen_last_event_ids.append(last_event_id)
        client = Client(request, last_event_id, asyncio.Queue())
        if not self.is_mute:
            client.queue.put_nowait(
                self._beginning(last_event_id) if self.beginning is None else self.beginning
            )
        if self.ends_at_once:
            client.queue.put_nowait(None)
        self._clients.append(client)
        self._changed.set()
        try:
            while (frames := await client.queue.get()) is not None:
                await send(frames)
        except ConnectionError:
            pass
        finally:
            self._clients.remove(client)
            self._changed.set()

    def _beginning(self, last_event_id: str | None) -> list[Frame]:
        """Return what a client gets first."""
        epoch, _, seq = (last_event_id or "").rpartition("-")
        if epoch == self.epoch:
            return self._frames[int(seq) :]
        return [(f"{self.epoch}-{self._seq}", "snapshot", self.snapshot())]


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


def _encode(frame: Frame) -> bytes:
    """Return one server-sent event."""
    frame_id, event, data = frame
    return f"id: {frame_id}\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode()
